package pace

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// acquireAll starts n calls of which the first is acquired before the others
// ask, and tells how long each of them waited.
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

func TestHundredAtOnce(t *testing.T) {
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
			require.LessOrEqual(t, wait, 2*s.latency, "the first round trip")
		}
		requests, refused := s.totals()
		require.Equal(t, 100, requests)
		require.Zero(t, refused)
		require.Equal(t, 4*s.latency, time.Since(start))
	})
}

// What comes of the first call, the others do not wait for ever.
func TestFirstCall(t *testing.T) {
	tests := map[string]struct {
		answer *Result // nil: none for ten minutes
		wait   time.Duration
	}{
		"not sent":       {&Result{NotSent: true}, 0},
		"cut":            {&Result{}, 0},
		"unauthorised":   {&Result{StatusCode: 401}, 0},
		"no headers":     {&Result{StatusCode: 200}, 0},
		"proxy":          {&Result{StatusCode: 503}, 0},
		"still thinking": {nil, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New()
				waits := acquireAll(p, 100)
				require.Len(t, waits, 1, "one goes first")
				if tt.answer != nil {
					tt.answer.Granted = time.Now()
					p.Observe(*tt.answer)
				}
				time.Sleep(tt.wait)
				synctest.Wait()
				require.Len(t, waits, 100)
			})
		})
	}
}

// Calls that never get an answer count, but for no longer than a window.
func TestNeverAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		waits := acquireAll(p, 200)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, waits, 120)
		time.Sleep(67 * time.Second)
		synctest.Wait()
		require.Len(t, waits, 200, "in the next window, although nothing was answered")
	})
}

// A proxy that strips the headers leaves the reaction to 429.
func TestNoHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(fixedWindow)
		s.bare, s.limit = true, 1000
		c := client{New(), s}
		took, err := c.run(900, 900, Request{})
		require.NoError(t, err)
		require.Equal(t, 4*s.latency, took, "nothing is held back")

		time.Sleep(10 * time.Second)
		_, err = c.run(101, 1, Request{}) // the last one is refused and comes again
		require.NoError(t, err)
		requests, refused := s.totals()
		require.Equal(t, 1002, requests)
		require.Equal(t, 1, refused)
	})
}

func TestHeadersComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(oldestLeaves)
		s.bare = true
		c := client{New(), s}
		_, err := c.run(50, 50, Request{})
		require.NoError(t, err)
		s.bare = false
		took, err := c.run(100, 10, Request{})
		require.NoError(t, err)
		require.Greater(t, took, 55*time.Second, "the limit holds as soon as it is known")
		_, refused := s.totals()
		require.Zero(t, refused)
	})
}
