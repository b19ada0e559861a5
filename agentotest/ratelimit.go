package agentotest

import (
	"net/http"
	"strconv"
	"time"
)

// ResetMeaning is the kind of the rate-limit window and the meaning of the
// X-RateLimit-Reset header.
type ResetMeaning int

const (
	// ResetOldest is a sliding window. The reset is when its oldest request leaves it,
	// so that one more request is allowed.
	ResetOldest ResetMeaning = iota
	// ResetFree is a sliding window. The reset is when its newest request leaves it, so
	// that the full limit is available.
	ResetFree
	// ResetFixed is a fixed window that begins with its first request. The reset is when
	// it ends.
	ResetFixed
)

func (c *config) limited() bool { return c.limit > 0 && c.window > 0 }

// limit counts a request against the key's limit and sets the rate-limit headers.
func (s *Service) limit(header http.Header, key *apiKey) error {
	if !s.config.limited() {
		return nil
	}
	now := time.Now()
	key.expire(now, &s.config)
	allowed := len(key.used) < s.config.limit
	if allowed {
		key.used = append(key.used, now)
	}
	next := key.used[0].Add(s.config.window) // when another request is allowed
	reset := next
	if s.config.reset == ResetFree {
		reset = key.used[len(key.used)-1].Add(s.config.window)
	}
	setRateLimit(header, s.config.limit, s.config.limit-len(key.used), reset.Add(s.config.offset))
	if allowed {
		return nil
	}
	seconds := (next.Sub(now) + time.Second - 1) / time.Second
	header.Set("Retry-After", strconv.Itoa(int(seconds)))
	return newError(http.StatusTooManyRequests, "rate_limit_exceeded", "more than %d requests in %v", s.config.limit, s.config.window)
}

// expire removes the requests that have left the window.
func (k *apiKey) expire(now time.Time, c *config) {
	expired := 0
	for expired < len(k.used) && !now.Before(k.used[expired].Add(c.window)) {
		expired++
	}
	if c.reset == ResetFixed && expired > 0 {
		expired = len(k.used) // all requests were in the window of the first
	}
	k.used = k.used[expired:]
}

// setRateLimit sets the rate-limit headers. It rounds the reset up to a second.
func setRateLimit(header http.Header, limit, remaining int, reset time.Time) {
	seconds := reset.Unix()
	if reset.Nanosecond() > 0 {
		seconds++
	}
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(seconds, 10))
}

// setExhausted sets the headers of a 429 whose reset is in one second.
func (s *Service) setExhausted(header http.Header) {
	limit := defaultLimit
	if s.config.limited() {
		limit = s.config.limit
	}
	setRateLimit(header, limit, 0, s.now().Add(time.Second))
	header.Set("Retry-After", "1")
}
