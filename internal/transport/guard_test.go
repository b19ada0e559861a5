package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const key = "ak_live_0123456789abcdef0123456789abcdef"

func TestGuard(t *testing.T) {
	origin := &url.URL{Scheme: "https", Host: "api.agento.host"}
	for target, pass := range map[string]bool{
		"https://api.agento.host/v1/agents": true,
		"HTTPS://API.agento.host/":          true,
		"http://api.agento.host/":           false,
		"https://api.agento.host:8443/":     false,
		"https://api.agento.host.evil/":     false,
		"https://evil/":                     false,
		"https://":                          false,
	} {
		sent := ""
		g := &guard{origin: origin, key: func(context.Context) (string, error) { return key, nil }, exposed: true, strays: new(strays),
			next: roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = r.Header.Get("X-Api-Key")
				require.Equal(t, origin.Host, r.Host)
				return &http.Response{}, nil
			})}
		req, err := http.NewRequest("GET", target, nil)
		require.NoError(t, err)
		req.Host = "evil"
		_, err = g.RoundTrip(req)
		require.Empty(t, req.Header.Get("X-Api-Key"), "what a middleware holds has no key")
		if pass {
			require.NoError(t, err)
			require.Equal(t, key, sent)
		} else {
			require.ErrorIs(t, err, errs.ErrCrossOrigin)
			require.True(t, Final(err))
			require.Empty(t, sent)
		}
	}
}

func TestCheckKey(t *testing.T) {
	require.NoError(t, CheckKey(key))
	for _, bad := range []string{"", " ", "a b", "a\n", "a\x00", "a\x7f", "schlüssel"} {
		err := CheckKey(bad)
		require.Error(t, err)
		if bad != "" && bad != " " {
			require.NotContains(t, err.Error(), bad)
		}
	}
}

func TestScrub(t *testing.T) {
	out := Outcome{
		StatusCode: 500,
		Body:       []byte("<" + key + ">"),
		Err:        fmt.Errorf("sending %s: %w", key, errors.ErrUnsupported),
	}
	out.scrub([]string{key})
	require.NotContains(t, fmt.Sprintf("%s %v", out.Body, out.Err), key)
	require.Equal(t, "<[redacted]>", string(out.Body))

	plain := errors.New("plain")
	out = Outcome{StatusCode: 200, Body: []byte(key), Err: nil}
	out.scrub([]string{key})
	require.Equal(t, key, string(out.Body), "the data of a success is the caller's")
	out.Err = plain
	out.scrub([]string{key})
	require.Equal(t, plain, out.Err)

	var short hidden
	short.add("a")
	require.Empty(t, short.list(), "a key so short would garble everything")
}

// TestToldHeader: what is told of a header hides nothing that it must not, and
// the header itself stays, since a transport may give many answers the same.
func TestToldHeader(t *testing.T) {
	shared := http.Header{"X-Debug": {"a", key + key}, "X-Request-Id": {"req-" + key}, "Via": {"proxy"}}
	was := shared.Clone()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			out := Outcome{StatusCode: 200, Header: shared}
			out.scrub([]string{key})
			require.Equal(t, http.Header{
				"X-Debug": {"a", "[redacted]"}, "X-Request-Id": {"req-[redacted]"}, "Via": {"proxy"},
			}, out.ToldHeader())
			require.Equal(t, "req-[redacted]", out.RequestID())
		})
	}
	all.Wait()
	require.Equal(t, was, shared)

	out := Outcome{StatusCode: 200, Header: http.Header{"Via": {"proxy"}}}
	out.scrub([]string{key})
	require.Equal(t, out.Header, out.ToldHeader())
	require.Empty(t, out.RequestID())
}

func TestTame(t *testing.T) {
	for name, c := range map[string]struct {
		rt    roundTrip
		final bool
	}{
		"panic":   {func(*http.Request) (*http.Response, error) { panic("boom") }, true},
		"nothing": {func(*http.Request) (*http.Response, error) { return nil, nil }, true},
		"status": {func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: -1, Body: http.NoBody}, nil
		}, true},
		"bad error": {func(*http.Request) (*http.Response, error) { var none *nilError; return nil, none }, true},
		"both":      {func(*http.Request) (*http.Response, error) { return &http.Response{}, http.ErrHandlerTimeout }, false},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := (&tame{next: c.rt}).RoundTrip(nil)
			require.Nil(t, resp)
			require.Error(t, err)
			require.Equal(t, c.final, Final(err))
		})
	}
	resp, err := (&tame{next: roundTrip(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil })}).RoundTrip(nil)
	require.NoError(t, err)
	require.NotNil(t, resp.Body)
}

// nilError is an error whose text is not to be had of a nil pointer.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// TestTameBody: what a body does wrong is an error, not a panic and no endless loop.
func TestTameBody(t *testing.T) {
	for name, c := range map[string]struct {
		read  func(p []byte) (int, error)
		text  string
		final bool
	}{
		"panic":     {func([]byte) (int, error) { panic("boom") }, "panicked: boom", true},
		"too much":  {func(p []byte) (int, error) { return len(p) + 1, nil }, "bytes", true},
		"less":      {func([]byte) (int, error) { return -1, nil }, "bytes", true},
		"nothing":   {func([]byte) (int, error) { return 0, nil }, io.ErrNoProgress.Error(), false},
		"bad error": {func([]byte) (int, error) { var none *nilError; return 0, none }, "panicked", true},
	} {
		t.Run(name, func(t *testing.T) {
			body := &tameBody{body: oddBody{c.read}}
			n, err := io.CopyN(io.Discard, body, 1<<20)
			require.Zero(t, n)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.final, Final(err))
			require.ErrorContains(t, body.Close(), "panicked: in Close")
		})
	}
}

type oddBody struct{ read func([]byte) (int, error) }

func (b oddBody) Read(p []byte) (int, error) { return b.read(p) }
func (b oddBody) Close() error               { panic("in Close") }
