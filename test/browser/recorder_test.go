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

// recorder stands between browser and program, and keeps all that the browser
// gets. Its address stays when the program is started anew.
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
			p.Out.Host = p.In.Host // by which the program checks the Origin
		},
		Transport: &http.Transport{DisableKeepAlives: true}, // to a program that may be another one by now
		ModifyResponse: func(response *http.Response) error {
			if err := response.Header.Write(r); err != nil {
				return err
			}
			response.Body = teeBody{io.TeeReader(response.Body, r), response.Body}
			return nil
		},
		// A program that is not there is a connection that breaks.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(r, "recorder: ", 0),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		// An answer that begins while ReverseProxy still looks for the end of the
		// body would be cut: its own server closes the body then.
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the browser has gone
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

// everything is all headers and bodies that the browser got.
func (r *recorder) everything() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.String()
}

// to sends what comes from now on to a program.
func (r *recorder) to(t *testing.T, p *program) {
	t.Helper()
	target, err := url.Parse(p.url)
	require.NoError(t, err)
	r.program.Store(target)
}
