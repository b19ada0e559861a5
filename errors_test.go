package agento_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// kinds are the errors that a response can match.
var kinds = []error{
	agento.ErrValidation, agento.ErrUnauthorized, agento.ErrForbidden, agento.ErrLimitReached, agento.ErrNotFound,
	agento.ErrNoRoute, agento.ErrConflict, agento.ErrRateLimited, agento.ErrInternal,
}

// answered returns the error of a read with the response.
func answered(t *testing.T, status int, body string, header ...string) *agento.Error {
	t.Helper()
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(status, body, header...), nil
	}), agento.WithMaxRetries(0))
	_, err := client.Agents.Get(context.Background(), "a1")
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestErrorKinds(t *testing.T) {
	env := func(code string) string { return `{"error":{"code":"` + code + `","message":"m"}}` }
	cases := []struct {
		status int
		body   string
		is     []error
	}{
		{400, env("validation_error"), []error{agento.ErrValidation}},
		{401, env("unauthorized"), []error{agento.ErrUnauthorized}},
		{403, env("forbidden"), []error{agento.ErrForbidden}},
		{403, env("limit_reached"), []error{agento.ErrLimitReached, agento.ErrForbidden}},
		{404, env("agent_not_found"), []error{agento.ErrNotFound}},
		{404, env("rule_not_found"), []error{agento.ErrNotFound}},
		{404, env("not_found"), []error{agento.ErrNoRoute}},
		{404, env("unknown_route"), []error{agento.ErrNoRoute}},
		{404, "<html>404</html>", []error{agento.ErrNoRoute}},
		{404, "", []error{agento.ErrNoRoute}},
		{409, env("conflict"), []error{agento.ErrConflict}},
		{409, env("some_new_conflict"), []error{agento.ErrConflict}},
		{429, env("rate_limit_exceeded"), []error{agento.ErrRateLimited}},
		{429, "", []error{agento.ErrRateLimited}},
		{500, env("internal_error"), []error{agento.ErrInternal}},
		{502, "<html>Bad Gateway</html>", []error{agento.ErrInternal}},
		{503, env("maintenance"), []error{agento.ErrInternal}},
		{400, env("conflict"), []error{agento.ErrConflict}}, // the code has priority
		{418, env("teapot"), nil},
		{413, "<html>too large</html>", nil},
	}
	for _, c := range cases {
		e := answered(t, c.status, c.body)
		for _, kind := range kinds {
			require.Equal(t, contains(c.is, kind), errors.Is(e, kind), "%d %s: %v", c.status, c.body, kind)
		}
		require.Equal(t, c.status, e.StatusCode)
	}
}

func TestErrorKind(t *testing.T) {
	env := func(code string) string { return `{"error":{"code":"` + code + `","message":"m"}}` }
	for _, c := range []struct {
		status int
		body   string
		want   string
	}{
		{404, env("agent_not_found"), "agent_not_found"},
		{404, env("swarm_not_found"), "swarm_not_found"},
		{404, env("rule_not_found"), "404"},
		{429, env("rate_limit_exceeded"), "rate_limit_exceeded"},
		{418, env("teapot"), "418"},
		{502, "<html>Bad Gateway</html>", "502"},
		{302, "", "302"},
		{200, "<html>", "unreadable_response"},
		{200, `{"data":{}}`, "unreadable_response"},
		{200, `{"success":false,"error":{"code":"odd","message":"m"}}`, "service_error"},
		{200, env("internal_error"), "internal_error"},
	} {
		require.Equal(t, c.want, answered(t, c.status, c.body).Kind(), "%d %s", c.status, c.body)
	}
	for want, cause := range map[string]error{
		"canceled": context.Canceled,
		"network":  io.ErrUnexpectedEOF,
		"_OTHER":   errors.New("of a middleware"),
	} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, cause }), agento.WithMaxRetries(0))
		_, err := client.Agents.Get(t.Context(), "a1")
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, want, e.Kind())
	}
}

func contains(all []error, one error) bool {
	for _, e := range all {
		if e == one {
			return true
		}
	}
	return false
}

func TestErrorFields(t *testing.T) {
	e := answered(t, 404, `{"error":{"code":"agent_not_found","message":"No agent a1"}}`, "X-Request-Id", "req_9")
	require.Equal(t, "agento: GET /v1/agents/a1: 404 agent_not_found: No agent a1 (request id req_9)", e.Error())
	require.Equal(t, "GET", e.Method)
	require.Equal(t, "/v1/agents/a1", e.Path)
	require.Equal(t, agento.CodeAgentNotFound, e.Code)

	e = answered(t, 502, "<html>\n<h1>Bad   Gateway</h1>", "X-Request-Id", "req_9")
	require.Equal(t, "agento: GET /v1/agents/a1: 502: <html> <h1>Bad Gateway</h1> (request id req_9)", e.Error())

	e = answered(t, 404, "<html>404</html>")
	require.Contains(t, e.Error(), "the path of getAgent is inferred")
}

// Text of the service cannot forge a log line, move a cursor, or fill a screen.
func TestErrorPrintsOneLine(t *testing.T) {
	for name, body := range map[string]string{
		"line break":     `{"error":{"code":"a\nb","message":"x\r\n2026-01-01 INFO all is well"}}`,
		"terminal":       `{"error":{"code":"c","message":"\u001b[2J\u001b[31mred\u0007"}}`,
		"direction":      `{"error":{"code":"c","message":"\u202egnp.exe"}}`,
		"huge":           `{"error":{"code":"c","message":"` + strings.Repeat("long ", 100000) + `"}}`,
		"huge, no form":  strings.Repeat("x", 3<<20),
		"invalid UTF-8":  "\xff\xfe\x00\x01",
		"wrong types":    `{"error":{"code":5,"message":["a"]}}`,
		"error a string": `{"error":"plain"}`,
		"nesting":        strings.Repeat("[", 100000),
	} {
		t.Run(name, func(t *testing.T) {
			e := answered(t, 400, body)
			require.Less(t, len(e.Error()), 3000)
			require.NotRegexp(t, `[\x00-\x1f\x7f\x{202e}]`, e.Error())
			require.LessOrEqual(t, len(e.Body), 1<<20)
			require.ErrorIs(t, e, agento.ErrValidation)
		})
	}
}

func TestErrorMessageNotString(t *testing.T) {
	e := answered(t, 400, `{"error":{"code":"validation_error","message":{"field":"name"}}}`)
	require.Equal(t, agento.CodeValidation, e.Code)
	require.Equal(t, `{"field":"name"}`, e.Message)
}

// A 2xx is a success only if its body has the expected form.
func TestSuccessStatusWithoutData(t *testing.T) {
	for name, body := range map[string]string{
		"HTML": "<html>Sign in</html>", "empty": "", "another shape": `{"agent":{"id":"a1"}}`, "an array": `[1]`,
		"null": `{"data":null}`, "truncated": `{"data":{"id":"a`, "wrong type": `{"data":{"id":5}}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := answered(t, 200, body)
			require.Equal(t, 200, e.StatusCode)
			for _, kind := range kinds {
				require.NotErrorIs(t, e, kind)
			}
		})
	}
	e := answered(t, 200, `{"error":{"code":"agent_not_found","message":"gone"}}`)
	require.ErrorIs(t, e, agento.ErrNotFound)
}

func TestCallWithoutResult(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		ok     bool
	}{{204, "", true}, {200, "", true}, {200, `{"data":null}`, true}, {202, `{"data":{"id":"x"}}`, true}, {200, "<html>Sign in</html>", false}} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return harness.Respond(c.status, c.body), nil }))
		err := client.Agents.Restart(context.Background(), "a1")
		require.Equal(t, c.ok, err == nil, "%d %q: %v", c.status, c.body, err)
		if !c.ok {
			require.ErrorIs(t, err, agento.ErrOutcomeUnknown, "a page of a proxy does not prove the outcome of a write")
		}
	}
}

// A secret may be a word of the response itself. It is redacted, and the kind of the
// error stays.
func TestErrorKindKeptWhenRedacted(t *testing.T) {
	env := func(code, message string) string {
		return `{"error":{"code":"` + code + `","message":"` + message + `"}}`
	}
	for _, c := range []struct {
		secret        string
		status        int
		code, message string
		wantCode      agento.Code
		wantMessage   string
		is            error
	}{
		{"error", 403, "limit_reached", "an error", "limit_reached", "an [redacted]", agento.ErrLimitReached},
		{"code", 403, "limit_reached", "m", "limit_reached", "m", agento.ErrLimitReached},
		{"message", 403, "limit_reached", "m", "limit_reached", "m", agento.ErrLimitReached},
		{"reached", 403, "limit_reached", "reached", "limit_reached", "[redacted]", agento.ErrLimitReached},
		{"not_found", 404, "agent_not_found", "m", "agent_not_found", "m", agento.ErrNotFound},
		{`":{"`, 409, "conflict", "m", "conflict", "m", agento.ErrConflict},
		// Codes that are not constants may contain a secret.
		{"not_found", 404, "rule_not_found", "m", "rule_[redacted]_not_found", "m", agento.ErrNotFound},
		{"s3cret", 404, "s3cret_not_found", "m", "[redacted]_not_found", "m", agento.ErrNotFound},
		{"s3cret_not", 404, "s3cret_not_found", "m", "[redacted]_found_not_found", "m", agento.ErrNotFound},
		{"s3cret", 409, "s3cret", "of s3cret", "[redacted]", "of [redacted]", agento.ErrConflict},
	} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			return harness.Respond(c.status, env(c.code, c.message)), nil
		}), agento.WithMaxRetries(0))
		var resp agento.Response
		err := client.Account.SetSecrets(t.Context(), agento.ForAgent("a1"), agento.Secrets{"LOG_LEVEL": c.secret}, agento.WithResponse(&resp))
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, c.wantCode, e.Code, c.secret)
		require.Equal(t, c.wantMessage, e.Message, c.secret)
		require.ErrorIs(t, err, c.is)
		require.NotErrorIs(t, err, agento.ErrNoRoute)
		require.NotContains(t, string(e.Body), c.secret)
		require.NotContains(t, string(resp.Body), c.secret)
	}
}

// The key of a gateway may be such a word too.
func TestRetriedDeleteWithKeyInResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		tr := harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return harness.Respond(404, `{"error":{"code":"agent_not_found","message":"m"}}`), nil
		})
		client, err := agento.New("error", agento.WithBaseURL("http://localhost"), agento.WithHTTPClient(&http.Client{Transport: tr}))
		require.NoError(t, err)
		require.NoError(t, client.Agents.Delete(t.Context(), "a1"))
		require.Equal(t, 2, sent)
	})
}

// The same applies to a response in place of a stream.
func TestStreamErrorKindKeptWhenRedacted(t *testing.T) {
	tr := harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(200, `{"error":{"code":"limit_reached","message":"an error"}}`, "Content-Type", "application/json"), nil
	})
	client, err := agento.New("error", agento.WithBaseURL("http://localhost"), agento.WithHTTPClient(&http.Client{Transport: tr}))
	require.NoError(t, err)
	_, err = client.Chat.Send(t.Context(), "a1", agento.SendMessageParams{Message: "x"})
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, agento.ErrLimitReached)
	require.Equal(t, "an [redacted]", e.Message)
	require.NotContains(t, string(e.Body), "error")
}
