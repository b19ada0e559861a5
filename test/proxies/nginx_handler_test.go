package proxies

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
)

// handlerSite has nginx's defaults that delay streams: it buffers responses, and closes the
// connection to a backend that is silent for a second.
func handlerSite(httpVersion string) site {
	return site{http: "gzip on;", location: `
		proxy_http_version ` + httpVersion + `;
		proxy_buffering on;
		proxy_buffers 8 64k;
		proxy_read_timeout 1s;`}
}

// startBrowser returns an HTTP client that reaches a backend through nginx.
func startBrowser(t *testing.T, backend, httpVersion string) *http.Client {
	t.Helper()
	return startNginx(t, "http://"+backend, handlerSite(httpVersion)).httpClient(t)
}

// httpVersions are the versions that nginx can use to a backend.
var httpVersions = []string{"1.0", "1.1"}

// talk is the service's answer to a message: send sends an event.
type talk func(ctx context.Context, send func(event string))

// startBackend starts a chat handler in front of a service with the given answer, wrapped in
// layer, and returns its address.
func startBackend(t *testing.T, heartbeat time.Duration, answer talk, layer func(http.Handler) http.Handler) string {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "/sessions") {
			_, _ = io.WriteString(w, `{"data":{"id":"s1"}}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		answer(r.Context(), func(event string) {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
			_ = http.NewResponseController(w).Flush()
		})
	}))
	t.Cleanup(service.Close)
	client, err := agento.New(key, agento.WithBaseURL(service.URL))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	handler, err := chathttp.NewHandler(client, chathttp.Config{
		Visitor: func(*http.Request) (string, error) { return "pia", nil },
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: "a1"}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("k1", []byte(strings.Repeat("s", 32)))},
		Heartbeat: heartbeat,
	})
	require.NoError(t, err)
	backend := httptest.NewServer(layer(handler))
	t.Cleanup(backend.Close)
	return backend.Listener.Addr().String()
}

func bare(h http.Handler) http.Handler { return h }

// browse sends a message and returns a reader of the blocks of the answer, without the first
// one, which is the session.
func browse(ctx context.Context, t *testing.T, client *http.Client) (next func() string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://shop.example/chat", strings.NewReader(`{"message":"Hi"}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", "http://shop.example")
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Empty(t, response.Header.Get("Content-Encoding"))
	lines := bufio.NewReader(response.Body)
	next = func() string {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		_, err = lines.Discard(1)
		require.NoError(t, err)
		return strings.TrimSuffix(line, "\n")
	}
	require.Contains(t, next(), `"session"`)
	return next
}

func text(i int) string { return fmt.Sprintf(`{"type":"text","content":"%d"}`, i) }

const done = `{"type":"done"}`

// TestEventsArriveOneByOne sends the next event only after the browser has received the last,
// so a delayed event stops the answer.
func TestEventsArriveOneByOne(t *testing.T) {
	for _, version := range httpVersions {
		t.Run("HTTP/"+version, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), giveUp)
			defer cancel()
			seen := make(chan bool)
			backend := startBackend(t, time.Minute, func(ctx context.Context, send func(string)) {
				for i := range 20 {
					send(text(i))
					select {
					case <-seen:
					case <-ctx.Done():
						return
					}
				}
				send(done)
			}, bare)
			next := browse(ctx, t, startBrowser(t, backend, version))
			for i := range 20 {
				require.Equal(t, "data: "+text(i), next())
				seen <- true
			}
			require.Equal(t, "data: "+done, next())
		})
	}
}

// withoutHeader removes the header that disables nginx's buffering.
type withoutHeader struct{ http.ResponseWriter }

func (w withoutHeader) WriteHeader(status int) {
	w.Header().Del("X-Accel-Buffering")
	w.ResponseWriter.WriteHeader(status)
}

func (w withoutHeader) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestNginxBuffersWithoutHeader checks that events are delayed until the end without the
// header, which validates the test above. This is for HTTP/1.0, nginx's default. Over HTTP/1.1
// nginx forwards each chunk.
func TestNginxBuffersWithoutHeader(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), giveUp)
	defer cancel()
	seen, held := make(chan bool), make(chan bool, 1)
	backend := startBackend(t, 200*time.Millisecond, func(_ context.Context, send func(string)) {
		send(text(0))
		select {
		case <-seen:
			held <- false
		case <-time.After(1500 * time.Millisecond):
			held <- true
		}
		send(done)
	}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(withoutHeader{w}, r) })
	})
	next := browse(ctx, t, startBrowser(t, backend, "1.0"))
	require.Equal(t, "data: "+text(0), next())
	select {
	case seen <- true:
	case early := <-held:
		held <- early
	}
	require.True(t, <-held)
}

// TestHeartbeatsKeepConnection uses an nginx that closes a connection after a second of
// silence, and an agent that is silent for 15 heartbeats.
func TestHeartbeatsKeepConnection(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), giveUp)
	defer cancel()
	enough := make(chan bool)
	backend := startBackend(t, 100*time.Millisecond, func(ctx context.Context, send func(string)) {
		send(text(0))
		select {
		case <-enough:
		case <-ctx.Done():
			return
		}
		send(done)
	}, bare)
	next := browse(ctx, t, startBrowser(t, backend, "1.1"))
	require.Equal(t, "data: "+text(0), next())
	for range 15 {
		require.Equal(t, ":", next())
	}
	enough <- true
	block := next()
	for block == ":" {
		block = next()
	}
	require.Equal(t, "data: "+done, block)
}

// TestBrowserLeaves checks that the disconnect reaches the service.
func TestBrowserLeaves(t *testing.T) {
	for _, version := range httpVersions {
		t.Run("HTTP/"+version, func(t *testing.T) {
			ctx, leave := context.WithTimeout(t.Context(), giveUp)
			defer leave()
			ended := make(chan bool, 1)
			backend := startBackend(t, 100*time.Millisecond, func(ctx context.Context, send func(string)) {
				send(text(0))
				<-ctx.Done()
				ended <- true
			}, bare)
			next := browse(ctx, t, startBrowser(t, backend, version))
			require.Equal(t, "data: "+text(0), next())
			leave()
			select {
			case <-ended:
			case <-time.After(giveUp):
				t.Fatal("the service did not detect the disconnect")
			}
		})
	}
}
