package transport

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRequest checks the headers and the body that a middleware sees for each kind of
// request, with and without the caller's own headers. Each attempt has its own.
func TestRequest(t *testing.T) {
	for name, c := range map[string]struct {
		call Call
		want http.Header
	}{
		"read":           {Call{Method: "GET"}, http.Header{"Accept": {"application/json"}}},
		"write":          {Call{Method: "PUT", Body: []byte("{}")}, http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}},
		"write, no body": {Call{Method: "DELETE"}, http.Header{"Accept": {"application/json"}}},
		"stream": {Call{Method: "GET", Stream: true, Header: http.Header{"Accept": {"text/plain"}}},
			http.Header{"Accept": {"text/event-stream"}, "Cache-Control": {"no-cache"}}},
		"stream of a POST": {Call{Method: "POST", Body: []byte("{}"), Stream: true}, http.Header{"Accept": {"text/event-stream"}, "Content-Type": {"application/json"}}},
		"caller's": {Call{Method: "PUT", Body: []byte("{}"), Header: http.Header{"Accept": {"a/b"}, "Content-Type": {"c/d"}, "User-Agent": {"e"}, "X": {"f"}}},
			http.Header{"Accept": {"a/b"}, "Content-Type": {"c/d"}, "User-Agent": {"e"}, "X": {"f"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want["User-Agent"] == nil {
				c.want["User-Agent"] = []string{"sdk/1"}
			}
			given := c.call.Header.Clone()
			seen := 0
			tr := New(Config{
				HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: 429, Body: http.NoBody, Request: r}, nil
				})},
				UserAgent: "sdk/1", Origin: &url.URL{Scheme: "https", Host: "h"},
				Key: key,
				Middleware: []func(http.RoundTripper) http.RoundTripper{func(next http.RoundTripper) http.RoundTripper {
					return roundTrip(func(r *http.Request) (*http.Response, error) {
						seen++
						require.Equal(t, c.want, r.Header)
						r.Header["X-Mine"] = []string{"only of this attempt"}
						var body []byte
						if r.Body != nil {
							body, _ = io.ReadAll(r.Body)
						}
						require.Equal(t, string(c.call.Body), string(body))
						require.EqualValues(t, len(body), r.ContentLength)
						r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0
						return next.RoundTrip(r)
					})
				}},
			})
			call := c.call
			call.URL, call.MaxRetries, call.HeaderTimeout = &url.URL{Scheme: "https", Host: "h", Path: "/v1/x"}, 1, time.Minute
			synctest.Test(t, func(t *testing.T) { // it waits between the attempts
				ctx, cancel := context.WithTimeout(t.Context(), call.HeaderTimeout) // no copy of the request is needed
				defer cancel()
				tr.Do(ctx, &call)
			})
			require.Equal(t, 2, seen)
			require.Equal(t, given, call.Header, "the caller's header is unchanged")
		})
	}
}
