package chathttp

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLimitsHaveBoundedSize: however many visitors there are, what is kept of
// them is bounded by the turns of a minute.
func TestLimitsHaveBoundedSize(t *testing.T) {
	l := newLimiter(Limit{2, 20}, Limit{50, 100})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	entered, held, peers, recent := 0, []func(){}, 0, 0
	for i := range 200_000 {
		now = now.Add(5 * time.Millisecond)
		leave, denied := l.enter(fmt.Sprint("visitor ", i), now)
		if denied == nil {
			entered++
			held = append(held, leave)
		}
		if len(held) == 50 {
			for _, leave := range held {
				leave()
			}
			held = nil
		}
		peers, recent = max(peers, len(l.visitors)), max(recent, cap(l.recent))
	}
	require.LessOrEqual(t, peers, 100+50)
	require.LessOrEqual(t, recent, 1000)
	require.Equal(t, 17*100, entered, "16 minutes and 40 seconds")
	for _, leave := range held {
		leave()
	}
	_, denied := l.enter("one", now.Add(time.Hour))
	require.Nil(t, denied)
	require.Len(t, l.visitors, 1)
	require.Len(t, l.recent, 1)
}

// TestLimitsForgetOnlyWhoIsIdle: a turn that runs for longer than a minute still
// counts.
func TestLimitsForgetOnlyWhoIsIdle(t *testing.T) {
	l := newLimiter(Limit{1, 20}, Limit{50, 100})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	leave, _ := l.enter("pia", now)
	_, denied := l.enter("pia", now.Add(time.Hour))
	require.NotNil(t, denied)
	leave()
	require.Empty(t, l.visitors)
	_, denied = l.enter("pia", now.Add(time.Hour))
	require.Nil(t, denied)
}
