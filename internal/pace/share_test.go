package pace

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
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
// refused, and little is lost. The ideal is ten full windows to the last
// request, so a single place left empty once costs a window.
func TestClientsOfAllKinds(t *testing.T) {
	type kind struct {
		clients, goroutines int
		latency, jitter     time.Duration
		apart               time.Duration
		extra               bool // one window more is allowed
		percent             int  // may be refused; 0: 2
	}
	const ms = time.Millisecond
	tests := map[string]kind{
		"two":            {clients: 2, goroutines: 16, latency: 50 * ms, apart: time.Second},
		"no latency":     {clients: 3, goroutines: 16, apart: time.Second},
		"many":           {clients: 3, goroutines: 400, latency: 50 * ms, apart: time.Second},
		"not in step":    {clients: 3, goroutines: 16, latency: 50 * ms, apart: 900 * ms},
		"far apart":      {clients: 3, goroutines: 16, latency: 50 * ms, apart: 10 * time.Second},
		"four":           {clients: 4, goroutines: 16, latency: 50 * ms, apart: time.Second, extra: true, percent: 4},
		"slow network":   {clients: 3, goroutines: 16, latency: 200 * ms, apart: time.Second, extra: true, percent: 4},
		"jitter":         {clients: 3, goroutines: 16, latency: 30 * ms, jitter: 50 * ms, apart: time.Second, extra: true},
		"few goroutines": {clients: 3, goroutines: 4, latency: 50 * ms, apart: time.Second, extra: true},
		"together":       {clients: 3, goroutines: 16, latency: 50 * ms, extra: true},
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
							if !tt.extra {
								noError(t, err)
							}
						})
					}
					wg.Wait()
					took := time.Since(start)
					requests, refused := s.totals()
					t.Logf("%.3f of the ideal, %d of %d refused", took.Seconds()/ideal.Seconds(), refused, requests)
					bound := ideal * 110 / 100
					if tt.extra {
						bound = ideal * 125 / 100
					}
					require.LessOrEqual(t, took, bound)
					require.LessOrEqual(t, refused*100, requests*max(tt.percent, 2))
				})
			})
		}
	}
}

// keepCalling makes calls with 16 goroutines until the context ends, and
// returns their number so far.
func keepCalling(ctx context.Context, s *service) func() int {
	c := client{New(), s}
	var done atomic.Int64
	for range 16 {
		go func() {
			for ctx.Err() == nil {
				if c.do(ctx, Request{}) == nil {
					done.Add(1)
				}
			}
		}()
	}
	return func() int { return int(done.Load()) }
}

// A client that comes late to a key that others use up gets its share.
func TestNewcomer(t *testing.T) {
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				ctx, stop := context.WithCancel(context.Background())
				defer time.Sleep(2 * time.Minute)
				defer stop()
				first := keepCalling(ctx, s)
				time.Sleep(100 * time.Second)
				second := keepCalling(ctx, s)
				time.Sleep(6 * time.Minute)
				a, b := first(), second()
				time.Sleep(5 * time.Minute)
				a, b = first()-a, second()-b
				t.Logf("%d and %d calls in five minutes", a, b)
				require.InDelta(t, 600, a+b, 50)
				require.GreaterOrEqual(t, min(a, b), 90)

				third := keepCalling(ctx, s)
				time.Sleep(20 * time.Minute)
				c := third()
				time.Sleep(10 * time.Minute)
				c = third() - c
				t.Logf("and of a third one %d in ten", c)
				require.GreaterOrEqual(t, c, 120)
			})
		})
	}
}

// Even if Reset never tells it a good time to come: it is served, whenever it starts.
func TestThirdComesAtAnyTime(t *testing.T) {
	for start := 400 * time.Second; start < 460*time.Second; start += 6 * time.Second {
		synctest.Test(t, func(t *testing.T) {
			s := newService(whollyFree)
			ctx, stop := context.WithCancel(context.Background())
			defer time.Sleep(2 * time.Minute)
			defer stop()
			keepCalling(ctx, s)
			time.Sleep(time.Second)
			keepCalling(ctx, s)
			time.Sleep(start)
			third := keepCalling(ctx, s)
			time.Sleep(25 * time.Minute)
			require.Positive(t, third())
		})
	}
}

// Having waited longer for a 429 than its places are its own, a client has none.
func TestShareAfterHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		for i := range 40 {
			observe(t, p, 0, answer(120, 119-i, 60))
		}
		observe(t, p, 0, withRetry(answer(120, 0, 60), 10*time.Second))
		p.mu.Lock()
		require.True(t, p.model.sharing.on)
		require.Equal(t, 40, p.model.sharing.share)
		p.mu.Unlock()
		time.Sleep(9 * time.Second)
		p.Observe(withRetry(answer(120, 0, 60), time.Minute))
		time.Sleep(time.Minute)
		observe(t, p, 0, answer(120, 60, 60))
		p.mu.Lock()
		require.LessOrEqual(t, p.model.sharing.share, 1)
		p.mu.Unlock()
	})
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
