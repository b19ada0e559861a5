package chathttp

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWholeSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0", 1: "1", time.Second: "1", time.Second + 1: "2", math.MaxInt64: "9223372037"} {
		require.Equal(t, want, wholeSeconds(d))
	}
}
