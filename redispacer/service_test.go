package redispacer

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/remsyshq/agento-go"
)

// service enforces a rate limit like the real service. Its headers are in whole seconds.
type service struct {
	limit  int
	window time.Duration
	fixed  bool          // the window begins with its first request
	delay  time.Duration // longest delay of a request, and of a response

	mu      sync.Mutex
	used    []time.Time
	limited int
}

// call sends one request and returns what a client would observe of it.
func (s *service) call() agento.PaceResult {
	r := agento.PaceResult{Granted: time.Now()}
	s.travel()
	s.mu.Lock()
	now := time.Now()
	gone := 0
	for gone < len(s.used) && !now.Before(s.used[gone].Add(s.window)) {
		gone++
	}
	if s.fixed && gone > 0 {
		gone = len(s.used)
	}
	s.used = slices.Delete(s.used, 0, gone)
	r.StatusCode = http.StatusOK
	if len(s.used) < s.limit {
		s.used = append(s.used, now)
	} else {
		r.StatusCode = http.StatusTooManyRequests
		s.limited++
	}
	free := s.used[0].Add(s.window)
	if r.StatusCode == http.StatusTooManyRequests {
		r.RetryAfter = max(time.Second, ceil(free.Sub(now)))
	}
	r.Date = now.Truncate(time.Second)
	r.RateLimit = agento.RateLimit{Limit: s.limit, Remaining: s.limit - len(s.used), Reset: now.Add(ceil(free.Sub(now))).Truncate(time.Second), Known: true}
	s.mu.Unlock()
	s.travel()
	return r
}

func ceil(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

func (s *service) travel() {
	if s.delay > 0 {
		time.Sleep(rand.N(s.delay))
	}
}
