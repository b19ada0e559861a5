package transport

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stuckBody never returns data. Reading it ends with the request's context or Close.
type stuckBody struct {
	ctx    context.Context
	once   sync.Once
	closed chan struct{}
}

func (b *stuckBody) Read([]byte) (int, error) {
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-b.closed:
		return 0, http.ErrBodyReadAfterClose
	}
}

func (b *stuckBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// TestFirstLimitEndsAttempt checks that the earlier of the caller's deadline and the
// SDK's limits ends an attempt in every phase.
func TestFirstLimitEndsAttempt(t *testing.T) {
	const headers, failure, success = 0, http.StatusBadRequest, http.StatusOK // the phase that does not end
	for name, c := range map[string]struct {
		stuckIn  int
		deadline time.Duration // 0: none
		took     time.Duration
		err      error // nil: the response's status is reported
	}{
		"headers":                                 {headers, 0, time.Minute, &TimeoutError{time.Minute}},
		"headers, a late deadline":                {headers, time.Hour, time.Minute, &TimeoutError{time.Minute}},
		"headers, an early deadline":              {headers, 3 * time.Second, 3 * time.Second, context.DeadlineExceeded},
		"body, no deadline":                       {success, 0, time.Minute, &TimeoutError{time.Minute}},
		"body, a late deadline":                   {success, time.Hour, time.Minute, &TimeoutError{time.Minute}},
		"body, an early deadline":                 {success, 3 * time.Second, 3 * time.Second, context.DeadlineExceeded},
		"body of an error, no deadline":           {failure, 0, errorBodyFor, nil},
		"body of an error, a late deadline":       {failure, time.Hour, errorBodyFor, nil},
		"body of an error, deadline in the limit": {failure, 20 * time.Second, errorBodyFor, nil},
		"body of an error, an early deadline":     {failure, 3 * time.Second, 3 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.deadline > 0 {
					within, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = within
				}
				rt := roundTrip(func(r *http.Request) (*http.Response, error) {
					if c.stuckIn == headers {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					return &http.Response{StatusCode: c.stuckIn, Body: &stuckBody{ctx: r.Context(), closed: make(chan struct{})}, ContentLength: -1}, nil
				})
				u := &url.URL{Scheme: "http", Host: "localhost"}
				tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Key: key})
				begun := time.Now()
				out := tr.Do(ctx, &Call{Method: "GET", URL: u, HeaderTimeout: time.Minute, RetryAfterLimit: time.Minute})
				require.Equal(t, c.took, time.Since(begun))
				require.Equal(t, c.err, out.Err)
				require.Equal(t, c.stuckIn, out.StatusCode)
			})
		})
	}
}

// lateBody returns its data after a time, unless the request's context ends.
type lateBody struct {
	ctx   context.Context
	after time.Duration
}

func (b lateBody) Read(p []byte) (int, error) {
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-time.After(b.after):
		return copy(p, "{}"), io.EOF
	}
}

func (b lateBody) Close() error { return nil }

// TestBodyHasOwnLimit checks that the time until the headers does not count for the body.
func TestBodyHasOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(50 * time.Second)
			return &http.Response{StatusCode: 200, Body: lateBody{r.Context(), 50 * time.Second}, ContentLength: -1}, nil
		})
		u := &url.URL{Scheme: "http", Host: "localhost"}
		tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Key: key})
		out := tr.Do(t.Context(), &Call{Method: "GET", URL: u, HeaderTimeout: time.Minute})
		require.NoError(t, out.Err)
		require.Equal(t, "{}", string(out.Body))
	})
}

// TestClosingStreamEndsAttempt checks that an open stream leaves nothing in the caller's
// context after Close, which may live as long as the process.
func TestClosingStreamEndsAttempt(t *testing.T) {
	var attempt context.Context
	rt := roundTrip(func(r *http.Request) (*http.Response, error) {
		attempt = r.Context()
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})
	u := &url.URL{Scheme: "http", Host: "localhost"}
	tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Key: key})
	out := tr.Do(t.Context(), &Call{Method: "GET", URL: u, HeaderTimeout: time.Minute, Stream: true})
	require.NoError(t, out.Err)
	require.NoError(t, attempt.Err())
	require.NoError(t, out.Stream.Close())
	require.ErrorIs(t, attempt.Err(), context.Canceled)
	require.NoError(t, t.Context().Err())
}

// TestClosedStreamIgnoresContext checks that the end of the caller's context does not close
// a body again.
func TestClosedStreamIgnoresContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &closes{}
		rt := roundTrip(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200, Body: body}, nil })
		u := &url.URL{Scheme: "http", Host: "localhost"}
		tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Key: key})
		ctx, cancel := context.WithCancel(t.Context())
		out := tr.Do(ctx, &Call{Method: "GET", URL: u, HeaderTimeout: time.Minute, Stream: true})
		require.NoError(t, out.Stream.Close())
		cancel()
		synctest.Wait()
		require.Equal(t, 1, body.n)
	})
}

// TestUnexpectedEncoding checks the error for a content encoding that was not requested.
func TestUnexpectedEncoding(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "localhost"}
	for _, encoding := range []string{"br", "zstd", "deflate", "gzip"} {
		for _, stream := range []bool{false, true} {
			sent := 0
			rt := roundTrip(func(*http.Request) (*http.Response, error) {
				sent++
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {encoding}}, Body: http.NoBody}, nil
			})
			tr := New(Config{HTTPClient: &http.Client{Transport: rt}, Origin: u, Key: key})
			out := tr.Do(t.Context(), &Call{Method: "GET", URL: u, HeaderTimeout: time.Minute, Stream: stream, MaxRetries: 3})
			require.ErrorContains(t, out.Err, `"`+encoding+`"`)
			require.Equal(t, 1, sent)
			require.Nil(t, out.Stream.Reader)
		}
	}
}
