package wire

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit contains the rate-limit headers of a response.
type RateLimit struct {
	Limit, Remaining int
	Reset            time.Time
	Known            bool
}

// ParseRateLimit parses the rate-limit headers. If the limit or the number of remaining
// requests is absent or invalid, the result is not Known.
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

// number parses a non-negative integer. name must be in canonical form.
func number(h http.Header, name string) (int, bool) {
	v := h[name]
	if len(v) == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(v[0]))
	return n, err == nil && n >= 0
}

// RetryAfter returns the wait that a response asks for, or 0 if the header is absent or
// invalid. A date is relative to the response's Date header.
func RetryAfter(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return ParseRetryAfter(h.Get("Retry-After"), now)
}

// ParseRetryAfter parses a Retry-After value: seconds, which may be a decimal fraction,
// or an HTTP date. It returns 0 if the value is invalid, negative or in the past, and
// the maximum duration if the value overflows.
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

// decimal parses digits with at most one decimal point. strconv would also accept signs,
// exponents, hexadecimal numbers and names such as inf.
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

// StatusText is like http.StatusText but includes statuses of load balancers and CDNs.
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
