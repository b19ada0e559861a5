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

// exhausted returns a client that has just used up the budget, and the time of that.
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

// grants starts the calls in sequence and returns the order in which they are granted.
func grants(t *testing.T, c client, calls []Request) (order []int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, r := range calls {
		wg.Go(func() {
			if !noError(t, c.Acquire(context.Background(), r)) {
				return
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			c.finish()
		})
		synctest.Wait()
	}
	wg.Wait()
	return order
}

func TestOrderOfArrival(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := exhausted(t)
			order := grants(t, c, slices.Repeat([]Request{{Bulk: bulk}}, 100))
			require.True(t, slices.IsSorted(order), "%v", order)
			require.Len(t, order, 100)
		})
	}
}

// TestBulkIsNotStarved checks that one bulk call is sent for every four chat calls.
func TestBulkIsNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := exhausted(t)
		calls := append(slices.Repeat([]Request{{Bulk: true}}, 10), slices.Repeat([]Request{{}}, 40)...)
		order := grants(t, c, calls)
		chats := 0
		for i, n := range order {
			if n >= 10 {
				chats++
				continue
			}
			require.Equal(t, 4, chats, "call %d: %v", i, order)
			chats = 0
		}
		require.Len(t, order, 50)
	})
}

// TestBulkDoesNotOvertake checks that bulk calls do not overtake chat calls that wait.
func TestBulkDoesNotOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		order := make(chan bool, 30)
		ask := func(bulk bool) {
			for range 12 {
				go func() {
					if noError(t, c.Acquire(context.Background(), Request{Bulk: bulk})) {
						order <- bulk
						c.finish()
					}
				}()
			}
		}
		ask(false)
		time.Sleep(time.Until(gone.Add(60*time.Second + 150*time.Millisecond))) // the queue drains
		require.Less(t, len(order), 4)
		ask(true)
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		before := len(order)
		time.Sleep(10 * time.Second)
		require.Len(t, order, 24)
		bulks := 0
		for range before {
			if <-order {
				bulks++
			}
		}
		require.LessOrEqual(t, bulks, 1, "of %d", before)
	})
}

// TestBulkLeavesTenth checks that bulk calls leave a tenth of the limit to chat, which
// does not slow bulk down when used.
func TestBulkLeavesTenth(t *testing.T) {
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

// TestChatNotDelayedByBulk checks that an earlier wait of chat does not delay it later.
func TestChatNotDelayedByBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := exhausted(t)
		_, err := c.run(20, 20, Request{})
		require.NoError(t, err)
		time.Sleep(5 * time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.run(150, 150, Request{Bulk: true})
			noError(t, err)
		})
		time.Sleep(10 * time.Second)
		took, err := c.run(12, 12, Request{})
		require.NoError(t, err)
		require.Equal(t, 2*c.service.latency, took)
		wg.Wait()
	})
}

func TestChatBesideBulk(t *testing.T) {
	const ideal = 10 * time.Minute // 110 bulk calls a window, and 10 of chat
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
				t.Logf("bulk %v, %.3f of its ideal; %d chat calls, p99 %v", took, took.Seconds()/ideal.Seconds(), len(sorted), p99)
				require.Zero(t, refused)
				require.GreaterOrEqual(t, len(sorted), 100)
				require.LessOrEqual(t, p99, time.Second)
				require.LessOrEqual(t, took, ideal*115/100)
			})
		})
	}
}

// TestRefused checks that a call that cannot be sent in time is denied at once.
func TestRefused(t *testing.T) {
	deadline := func(d time.Duration) (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), d)
	}
	tests := map[string]struct {
		timeout time.Duration // of the context
		maxWait time.Duration
		bulk    bool
		refused bool
	}{
		"deadline":            {timeout: 5 * time.Second, refused: true},
		"maximal wait":        {timeout: time.Hour, maxWait: 10 * time.Second, refused: true},
		"bulk":                {timeout: time.Hour, maxWait: 10 * time.Second, bulk: true, refused: true},
		"deadline is later":   {timeout: 45 * time.Second},
		"maximal wait later":  {timeout: time.Hour, maxWait: 45 * time.Second},
		"wait without end":    {timeout: time.Hour, maxWait: math.MaxInt64},
		"maximal wait counts": {timeout: 45 * time.Second, maxWait: 39 * time.Second, refused: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, gone := exhausted(t)
				time.Sleep(time.Until(gone.Add(20 * time.Second)))
				before, _ := c.service.totals()
				ctx, cancel := deadline(tt.timeout)
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

// TestRefusedBehindQueue checks that calls ahead use the slots of the next windows.
func TestRefusedBehindQueue(t *testing.T) {
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

// TestRefusedWhenSlotsAreSpread frees the slots at different times.
func TestRefusedWhenSlotsAreSpread(t *testing.T) {
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

// TestRefusedInDrainingQueue checks the last call of a queue that drains slowly.
func TestRefusedInDrainingQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		for range 60 {
			go func() { noError(t, c.do(context.Background(), Request{})) }()
		}
		time.Sleep(time.Until(gone.Add(58 * time.Second)))
		start := time.Now()
		var refusal *RefusedError
		require.ErrorAs(t, c.Acquire(context.Background(), Request{MaxWait: 5 * time.Second}), &refusal)
		require.Zero(t, time.Since(start))
		require.NoError(t, c.Acquire(context.Background(), Request{MaxWait: 7 * time.Second}))
		require.InDelta(t, refusal.RetryAfter.Seconds(), time.Since(start).Seconds(), 0.5)
		time.Sleep(time.Second)
	})
}

// TestNoDelayAfterRefusal checks that a denied call does not delay later calls.
func TestNoDelayAfterRefusal(t *testing.T) {
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

// TestRefusedByHold checks that waiters with a deadline before the end of a hold are
// denied when the 429 arrives.
func TestRefusedByHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		require.NoError(t, p.Acquire(context.Background(), Request{})) // the probe
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

func TestCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		cause := errors.New("user left")
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
		waiting := c.queue.chat.Len()
		c.mu.Unlock()
		require.Equal(t, 1, waiting)
		wg.Wait()
		require.ErrorIs(t, c.Acquire(ctx, Request{}), cause, "the context has ended")

		expired, stop := context.WithDeadline(context.Background(), time.Now())
		defer stop()
		require.ErrorIs(t, c.Acquire(expired, Request{}), context.DeadlineExceeded)
	})
}

// TestCanceledWhenGranted checks that the permission goes to the next waiter.
func TestCanceledWhenGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		p.mu.Lock()
		first, err := p.enqueue(context.Background(), Request{}, int64(time.Since(p.start)))
		require.NoError(t, err)
		second, err := p.enqueue(context.Background(), Request{}, int64(time.Since(p.start)))
		require.NoError(t, err)
		p.mu.Unlock()
		<-first.done
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorIs(t, p.stopWaiting(ctx, first), context.Canceled)
		<-second.done
		require.Equal(t, 1, p.window.own.n)
		require.NoError(t, p.wait(context.Background(), second, 0))
	})
}

// TestNoPolling checks that one timer is set, and none when the queue is empty.
func TestNoPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gone := exhausted(t)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { noError(t, c.do(context.Background(), Request{})) })
		}
		synctest.Wait()
		require.True(t, c.timer.Reset(time.Until(gone.Add(58*time.Second))), "the timer is set")
		time.Sleep(time.Until(gone.Add(57 * time.Second)))
		require.True(t, c.timer.Stop(), "and was not set again")
		c.wake()
		wg.Wait()
		require.False(t, c.timer.Stop())

		ctx, cancel := context.WithCancel(context.Background())
		for range 150 {
			wg.Go(func() { _ = c.do(ctx, Request{}) })
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.False(t, c.timer.Stop(), "the queue is empty")
		wg.Wait()
	})
}

// TestMaxHold covers new calls and waiters.
func TestMaxHold(t *testing.T) {
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

		// It does not apply without a Retry-After.
		c.Observe(withRetry(response(120, 0, 60), 0))
		require.NoError(t, c.Acquire(context.Background(), Request{MaxHold: time.Second}))
	})
}
