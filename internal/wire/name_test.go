package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestName(t *testing.T) {
	type row struct {
		SessionID string `json:"session_id,omitempty"`
		Plain     string
	}
	require.Equal(t, "session_id", Name[row]("SessionID"))
	for _, field := range []string{"Plain", "Other"} {
		require.PanicsWithValue(t, "wire.row has no field "+field+" with a JSON name", func() { Name[row](field) })
	}
}
