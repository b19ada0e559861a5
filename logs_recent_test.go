package agento

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a log remembers does not grow with its lines, nor with its connections.
func TestRecentIsBounded(t *testing.T) {
	r := newRecent()
	for connection := range 4 {
		for i := range 3 * recentSize {
			require.False(t, r.repeated(fmt.Sprint(connection, " ", i)))
		}
		for _, m := range []*memory{r.earlier, r.present} {
			require.LessOrEqual(t, len(m.ring), recentSize)
			require.Len(t, m.known, len(m.ring))
		}
		r.nextConnection(false)
	}
	require.Len(t, r.earlier.ring, recentSize)
	require.False(t, r.repeated(fmt.Sprint(3, " ", 2*recentSize-1)))
	require.True(t, r.repeated(fmt.Sprint(3, " ", 2*recentSize)))
}

// A connection that brings little takes little of what is remembered away.
func TestRecentKeepsTheNewest(t *testing.T) {
	r := newRecent()
	for i := range recentSize {
		r.repeated(fmt.Sprint(i))
	}
	r.nextConnection(false)
	require.True(t, r.repeated("0"), "it is the newest again")
	require.False(t, r.repeated("new"))
	require.False(t, r.repeated("new"), "on one connection a line may well come twice")
	r.nextConnection(false)
	r.nextConnection(false)
	require.False(t, r.knows("1"))
	for _, what := range []string{"2", fmt.Sprint(recentSize - 1), "0", "new"} {
		require.True(t, r.knows(what), what)
	}
}
