package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// closing is a body that notes when it is closed.
type closing struct{ at time.Time }

func (c *closing) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closing) Close() error             { c.at = time.Now(); return nil }

// through makes a transport of a caller's own round trip.
func through(rt roundTrip) *Transport {
	return New(Config{
		HTTPClient: &http.Client{Transport: rt}, Origin: &url.URL{Scheme: "https", Host: "h"},
		Key: func(context.Context) (string, error) { return key, nil },
	})
}

func callTo(method string, retries int) *Call {
	return &Call{
		Method: method, URL: &url.URL{Scheme: "https", Host: "h", Path: "/v1/x"}, Header: http.Header{},
		MaxRetries: retries, HeaderTimeout: time.Minute,
	}
}

// requestIn is the request of an attempt of a call.
func requestIn(ctx context.Context) *http.Request {
	req := newRequest(&state{Context: ctx, call: callTo("GET", 0), begun: time.Now()})
	return &req
}

// TestHeed: a transport that ignores the context is given up when the context
// ends, and what it returns later is closed.
func TestHeed(t *testing.T) {
	for name, c := range map[string]struct {
		deadline, timeout time.Duration // the caller's, of the call and of an attempt
		stream            bool
		took              time.Duration
	}{
		"a deadline":                   {3 * time.Second, 0, false, 3*time.Second + graceful},
		"a limit of the attempt":       {0, 4 * time.Second, false, 4*time.Second + graceful},
		"our limit, before a deadline": {2 * time.Hour, 0, false, time.Minute + graceful},
		"a stream":                     {3 * time.Second, 0, true, 3*time.Second + graceful},
		"no bound of the caller's":     {0, 0, false, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := new(closing)
				begun := time.Now()
				tr := through(func(*http.Request) (*http.Response, error) {
					time.Sleep(time.Hour)
					return &http.Response{StatusCode: 200, Body: body}, nil
				})
				ctx := context.Background()
				if c.deadline > 0 {
					within, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = within
				}
				call := callTo("POST", 3)
				call.Stream, call.Timeout = c.stream, c.timeout
				out := tr.Do(ctx, call)
				require.Equal(t, c.took, time.Since(begun))
				require.Equal(t, 1, out.Attempts)
				require.Equal(t, c.took < time.Hour, out.Unknown)
				require.Equal(t, c.took < time.Hour, out.Err != nil)
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				require.Equal(t, time.Hour, body.at.Sub(begun))
			})
		})
	}
}

// TestHeedLeavesTheTransportsWord: one that returns when the context ends is
// heard, and its panic or exit is as it would be without a goroutine between.
func TestHeedLeavesTheTransportsWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := errors.New("cancelled while in the queue")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := (&heed{roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, own
		})}).RoundTrip(requestIn(ctx))
		require.Equal(t, own, err)
	})
	out := through(func(*http.Request) (*http.Response, error) { panic("boom") }).Do(t.Context(), callTo("GET", 0))
	require.ErrorContains(t, out.Err, "panicked: boom")

	went := make(chan bool, 1)
	go func() {
		defer func() { went <- recover() == nil }()
		through(func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil }).Do(t.Context(), callTo("GET", 0))
		panic("the goroutine of the caller went on")
	}()
	require.True(t, <-went)
}

// TestHeedWithoutState: a middleware may put a context of its own in the place of
// the call's.
func TestHeedWithoutState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &heed{roundTrip(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Hour)
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, own := range []context.Context{ctx, context.Background()} {
			req, err := http.NewRequestWithContext(own, "GET", "https://h/", nil)
			require.NoError(t, err)
			resp, err := deaf.RoundTrip(req)
			require.Equal(t, own.Err(), err)
			require.Equal(t, err == nil, resp != nil)
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestHeedCountsAsSent: a transport that has told that it has no connection yet,
// and is given up, may send all the same, so a POST is not repeated.
func TestHeedCountsAsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		tr := through(func(r *http.Request) (*http.Response, error) {
			trace := httptrace.ContextClientTrace(r.Context())
			trace.GetConn("h:443")
			time.Sleep(time.Hour)
			trace.GetConn("h:443")
			sent.Add(1)
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		out := tr.Do(t.Context(), callTo("POST", 3))
		require.True(t, out.Unknown)
		require.Equal(t, 1, out.Attempts)
		time.Sleep(2 * time.Hour)
		require.EqualValues(t, 1, sent.Load())
	})
}

// TestOnlyStrangersAreWatched: net/http's own transport heeds the context, and
// pays nothing.
func TestOnlyStrangersAreWatched(t *testing.T) {
	innermost := func(rt http.RoundTripper) http.RoundTripper {
		return chain(rt, Config{}).(*standing).next.(*attempts).next.(*pacing).next.(*limits).next.(*guard).next
	}
	require.IsType(t, &tame{}, innermost(&http.Transport{}))
	require.IsType(t, &heed{}, innermost(roundTrip(nil)))
}

func BenchmarkStrangersTransport(b *testing.B) {
	rt := &tame{next: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	req := requestIn(ctx)
	for name, under := range map[string]http.RoundTripper{"direct": rt, "heed": &heed{rt}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = under.RoundTrip(req)
			}
		})
	}
}
