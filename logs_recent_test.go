package agento

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRecentIsBounded: however many connections there are, as many of the newest
// lines are remembered as there is room for, and no more.
func TestRecentIsBounded(t *testing.T) {
	const connections, each = 5, 700
	r := newRecent()
	for c := range connections {
		for i := range each {
			require.False(t, r.repeated(fmt.Sprint(c*each+i)))
		}
		r.nextConnection(false)
	}
	require.Len(t, r.old.ring, recentSize)
	require.Len(t, r.old.set, recentSize)
	const lines = connections * each
	for i := range lines {
		require.Equal(t, i >= lines-recentSize, r.repeated(fmt.Sprint(i)), i)
	}
}
