package wire

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is what a response's headers tell of the rate limit.
type RateLimit struct {
	Limit, Remaining int
	Reset            time.Time
	Known            bool
}

// ParseRateLimit reads the rate-limit headers. A header that is absent or
// cannot be read is not zero: without limit and remaining nothing is known.
func ParseRateLimit(h http.Header) RateLimit {
	limit, ok := number(h, "X-Ratelimit-Limit")
	remaining, ok2 := number(h, "X-Ratelimit-Remaining")
	if !ok || !ok2 {
		return RateLimit{}
	}
	rl := RateLimit{Limit: limit, Remaining: remaining, Known: true}
	if reset, ok := number(h, "X-Ratelimit-Reset"); ok {
		rl.Reset = time.Unix(int64(reset), 0)
	}
	return rl
}

// number reads a header, named in canonical form, as a number that is not negative.
func number(h http.Header, name string) (int, bool) {
	v := h[name]
	if len(v) == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(v[0]))
	return n, err == nil && n >= 0
}

// RetryAfter is what a response asks to wait, 0 if it asks nothing that can be
// understood. A date is measured against the response's own clock.
func RetryAfter(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return ParseRetryAfter(h.Get("Retry-After"), now)
}

// ParseRetryAfter reads a Retry-After value: seconds, also decimal ones, or a
// date in one of HTTP's three forms. What cannot be understood, is negative or
// lies in the past is 0; what overflows is as long as a duration can be.
func ParseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, ok := decimal(value); ok {
		if seconds >= float64(math.MaxInt64)/float64(time.Second) {
			return math.MaxInt64
		}
		return time.Duration(math.Ceil(seconds * float64(time.Second)))
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// decimal reads digits with at most one point: not the signs, exponents, hex
// forms and names that strconv would take.
func decimal(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789.") != "" || strings.Count(s, ".") > 1 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 1) {
		return 0, false
	}
	return f, true
}

// StatusText is http.StatusText, with the statuses of load balancers and CDNs.
func StatusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	switch status {
	case 520, 521, 522, 523, 524:
		return "a proxy in front of the service got no response from it"
	case 529:
		return "the service is overloaded"
	}
	return ""
}
