package redispacer

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

// fill sends as many requests as the limit allows.
func fill(t *testing.T, p *Pacer, s *service) {
	t.Helper()
	for range s.limit {
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		p.Observe(s.call())
	}
	synctest.Wait()
}

func TestAcquireTooLate(t *testing.T) {
	for name, how := range map[string]func(context.Context) (context.Context, agento.PaceRequest){
		"MaxWait": func(ctx context.Context) (context.Context, agento.PaceRequest) {
			return ctx, agento.PaceRequest{MaxWait: 5 * time.Second}
		},
		"deadline": func(ctx context.Context) (context.Context, agento.PaceRequest) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			context.AfterFunc(ctx, cancel)
			return ctx, agento.PaceRequest{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
				p := onVirtual(w, 0)
				fill(t, p, s)
				time.Sleep(20 * time.Second)
				begun := time.Now()
				ctx, request := how(t.Context())
				err := onVirtual(w, 0).Acquire(ctx, request)
				var refused *agento.Error
				require.ErrorAs(t, err, &refused)
				require.ErrorIs(t, err, agento.ErrRateLimited)
				require.InDelta(t, 40, refused.RetryAfter.Seconds(), 1)
				require.Zero(t, time.Since(begun))
				require.Zero(t, w.inspect().waiting)
			})
		})
	}
}

func TestAcquireWithinMaxWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
		p := onVirtual(w, 0)
		fill(t, p, s)
		begun := time.Now()
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{MaxWait: 61 * time.Second}))
		require.InDelta(t, 60, time.Since(begun).Seconds(), 0.1)
	})
}

func TestMaxWaitDuringProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newVirtualRedis()
		require.NoError(t, onVirtual(w, 0).Acquire(t.Context(), agento.PaceRequest{})) // without a response yet
		begun := time.Now()
		err := onVirtual(w, 0).Acquire(t.Context(), agento.PaceRequest{MaxWait: 100 * time.Millisecond})
		require.ErrorIs(t, err, agento.ErrRateLimited)
		require.Equal(t, 100*time.Millisecond, time.Since(begun))
		synctest.Wait()
		require.Zero(t, w.inspect().waiting)
	})
}

func TestCanceledAcquireGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
		p := onVirtual(w, 0)
		fill(t, p, s)
		for _, at := range []time.Duration{20 * time.Second, 59900 * time.Millisecond} {
			// In the second case, the request is granted ahead.
			name := at.String()
			why := errors.New("user left")
			ctx, cancel := context.WithCancelCause(t.Context())
			before := w.inspect().own
			left := make(chan error)
			go func() { left <- p.Acquire(ctx, agento.PaceRequest{}) }()
			synctest.Wait()
			time.Sleep(at - w.inspect().oldest)
			synctest.Wait()
			require.Equal(t, at > 59*time.Second, w.inspect().own > before, name)
			cancel(why)
			err := <-left
			require.ErrorIs(t, err, why, name)
			require.ErrorIs(t, err, context.Canceled, name)
			synctest.Wait()
			require.Zero(t, w.inspect().waiting, name)
			require.Equal(t, before, w.inspect().own, name)
		}
	})
}

// TestFirstCallIsProbe checks that the other calls wait for the probe's response.
func TestFirstCallIsProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newVirtualRedis(), &service{limit: 120, window: time.Minute, delay: 50 * time.Millisecond}
		var all sync.WaitGroup
		begun := time.Now()
		for i := range 100 {
			all.Go(func() {
				p := onVirtual(w, time.Millisecond)
				if err := p.Acquire(t.Context(), agento.PaceRequest{Bulk: i%2 == 0}); err != nil {
					t.Error(err)
				}
				p.Observe(s.call())
			})
		}
		all.Wait()
		took := time.Since(begun)
		time.Sleep(time.Second) // reports in the background
		require.Less(t, took, 400*time.Millisecond)
		require.Zero(t, s.limited)
	})
}

// TestHighLimitUsedUp checks that requests of other clients count for a window, for any limit.
func TestHighLimitUsedUp(t *testing.T) {
	for _, limit := range []int{1e6, math.MaxInt} {
		synctest.Test(t, func(t *testing.T) {
			w := newVirtualRedis()
			p := onVirtual(w, 0)
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			begun := time.Now()
			p.Observe(agento.PaceResult{
				Granted: begun, StatusCode: http.StatusOK, RateLimit: agento.RateLimit{Known: true, Limit: limit},
			})
			synctest.Wait()
			for range 1000 {
				require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			}
			require.InDelta(t, 60, time.Since(begun).Seconds(), 1)
			require.EqualValues(t, min(int64(limit), 1<<40), w.inspect().limit)
		})
	}
}

func TestProbeWithoutResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newVirtualRedis()
		require.NoError(t, onVirtual(w, 0).Acquire(t.Context(), agento.PaceRequest{}))
		begun := time.Now()
		require.NoError(t, onVirtual(w, 0).Acquire(t.Context(), agento.PaceRequest{}))
		require.GreaterOrEqual(t, time.Since(begun), time.Second)
		require.Less(t, time.Since(begun), 2*time.Second)
	})
}

func TestHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		limit, remaining int
		reset            time.Duration
		window           time.Duration
		status           int
		wantWindow       time.Duration
	}{
		"limit":                      {40, 39, 60 * time.Second, time.Minute, 200, time.Minute},
		"shorter window":             {40, 39, 9 * time.Second, time.Minute, 200, 10 * time.Second},
		"not from a later request":   {40, 30, 9 * time.Second, time.Minute, 200, time.Minute},
		"not from a 429":             {1, 0, 9 * time.Second, time.Minute, 429, time.Minute},
		"longer than configured":     {40, 30, 30 * time.Second, 5 * time.Second, 200, time.Minute},
		"not from an invalid number": {40, 41, 9 * time.Second, time.Minute, 200, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newVirtualRedis()
				p := onVirtual(w, 0, WithWindow(test.window))
				require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
				now := time.Now()
				p.Observe(agento.PaceResult{
					Granted: now, StatusCode: test.status, Date: now, RetryAfter: time.Second,
					RateLimit: agento.RateLimit{Limit: test.limit, Remaining: test.remaining, Reset: now.Add(test.reset), Known: true},
				})
				synctest.Wait()
				require.Equal(t, test.wantWindow.Microseconds(), w.inspect().window)
				if test.remaining <= test.limit {
					require.EqualValues(t, test.limit, w.inspect().limit)
				}
			})
		})
	}
}

// TestUnusedGrants checks that grants that used no budget are returned.
func TestUnusedGrants(t *testing.T) {
	for name, r := range map[string]agento.PaceResult{
		"not sent":               {NotSent: true},
		"refused with a 429":     {StatusCode: http.StatusTooManyRequests, RetryAfter: time.Second},
		"refused before limiter": {StatusCode: http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
				p := onVirtual(w, 0)
				fill(t, p, s)
				require.Equal(t, 10, w.inspect().own)
				r.Granted = time.Now()
				p.Observe(r)
				err := p.Acquire(t.Context(), agento.PaceRequest{MaxWait: time.Nanosecond})
				synctest.Wait()
				if r.RetryAfter > 0 {
					require.ErrorIs(t, err, agento.ErrRateLimited)
					require.Equal(t, 9, w.inspect().own)
				} else {
					require.NoError(t, err)
					require.Equal(t, 10, w.inspect().own)
				}
			})
		})
	}
}

func TestServiceWithoutHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := onVirtual(newVirtualRedis(), 0)
		begun := time.Now()
		for range 500 {
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: 200})
			synctest.Wait()
		}
		require.Less(t, time.Since(begun), time.Second)
	})
}

func TestDeadProcessLeavesQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
		p := onVirtual(w, 0)
		fill(t, p, s)
		for i := range 20 { // a process that does not ask again
			_, err := w.run(t.Context(), &scriptArgs{Op: opTake, ID: string(rune('a' + i)), MaxWait: -1, Window: microsOf(time.Minute)})
			require.NoError(t, err)
		}
		require.Equal(t, 20, w.inspect().waiting)
		begun := time.Now()
		require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
		require.Zero(t, w.inspect().waiting)
		require.Less(t, time.Since(begun), 125*time.Second)
	})
}

func TestRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newVirtualRedis(), &service{limit: 100, window: time.Minute}
		p := onVirtual(w, time.Millisecond)
		asked := func(wait time.Duration, calls int) int {
			before := w.inspect().takes
			begun := time.Now()
			for range calls {
				require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
				p.Observe(s.call())
			}
			require.InDelta(t, wait.Seconds(), time.Since(begun).Seconds(), 0.5)
			time.Sleep(time.Millisecond)
			return w.inspect().takes - before
		}
		require.Equal(t, 1, asked(0, 1)) // the probe, whose response is then reported
		require.Equal(t, 99, asked(0, 99))
		require.LessOrEqual(t, w.inspect().reports, 2) // the response to the probe, and its lag
		time.Sleep(40 * time.Second)
		require.Equal(t, 2, asked(20*time.Second, 1)) // one enters the queue
		require.Equal(t, 99, asked(0, 99))
		time.Sleep(59200 * time.Millisecond)
		require.Equal(t, 1, asked(time.Second, 1)) // granted ahead
		require.LessOrEqual(t, w.inspect().reports, 2)
		require.Zero(t, s.limited)
	})
}
