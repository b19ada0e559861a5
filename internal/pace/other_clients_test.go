package pace

import (
	"cmp"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestThreeClients runs clients that share a key and know of each other only from
// the headers. Each has a third of the calls.
func TestThreeClients(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		clients, goroutines int // 0: 3, 16
		latency, jitter     time.Duration
		apart               time.Duration // between the starts of two clients
		skew                time.Duration // of the server's clock
	}{
		"three":           {latency: 50 * ms, apart: time.Second},
		"server fast":     {latency: 50 * ms, apart: time.Second, skew: 5 * time.Minute},
		"server slow":     {latency: 50 * ms, apart: time.Second, skew: -5 * time.Minute},
		"two":             {clients: 2, latency: 50 * ms, apart: time.Second},
		"four":            {clients: 4, latency: 50 * ms, apart: time.Second},
		"no latency":      {apart: time.Second},
		"slow network":    {latency: 200 * ms, apart: time.Second},
		"jitter":          {latency: 30 * ms, jitter: 50 * ms, apart: time.Second},
		"few goroutines":  {goroutines: 4, latency: 50 * ms, apart: time.Second},
		"many goroutines": {goroutines: 400, latency: 50 * ms, apart: time.Second},
		"together":        {latency: 50 * ms},
		"not in step":     {latency: 50 * ms, apart: 900 * ms},
		"far apart":       {latency: 50 * ms, apart: 10 * time.Second},
	}
	for name, tt := range tests {
		clients, goroutines := cmp.Or(tt.clients, 3), cmp.Or(tt.goroutines, 16)
		for _, m := range meanings {
			t.Run(name+"/"+m.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(m)
					s.latency, s.jitter, s.skew = tt.latency, tt.jitter, tt.skew
					took := runClients(t, s, clients, goroutines, tt.apart)
					requests, refused := s.totals()
					t.Logf("%.3f of the ideal, %d of %d refused", took.Seconds()/ideal.Seconds(), refused, requests)
					require.LessOrEqual(t, took, ideal*125/100)
					require.LessOrEqual(t, refused*100, requests*6)
				})
			})
		}
	}
}

// runClients divides the calls among clients and returns how long they took.
func runClients(t *testing.T, s *service, clients, goroutines int, apart time.Duration) time.Duration {
	var wg sync.WaitGroup
	start := time.Now()
	for i := range clients {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * apart)
			_, err := client{New(), s}.run(calls/clients, goroutines, Request{})
			noError(t, err)
		})
	}
	wg.Wait()
	return time.Since(start)
}

// TestThreeClientsWithPauses spreads the calls over the window, because each goroutine
// pauses after a call. They are more than twice the limit, so there are more 429s than
// above until the clients have divided the slots.
func TestThreeClientsWithPauses(t *testing.T) {
	for _, m := range []meaning{oldestLeaves, fixedWindow} {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				s.pause = 10 * time.Second
				took := runClients(t, s, 3, 16, 10*time.Second)
				requests, refused := s.totals()
				t.Logf("%.3f of the ideal, %d of %d refused", took.Seconds()/ideal.Seconds(), refused, requests)
				require.LessOrEqual(t, took, ideal*125/100)
				require.LessOrEqual(t, refused*100, requests*10)
			})
		})
	}
}

// TestBudgetIsUsedByOtherClient lets another client use all remaining budget for a minute.
func TestBudgetIsUsedByOtherClient(t *testing.T) {
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

// TestSteadyOtherClient adds an unpaced client that sends every two seconds.
func TestSteadyOtherClient(t *testing.T) {
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
				require.LessOrEqual(t, took, 15*time.Minute, "at least 80 a minute of the 90 that are left")
				require.LessOrEqual(t, refused*100, requests)
				time.Sleep(time.Minute)
			})
		})
	}
}

// TestNoDelayBesideOtherClient checks that nothing is delayed while there is budget.
func TestNoDelayBesideOtherClient(t *testing.T) {
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

// TestFollowsReset waits until Reset after another client has used the budget.
func TestFollowsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client{New(), newService(fixedWindow)}
		c.service.use(115)
		time.Sleep(50 * time.Second)
		took, err := c.run(5, 5, Request{})
		require.NoError(t, err)
		require.Equal(t, 4*c.service.latency, took)
		took, err = c.run(20, 20, Request{})
		require.NoError(t, err)
		require.InDelta(t, 11.5, took.Seconds(), 1.5, "ten seconds, the rounding, and the queue")
		_, refused := c.service.totals()
		require.Zero(t, refused)
	})
}

// TestForeignLeaves checks that the next response shows that another client's requests
// have left the window.
func TestForeignLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client{New(), newService(oldestLeaves)}
		c.service.use(100)
		_, err := c.run(1, 1, Request{})
		require.NoError(t, err)
		time.Sleep(59 * time.Second)
		_, err = c.run(1, 1, Request{})
		require.NoError(t, err)
		require.Equal(t, 100, c.window.foreign)
		time.Sleep(2 * time.Second)
		took, err := c.run(100, 100, Request{})
		require.NoError(t, err)
		require.LessOrEqual(t, took, 6*time.Second, "the queue drains")
		_, refused := c.service.totals()
		require.Zero(t, refused)
	})
}

// TestForeignInBurst checks that out-of-order responses to a burst do not hide another
// client's requests.
func TestForeignInBurst(t *testing.T) {
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			s := newService(oldestLeaves)
			s.limit, s.window, s.latency, s.jitter = 20, 5*time.Second, 0, 10*time.Millisecond
			s.use(5)
			time.Sleep(10 * time.Millisecond)
			_, err := client{New(), s}.run(40, 40, Request{})
			require.NoError(t, err)
			_, refused := s.totals()
			require.Zero(t, refused)
		})
	}
}
