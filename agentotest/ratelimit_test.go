package agentotest

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// headers are the rate-limit headers of a response. Reset is in seconds since the start
// of the test.
type headers struct {
	status                       int
	limit, remaining, reset, try string
}

func rateOf(g got, began time.Time) headers {
	reset, _ := strconv.ParseInt(g.header.Get("X-RateLimit-Reset"), 10, 64)
	return headers{
		g.status, g.header.Get("X-RateLimit-Limit"), g.header.Get("X-RateLimit-Remaining"),
		strconv.FormatInt(reset-began.Unix(), 10), g.header.Get("Retry-After"),
	}
}

func TestRateLimit(t *testing.T) {
	type step struct {
		at   time.Duration
		want headers
	}
	for name, test := range map[string]struct {
		meaning ResetMeaning
		steps   []step
	}{
		"oldest": {ResetOldest, []step{
			{0, headers{200, "2", "1", "10", ""}},
			{3500 * time.Millisecond, headers{200, "2", "0", "10", ""}},
			{4 * time.Second, headers{429, "2", "0", "10", "6"}},
			{9999 * time.Millisecond, headers{429, "2", "0", "10", "1"}},
			{10 * time.Second, headers{200, "2", "0", "14", ""}},
			{11 * time.Second, headers{429, "2", "0", "14", "3"}},
			{20 * time.Second, headers{200, "2", "1", "30", ""}},
		}},
		"free": {ResetFree, []step{
			{0, headers{200, "2", "1", "10", ""}},
			{3500 * time.Millisecond, headers{200, "2", "0", "14", ""}},
			{4 * time.Second, headers{429, "2", "0", "14", "6"}},
			{10 * time.Second, headers{200, "2", "0", "20", ""}},
		}},
		"fixed": {ResetFixed, []step{
			{2 * time.Second, headers{200, "2", "1", "12", ""}},
			{11 * time.Second, headers{200, "2", "0", "12", ""}},
			{11500 * time.Millisecond, headers{429, "2", "0", "12", "1"}},
			{12 * time.Second, headers{200, "2", "1", "22", ""}},
			{12 * time.Second, headers{200, "2", "0", "22", ""}},
			{12 * time.Second, headers{429, "2", "0", "22", "10"}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(WithInMemory(), WithRateLimit(2, 10*time.Second), WithReset(test.meaning))
				defer s.Close()
				began := time.Now()
				for _, step := range test.steps {
					time.Sleep(step.at - time.Since(began))
					require.Equal(t, step.want, rateOf(ask(t, s, "GET", "/v1/account", ""), began), step.at)
				}
			})
		})
	}
}

func TestRateLimitPerKey(t *testing.T) {
	s := start(t, WithRateLimit(1, time.Hour))
	ask(t, s, "GET", "/v1/account", "").want(200, "")
	ask(t, s, "GET", "/v1/account", "").want(429, "rate_limit_exceeded")
	g, err := askAs(t, s, s.AddKey(), "GET", "/v1/account", "")
	require.NoError(t, err)
	g.want(200, "")
}

func TestRateLimitOff(t *testing.T) {
	s := start(t, WithRateLimit(0, time.Minute))
	for range 300 {
		g := ask(t, s, "GET", "/v1/account", "").want(200, "")
		require.NotContains(t, g.header, "X-Ratelimit-Limit")
	}
}

func TestClockOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithClockOffset(-5*time.Minute))
		defer s.Close()
		g := ask(t, s, "POST", "/v1/agents", `{"name":"a",`+credentials+`}`).want(201, "")
		require.Equal(t, "Fri, 31 Dec 1999 23:55:00 GMT", g.header.Get("Date"))
		require.Equal(t, "-240", rateOf(g, time.Now()).reset)
		require.Equal(t, "1999-12-31T23:55:00.000Z", g.text("data", "createdAt"))
		require.Equal(t, time.Now().Add(-5*time.Minute), s.Requests()[0].Time)
	})
}

// A scripted 429 has the same headers as one of the rate limiter.
func TestFail429HasRateLimitHeaders(t *testing.T) {
	for name, opt := range map[string]Option{"limited": WithRateLimit(120, time.Minute), "unlimited": WithRateLimit(0, 0)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(WithInMemory(), opt)
				defer s.Close()
				s.Next("Account.Get", 1, Fail(429, "rate_limit_exceeded"))
				s.Next("Account.Get", 1, Fail(429, "rate_limit_exceeded").Bare())
				s.Next("Account.Get", 1, Fail(503, "unavailable"))
				began := time.Now()
				g := ask(t, s, "GET", "/v1/account", "").want(429, "rate_limit_exceeded")
				require.Equal(t, headers{429, "120", "0", "1", "1"}, rateOf(g, began))
				for range 2 {
					g = ask(t, s, "GET", "/v1/account", "")
					require.Empty(t, g.header.Get("Retry-After"))
					require.NotEqual(t, "0", g.header.Get("X-RateLimit-Remaining"))
				}
			})
		})
	}
}
