package agento_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// TestEchoesAreRedacted: whatever part of a request a service repeats, in
// whatever answer, neither the key nor a secret gets into an error or a log.
func TestEchoesAreRedacted(t *testing.T) {
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
			requireNotTold(t, harness.TestKey, logged.String(), get, ask)
			logged.Reset() // only what was sent can be known in an answer

			_, create := client.Agents.Create(ctx, agento.CreateAgentParams{Name: "Bot", Secrets: secrets})
			_, swarm := client.Swarms.Create(ctx, agento.CreateSwarmParams{Name: "Team", Secrets: secrets})
			_, swarms := client.Swarms.Update(ctx, "s", agento.UpdateSwarmParams{Secrets: secrets})
			set := client.Account.SetSecrets(ctx, agento.ForAgent("a"), secrets)
			requireNotTold(t, harness.TestKey, logged.String(), create, swarm, swarms, set)
			requireNotTold(t, "sk-test-", logged.String(), create, swarm, swarms, set)
		})
	}
}

func requireNotTold(t *testing.T, hidden, logged string, failures ...error) {
	t.Helper()
	told := []string{logged}
	for _, err := range failures {
		var e *agento.Error
		if errors.As(err, &e) { // not every answer is wrong for every call
			told = append(told, renderings(err)...)
			told = append(told, e.Message, string(e.Code), string(e.Body))
			told = append(told, renderings(*e)...)
		}
	}
	for _, text := range told {
		require.NotContains(t, text, hidden)
	}
}

// TestContextOfARequestPrintsNothing: a middleware that prints what it is given
// does not print the key, whether or not the caller's context has a deadline.
func TestContextOfARequestPrintsNothing(t *testing.T) {
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

// TestBadArgumentsOfDo: what cannot work is refused before anything is sent.
func TestBadArgumentsOfDo(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return harness.Respond(200, `{"data":{}}`), nil
	}))
	var page *agento.Page[agento.Agent]
	for name, call := range map[string]func() error{
		"out":                        func() error { return client.Do(t.Context(), "GET", "/v1/x", nil, page) },
		"out, no pointer":            func() error { return client.Do(t.Context(), "POST", "/v1/x", nil, agento.Agent{}) },
		"path, a query with a space": func() error { return client.Do(t.Context(), "GET", "/v1/skills?q=two words", nil, nil) },
		"WithExtra": func() error {
			return client.Do(t.Context(), "POST", "/v1/x", map[string]any(nil), nil, agento.WithExtra("a", 1))
		},
	} {
		err := call()
		require.ErrorIs(t, err, agento.ErrValidation, name)
		argument, _, _ := strings.Cut(name, ",")
		require.ErrorContains(t, err, argument)
	}
}

// TestRefusedAfterAnAnswer: when pacing lets no further attempt go, the answer
// that there was is what is told.
func TestRefusedAfterAnAnswer(t *testing.T) {
	sent := 0
	harness.Run(t, func(w http.ResponseWriter, _ *http.Request) {
		sent++
		for name, value := range map[string]string{"Limit": "1", "Remaining": "0", "Reset": fmt.Sprint(time.Now().Add(50 * time.Second).Unix())} {
			w.Header().Set("X-RateLimit-"+name, value)
		}
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(503)
		_, _ = io.WriteString(w, `{"error":{"code":"internal_error","message":"boom"}}`)
	}, []agento.Option{agento.WithMaxWait(time.Second)}, func(w *harness.Env) {
		err := w.Client.Account.SetSecrets(w.Ctx, agento.ForAgent("a1"), agento.Secrets{agento.AnthropicAPIKey: "sk-test-made-up"})
		require.Equal(t, 1, sent)
		require.ErrorIs(t, err, agento.ErrInternal)
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.NotErrorIs(t, err, agento.ErrRateLimited)
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 503, e.StatusCode)
		require.Equal(t, "req_1", e.RequestID)
		require.InDelta(t, 50, e.RetryAfter.Seconds(), 2)
		require.NotContains(t, err.Error(), "nothing was sent")
	})
}

// TestWaitsDoNotOverflow: a service that asks for as long as can be is not asked
// again at once, and a log ends where it asks for more than it may.
func TestWaitsDoNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return harness.Respond(429, "", "Retry-After", "9223372037"), nil
		}), agento.WithPacing(false), agento.WithRetryAfterLimit(math.MaxInt64))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := client.Agents.Get(ctx, "a1")
		require.ErrorIs(t, err, agento.ErrRateLimited)
		require.Equal(t, 1, sent)
	})
	for asked, limit := range map[string]time.Duration{"99999999999": math.MaxInt64, "86400": time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
				if sent++; sent == 1 {
					return harness.Respond(200, "retry: 9223372036854775807\ndata: a\n\n", "Content-Type", "text/event-stream"), nil
				}
				return harness.Respond(503, "", "Retry-After", asked), nil
			}), agento.WithPacing(false), agento.WithRetryAfterLimit(limit))
			ctx, cancel := context.WithTimeout(t.Context(), 24*365*time.Hour)
			defer cancel()
			s, err := client.Logs.Stream(ctx, "a1", nil)
			require.NoError(t, err)
			for range s.Events() {
			}
			require.Error(t, s.Err())
			require.LessOrEqual(t, sent, 2)
		})
	}
}

func TestLogEndsWhereTheServiceAsksForTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				return harness.Respond(200, "data: a\n\n", "Content-Type", "text/event-stream"), nil
			}
			return harness.Respond(503, "", "Retry-After", "86400"), nil
		}))
		begun := time.Now()
		s, err := client.Logs.Stream(t.Context(), "a1", nil)
		require.NoError(t, err)
		for range s.Events() {
		}
		var e *agento.Error
		require.ErrorAs(t, s.Err(), &e)
		require.Equal(t, 24*time.Hour, e.RetryAfter)
		require.Equal(t, 2, sent)
		require.Less(t, time.Since(begun), time.Minute)
	})
}

// TestReplyOfAClosedStream: an answer that somebody else has closed is no whole one.
func TestReplyOfAClosedStream(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() }, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		time.AfterFunc(time.Second, func() { _ = s.Close() })
		reply, err := s.Reply()
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Equal(t, "Hi! ", reply.Text)
	})
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi, harness.Done) }, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		for range s.Events() {
		}
		require.NoError(t, s.Close())
		_, err := s.Reply()
		require.NoError(t, err, "it was complete before it was closed")
	})
}

// TestDamagedEvents: an event that cannot be read ends an answer with an error,
// since it may have been a part of the text.
func TestDamagedEvents(t *testing.T) {
	for name, event := range map[string]string{
		"a tab in a text": "data: {\"type\":\"text\",\"content\":\"but\tnot with milk\"}\n\n",
		"cut":             "data: {\"type\":\"text\",\"content\":\"but no\n\n",
		"blanks before":   "data:   {\"type\":\n\n",
	} {
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Send(harness.Hi, event, harness.Done)
		}, nil, func(w *harness.Env) {
			text, err := w.Send(w.Ctx).Text()
			require.ErrorContains(t, err, "cannot be read", name)
			require.Equal(t, "Hi! ", text)
		})
	}
}

// TestEventsWithoutBlankLines is the documented example of an answer, to the
// letter: a line of data for each event, and no blank line between them.
func TestEventsWithoutBlankLines(t *testing.T) {
	example := "data: {\"type\":\"text\",\"content\":\"Hi! \"}\ndata: {\"type\":\"text\",\"content\":\"How can I help you?\"}\ndata: {\"type\":\"done\"}\n\n"
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(example) }, nil, func(w *harness.Env) {
		reply, err := w.Send(w.Ctx).Reply()
		require.NoError(t, err)
		require.Equal(t, "Hi! How can I help you?", reply.Text)
		require.Equal(t, 3, reply.Events)
	})
	logs := "data: {\"line\":\"a\"}\ndata: {\"line\":\"b\"}\n\ndata: {\"line\":\ndata: \"c\"}\n\ndata: d\ndata: e\n\n"
	harness.Run(t, harness.LogService(func(s harness.Streaming) { s.Send(logs, "event: ping\n\n", "event: close\n\n") })(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"a", "b", "c", "d\ne"}, harness.Lines(w.Follow(nil)), "and the end has no data")
	})
}

// closeNote is a body that tells whether it was closed.
type closeNote struct {
	io.Reader
	closed bool
}

func (c *closeNote) Close() error { c.closed = true; return nil }

func TestBodyOfTheLastAnswerIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		note := &closeNote{Reader: strings.NewReader("")}
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				return harness.Respond(200, "data: a\n\n", "Content-Type", "text/event-stream"), nil
			}
			resp := harness.Respond(204, "")
			resp.Body = note
			return resp, nil
		}))
		s, err := client.Logs.Stream(t.Context(), "a1", nil)
		require.NoError(t, err)
		for range s.Events() {
		}
		require.NoError(t, s.Err())
		require.True(t, note.closed)
	})
}

// TestBodyOfAnErrorIsBounded: an answer that is much too large does not stay in
// memory with its error.
func TestBodyOfAnErrorIsBounded(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(200, strings.Repeat("x", 3<<20)), nil
	}))
	_, err := client.Agents.Get(t.Context(), "a1")
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Body, 1<<20)
}

// TestNullIsNoDocument: of the names that a document may have, one that is null
// does not hide another.
func TestNullIsNoDocument(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"content":null,"soulMd":"real text","version":1}}`: "real text",
		`{"data":{"content":null,"version":1}}`:                      "",
	} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return harness.Respond(200, body), nil }))
		d, err := client.Account.Personality(t.Context(), agento.ForAgent("a1"))
		require.NoError(t, err)
		require.Equal(t, want, d.Content)
	}
}

// TestUpdateAnsweredWithNothing: a change that is answered without the object is
// a success, and the object is read.
func TestUpdateAnsweredWithNothing(t *testing.T) {
	for _, answer := range []*http.Response{harness.Respond(204, ""), harness.Respond(200, `{"data":null}`), harness.Respond(200, "")} {
		var sent []string
		read := harness.Respond(200, harness.AgentJSON)
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.Method+" "+req.URL.Path)
			if req.Method == http.MethodPatch {
				return answer, nil
			}
			return read, nil
		}))
		params := agento.UpdateAgentParams{Name: agento.Set("Bot")}
		agent, err := client.Agents.Update(t.Context(), "a1", params, agento.WithExtra("description", "red"))
		require.NoError(t, err)
		require.Equal(t, "Bot", agent.Name)
		require.Equal(t, []string{"PATCH /v1/agents/a1", "GET /v1/agents/a1"}, sent)

		answer, read = harness.Respond(204, ""), harness.Respond(403, `{"error":{"code":"forbidden","message":"agents:read is missing"}}`)
		_, err = client.Agents.Update(t.Context(), "a1", params)
		require.ErrorContains(t, err, "the change was confirmed")
		require.ErrorContains(t, err, "agents:read is missing")

		answer, read = harness.Respond(204, ""), harness.Respond(200, `{"data":{"id":"s1","name":"Team"}}`)
		swarm, err := client.Swarms.Update(t.Context(), "s1", agento.UpdateSwarmParams{Name: agento.Set("Team")})
		require.NoError(t, err)
		require.Equal(t, "Team", swarm.Name)
	}
}
