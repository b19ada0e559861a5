package pace

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// exhausted returns a Pacer that used up the budget of a service now.
func exhausted(t *testing.T) (client, time.Time) {
	t.Helper()
	c := client{New(), newService(oldestLeaves)}
	_, err := c.run(1, 1, Request{})
	require.NoError(t, err)
	at := time.Now()
	_, err = c.run(119, 119, Request{})
	require.NoError(t, err)
	return c, at
}

// turns starts the calls one after the other and returns the order in which
// they were granted, and how long each waited.
func turns(t *testing.T, c client, asks []Request) (order []int, waits []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	waits = make([]time.Duration, len(asks))
	for i, r := range asks {
		start := time.Now()
		wg.Go(func() {
			if !noError(t, c.Acquire(context.Background(), r)) {
				return
			}
			mu.Lock()
			order = append(order, i)
			waits[i] = time.Since(start)
			mu.Unlock()
			c.finish()
		})
		synctest.Wait()
	}
	wg.Wait()
	return order, waits
}

func TestFirstComeFirstServed(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := exhausted(t)
			order, _ := turns(t, c, slices.Repeat([]Request{{Bulk: bulk}}, 100))
			require.True(t, slices.IsSorted(order), "%v", order)
			require.Len(t, order, 100)
		})
	}
}

// While both wait, four others go for one of bulk.
func TestBulkIsNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := exhausted(t)
		asks := append(slices.Repeat([]Request{{Bulk: true}}, 10), slices.Repeat([]Request{{}}, 40)...)
		order, _ := turns(t, c, asks)
		chats := 0
		for i, n := range order {
			if n >= 10 {
				chats++
				continue
			}
			require.Equal(t, 4, chats, "turn %d: %v", i, order)
			chats = 0
		}
		require.Len(t, order, 50)
	})
}

// Bulk alone leaves a tenth free for the whole window; who else comes finds
// room at once, and takes nothing from bulk.
func TestTenthIsLeft(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client{New(), newService(m)}
				var wg sync.WaitGroup
				wg.Go(func() {
					_, err := c.run(216, 216, Request{Bulk: true})
					noError(t, err)
				})
				time.Sleep(50 * time.Second)
				requests, _ := c.service.totals()
				require.Equal(t, 108, requests)

				took, err := c.run(12, 12, Request{})
				require.NoError(t, err)
				require.Equal(t, 2*c.service.latency, took)

				wg.Wait()
				requests, refused := c.service.totals()
				require.Equal(t, 228, requests)
				require.Zero(t, refused)
			})
		})
	}
}

func TestChatsBesideBulk(t *testing.T) {
	const ideal = 10 * time.Minute // 110 calls of bulk a window, beside 10 chats
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client{New(), newService(m)}
				ctx, stop := context.WithCancel(context.Background())
				waits := make(chan time.Duration, calls)
				go func() {
					for ctx.Err() == nil {
						time.Sleep(6 * time.Second)
						start := time.Now()
						if c.Acquire(ctx, Request{}) == nil {
							waits <- time.Since(start)
							c.finish()
						}
					}
					close(waits)
				}()
				took, err := c.run(calls, 64, Request{Bulk: true})
				stop()
				require.NoError(t, err)

				var sorted []time.Duration
				for wait := range waits {
					sorted = append(sorted, wait)
				}
				slices.Sort(sorted)
				p99 := sorted[len(sorted)*99/100]
				_, refused := c.service.totals()
				t.Logf("bulk %v, %.3f of its ideal; %d chats, p99 %v", took, took.Seconds()/ideal.Seconds(), len(sorted), p99)
				require.Zero(t, refused)
				require.GreaterOrEqual(t, len(sorted), 100)
				require.LessOrEqual(t, p99, time.Second)
				require.LessOrEqual(t, took, ideal*115/100)
			})
		})
	}
}

// When the turn cannot come in time, the answer is no, at once and without a request.
func TestRefused(t *testing.T) {
	deadline := func(d time.Duration) (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), d)
	}
	tests := map[string]struct {
		bound   time.Duration // of the context
		maxWait time.Duration
		bulk    bool
		refused bool
	}{
		"deadline":            {bound: 5 * time.Second, refused: true},
		"maximal wait":        {bound: time.Hour, maxWait: 10 * time.Second, refused: true},
		"bulk":                {bound: time.Hour, maxWait: 10 * time.Second, bulk: true, refused: true},
		"deadline is later":   {bound: 45 * time.Second},
		"wait may be longer":  {bound: time.Hour, maxWait: 45 * time.Second},
		"wait without end":    {bound: time.Hour, maxWait: math.MaxInt64},
		"maximal wait counts": {bound: 45 * time.Second, maxWait: 39 * time.Second, refused: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, gone := exhausted(t)
				time.Sleep(time.Until(gone.Add(20 * time.Second)))
				before, _ := c.service.totals()
				ctx, cancel := deadline(tt.bound)
				defer cancel()
				start := time.Now()
				err := c.Acquire(ctx, Request{MaxWait: tt.maxWait, Bulk: tt.bulk})
				if !tt.refused {
					require.NoError(t, err)
					require.InDelta(t, 40, time.Since(start).Seconds(), 0.5)
					return
				}
				var refusal *RefusedError
				require.ErrorAs(t, err, &refusal)
				require.Zero(t, time.Since(start))
				require.InDelta(t, 40, refusal.RetryAfter.Seconds(), 0.5, "right to the second")
				after, _ := c.service.totals()
				require.Equal(t, before, after)
			})
		})
	}
}

// Others who wait push the turn into later windows.
func TestRefusedBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		ctx, stop := context.WithCancel(context.Background())
		for range 300 {
			go func() { _ = c.do(ctx, Request{}) }()
		}
		time.Sleep(time.Until(gone.Add(55 * time.Second)))
		start := time.Now()
		err := c.Acquire(context.Background(), Request{MaxWait: 10 * time.Second})
		var refusal *RefusedError
		require.ErrorAs(t, err, &refusal)
		require.Zero(t, time.Since(start))
		require.InDelta(t, (2*time.Minute + 5*time.Second).Seconds(), refusal.RetryAfter.Seconds(), 10)
		stop()
		time.Sleep(time.Minute)
	})
}

// Each of the others has a place that comes back at its own time.
func TestForeseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client{New(), newService(oldestLeaves)}
		start := time.Now()
		for range 120 {
			require.NoError(t, c.do(context.Background(), Request{})) // one each 100 ms
		}
		ctx, stop := context.WithCancel(context.Background())
		for range 40 {
			go func() { _ = c.do(ctx, Request{}) }()
		}
		synctest.Wait()
		err := c.Acquire(context.Background(), Request{MaxWait: time.Second})
		var refusal *RefusedError
		require.ErrorAs(t, err, &refusal)
		require.InDelta(t, 64, (time.Since(start) + refusal.RetryAfter).Seconds(), 0.5)
		stop()
		time.Sleep(time.Minute)
	})
}

// A refusal leaves no trace in the pace of later calls.
func TestRefusalLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		time.Sleep(20 * time.Second)
		require.Error(t, c.Acquire(context.Background(), Request{MaxWait: time.Second}))
		time.Sleep(time.Until(gone.Add(61 * time.Second)))
		took, err := c.run(100, 100, Request{})
		require.NoError(t, err)
		require.Equal(t, 2*c.service.latency, took)
	})
}

func TestMaxWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		require.NoError(t, p.Acquire(context.Background(), Request{}))
		start := time.Now()
		var refusal *RefusedError
		require.ErrorAs(t, p.Acquire(context.Background(), Request{MaxWait: 300 * time.Millisecond}), &refusal)
		require.Equal(t, 300*time.Millisecond, time.Since(start))
		require.Positive(t, refusal.RetryAfter)
		require.NotEmpty(t, refusal.Error())
	})
}

// Callers whose time ends before a 429 lets anybody pass learn it at once.
func TestRefusedAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		require.NoError(t, p.Acquire(context.Background(), Request{})) // the others wait for its answer
		granted := time.Now()
		var wg sync.WaitGroup
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		for _, bulk := range []bool{false, true} {
			wg.Go(func() {
				var refusal *RefusedError
				if err := p.Acquire(ctx, Request{Bulk: bulk}); errors.As(err, &refusal) {
					noError(t, ctx.Err())
					equal(t, 40*time.Second, refusal.RetryAfter)
					equal(t, 100*time.Millisecond, time.Since(granted))
				} else {
					noError(t, err)
					equal(t, "refused", "granted")
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		p.Observe(Result{Granted: granted, StatusCode: 429, RetryAfter: 40 * time.Second})
		wg.Wait()
	})
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		cause := errors.New("the user went away")
		ctx, cancel := context.WithCancelCause(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			err := c.Acquire(ctx, Request{})
			noError(t, is(err, context.Canceled))
			noError(t, is(err, cause))
			equal(t, 30*time.Second, time.Since(gone).Round(time.Second))
		})
		synctest.Wait()
		wg.Go(func() {
			noError(t, c.Acquire(context.Background(), Request{}))
			equal(t, 60*time.Second, time.Since(gone).Round(time.Second))
		})
		time.Sleep(time.Until(gone.Add(30 * time.Second)))
		cancel(cause)
		synctest.Wait()
		c.mu.Lock()
		waiting := c.queue.chats.Len()
		c.mu.Unlock()
		require.Equal(t, 1, waiting)
		wg.Wait()
		require.ErrorIs(t, c.Acquire(ctx, Request{}), cause, "an ended context gets no turn")

		expired, stop := context.WithDeadline(context.Background(), time.Now())
		defer stop()
		require.ErrorIs(t, c.Acquire(expired, Request{}), context.DeadlineExceeded)
	})
}

// A turn that came at the moment of the cancellation goes to the next.
func TestCancelledWhenCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		p.mu.Lock()
		first, err := p.enqueue(context.Background(), Request{}, p.now())
		require.NoError(t, err)
		second, err := p.enqueue(context.Background(), Request{}, p.now())
		require.NoError(t, err)
		p.mu.Unlock()
		<-first.called
		p.leave(first)
		<-second.called
		require.Equal(t, 1, p.model.own.n)
		require.NoError(t, p.wait(context.Background(), second, 0))
	})
}

// Nothing runs between two turns, and nothing when nobody waits.
func TestNoPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { noError(t, c.do(context.Background(), Request{})) })
		}
		synctest.Wait()
		require.True(t, c.timer.Reset(time.Until(gone.Add(58*time.Second))), "one timer is set")
		time.Sleep(time.Until(gone.Add(57 * time.Second)))
		require.True(t, c.timer.Stop(), "and nothing else set it again")
		c.wake()
		wg.Wait()
		require.False(t, c.timer.Stop())
	})
}

// TestLongHoldRefuses: nobody waits longer for the end of a 429 than they are
// ready to, neither who comes then nor who waits already.
func TestLongHoldRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, at := exhausted(t)
		waiting := make(chan error, 2)
		for _, most := range []time.Duration{time.Minute, time.Hour} {
			go func() { waiting <- c.Acquire(context.Background(), Request{MaxHold: most}) }()
		}
		synctest.Wait()
		c.Observe(withRetry(Result{StatusCode: tooManyRequests, Granted: time.Now()}, 10*time.Minute))
		var refusal *RefusedError
		require.ErrorAs(t, <-waiting, &refusal)
		require.Equal(t, 10*time.Minute, refusal.RetryAfter)
		require.ErrorAs(t, c.Acquire(context.Background(), Request{MaxHold: time.Minute}), &refusal)
		require.Equal(t, 10*time.Minute, refusal.RetryAfter)
		require.NoError(t, <-waiting)
		require.GreaterOrEqual(t, time.Since(at), 10*time.Minute)

		// What nobody has asked for is waited for.
		c.Observe(withRetry(answer(120, 0, 60), 0))
		require.NoError(t, c.Acquire(context.Background(), Request{MaxHold: time.Second}))
	})
}
