package browser

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder is a proxy between browser and program that records what the browser receives. Its
// address does not change when the program is restarted.
type recorder struct {
	url     string
	program atomic.Pointer[url.URL]

	mu  sync.Mutex
	got bytes.Buffer
}

func startRecorder(t *testing.T) *recorder {
	r := &recorder{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(r.program.Load())
			p.Out.Host = p.In.Host // needed for the program's Origin check
		},
		Transport: &http.Transport{DisableKeepAlives: true}, // the program may have been restarted
		ModifyResponse: func(response *http.Response) error {
			if err := response.Header.Write(r); err != nil {
				return err
			}
			response.Body = teeBody{io.TeeReader(response.Body, r), response.Body}
			return nil
		},
		// If the program is not running, the connection is aborted.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(r, "recorder: ", 0),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		// A response that begins before ReverseProxy has read the end of the body would be
		// truncated: its own server then closes the body.
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the browser disconnected
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

type teeBody struct {
	io.Reader
	io.Closer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.Write(p)
}

// everything returns all headers and bodies that the browser received.
func (r *recorder) everything() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.String()
}

// to forwards new requests to a program.
func (r *recorder) to(t *testing.T, p *program) {
	t.Helper()
	target, err := url.Parse(p.url)
	require.NoError(t, err)
	r.program.Store(target)
}
