package agentotest

import (
	"net/http"
	"strconv"
	"time"
)

// ResetMeaning is the kind of the rate limit's window, and what the header
// X-RateLimit-Reset means.
type ResetMeaning int

const (
	// ResetOldest is a sliding window; Reset is when its oldest request leaves it, the
	// earliest time at which there is more budget.
	ResetOldest ResetMeaning = iota
	// ResetFree is a sliding window; Reset is when it has no requests any more.
	ResetFree
	// ResetFixed is a window that begins with its first request; Reset is when it ends
	// and the whole budget is there again.
	ResetFixed
)

func (c *config) limited() bool { return c.limit > 0 && c.window > 0 }

// limit takes one request from the key's budget and sets the headers.
func (s *Service) limit(header http.Header, key *apiKey) error {
	if !s.config.limited() {
		return nil
	}
	now := time.Now()
	key.expire(now, &s.config)
	granted := len(key.used) < s.config.limit
	if granted {
		key.used = append(key.used, now)
	}
	next := key.used[0].Add(s.config.window) // when there is more budget
	reset := next
	if s.config.reset == ResetFree {
		reset = key.used[len(key.used)-1].Add(s.config.window)
	}
	setRateLimit(header, s.config.limit, s.config.limit-len(key.used), reset.Add(s.config.offset))
	if granted {
		return nil
	}
	seconds := (next.Sub(now) + time.Second - 1) / time.Second
	header.Set("Retry-After", strconv.Itoa(int(seconds)))
	return newError(http.StatusTooManyRequests, "rate_limit_exceeded", "more than %d requests in %v", s.config.limit, s.config.window)
}

// expire forgets the requests that have left the window.
func (k *apiKey) expire(now time.Time, c *config) {
	gone := 0
	for gone < len(k.used) && !now.Before(k.used[gone].Add(c.window)) {
		gone++
	}
	if c.reset == ResetFixed && gone > 0 {
		gone = len(k.used) // the window of the first request is over, and all others were in it
	}
	k.used = k.used[gone:]
}

// setRateLimit sets the headers. The reset is rounded up, so that a client which waits
// until then is not early.
func setRateLimit(header http.Header, limit, remaining int, reset time.Time) {
	seconds := reset.Unix()
	if reset.Nanosecond() > 0 {
		seconds++
	}
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(seconds, 10))
}

// setExhausted sets the headers of a 429 that ends in a second.
func (s *Service) setExhausted(header http.Header) {
	limit := defaultLimit
	if s.config.limited() {
		limit = s.config.limit
	}
	setRateLimit(header, limit, 0, s.now().Add(time.Second))
	header.Set("Retry-After", "1")
}
