package redispacer

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func Test429PausesAllReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newVirtualRedis()
		one, other := onVirtual(w, 0), onVirtual(w, 0)
		require.NoError(t, one.Acquire(t.Context(), agento.PaceRequest{}))
		granted := time.Now()
		time.Sleep(500 * time.Millisecond)
		one.Observe(agento.PaceResult{Granted: granted, StatusCode: http.StatusTooManyRequests, RetryAfter: 17 * time.Second})
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, other.Acquire(t.Context(), agento.PaceRequest{}))
		require.InDelta(t, 17, time.Since(begun).Seconds(), 0.01)
		// The first call is a probe. The others wait for its response, at most a second.
		ahead := time.Now()
		time.AfterFunc(200*time.Millisecond, func() { other.Observe(agento.PaceResult{Granted: ahead, StatusCode: 200}) })
		require.NoError(t, one.Acquire(t.Context(), agento.PaceRequest{}))
		require.Greater(t, time.Since(ahead), 200*time.Millisecond)
		require.Less(t, time.Since(ahead), 500*time.Millisecond)
	})
}

// acquireTimes starts calls and returns the times at which Acquire returns.
func acquireTimes(t *testing.T, p *Pacer, calls int) <-chan time.Time {
	gone := make(chan time.Time, calls)
	for range calls {
		go func() {
			if err := p.Acquire(t.Context(), agento.PaceRequest{}); err != nil {
				t.Error(err)
			}
			gone <- time.Now()
		}()
	}
	return gone
}

// TestProbeAfter429 checks that after the Retry-After one call is a probe, and the
// others wait for its response.
func TestProbeAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newVirtualRedis()
		p := onVirtual(w, 0)
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: http.StatusTooManyRequests, RetryAfter: 10 * time.Second})
		synctest.Wait()
		end := time.Now().Add(10 * time.Second)
		gone := acquireTimes(t, p, 10)
		require.Equal(t, end, <-gone)
		time.Sleep(200 * time.Millisecond)
		require.Empty(t, gone)
		p.Observe(agento.PaceResult{Granted: end, StatusCode: 200})
		for range 9 {
			require.Less(t, (<-gone).Sub(end), 1300*time.Millisecond)
		}
	})
}

// TestNoRequestOvertakes429 checks that a process sends no request until its 429 is
// reported, and that repeated reports lead to one probe.
func TestNoRequestOvertakes429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newVirtualRedis()
		p := onVirtual(w, 0)
		p.run = func(ctx context.Context, q *scriptArgs) ([]int64, error) {
			if q.Op == opReport {
				time.Sleep(20 * time.Millisecond)
			}
			return w.run(ctx, q)
		}
		pacedCall(t, p)
		time.Sleep(time.Second)
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: http.StatusTooManyRequests, RetryAfter: time.Second})
		begun := time.Now()
		synctest.Wait() // the report is under way
		gone := acquireTimes(t, p, 10)
		require.Equal(t, time.Second, (<-gone).Sub(begun))
		require.GreaterOrEqual(t, (<-gone).Sub(begun), 2*time.Second)
		for range 8 {
			<-gone
		}
		synctest.Wait()
	})
}

// Test429ReportedUntilRedisKnows checks that a report that may be lost is repeated.
func Test429ReportedUntilRedisKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &link{to: newVirtualRedis()}
		p := l.pacer(&log{})
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		l.set(errDown, 0)
		p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: http.StatusTooManyRequests, RetryAfter: 10 * time.Second})
		synctest.Wait() // the report failed
		require.Zero(t, l.to.inspect().hold)
		l.set(nil, 0)
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{})) // alone
		time.Sleep(checkEvery)
		synctest.Wait()
		require.Positive(t, l.to.inspect().hold)
	})
}

// TestMaxHoldExceeded covers new calls and calls in the queue.
func TestMaxHoldExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
		one, other := onVirtual(w, 0), onVirtual(w, 0)
		fill(t, one, s)
		waiting := make(chan error, 2)
		begun := time.Now()
		for _, most := range []time.Duration{time.Minute, time.Hour} {
			go func() { waiting <- other.Acquire(t.Context(), agento.PaceRequest{MaxHold: most}) }()
		}
		synctest.Wait()
		one.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: http.StatusTooManyRequests, RetryAfter: 10 * time.Minute})
		synctest.Wait()

		var refused *agento.Error
		require.ErrorAs(t, other.Acquire(t.Context(), agento.PaceRequest{MaxHold: time.Minute}), &refused)
		require.ErrorIs(t, refused, agento.ErrRateLimited)
		require.Equal(t, 10*time.Minute, refused.RetryAfter)
		require.Zero(t, time.Since(begun))
		require.ErrorAs(t, <-waiting, &refused)
		require.LessOrEqual(t, time.Since(begun), s.window/2) // when it asks again
		require.Equal(t, 10*time.Minute, time.Since(begun)+refused.RetryAfter)
		require.Equal(t, 1, w.inspect().waiting)
		require.NoError(t, <-waiting)
		require.GreaterOrEqual(t, time.Since(begun), 10*time.Minute)
	})
}

// TestLimitedWithoutRetryAfter checks that calls wait until Reset if the limit is used up.
func TestLimitedWithoutRetryAfter(t *testing.T) {
	for remaining, want := range map[int]time.Duration{0: 31 * time.Second, 5: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := onVirtual(newVirtualRedis(), 0)
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			now := time.Now()
			p.Observe(agento.PaceResult{
				Granted: now, StatusCode: http.StatusTooManyRequests, Date: now,
				RateLimit: agento.RateLimit{Known: true, Limit: 10, Remaining: remaining, Reset: now.Add(30 * time.Second)},
			})
			synctest.Wait()
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{MaxHold: time.Second}))
			require.Equal(t, want, time.Since(now), remaining)
		})
	}
}

// TestClientRetryAfterLimit uses WithRetryAfterLimit with a Pacer of this package.
func TestClientRetryAfterLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory())
		defer s.Close()
		client := s.Client(agento.WithPacer(onVirtual(newVirtualRedis(), 0)))
		s.Next("getAccount", 1, agentotest.Answer(agentotest.Raw{
			Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
		}))
		begun := time.Now()
		for range 3 {
			_, err := client.Account.Get(t.Context())
			require.ErrorIs(t, err, agento.ErrRateLimited)
			synctest.Wait()
		}
		require.Less(t, time.Since(begun), time.Second)
	})
}
