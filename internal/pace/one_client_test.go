package pace

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The test makes 1,200 calls at 120 a minute: 120 at once, and then 9 windows.
const (
	calls = 1200
	ideal = 9 * time.Minute
)

func TestOneClient(t *testing.T) {
	for _, m := range meanings {
		for _, goroutines := range []int{64, calls} {
			t.Run(fmt.Sprintf("%v/%d", m, goroutines), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(m)
					took, err := client{New(), s}.run(calls, goroutines, Request{})
					requests, refused := s.totals()
					t.Logf("%v, %.4f of the ideal", took, took.Seconds()/ideal.Seconds())
					require.NoError(t, err)
					require.Equal(t, calls, requests)
					require.Zero(t, refused)
					require.LessOrEqual(t, took, ideal*104/100)
				})
			})
		}
	}
}

func TestOneClientUsesWholeWindow(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				ctx, stop := context.WithCancel(context.Background())
				c := client{New(), s}
				for range 200 {
					go func() {
						for ctx.Err() == nil {
							_ = c.do(ctx, Request{})
						}
					}()
				}
				for range 5 {
					time.Sleep(50 * time.Second) // all requests of a window have been sent
					s.mu.Lock()
					require.Len(t, s.counted, 120)
					s.mu.Unlock()
					time.Sleep(10*time.Second + 100*time.Millisecond)
				}
				stop()
				_, refused := s.totals()
				require.Zero(t, refused)
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestOneClientWithJitter(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			for range 20 {
				synctest.Test(t, func(t *testing.T) {
					s := newService(m)
					s.latency, s.jitter = 10*time.Millisecond, 300*time.Millisecond
					took, err := client{New(), s}.run(calls, 64, Request{})
					_, refused := s.totals()
					require.NoError(t, err)
					require.Zero(t, s.foreign, "no request is attributed to another client")
					require.Zero(t, refused)
					require.LessOrEqual(t, took, ideal*104/100)
				})
			}
		})
	}
}

// TestOneClientLargeLimit uses a limit above the number of slots of the ledger.
func TestOneClientLargeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(oldestLeaves)
		s.limit = 5000
		took, err := client{New(), s}.run(50_000, 1000, Request{})
		_, refused := s.totals()
		t.Logf("%v, %.4f of the ideal", took, took.Seconds()/ideal.Seconds())
		require.NoError(t, err)
		require.Zero(t, refused)
		require.LessOrEqual(t, took, ideal*104/100)
	})
}

func TestServerClock(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			var right time.Duration
			for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute, 700 * time.Millisecond} {
				synctest.Test(t, func(t *testing.T) {
					s := newService(m)
					s.skew = skew
					took, err := client{New(), s}.run(calls, 64, Request{})
					_, refused := s.totals()
					require.NoError(t, err)
					require.Zero(t, refused)
					if skew == 0 {
						right = took
					}
					require.InDelta(t, right.Seconds(), took.Seconds(), 0.01, "skew %v", skew)
				})
			}
		})
	}
}

// TestShortWindow learns a window shorter than documented, at most a second too long,
// because the headers are in whole seconds.
func TestShortWindow(t *testing.T) {
	for _, m := range meanings {
		for _, window := range []time.Duration{5 * time.Second, 10 * time.Second} {
			for _, ceil := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/%v/up=%v", m, window, ceil), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newService(m)
						s.window, s.ceil = window, ceil
						took, err := client{New(), s}.run(calls, 64, Request{})
						_, refused := s.totals()
						t.Logf("%v, ideal %v", took, 9*window)
						require.NoError(t, err)
						require.Zero(t, refused)
						rounding := time.Second
						if ceil {
							rounding = 2 * time.Second
						}
						require.LessOrEqual(t, took, 9*(window+rounding)+5*time.Second)
					})
				})
			}
		}
	}
}

// TestShortWindowNeverSeenEmpty follows the service's count, because a client that
// never sees the window empty cannot learn its length.
func TestShortWindowNeverSeenEmpty(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				s.window = 5 * time.Second
				ctx, stop := context.WithCancel(context.Background())
				go func() {
					for ctx.Err() == nil {
						s.use(2)
						time.Sleep(time.Second)
					}
				}()
				time.Sleep(3 * time.Second)
				took, err := client{New(), s}.run(calls, 16, Request{})
				stop()
				requests, refused := s.totals()
				t.Logf("%v, %d of %d refused", took, refused, requests)
				require.NoError(t, err)
				require.LessOrEqual(t, refused*100, requests*4)
				require.LessOrEqual(t, took, 2*time.Minute, "at 120 a minute it would be nine")
				time.Sleep(time.Second)
			})
		})
	}
}

func TestNoDelayWithinBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(oldestLeaves)
		c := client{New(), s}
		for range 5 {
			took, err := c.run(110, 110, Request{})
			require.NoError(t, err)
			require.LessOrEqual(t, took, 4*s.latency)
			time.Sleep(time.Minute)
		}
		_, refused := s.totals()
		require.Zero(t, refused)
	})
}
