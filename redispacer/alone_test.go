package redispacer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

// link is a connection to a virtualRedis that can fail.
type link struct {
	mu    sync.Mutex
	to    *virtualRedis
	err   error         // returned instead of a reply
	takes time.Duration // duration of a run; it ignores the context
	asked int
	line  chan struct{} // if not nil, one run at a time
}

func (l *link) set(err error, takes time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.takes, l.asked = err, takes, 0
}

func (l *link) run(ctx context.Context, q *scriptArgs) ([]int64, error) {
	l.mu.Lock()
	l.asked++
	err, takes := l.err, l.takes
	l.mu.Unlock()
	if l.line != nil {
		l.line <- struct{}{}
		defer func() { <-l.line }()
	}
	time.Sleep(takes)
	if err != nil {
		return nil, err
	}
	return l.to.run(ctx, q)
}

func (l *link) scriptRuns() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

func (l *link) pacer(out *log, opts ...Option) *Pacer {
	s, err := newSettings(append([]Option{WithLogger(slog.New(slog.NewTextHandler(out, nil)))}, opts...))
	if err != nil {
		panic(err)
	}
	return newPacer(s, l.run)
}

var errDown = errors.New("connection refused")

// TestSlowRedis checks that the process paces alone until Redis replies in time.
func TestSlowRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, out := &link{to: newVirtualRedis()}, &service{limit: 100, window: time.Minute}, &log{}
		p := l.pacer(out)
		call := func() time.Duration {
			begun := time.Now()
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			p.Observe(s.call())
			return time.Since(begun)
		}
		require.Zero(t, call())
		l.set(nil, 3*time.Second) // it replies, but late
		require.Equal(t, 50*time.Millisecond, call())
		for range 20 {
			require.Zero(t, call())
		}
		time.Sleep(10 * time.Second)
		require.Contains(t, out.String(), "no reply in time")
		// The late grant was released, and Redis is not asked while there are no calls.
		seen := l.to.inspect()
		require.Equal(t, 1, seen.own)
		require.Positive(t, seen.foreign) // the requests sent alone
		asked := l.scriptRuns()
		time.Sleep(time.Hour)
		require.Equal(t, asked, l.scriptRuns())
		l.set(nil, 0)
		require.Zero(t, call())
		time.Sleep(checkEvery)
		synctest.Wait()
		require.Contains(t, out.String(), "shared again")
		require.EqualValues(t, probeWanted, l.to.inspect().probe) // the next call is a probe
		used := l.to.inspect().takes
		require.Zero(t, call())
		require.Equal(t, used+1, l.to.inspect().takes)
	})
}

func TestOneWarningAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, out := &link{to: newVirtualRedis()}, &log{}
		var changes []Change
		p := l.pacer(out, WithNotify(func(c Change) { changes = append(changes, c) }))
		for range 5 { // an outage every ten seconds
			l.set(errDown, 0)
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			l.set(nil, 0)
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		require.Equal(t, 1, strings.Count(out.String(), "level=WARN"), out)
		require.Len(t, changes, 10)
		for i, c := range changes {
			require.Equal(t, i%2 == 0, c.Alone)
		}
		time.Sleep(time.Minute)
		l.set(errDown, 0)
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		require.Equal(t, 2, strings.Count(out.String(), "level=WARN"), out)
		time.Sleep(time.Second)
	})
}

// TestPacesAlone checks that a process keeps to the limit, MaxWait and the context.
func TestPacesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := &link{to: newVirtualRedis()}, &service{limit: 20, window: 5 * time.Second, delay: 10 * time.Millisecond}
		l.set(errDown, time.Millisecond)
		p := l.pacer(&log{}, WithWindow(5*time.Second))
		for range 5 { // the first response does not show the length of the window
			s.call()
		}
		var all sync.WaitGroup
		begun := time.Now()
		for range 100 {
			all.Go(func() {
				if err := p.Acquire(t.Context(), agento.PaceRequest{}); err != nil {
					t.Error(err)
				}
				p.Observe(s.call())
			})
		}
		time.Sleep(3 * time.Second)
		err := p.Acquire(t.Context(), agento.PaceRequest{MaxWait: time.Second})
		var refused *agento.Error
		require.ErrorAs(t, err, &refused)
		require.ErrorIs(t, err, agento.ErrRateLimited)
		require.Greater(t, refused.RetryAfter, time.Second)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errDown) })
		err = p.Acquire(ctx, agento.PaceRequest{})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errDown)
		all.Wait()
		require.Zero(t, s.limited)
		require.Less(t, time.Since(begun), 35*time.Second) // the ideal is 25 s
		time.Sleep(time.Minute)
	})
}

// TestMaxHoldExceededAlone checks that MaxHold limits the wait during an outage.
func TestMaxHoldExceededAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &link{to: newVirtualRedis()}
		l.set(errDown, 0)
		p := l.pacer(&log{})
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		begun := time.Now()
		p.Observe(agento.PaceResult{Granted: begun, StatusCode: http.StatusTooManyRequests, RetryAfter: time.Hour})
		err := p.Acquire(t.Context(), agento.PaceRequest{MaxHold: time.Minute})
		require.Zero(t, time.Since(begun))
		var refused *agento.Error
		require.ErrorAs(t, err, &refused)
		require.ErrorIs(t, err, agento.ErrRateLimited)
		require.Equal(t, time.Hour, refused.RetryAfter)
		time.Sleep(time.Second)
	})
}

// TestReplicasRejoin checks that replicas that paced alone send a probe first.
func TestReplicasRejoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &replicaGroup{
			service: &service{limit: 120, window: time.Minute, delay: 100 * time.Millisecond},
			redis:   newVirtualRedis(), replicas: 4, each: 16, until: 10 * time.Minute,
		}
		l := &link{to: c.redis}
		c.via = func() *Pacer { return l.pacer(&log{}) }
		time.AfterFunc(3*time.Minute, func() { l.set(errDown, 0) })
		time.AfterFunc(5*time.Minute, func() { l.set(nil, 0) })
		before := 0
		time.AfterFunc(7*time.Minute, func() { before = c.service.limited })
		c.run(t, 0)
		t.Logf("%d calls in %v; %d 429s", c.total(), c.took, c.service.limited)
		require.Equal(t, before, c.service.limited) // none after the outage
		require.LessOrEqual(t, float64(c.service.limited), 0.1*float64(c.total()))
		require.GreaterOrEqual(t, float64(c.total()), 0.85*120*c.took.Minutes())
	})
}

// TestManyCallers checks that 0.2 ms for each of a thousand calls is not slow.
func TestManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, out := &link{to: newVirtualRedis(), line: make(chan struct{}, 1)}, &service{limit: 1500, window: time.Minute}, &log{}
		p := l.pacer(out)
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		p.Observe(s.call())
		synctest.Wait()
		l.set(nil, 200*time.Microsecond)
		var all sync.WaitGroup
		for range 1200 {
			all.Go(func() {
				if err := p.Acquire(t.Context(), agento.PaceRequest{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Second)
		require.Empty(t, out.String())

		// If it is slow, one timeout ends the wait of all.
		l.set(nil, time.Second)
		begun := time.Now()
		for range 1200 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_ = p.Acquire(ctx, agento.PaceRequest{})
			})
		}
		synctest.Wait()
		time.Sleep(60 * time.Millisecond)
		synctest.Wait()
		require.Contains(t, out.String(), "paces alone")
		all.Wait()
		require.LessOrEqual(t, time.Since(begun), time.Second)
		require.LessOrEqual(t, l.scriptRuns(), maxInFlight+10) // and the checks
		time.Sleep(time.Hour)
	})
}

// TestProbeCanceled checks that another call becomes the probe.
func TestProbeCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newVirtualRedis()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := w.run(t.Context(), &scriptArgs{Op: opReport, Window: microsOf(time.Minute), findings: findings{Hold: 500_000}})
		require.NoError(t, err)
		left := make(chan error)
		go func() { left <- onVirtual(w, 0).Acquire(ctx, agento.PaceRequest{}) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-left, context.Canceled)
		synctest.Wait()
		require.EqualValues(t, probeWanted, w.inspect().probe)
	})
}

// TestUrgentFindingsReported adds an urgent finding while another report runs.
func TestUrgentFindingsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &link{to: newVirtualRedis()}
		p := l.pacer(&log{})
		var granted []time.Time
		for range 3 {
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			granted = append(granted, time.Now())
		}
		l.set(nil, 20*time.Millisecond)                                    // within the timeout
		p.Observe(agento.PaceResult{Granted: granted[0], StatusCode: 200}) // the response to the probe
		time.Sleep(10 * time.Millisecond)
		for _, at := range granted[1:] {
			p.Observe(agento.PaceResult{Granted: at, StatusCode: http.StatusTooManyRequests, RetryAfter: 30 * time.Second})
		}
		time.Sleep(40 * time.Millisecond)
		require.Positive(t, l.to.inspect().hold)
		time.Sleep(time.Minute)
		require.Equal(t, 2, l.scriptRuns(), "both are reported together")
		p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: http.StatusTooManyRequests, RetryAfter: 30 * time.Second})
		time.Sleep(time.Minute)
		require.Equal(t, 3, l.scriptRuns())
	})
}

// TestUnusedGrantsOfOutage checks that unused grants are not returned to a Redis that did not grant them.
func TestUnusedGrantsOfOutage(t *testing.T) {
	for name, r := range map[string]agento.PaceResult{
		"not sent":               {NotSent: true},
		"refused before limiter": {StatusCode: http.StatusForbidden},
	} {
		for _, late := range []bool{false, true} { // the result comes after the outage
			synctest.Test(t, func(t *testing.T) {
				l := &link{to: newVirtualRedis()}
				p, other := l.pacer(&log{}), onVirtual(l.to, 0)
				pacedCall(t, p)
				synctest.Wait()
				for range 20 {
					require.NoError(t, other.Acquire(t.Context(), agento.PaceRequest{}))
				}
				used := l.to.inspect().own
				time.Sleep(time.Millisecond)
				l.set(errDown, 0)
				var alone []agento.PaceResult
				for range 5 {
					require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
					r.Granted = time.Now()
					if alone = append(alone, r); !late {
						p.Observe(r)
					}
				}
				l.set(nil, 0)
				time.Sleep(checkEvery)
				synctest.Wait()
				require.True(t, p.shared())
				if late {
					for _, r := range alone {
						p.Observe(r)
					}
				}
				time.Sleep(time.Millisecond)
				require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
				require.Equal(t, used+1, l.to.inspect().own, "%s, late: %v", name, late)
				p.Observe(agento.PaceResult{Granted: time.Now(), NotSent: true}) // granted by Redis
				synctest.Wait()
				require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
				require.Equal(t, used+1, l.to.inspect().own, "%s, late: %v", name, late)
			})
		}
	}
}
