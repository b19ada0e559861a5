package wire

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseRateLimit(t *testing.T) {
	header := func(limit, remaining, reset string) http.Header {
		h := http.Header{}
		for name, v := range map[string]string{"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset} {
			if v != "" {
				h.Set(name, v)
			}
		}
		return h
	}
	reset := time.Unix(1768473000, 0)
	for _, c := range []struct {
		limit, remaining, reset string
		want                    RateLimit
	}{
		{"120", "0", "1768473000", RateLimit{120, 0, reset, true}},
		{" 120 ", "7", "1768473000", RateLimit{120, 7, reset, true}},
		{"120", "7", "", RateLimit{120, 7, time.Time{}, true}},
		{"120", "7", "tomorrow", RateLimit{120, 7, time.Time{}, true}},
		{"", "7", "1768473000", RateLimit{}},
		{"120", "", "1768473000", RateLimit{}},
		{"-1", "7", "1768473000", RateLimit{}},
		{"120", "many", "1768473000", RateLimit{}},
		{"99999999999999999999", "7", "1768473000", RateLimit{}},
		{"", "", "", RateLimit{}},
	} {
		require.Equal(t, c.want, ParseRateLimit(header(c.limit, c.remaining, c.reset)), "%+v", c)
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                                 0,
		"0":                                0,
		"7":                                7 * time.Second,
		" 7 ":                              7 * time.Second,
		"1.5":                              1500 * time.Millisecond,
		".5":                               500 * time.Millisecond,
		"0.0000000001":                     1, // rounded up
		"-5":                               0,
		"+5":                               0,
		"1e3":                              0,
		"0x10":                             0,
		"NaN":                              0,
		"inf":                              0,
		"1.2.3":                            0,
		".":                                0,
		"9223372036":                       9223372036 * time.Second,
		"9223372037":                       math.MaxInt64,
		"99999999999999999999":             math.MaxInt64,
		"Thu, 15 Jan 2026 10:30:20 GMT":    20 * time.Second,
		"Thursday, 15-Jan-26 10:30:20 GMT": 20 * time.Second,
		"Thu Jan 15 10:30:20 2026":         20 * time.Second,
		"Thu, 15 Jan 2026 10:29:20 GMT":    0,
		"Thu, 32 Jan 2026 10:29:20 GMT":    0,
	} {
		require.Equal(t, want, ParseRetryAfter(value, now), "%q", value)
	}
}

// FuzzRetryAfter checks that the wait is not negative, and that a number of seconds is
// not shortened.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "7", "1.5", "-5", "9223372037", "Thu, 15 Jan 2026 10:30:20 GMT", "Thu Jan 15 10:30:20 2026", "1e9", "soon"} {
		f.Add(value)
	}
	now := time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		d := ParseRetryAfter(value, now)
		require.GreaterOrEqual(t, d, time.Duration(0))
		if seconds, ok := decimal(value); ok && seconds < 1e9 {
			require.GreaterOrEqual(t, d.Seconds(), seconds*(1-1e-9))
		}
	})
}
