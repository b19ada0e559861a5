package exchange

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recording records to a new directory and returns it.
func recording(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	before := current.Load()
	require.NoError(t, RecordTo(dir, "example.com/pkg"))
	t.Cleanup(func() {
		require.NoError(t, current.Load().file.Close())
		current.Store(before)
	})
	return dir
}

func readAll(t *testing.T, dir string) []Exchange {
	t.Helper()
	var all []Exchange
	require.NoError(t, Read(dir, func(e *Exchange) { all = append(all, *e) }))
	return all
}

func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Api-Key", "ak_live_0123456789abcdef0123456789abcdef")
	return r
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestWithoutRecording(t *testing.T) {
	require.Nil(t, current.Load(), "not recording")
	transport := &http.Transport{}
	require.Same(t, transport, Transport(transport, "t"))
	mux := http.NewServeMux()
	require.Same(t, mux, Handler(mux, false))
	Scripted(t.Context())
}

func TestTransport(t *testing.T) {
	dir := recording(t)
	var sent string
	idle := &idleCloser{RoundTripper: roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			sent = string(body)
		}
		return nil, errors.New("no response")
	})}
	recorded := Transport(idle, "TestX/row")
	req := request("POST", "http://localhost/v1/a%2Fb?x=1", `{"name":"a"}`)
	_, err := recorded.RoundTrip(req)
	require.EqualError(t, err, "no response")
	require.Equal(t, `{"name":"a"}`, sent)
	require.Equal(t, "ak_live_0123456789abcdef0123456789abcdef", req.Header.Get("X-Api-Key"), "the request is not changed")
	none, err := http.NewRequest("GET", "http://localhost/v1/a", nil)
	require.NoError(t, err)
	_, err = recorded.RoundTrip(none)
	require.Error(t, err)
	(&http.Client{Transport: recorded}).CloseIdleConnections()
	require.True(t, idle.closed)

	all := readAll(t, dir)
	require.Len(t, all, 2)
	require.Equal(t, Exchange{
		Package: "example.com/pkg", Test: "TestX/row", Method: "POST", Target: "/v1/a%2Fb?x=1",
		Header: http.Header{"X-Api-Key": {keyMask}}, Body: []byte(`{"name":"a"}`),
	}, all[0])
	require.Empty(t, all[1].Body)
	requireNoKey(t, dir)
}

type idleCloser struct {
	http.RoundTripper
	closed bool
}

func (c *idleCloser) CloseIdleConnections() { c.closed = true }

func requireNoKey(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NotContains(t, string(text), "0123456789abcdef")
}

func TestHandler(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		want    *Answer
	}{
		"answer": {func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			w.Header().Set("X-Request-Id", "req_1")
			w.WriteHeader(http.StatusCreated)
			w.Header().Set("Too", "late")
			_, _ = w.Write(body)
			_, _ = w.Write([]byte("!"))
		}, &Answer{Status: 201, Header: http.Header{"X-Request-Id": {"req_1"}}, Body: []byte("in!"), Whole: true}},
		"implicit status": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
		}, &Answer{Status: 200, Header: http.Header{}, Body: []byte("x"), Whole: true}},
		"informational": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		}, &Answer{Status: 204, Header: http.Header{}, Whole: true}},
		"aborted": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("x"))
			panic(http.ErrAbortHandler)
		}, &Answer{Status: 200, Header: http.Header{}, Body: []byte("x")}},
		"aborted before the status": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil},
		"scripted": {func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			Scripted(ctx)
			w.WriteHeader(http.StatusTeapot)
		}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := recording(t)
			func() {
				defer func() {
					if problem := recover(); problem != nil {
						require.Equal(t, http.ErrAbortHandler, problem)
					}
				}()
				Handler(tt.handler, true).ServeHTTP(httptest.NewRecorder(), request("POST", "/v1/a?x=1", "in"))
			}()
			all := readAll(t, dir)
			require.Len(t, all, 1)
			require.Equal(t, []any{"TestHandler", "POST", "/v1/a?x=1", "in", true, "example.com/pkg"},
				[]any{all[0].Test, all[0].Method, all[0].Target, string(all[0].Body), all[0].Unlimited, all[0].Package})
			require.Equal(t, tt.want, all[0].Answer)
			requireNoKey(t, dir)
		})
	}
}

// TestHandlerBodyError checks that the handler gets the error of a body that cannot be read.
func TestHandlerBodyError(t *testing.T) {
	recording(t)
	broken := errors.New("connection reset")
	var got error
	h := Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, got = io.ReadAll(r.Body) }), false)
	req := request("POST", "/", "")
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader("abc"), errorReader{broken}))
	h.ServeHTTP(httptest.NewRecorder(), req)
	require.ErrorIs(t, got, broken)
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestNestedTapsScripted(t *testing.T) {
	var seen []*Exchange
	see := func(e *Exchange) { seen = append(seen, e) }
	h := Tap(Tap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Scripted(r.Context())
		w.WriteHeader(http.StatusTeapot)
	}), see), see)
	h.ServeHTTP(httptest.NewRecorder(), request("GET", "/", ""))
	require.Len(t, seen, 2)
	for _, e := range seen {
		require.Nil(t, e.Answer)
	}
}

func TestReadInvalidRecord(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "exchanges-1.jsonl"), []byte("{\"Method\":\"GET\"}\nnonsense\n"), 0o600))
	n := 0
	require.ErrorContains(t, Read(dir, func(*Exchange) { n++ }), "exchanges-1.jsonl")
	require.Equal(t, 1, n)
	require.Error(t, RecordTo(filepath.Join(dir, "nowhere"), "p"))
}

func TestCallingTest(t *testing.T) {
	for symbol, want := range map[string]string{
		"github.com/remsyshq/agento-go_test.TestX.func1.2": "TestX",
		"github.com/remsyshq/agento-go.ExampleNew":         "ExampleNew",
	} {
		require.Equal(t, want, testFunction.FindStringSubmatch(symbol)[1])
	}
	require.Equal(t, "TestCallingTest", callingTest())
}
