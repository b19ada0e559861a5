package pace

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// meaning is a possible meaning of X-RateLimit-Reset and the window.
type meaning int

const (
	oldestLeaves meaning = iota // sliding window, Reset: the oldest request leaves it
	whollyFree                  // sliding window, Reset: the last request leaves it
	fixedWindow                 // a window that begins with its first request, Reset: its end
)

func (m meaning) String() string {
	return [...]string{"oldest leaves", "wholly free", "fixed window"}[m]
}

var meanings = []meaning{oldestLeaves, whollyFree, fixedWindow}

// service simulates the rate limiter of an API. Each request arrives, and is counted,
// after the latency; the response takes the latency again.
type service struct {
	meaning meaning
	limit   int
	window  time.Duration
	latency time.Duration
	jitter  time.Duration // a random part of the latency
	skew    time.Duration // of the server's clock
	ceil    bool          // Reset is rounded up, else down
	bare    bool          // sends no headers
	pause   time.Duration // of a goroutine after each call
	odd     Result        // the response to request oddAt
	oddAt   int

	mu       sync.Mutex
	counted  []time.Time
	requests int
	refused  int
	foreign  int // the most requests that a client has attributed to other clients
	newest   time.Time
	stop     time.Duration // the longest time without a request
}

func newService(m meaning) *service {
	return &service{meaning: m, limit: 120, window: time.Minute, latency: 50 * time.Millisecond}
}

// call sends one request and returns its result.
func (s *service) call() Result {
	time.Sleep(s.delay())
	r := s.arrive()
	time.Sleep(s.delay())
	return r
}

// delay returns a one-way latency, up to s.jitter longer than the configured one.
func (s *service) delay() time.Duration {
	if s.jitter <= 0 {
		return s.latency
	}
	return s.latency + rand.N(s.jitter)
}

func (s *service) arrive() Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.requests++
	if !s.newest.IsZero() {
		s.stop = max(s.stop, now.Sub(s.newest))
	}
	s.newest = now
	if s.requests == s.oddAt {
		return s.odd
	}
	s.forget(now)
	r := Result{StatusCode: 200}
	if len(s.counted) < s.limit {
		s.counted = append(s.counted, now)
	} else {
		s.refused++
		r.StatusCode = 429
		r.RetryAfter = max(roundUp(s.reset(now).Sub(now)), time.Second)
	}
	if s.bare {
		return r
	}
	r.Known = true
	r.Limit, r.Remaining = s.limit, s.limit-len(s.counted)
	r.Date = now.Add(s.skew).Truncate(time.Second)
	reset := s.reset(now).Add(s.skew)
	r.Reset = reset.Truncate(time.Second)
	if s.ceil && r.Reset.Before(reset) {
		r.Reset = r.Reset.Add(time.Second)
	}
	return r
}

func (s *service) forget(now time.Time) {
	if s.meaning == fixedWindow {
		if len(s.counted) > 0 && now.Sub(s.counted[0]) >= s.window {
			s.counted = s.counted[:0]
		}
		return
	}
	for len(s.counted) > 0 && now.Sub(s.counted[0]) >= s.window {
		s.counted = s.counted[1:]
	}
}

func (s *service) reset(now time.Time) time.Time {
	switch {
	case len(s.counted) == 0:
		return now
	case s.meaning == whollyFree:
		return s.counted[len(s.counted)-1].Add(s.window)
	default:
		return s.counted[0].Add(s.window)
	}
}

// use counts n requests of another client.
func (s *service) use(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.forget(now)
	for range min(n, s.limit-len(s.counted)) {
		s.counted = append(s.counted, now)
	}
}

func (s *service) totals() (requests, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.refused
}

func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// client is a Pacer and a service. It retries as the transport does.
type client struct {
	*Pacer
	service *service
}

var errTooMany = errors.New("429 after four attempts")

func (c client) do(ctx context.Context, r Request) error {
	for range 4 {
		if err := c.Acquire(ctx, r); err != nil {
			return err
		}
		response := c.finish()
		if response.StatusCode != tooManyRequests {
			return nil
		}
		select {
		case <-time.After(response.RetryAfter):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errTooMany
}

// finish sends the request of a granted call and observes the response.
func (c client) finish() Result {
	granted := time.Now()
	response := c.service.call()
	response.Granted = granted
	c.Observe(response)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	c.service.foreign = max(c.service.foreign, c.window.foreign)
	return response
}

// run makes calls from the given number of goroutines and returns how long they took,
// and the first error.
func (c client) run(calls, goroutines int, r Request) (time.Duration, error) {
	start := time.Now()
	todo := make(chan struct{}, calls)
	for range calls {
		todo <- struct{}{}
	}
	close(todo)
	var wg sync.WaitGroup
	errs := make(chan error, goroutines)
	for range goroutines {
		wg.Go(func() {
			for range todo {
				if err := c.do(context.Background(), r); err != nil {
					errs <- err
					return
				}
				time.Sleep(c.service.pause)
			}
		})
	}
	wg.Wait()
	close(errs)
	return time.Since(start), <-errs
}

// noError is require.NoError for goroutines other than the test's own.
func noError(t *testing.T, err error) bool {
	t.Helper()
	return assert.NoError(t, err)
}

func equal(t *testing.T, want, got any) bool {
	t.Helper()
	return assert.Equal(t, want, got)
}

// is returns an error unless err matches the target.
func is(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return fmt.Errorf("%v is not %w", err, target)
}
