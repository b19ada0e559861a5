// Package http2test helps tests that use HTTP/2.
package http2test

import (
	"go/build"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// SkipInBubble skips a test of HTTP/2 in virtual time before Go 1.26, whose net/http shares
// channels between the HTTP/2 servers of different bubbles. Tests over loopback cover
// HTTP/2 in that case.
func SkipInBubble(t *testing.T) {
	t.Helper()
	if !slices.Contains(build.Default.ReleaseTags, "go1.26") {
		t.Skip("HTTP/2 in virtual time needs Go 1.26")
	}
}

// Serve serves a handler over HTTP/2 on loopback until the test ends. It fails the test if
// a request uses another protocol version.
func Serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s %s over %s", r.Method, r.URL, r.Proto)
		}
		handler(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
