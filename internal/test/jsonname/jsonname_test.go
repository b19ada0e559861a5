package jsonname

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	type row struct {
		SessionID string `json:"session_id,omitempty"`
		Plain     string
	}
	require.Equal(t, "session_id", Of[row]("SessionID"))
	for _, field := range []string{"Plain", "Other"} {
		require.PanicsWithValue(t, "jsonname.row has no field "+field+" with a JSON name", func() { Of[row](field) })
	}
}
