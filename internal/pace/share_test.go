package pace

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Three clients that do not know of each other, started a second apart.
func TestThreeClients(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
				synctest.Test(t, func(t *testing.T) {
					s := newService(m)
					s.skew = skew
					ends := make([]time.Duration, 3)
					var wg sync.WaitGroup
					start := time.Now()
					for i := range ends {
						wg.Go(func() {
							time.Sleep(time.Duration(i) * time.Second)
							_, err := client{New(), s}.run(calls/3, 16, Request{})
							noError(t, err)
							ends[i] = time.Since(start)
						})
					}
					wg.Wait()
					slices.Sort(ends)
					requests, refused := s.totals()
					t.Logf("%v, %.3f of the ideal, last/first %.3f, %d of %d refused", ends,
						ends[2].Seconds()/ideal.Seconds(), ends[2].Seconds()/ends[0].Seconds(), refused, requests)
					require.LessOrEqual(t, ends[2], ideal*110/100)
					require.LessOrEqual(t, ends[2], ends[0]*13/10)
					require.LessOrEqual(t, refused*100, requests*2)
				})
			}
		})
	}
}

// Whatever the latency, how many goroutines, and who comes when: few are
// refused, and little is lost.
func TestClientsOfAllKinds(t *testing.T) {
	tests := map[string]struct {
		clients, goroutines int
		latency, jitter     time.Duration
		apart               time.Duration
	}{
		"two":            {2, 16, 50 * time.Millisecond, 0, time.Second},
		"four":           {4, 16, 50 * time.Millisecond, 0, time.Second},
		"no latency":     {3, 16, 0, 0, time.Second},
		"slow network":   {3, 16, 200 * time.Millisecond, 0, time.Second},
		"jitter":         {3, 16, 30 * time.Millisecond, 50 * time.Millisecond, time.Second},
		"few goroutines": {3, 4, 50 * time.Millisecond, 0, time.Second},
		"many":           {3, 400, 50 * time.Millisecond, 0, time.Second},
		"together":       {3, 16, 50 * time.Millisecond, 0, 0},
		"far apart":      {3, 16, 50 * time.Millisecond, 0, 10 * time.Second},
	}
	for name, tt := range tests {
		for _, m := range meanings {
			t.Run(name+"/"+m.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(m)
					s.latency, s.jitter = tt.latency, tt.jitter
					var wg sync.WaitGroup
					start := time.Now()
					for i := range tt.clients {
						wg.Go(func() {
							time.Sleep(time.Duration(i) * tt.apart)
							_, err := client{New(), s}.run(calls/tt.clients, tt.goroutines, Request{})
							noError(t, err)
						})
					}
					wg.Wait()
					took := time.Since(start)
					requests, refused := s.totals()
					t.Logf("%.3f of the ideal, %d of %d refused", took.Seconds()/ideal.Seconds(), refused, requests)
					require.LessOrEqual(t, took, ideal*125/100)
					require.LessOrEqual(t, refused*100, requests*4)
				})
			})
		}
	}
}

// A client that comes late to a key that another one uses up gets its share.
func TestNewcomer(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				ctx, stop := context.WithCancel(context.Background())
				keepCalling := func(c client, done *int) {
					for range 16 {
						go func() {
							for c.do(ctx, Request{}) == nil || ctx.Err() == nil {
								c.service.mu.Lock()
								*done++
								c.service.mu.Unlock()
							}
						}()
					}
				}
				var old, late int
				keepCalling(client{New(), s}, &old)
				time.Sleep(100 * time.Second)
				keepCalling(client{New(), s}, &late)
				time.Sleep(6 * time.Minute)
				s.mu.Lock()
				old, late = 0, 0
				s.mu.Unlock()
				time.Sleep(5 * time.Minute)
				s.mu.Lock()
				t.Logf("%d and %d calls in five minutes", old, late)
				require.InDelta(t, 300, late, 100)
				require.InDelta(t, 600, old+late, 30)
				s.mu.Unlock()
				stop()
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

// When another user of the key takes all that is left for a while, few calls
// are refused, none fails, and all is well when it stops.
func TestBudgetIsTaken(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				c := client{New(), s}
				var wg sync.WaitGroup
				for i := range 240 {
					wg.Go(func() {
						time.Sleep(time.Duration(i) * time.Second)
						noError(t, c.do(context.Background(), Request{}))
					})
				}
				for i := range 60 {
					wg.Go(func() {
						time.Sleep(30*time.Second + time.Duration(i)*time.Second)
						s.use(1000)
					})
				}
				start := time.Now()
				wg.Wait()
				requests, refused := s.totals()
				t.Logf("%v, %d of %d refused", time.Since(start), refused, requests)
				require.Positive(t, refused)
				require.LessOrEqual(t, refused, 10)
				require.LessOrEqual(t, time.Since(start), 5*time.Minute)

				time.Sleep(2 * time.Minute)
				took, err := c.run(100, 100, Request{})
				require.NoError(t, err)
				require.Equal(t, 2*s.latency, took)
			})
		})
	}
}

// Beside somebody who uses the key evenly and does not pace, a client takes
// what is left.
func TestSteadyStranger(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				ctx, stop := context.WithCancel(context.Background())
				go func() {
					for ctx.Err() == nil {
						time.Sleep(2 * time.Second)
						s.use(1)
					}
				}()
				took, err := client{New(), s}.run(calls, 16, Request{})
				stop()
				require.NoError(t, err)
				requests, refused := s.totals()
				t.Logf("%v, %d of %d refused", took, refused, requests)
				require.LessOrEqual(t, took, 15*time.Minute, "at least 80 a minute, of 90 that are left")
				require.LessOrEqual(t, refused*100, requests)
				time.Sleep(time.Minute)
			})
		})
	}
}

// Others who use little of the key do not slow a client down.
func TestOthersUseLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(oldestLeaves)
		c := client{New(), s}
		s.use(20)
		took, err := c.run(60, 60, Request{})
		require.NoError(t, err)
		require.Equal(t, 4*s.latency, took)
		s.use(5)
		took, err = c.run(5, 5, Request{})
		require.NoError(t, err)
		require.Equal(t, 2*s.latency, took)
	})
}
