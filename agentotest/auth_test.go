package agentotest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeys(t *testing.T) {
	const given = "ak_live_0123456789abcdef0123456789abcdef"
	s := start(t, WithKey(given, "agents:read"))
	require.Regexp(t, "^ak_live_[0-9a-f]{32}$", s.Key())
	require.NotEqual(t, s.Key(), New().Key())
	added := s.AddKey("logs")
	require.Regexp(t, "^ak_live_[0-9a-f]{32}$", added)

	as := func(key, method, path string) got {
		g, err := askAs(t, s, key, method, path, "")
		require.NoError(t, err)
		return g
	}
	for _, key := range []string{"", "ak_live_ffffffffffffffffffffffffffffffff", given + " "} {
		g := as(key, "GET", "/v1/account")
		if key == given+" " { // HTTP trims it
			g.want(200, "")
			continue
		}
		require.NotContains(t, g.want(401, "unauthorized").header, "X-Ratelimit-Limit")
	}
	as(given, "GET", "/v1/agents").want(200, "")
	g := as(given, "POST", "/v1/agents").want(403, "forbidden")
	require.NotContains(t, g.header, "X-Ratelimit-Limit")
	require.NotEmpty(t, g.header.Get("X-Request-Id"))
	as(added, "GET", "/v1/account").want(200, "")
	s.RevokeKey(added)
	as(added, "GET", "/v1/account").want(401, "unauthorized")
}

func TestAllScopes(t *testing.T) {
	require.Equal(t, []string{
		"agents:read", "agents:write", "chat", "knowledge:read", "knowledge:write", "logs", "skills", "swarms:read", "swarms:write",
	}, AllScopes())
}

// The checks come in the order 401, 403, 429, and only then the operation.
func TestOrderOfChecks(t *testing.T) {
	s := start(t, WithRateLimit(1, 1<<40))
	narrow := s.AddKey("chat")
	as := func(key, method, path string) got {
		g, err := askAs(t, s, key, method, path, "{")
		require.NoError(t, err)
		return g
	}
	as("none", "POST", "/v1/agents").want(401, "unauthorized")
	as("none", "GET", "/nowhere").want(401, "unauthorized")
	as(narrow, "POST", "/v1/agents").want(403, "forbidden")
	as(narrow, "POST", "/v1/agents").want(403, "forbidden") // and took nothing from the budget
	as(s.Key(), "POST", "/v1/agents").want(400, "validation_error")
	as(s.Key(), "POST", "/v1/agents").want(429, "rate_limit_exceeded")
	as(s.Key(), "GET", "/nowhere").want(429, "rate_limit_exceeded")
	as(narrow, "GET", "/nowhere").want(404, "unknown_route")
}
