package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// The tests in this file use the caller's code: transports, middleware and key sources.

// With an Idempotency-Key, net/http itself retries a write on a lost connection. The write
// may have been applied although the last error is a dial error.
func TestWriteRetriedByNetHTTPOutcomeUnknown(t *testing.T) {
	for name, options := range map[string]func(tr *http.Transport) []agento.Option{
		"net/http": func(tr *http.Transport) []agento.Option {
			return []agento.Option{agento.WithHTTPClient(&http.Client{Transport: tr}), agento.WithHeader("Idempotency-Key", "k")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var applied atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					_, _ = io.WriteString(w, harness.AgentJSON)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				applied.Add(1)
				panic(http.ErrAbortHandler)
			}))
			defer server.Close()
			dials := 0
			tr := &http.Transport{}
			tr.DialContext = func(ctx context.Context, network, address string) (conn net.Conn, err error) {
				if dials++; dials > 1 {
					return nil, errDial
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			defer tr.CloseIdleConnections()
			opts := append(options(tr), agento.WithBaseURL(server.URL), agento.WithMaxRetries(0))
			client, err := agento.New(harness.TestKey, opts...)
			require.NoError(t, err)
			_, err = client.Agents.Get(t.Context(), "a1") // net/http retries only on a reused connection
			require.NoError(t, err)

			_, err = client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Bot"})
			require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.EqualValues(t, 1, applied.Load())
		})
	}
}

// Neither the middleware's request nor the response's request contains the key.
func TestMiddlewareWithoutKey(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, harness.TestKey, r.Header.Get("X-Api-Key"))
		_, _ = io.WriteString(w, harness.AgentJSON)
	}, []agento.Option{agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			require.NoError(t, err)
			require.Same(t, req, resp.Request)
			require.NotContains(t, fmt.Sprint(req.Header, resp.Request.Header), harness.TestKey)
			return resp, err
		})
	})}, func(w *harness.Env) {
		_, err := w.Client.Agents.Get(w.Ctx, "a1")
		require.NoError(t, err)
	})
}

// A middleware sends the request with another context.
func TestMiddlewareOwnContextKeyRedacted(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
		return harness.Respond(401, `{"error":{"code":"unauthorized","message":"unknown key `+req.Header.Get("X-Api-Key")+`"}}`), nil
	}), agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			return next.RoundTrip(req.Clone(context.Background()))
		})
	}))
	_, err := client.Agents.Get(t.Context(), "a1")
	require.ErrorContains(t, err, "unknown key [redacted]")
	requireNotPrinted(t, harness.TestKey, "", err)
}

// Changes to the response's header do not affect the open stream.
func TestResponseHeaderCopied(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Abort() }, nil, func(w *harness.Env) {
		var resp agento.Response
		s := w.Send(w.Ctx, agento.WithResponse(&resp))
		resp.Header.Del("X-Request-Id")
		require.Equal(t, "req_42", s.Response().Header.Get("X-Request-Id"))
		s.Response().Header.Del("X-Request-Id")
		for range s.Events() {
		}
		harness.StreamError(t, s.Err())
	})
}

func TestWriteInvalidStatusOutcomeUnknown(t *testing.T) {
	for _, status := range []int{-1, 0, 101, 1000} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { return harness.Respond(status, ""), nil }))
		_, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Bot"})
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown, status)
	}
}

func TestCanceledContextSendsNothing(t *testing.T) {
	cause := errors.New("shutting down")
	canceled, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return harness.Respond(200, harness.AgentJSON), nil
	}), agento.WithPacing(false))
	_, create := client.Agents.Create(canceled, agento.CreateAgentParams{Name: "Bot"})
	_, ask := client.Chat.Ask(canceled, "a1", agento.SendMessageParams{Message: "Hello"})
	late, cancel2 := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel2()
	expired := client.Agents.Start(late, "a1")
	for want, err := range map[error]error{cause: create, context.Canceled: ask, context.DeadlineExceeded: expired} {
		require.ErrorIs(t, err, want)
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
		var e *agento.Error
		require.ErrorAs(t, err, &e)
		require.Zero(t, e.Attempts)
	}
}

// As WithMiddleware documents, a trace sees the key.
func TestTraceSeesKey(t *testing.T) {
	var seen []string
	trace := &httptrace.ClientTrace{WroteHeaderField: func(name string, values []string) {
		if name == "X-Api-Key" {
			seen = values
		}
	}}
	harness.Run(t, respondWith(200, harness.AgentJSON), []agento.Option{agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			return next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		})
	})}, func(w *harness.Env) {
		require.NoError(w.T, getAgent(w.Ctx, w.Client))
		require.Equal(w.T, []string{harness.TestKey}, seen)
	})
}

// A call does not wait for its key source beyond the deadline, and sends nothing. At most
// 64 calls of a blocked key source are pending.
func TestKeySourceBlocks(t *testing.T) {
	for name, respects := range map[string]bool{"until the deadline": true, "beyond the deadline": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var pending atomic.Int32
				release := make(chan struct{})
				client := sourceClient(t, func(ctx context.Context) (string, error) {
					pending.Add(1)
					if respects {
						<-ctx.Done()
						return "", ctx.Err()
					}
					<-release
					return harness.TestKey, nil
				})
				for range 100 {
					begun := time.Now()
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
					err := createAgent(ctx, client)
					cancel()
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
					require.NotContains(t, err.Error(), "may have been applied")
					require.Equal(t, 3*time.Second, time.Since(begun))
				}
				if !respects {
					require.EqualValues(t, 64, pending.Load())
				}
				close(release)
				synctest.Wait() // the keys are discarded
			})
		})
	}
}

func TestKeySourcePanics(t *testing.T) {
	client := sourceClient(t, func(context.Context) (string, error) { panic("no key") })
	require.PanicsWithValue(t, "no key", func() { _ = getAgent(t.Context(), client) })
}

// sourceClient returns a client that must not send requests.
func sourceClient(t *testing.T, source func(context.Context) (string, error)) *agento.Client {
	client, err := agento.New("", agento.WithKeySource(source), agento.WithHTTPClient(&http.Client{
		Transport: harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			t.Error("a request was sent")
			return nil, io.EOF
		}),
	}))
	require.NoError(t, err)
	return client
}
