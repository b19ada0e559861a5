package pace

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// acquireAll starts n calls in sequence and returns how long each of them waits.
func acquireAll(p *Pacer, n int) <-chan time.Duration {
	waits := make(chan time.Duration, n)
	for range n {
		start := time.Now()
		go func() {
			if p.Acquire(context.Background(), Request{}) == nil {
				waits <- time.Since(start)
			}
		}()
		synctest.Wait()
	}
	return waits
}

func TestHundredCallsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(oldestLeaves)
		p := New()
		waits := make(chan time.Duration, 100)
		var wg sync.WaitGroup
		start := time.Now()
		for range 100 {
			wg.Go(func() {
				if noError(t, p.Acquire(context.Background(), Request{})) {
					waits <- time.Since(start)
					client{p, s}.finish()
				}
			})
		}
		wg.Wait()
		close(waits)
		for wait := range waits {
			require.LessOrEqual(t, wait, 2*s.latency, "the first response")
		}
		requests, refused := s.totals()
		require.Equal(t, 100, requests)
		require.Zero(t, refused)
		require.Equal(t, 4*s.latency, time.Since(start))
	})
}

// TestFirstCall checks that the other calls wait for the first one, at most a second.
func TestFirstCall(t *testing.T) {
	tests := map[string]struct {
		result *Result // nil: no response
		wait   time.Duration
	}{
		"not sent":     {&Result{NotSent: true}, 0},
		"no response":  {&Result{}, 0},
		"unauthorized": {&Result{StatusCode: 401}, 0},
		"no headers":   {&Result{StatusCode: 200}, 0},
		"proxy":        {&Result{StatusCode: 503}, 0},
		"slow":         {nil, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				waits := acquireAll(p, 100)
				require.Len(t, waits, 1, "the probe")
				if tt.result != nil {
					tt.result.Granted = time.Now()
					p.Observe(*tt.result)
				}
				time.Sleep(tt.wait)
				synctest.Wait()
				require.Len(t, waits, 100)
			})
		})
	}
}

// TestNoResponse checks that requests without a response count for one window.
func TestNoResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		waits := acquireAll(p, 200)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, waits, 120)
		time.Sleep(67 * time.Second)
		synctest.Wait()
		require.Len(t, waits, 200, "in the next window")
	})
}

// TestNoHeaders checks that only 429s are honored behind a proxy that strips headers.
func TestNoHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(fixedWindow)
		s.bare, s.limit = true, 1000
		c := client{New(), s}
		took, err := c.run(900, 900, Request{})
		require.NoError(t, err)
		require.Equal(t, 4*s.latency, took, "no call waits")

		time.Sleep(10 * time.Second)
		_, err = c.run(101, 1, Request{}) // the last one gets a 429 and is retried
		require.NoError(t, err)
		requests, refused := s.totals()
		require.Equal(t, 1002, requests)
		require.Equal(t, 1, refused)
	})
}

func TestHeadersAppear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(oldestLeaves)
		s.bare = true
		c := client{New(), s}
		_, err := c.run(50, 50, Request{})
		require.NoError(t, err)
		s.bare = false
		took, err := c.run(100, 10, Request{})
		require.NoError(t, err)
		require.Greater(t, took, 55*time.Second, "the limit is kept as soon as it is known")
		_, refused := s.totals()
		require.Zero(t, refused)
	})
}

// TestNoHeadersAfter429 checks that calls without headers are not paced after a 429.
func TestNoHeadersAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		observe(t, p, 0, Result{StatusCode: 200})
		observe(t, p, 0, Result{StatusCode: 429, RetryAfter: 2 * time.Second})
		start := time.Now()
		waits := acquireAll(p, 1000)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, waits, 1, "the probe")
		p.Observe(Result{StatusCode: 200, Granted: time.Now()})
		synctest.Wait()
		require.Len(t, waits, 1000)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

// TestResultWithoutCall checks that a result without a call sets the window's length but
// does not replace the first response.
func TestResultWithoutCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		r := response(120, 119, 4)
		r.Granted = time.Now()
		p.Observe(r)
		require.Equal(t, 5*time.Second, time.Duration(p.window.length))
		waits := acquireAll(p, 30)
		require.Len(t, waits, 1, "the probe")
		first := response(20, 19, 4)
		first.Granted = time.Now()
		p.Observe(first)
		synctest.Wait()
		require.Len(t, waits, 20, "the limit of its response")
		time.Sleep(10 * time.Second)
	})
}
