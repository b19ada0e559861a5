package chathttp

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLimiterSize checks that the limiter's memory does not depend on the number
// of visitors, whether their requests are accepted or rejected.
func TestLimiterSize(t *testing.T) {
	for name, accept := range map[string]bool{"accepted": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			l := newLimiter(Limit{2, 20}, Limit{50, 100})
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			accepted, open, visitors, recent := 0, []*entry{}, 0, 0
			for i := range 200_000 {
				now = now.Add(5 * time.Millisecond)
				e, refused := l.enter(fmt.Sprint("visitor ", i), now)
				if refused == nil {
					open = append(open, e)
					if accept && e.accept(now) == nil {
						accepted++
					}
				}
				if len(open) == 50 {
					for _, e := range open {
						e.leave()
					}
					open = nil
				}
				visitors, recent = max(visitors, len(l.visitors)), max(recent, cap(l.recent), cap(l.accepted))
			}
			require.LessOrEqual(t, visitors, rememberedRequests+100+50)
			require.LessOrEqual(t, recent, 3*rememberedRequests)
			if accept {
				require.Equal(t, 17*100, accepted, "16 minutes and 40 seconds")
			}
			for _, e := range open {
				e.leave()
			}
			_, refused := l.enter("one", now.Add(time.Hour))
			require.Nil(t, refused)
			require.Len(t, l.visitors, 1)
			require.Len(t, l.recent, 1)
			require.Empty(t, l.accepted)
		})
	}
}

// TestLimiterForgetsIdleVisitors checks that a turn of more than a minute counts.
func TestLimiterForgetsIdleVisitors(t *testing.T) {
	l := newLimiter(Limit{1, 20}, Limit{50, 100})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e, _ := l.enter("pia", now)
	require.Nil(t, e.accept(now))
	_, refused := l.enter("pia", now.Add(time.Hour))
	require.NotNil(t, refused)
	e.leave()
	require.Empty(t, l.visitors)
	_, refused = l.enter("pia", now.Add(time.Hour))
	require.Nil(t, refused)
}

// TestLimiterForgetsOldestRequests checks that many rejected requests do not make
// the limiter forget a running turn.
func TestLimiterForgetsOldestRequests(t *testing.T) {
	l := newLimiter(Limit{1, 2}, Limit{50, 100})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e, _ := l.enter("pia", now)
	require.Nil(t, e.accept(now))
	for i := range 2 * rememberedRequests {
		other, refused := l.enter(fmt.Sprint("visitor ", i), now)
		require.Nil(t, refused)
		other.leave()
	}
	_, refused := l.enter("pia", now)
	require.NotNil(t, refused)
	e.leave()
	require.NotContains(t, l.visitors, "pia")
	require.Len(t, l.accepted, 1)
	l.expire(now.Add(time.Minute))
	require.Empty(t, l.visitors)
}
