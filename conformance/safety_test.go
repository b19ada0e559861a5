package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// renderings formats a value in every way that may reach a log.
func renderings(v any) []string {
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		out = append(out, fmt.Sprintf(verb, v))
	}
	encoded, err := json.Marshal(v)
	out = append(out, string(encoded), fmt.Sprint(err))
	var text, asJSON bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("m", "v", v)
	return append(out, text.String(), asJSON.String())
}

func requireSecret(t *testing.T, secret string, values ...any) {
	t.Helper()
	hex := fmt.Sprintf("%x", secret)
	for _, v := range values {
		for _, r := range renderings(v) {
			require.NotContains(t, r, secret, "%T", v)
			require.NotContains(t, strings.ToLower(r), hex, "%T", v)
		}
	}
}

func TestKeyNotPrinted(t *testing.T) {
	echo := harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		key := req.Header.Get("X-Api-Key")
		switch {
		case strings.HasSuffix(req.URL.Path, "/error"):
			return nil, fmt.Errorf("while sending %v", req.Header)
		case strings.HasSuffix(req.URL.Path, "/html"):
			return harness.Respond(502, "<pre>X-Api-Key: "+key+"</pre>", "X-Debug", key), nil
		}
		return harness.Respond(401, `{"error":{"code":"unauthorized","message":"unknown key `+key+`"}}`, "X-Debug", key), nil
	})
	var logged bytes.Buffer
	client := harness.Client(t, echo, agento.WithMaxRetries(0),
		agento.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		agento.WithObserver(agento.Observer{Response: func(_ context.Context, _ agento.CallInfo, r agento.ResponseInfo) {
			requireSecret(t, harness.TestKey, r, r.Err)
		}}))
	requireSecret(t, harness.TestKey, client, *client, client.Agents, *client.Agents, *client.Chat, agento.WithMaxRetries(1))
	for _, id := range []string{"error", "html", "json"} {
		var resp agento.Response
		_, err := client.Agents.Get(context.Background(), id, agento.WithResponse(&resp))
		require.Error(t, err)
		requireSecret(t, harness.TestKey, err, errors.Unwrap(err), resp, resp.Header, string(resp.Body))
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		requireSecret(t, harness.TestKey, *e, e.Message, string(e.Body))
		_, err = client.Chat.Send(context.Background(), "html", agento.SendMessageParams{Message: "x"})
		requireSecret(t, harness.TestKey, err)
	}
	require.NotEmpty(t, logged.String())
	require.NotContains(t, logged.String(), harness.TestKey)
}

func TestSecretsNotPrinted(t *testing.T) {
	const secret = "sk-test-made-up-value"
	secrets := agento.Secrets{agento.AnthropicAPIKey: secret}
	params := agento.CreateAgentParams{Name: "Bot", Secrets: secrets}
	requireSecret(t, secret, secrets, &secrets, params, &params, []any{params}, map[string]any{"p": params})
	require.Equal(t, "Secrets[anthropicApiKey]", fmt.Sprint(secrets))
	require.Equal(t, `Secrets["" "a b" "a\x1b[2J\nb" "a]" plain]`, fmt.Sprint(agento.Secrets{"a\x1b[2J\nb": secret, "a b": secret, "a]": secret, "": secret, "plain": secret}))

	var sent string
	client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(req.Body)
		sent = string(b)
		return harness.Respond(400, `{"error":{"code":"validation_error","message":"no"}}`), nil
	}))
	_, err := client.Agents.Create(context.Background(), params)
	requireSecret(t, secret, err)
	require.JSONEq(t, `{"name":"Bot","secrets":{"anthropicApiKey":"`+secret+`"}}`, sent, "the value is sent")
	err = client.Do(context.Background(), "POST", "/v1/agents", params, nil)
	requireSecret(t, secret, err)
	require.JSONEq(t, `{"name":"Bot","secrets":{"anthropicApiKey":"`+secret+`"}}`, sent)
}

// Redirects are not followed, so the key is not sent to other hosts.
func TestRedirectsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{"http://localhost/v1/other", "http://evil.example/", "http://localhost:81/", "//evil.example/", "::bad::"} {
			hosts := map[string]int{}
			client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
				hosts[req.URL.Host]++
				return harness.Respond(status, "", "Location", to), nil
			}))
			_, err := client.Agents.Create(context.Background(), agento.CreateAgentParams{Name: "x"})
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, status, e.StatusCode)
			require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.Equal(t, map[string]int{"localhost": 1}, hosts, "%d to %s", status, to)
		}
	}
}

func TestMiddlewareChangesHost(t *testing.T) {
	for _, host := range []string{"evil.example", "localhost:8443", "LOCALHOST.evil.example"} {
		reached := false
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			reached = true
			return harness.Respond(200, harness.AgentJSON), nil
		}), agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
				require.Empty(t, req.Header.Get("X-Api-Key"))
				away := req.Clone(req.Context())
				away.URL.Host = host
				resp, err := next.RoundTrip(away)
				require.Empty(t, away.Header.Get("X-Api-Key"))
				return resp, err
			})
		}))
		_, err := client.Agents.Create(context.Background(), agento.CreateAgentParams{Name: "x"})
		require.ErrorIs(t, err, agento.ErrCrossOrigin)
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.False(t, reached)
	}
}

func TestMiddlewareOrder(t *testing.T) {
	var order []string
	layer := func(name string) agento.Option {
		return agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
				order = append(order, name)
				return next.RoundTrip(req)
			})
		})
	}
	client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		require.Equal(t, harness.TestKey, req.Header.Get("X-Api-Key"))
		require.Equal(t, "localhost", req.Host)
		return harness.Respond(200, harness.AgentJSON), nil
	}), layer("outer"), layer("inner"))
	_, err := client.Agents.Get(context.Background(), "a1")
	require.NoError(t, err)
	require.Equal(t, []string{"outer", "inner"}, order)
}

// A key passed as another argument is neither printed nor sent.
func TestKeyAsArgumentRejected(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return harness.Respond(404, `{}`), nil
	}))
	ctx, agent := context.Background(), agento.ForAgent("a1")
	_, get := client.Agents.Get(ctx, harness.TestKey)
	_, within := client.Agents.Get(ctx, "a1?key="+harness.TestKey)
	_, list := client.Knowledge.List(ctx, agent, &agento.KnowledgeListParams{Source: harness.TestKey})
	_, send := client.Chat.Send(ctx, harness.TestKey, agento.SendMessageParams{Message: "x"})
	_, stream := client.Stream(ctx, "GET", "/v1/"+harness.TestKey, nil)
	for names, err := range map[string]error{
		"id ":      get,
		"id  ":     within,
		"target":   client.Account.DeleteRule(ctx, agento.ForAgent(harness.TestKey), "r"),
		"chunkID":  client.Knowledge.Delete(ctx, agent, harness.TestKey),
		"source":   list,
		"agentID":  send,
		"path":     stream,
		"query ":   client.Do(ctx, "GET", "/v1/agents?key="+harness.TestKey, nil, nil),
		"query  ":  client.Do(ctx, "GET", "/v1/agents?key=%61"+harness.TestKey[1:], nil, nil),
		"path    ": client.Do(ctx, "GET", "/v1/%61"+harness.TestKey[1:], nil, nil),
	} {
		require.ErrorIs(t, err, agento.ErrValidation, names)
		require.ErrorContains(t, err, strings.TrimSpace(names))
		requireSecret(t, harness.TestKey, err)
	}
}

// The client knows the key of a key source once it was sent. Then the key is redacted, and
// the next call is rejected.
func TestSourceKeyAsArgument(t *testing.T) {
	var logged bytes.Buffer
	observe := func(_ context.Context, call agento.CallInfo, _ agento.ResponseInfo) {
		requireSecret(t, harness.TestKey, call)
	}
	sent := 0
	client, err := agento.New("", agento.WithBaseURL("http://localhost"),
		agento.WithKeySource(func(context.Context) (string, error) { return harness.TestKey, nil }),
		agento.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		agento.WithObserver(agento.Observer{Response: observe}),
		agento.WithHTTPClient(&http.Client{Transport: harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return harness.Respond(404, `{"error":{"code":"agent_not_found","message":"m"}}`), nil
		})}))
	require.NoError(t, err)
	_, err = client.Agents.Get(t.Context(), harness.TestKey)
	require.ErrorIs(t, err, agento.ErrNotFound)
	requireSecret(t, harness.TestKey, err, client)
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "/v1/agents/[redacted]", e.Path)
	require.Contains(t, logged.String(), "[redacted]")
	require.NotContains(t, logged.String(), harness.TestKey)
	_, err = client.Agents.Get(t.Context(), harness.TestKey)
	require.ErrorIs(t, err, agento.ErrValidation)
	require.Equal(t, 1, sent)
}

// If a service echoes a request, errors and logs contain neither the key nor a secret.
func TestEchoedSecretsRedacted(t *testing.T) {
	const secret = `sk-test-"made-up"<value>`
	const inJSON, plainJSON = `sk-test-\"made-up\"\u003cvalue\u003e`, `sk-test-\"made-up\"<value>`
	answers := map[string]func(key string) (status int, kind, body string){
		"page, 200": func(key string) (int, string, string) {
			return 200, "text/html", "<pre>X-Api-Key: " + key + " " + inJSON + "</pre>"
		},
		"no data": func(key string) (int, string, string) {
			return 200, "application/json", `{"headers":{"X-Api-Key":"` + key + `"},"sent":"` + plainJSON + `"}`
		},
		"a time": func(key string) (int, string, string) {
			return 200, "application/json", `{"data":{"id":"a","createdAt":"` + key + `"}}`
		},
		"a message": func(key string) (int, string, string) {
			return 400, "application/json", `{"error":{"code":"validation_error","message":"bad ` + key + " " + inJSON + `"}}`
		},
		"page, 502": func(key string) (int, string, string) { return 502, "text/html", key + secret },
		"event": func(key string) (int, string, string) {
			return 200, "text/event-stream", `data: {"type":"error","error":{"code":"` + key + `","message":"bad ` + key + `"}}` + "\n\n"
		},
		"damaged event": func(key string) (int, string, string) {
			return 200, "text/event-stream", `data: {"type":"text","content":` + key + "}\n\n"
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			var logged bytes.Buffer
			client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
				status, kind, body := answer(req.Header.Get("X-Api-Key"))
				return harness.Respond(status, body, "Content-Type", kind), nil
			}), agento.WithMaxRetries(0), agento.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			secrets := agento.Secrets{agento.AnthropicAPIKey: secret}
			ctx := context.Background()
			_, get := client.Agents.Get(ctx, "a")
			_, ask := client.Chat.Ask(ctx, "a", agento.SendMessageParams{Message: "x"})
			require.Error(t, errors.Join(get, ask))
			requireNotPrinted(t, harness.TestKey, logged.String(), get, ask)
			logged.Reset() // the client knows a secret only after it was sent

			_, create := client.Agents.Create(ctx, agento.CreateAgentParams{Name: "Bot", Secrets: secrets})
			_, swarm := client.Swarms.Create(ctx, agento.CreateSwarmParams{Name: "Team", Secrets: secrets})
			_, swarms := client.Swarms.Update(ctx, "s", agento.UpdateSwarmParams{Secrets: secrets})
			set := client.Account.SetSecrets(ctx, agento.ForAgent("a"), secrets)
			requireNotPrinted(t, harness.TestKey, logged.String(), create, swarm, swarms, set)
			requireNotPrinted(t, "sk-test-", logged.String(), create, swarm, swarms, set)
		})
	}
}

// requireNotPrinted requires that neither the log nor an error contains hidden.
func requireNotPrinted(t *testing.T, hidden, logged string, failures ...error) {
	t.Helper()
	printed := []string{logged}
	for _, err := range failures {
		var e *agento.Error
		if errors.As(err, &e) { // not every response is an error for every call
			printed = append(printed, renderings(err)...)
			printed = append(printed, e.Message, string(e.Code), string(e.Body))
			printed = append(printed, renderings(*e)...)
		}
	}
	for _, text := range printed {
		require.NotContains(t, text, hidden)
	}
}

// A middleware that prints the context of a request does not print the key.
func TestRequestContextPrintsNoKey(t *testing.T) {
	for _, limit := range []time.Duration{time.Second, time.Hour} {
		var printed string
		spy := func(next http.RoundTripper) http.RoundTripper {
			return harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(req)
				ctx := req.Context()
				printed = fmt.Sprintf("%v %+v %#v %s %q %x %d %v", ctx, ctx, ctx, ctx, ctx, ctx, ctx, req)
				return resp, err
			})
		}
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return harness.Respond(200, harness.AgentJSON), nil }),
			agento.WithMiddleware(spy))
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		_, err := client.Agents.Get(ctx, "a1")
		cancel()
		require.NoError(t, err)
		require.NotEmpty(t, printed)
		require.NotContains(t, printed, harness.TestKey)
		require.NotContains(t, printed, fmt.Sprintf("%x", harness.TestKey))
	}
}
