package agentotest

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// ResetMeaning is the kind of the rate limit's window, and what the header
// X-RateLimit-Reset tells of it.
type ResetMeaning int

const (
	// ResetOldest is a sliding window; Reset is when its oldest request leaves,
	// and so the earliest time at which there is more budget.
	ResetOldest ResetMeaning = iota
	// ResetFree is a sliding window; Reset is when it is wholly free again.
	ResetFree
	// ResetFixed is a window that begins with its first request; Reset is when
	// it ends and the whole budget is there again.
	ResetFixed
)

func (c *config) limited() bool { return c.limit > 0 && c.window > 0 }

// limit takes one request from the key's budget and writes the headers.
func (s *Service) limit(header http.Header, key *apiKey) error {
	if !s.config.limited() {
		return nil
	}
	rate := rate{s.config.limit, s.config.window, s.config.reset}
	taken := key.budget.take(time.Now(), rate)
	header.Set("X-RateLimit-Limit", strconv.Itoa(rate.limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(taken.remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(ceilUnix(taken.reset.Add(s.config.offset)), 10))
	if taken.granted {
		return nil
	}
	seconds := max(1, int64((taken.retryAfter+time.Second-1)/time.Second))
	return &apiError{
		status: http.StatusTooManyRequests, code: "rate_limit_exceeded",
		message: fmt.Sprintf("more than %d requests in %v", rate.limit, rate.window),
		header:  http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}},
	}
}

// exhaust writes the headers of a 429 that ends in a second.
func (s *Service) exhaust(header http.Header) {
	if !s.config.limited() {
		header.Set("X-RateLimit-Limit", strconv.Itoa(defaultLimit))
	}
	header.Set("X-RateLimit-Remaining", "0")
	header.Set("X-RateLimit-Reset", strconv.FormatInt(ceilUnix(s.now().Add(time.Second)), 10))
	header.Set("Retry-After", "1")
}

// ceilUnix rounds up, so that a client which waits until then is not early.
func ceilUnix(t time.Time) int64 {
	seconds := t.Unix()
	if t.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}

type rate struct {
	limit  int
	window time.Duration
	reset  ResetMeaning
}

// budget is what one key has used.
type budget struct {
	mu   sync.Mutex
	used []time.Time // in the window, oldest first
}

type taken struct {
	granted    bool
	remaining  int
	reset      time.Time
	retryAfter time.Duration
}

func (b *budget) take(now time.Time, r rate) taken {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire(now, r)
	granted := len(b.used) < r.limit
	if granted {
		b.used = append(b.used, now)
	}
	next := b.used[0].Add(r.window) // when there is more budget
	t := taken{granted: granted, remaining: r.limit - len(b.used), reset: next, retryAfter: next.Sub(now)}
	if r.reset == ResetFree {
		t.reset = b.used[len(b.used)-1].Add(r.window)
	}
	return t
}

func (b *budget) expire(now time.Time, r rate) {
	gone := 0
	for gone < len(b.used) && !now.Before(b.used[gone].Add(r.window)) {
		gone++
	}
	if r.reset == ResetFixed && gone > 0 {
		gone = len(b.used) // the first request's window is over, and with it all of it
	}
	b.used = b.used[gone:]
}
