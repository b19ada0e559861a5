package agento_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// The tests of this file are about what callers give the SDK to run: transports,
// middleware, observers, key sources.

// sendsTwice tries again when it got no answer, as many a caller's own does.
func sendsTwice(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (resp *http.Response, err error) {
		if req.Body == nil {
			return next.RoundTrip(req)
		}
		body, _ := io.ReadAll(req.Body)
		for range 2 {
			one := req.Clone(req.Context())
			one.Body = io.NopCloser(strings.NewReader(string(body)))
			if resp, err = next.RoundTrip(one); err == nil {
				break
			}
		}
		return resp, err
	})
}

// TestWriteSentTwiceByOthers: a write that was applied, and sent again by code
// that is not the SDK's to a service that was gone by then, may have been applied.
func TestWriteSentTwiceByOthers(t *testing.T) {
	for name, options := range map[string]func(tr *http.Transport) []agento.Option{
		"middleware": func(tr *http.Transport) []agento.Option {
			return []agento.Option{agento.WithHTTPClient(&http.Client{Transport: tr}), agento.WithMiddleware(sendsTwice)}
		},
		"transport": func(tr *http.Transport) []agento.Option {
			return []agento.Option{agento.WithHTTPClient(&http.Client{Transport: sendsTwice(tr)})}
		},
		"context of its own": func(tr *http.Transport) []agento.Option {
			return []agento.Option{agento.WithHTTPClient(&http.Client{Transport: tr}), agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return sendsTwice(roundTripper(func(req *http.Request) (*http.Response, error) {
					return next.RoundTrip(req.Clone(context.Background()))
				}))
			})}
		},
		"net/http": func(tr *http.Transport) []agento.Option {
			return []agento.Option{agento.WithHTTPClient(&http.Client{Transport: tr}), agento.WithHeader("Idempotency-Key", "k")}
		},
		"key": func(tr *http.Transport) []agento.Option {
			asked := 0
			source := func(context.Context) (string, error) {
				if asked++; asked > 2 {
					return "", errors.New("the vault is away")
				}
				return testKey, nil
			}
			return []agento.Option{
				agento.WithHTTPClient(&http.Client{Transport: tr}), agento.WithMiddleware(sendsTwice), agento.WithKeySource(source),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var applied atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					_, _ = io.WriteString(w, agentJSON)
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
			apiKey := testKey
			if name == "key" {
				apiKey = ""
			}
			client, err := agento.New(apiKey, opts...)
			require.NoError(t, err)
			_, err = client.Agents.Get(t.Context(), "a1") // net/http repeats only on a connection that it has used before
			require.NoError(t, err)

			_, err = client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Bot"})
			require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.EqualValues(t, 1, applied.Load())
		})
	}
}

// TestMiddlewareNeverSeesTheKey, neither in the request that it sends nor in the
// one that a response names.
func TestMiddlewareNeverSeesTheKey(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, testKey, r.Header.Get("X-Api-Key"))
		_, _ = io.WriteString(w, agentJSON)
	}, []agento.Option{agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			require.NoError(t, err)
			require.Same(t, req, resp.Request)
			require.NotContains(t, fmt.Sprint(req.Header, resp.Request.Header), testKey)
			return resp, err
		})
	})}, func(w *world) {
		_, err := w.client.Agents.Get(w.ctx, "a1")
		require.NoError(t, err)
	})
}

// TestKeyOfAStrayRequest: a request that a middleware sends with a context of its
// own cannot be told to belong to a call, and its key is found all the same.
func TestKeyOfAStrayRequest(t *testing.T) {
	client := newClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		return respond(401, `{"error":{"code":"unauthorized","message":"unknown key `+req.Header.Get("X-Api-Key")+`"}}`), nil
	}), agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			return next.RoundTrip(req.Clone(context.Background()))
		})
	}))
	_, err := client.Agents.Get(t.Context(), "a1")
	require.ErrorContains(t, err, "unknown key [redacted]")
	requireNotTold(t, testKey, "", err)
}

// TestHeaderIsTheCallers: what a caller does with the header of an open stream
// does not reach the stream.
func TestHeaderIsTheCallers(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) { stream(w, r).send(hi).abort() }, nil, func(w *world) {
		var resp agento.Response
		s := send(w, w.ctx, agento.WithResponse(&resp))
		resp.Header.Del("X-Request-Id")
		require.Equal(t, "req_42", s.Response().Header.Get("X-Request-Id"))
		s.Response().Header.Del("X-Request-Id")
		for range s.Events() {
		}
		streamError(t, s.Err())
	})
}

// panicking is a body that does not know how to be read.
type panicking struct{ io.Closer }

func (panicking) Read([]byte) (int, error) { panic("in Read") }

// TestPanicsOfCallersCode become errors, also on the goroutine of a stream, where
// nobody could recover.
func TestPanicsOfCallersCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
			resp := respond(200, "", "Content-Type", "text/event-stream")
			resp.Body, resp.ContentLength = panicking{resp.Body}, -1
			return resp, nil
		}))
		_, err := client.Agents.Get(t.Context(), "a1")
		require.ErrorContains(t, err, "panicked: in Read")
		_, err = client.Chat.Ask(t.Context(), "a1", agento.SendMessageParams{Message: "Hello"})
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.ErrorContains(t, err, "panicked: in Read")

		asked := 0
		client, err = agento.New("", agento.WithBaseURL("http://localhost"),
			agento.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				return respond(200, "data: one\n\n", "Content-Type", "text/event-stream"), nil
			})}),
			agento.WithKeySource(func(context.Context) (string, error) {
				if asked++; asked > 1 {
					panic("no vault")
				}
				return testKey, nil
			}))
		require.NoError(t, err)
		log, err := client.Logs.Stream(t.Context(), "a1", nil)
		require.NoError(t, err)
		for range log.Events() {
		}
		require.ErrorContains(t, log.Err(), "panicked: no vault")
	})
}

// counting is a pacer that counts.
type counting struct{ acquired, observed int }

func (p *counting) Acquire(context.Context, agento.PaceRequest) error { p.acquired++; return nil }
func (p *counting) Observe(agento.PaceResult)                         { p.observed++ }

// closing tells that it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// TestObserverThatPanics: its panic goes to the caller, and takes neither a place
// in the rate limit nor a connection with it.
func TestObserverThatPanics(t *testing.T) {
	pacer, body := &counting{}, &closing{Reader: strings.NewReader(hi)}
	tr := roundTripper(func(*http.Request) (*http.Response, error) {
		resp := respond(200, "", "Content-Type", "text/event-stream")
		resp.Body, resp.ContentLength = body, -1
		return resp, nil
	})
	for name, observer := range map[string]agento.Observer{
		"attempt": {Attempt: func(context.Context, agento.CallInfo, int) { panic(t.Name()) }},
		"done":    {Done: func(context.Context, agento.CallInfo, agento.DoneInfo) { panic(t.Name()) }},
	} {
		client := newClient(t, tr, agento.WithPacer(pacer), agento.WithObserver(observer))
		require.PanicsWithValue(t, t.Name(), func() {
			_, _ = client.Chat.Send(t.Context(), "a1", agento.SendMessageParams{Message: "Hello"})
		}, name)
	}
	require.Equal(t, counting{2, 2}, *pacer)
	require.True(t, body.closed)
}

// TestFinalErrorThatIsRedacted stays final: what panics is not asked again.
func TestFinalErrorThatIsRedacted(t *testing.T) {
	attempts := 0
	client := newClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		attempts++
		panic("with " + req.Header.Get("X-Api-Key"))
	}))
	_, err := client.Agents.Get(t.Context(), "a1")
	require.ErrorContains(t, err, "with [redacted]")
	require.Equal(t, 1, attempts)
}

// TestOddStatus: a write that got an answer which is none may have been applied.
func TestOddStatus(t *testing.T) {
	for _, status := range []int{-1, 0, 101, 1000} {
		client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) { return respond(status, ""), nil }))
		_, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Bot"})
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown, status)
	}
}

// uncomparable is an error that == panics at.
type uncomparable []string

func (uncomparable) Error() string { return "odd" }

type oddContext struct{ context.Context }

func (oddContext) Done() <-chan struct{} { done := make(chan struct{}); close(done); return done }
func (oddContext) Err() error            { return uncomparable{"x"} }

func TestOddContext(t *testing.T) {
	for _, pacing := range []bool{true, false} {
		client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
			t.Error("sent")
			return respond(200, agentJSON), nil
		}), agento.WithPacing(pacing))
		_, err := client.Agents.Get(oddContext{context.Background()}, "a1")
		require.ErrorContains(t, err, "odd")
	}
}

// TestContextThatHasEnded sends nothing, whoever carries the requests.
func TestContextThatHasEnded(t *testing.T) {
	cause := errors.New("the shop is closed")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return respond(200, agentJSON), nil
	}), agento.WithPacing(false))
	_, create := client.Agents.Create(cancelled, agento.CreateAgentParams{Name: "Bot"})
	_, ask := client.Chat.Ask(cancelled, "a1", agento.SendMessageParams{Message: "Hello"})
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
