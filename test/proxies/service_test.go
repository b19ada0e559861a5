package proxies

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// service is a fake service that can be stopped and restarted without losing its state.
type service struct {
	*agentotest.Service
	network, address string
	agent            string   // ID of a running agent
	written          []string // to its log
	server           *http.Server
	served           chan struct{}
}

// startService starts a service on a Unix socket, so that no port has to be free.
func startService(t *testing.T, opts ...agentotest.Option) *service {
	t.Helper()
	return serve(t, "unix", filepath.Join(tempDir(t), "service"), opts)
}

// startServiceTCP starts a service on a port.
func startServiceTCP(t *testing.T, opts ...agentotest.Option) *service {
	t.Helper()
	return serve(t, "tcp", "127.0.0.1:0", opts)
}

func serve(t *testing.T, network, address string, opts []agentotest.Option) *service {
	t.Helper()
	opts = append([]agentotest.Option{agentotest.WithRateLimit(0, 0)}, opts...)
	s := &service{Service: agentotest.New(opts...), network: network, address: address}
	s.agent = s.AddAgent(agentotest.AgentSeed{Name: "Support"})
	s.start(t)
	t.Cleanup(func() {
		s.Close()
		s.stop()
	})
	return s
}

func (s *service) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen(s.network, s.address)
	require.NoError(t, err)
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: s.Service, ErrorLog: log.New(io.Discard, "", 0)}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener)
	}()
}

// stop closes all connections and refuses new ones.
func (s *service) stop() {
	_ = s.server.Close()
	<-s.served
}

// upstream returns the address of the service for nginx.
func (s *service) upstream() string { return "http://unix:" + s.address }

// named returns the number of agents with a name.
func (s *service) named(name string) (n int) {
	for _, a := range s.Agents() {
		if a.Name == name {
			n++
		}
	}
	return n
}

// deliveries returns how often the agent received a message.
func (s *service) deliveries(text string) (n int) {
	for _, m := range s.Messages(s.agent) {
		if m.Role == "user" && m.Content == text {
			n++
		}
	}
	return n
}

// requireTrue compares the reported outcome of a write with the number of times that the
// service applied it.
func requireTrue(t *testing.T, err error, times int) {
	t.Helper()
	switch {
	case err == nil:
		require.Equal(t, 1, times, "reported as success")
	case errors.Is(err, agento.ErrOutcomeUnknown):
		require.LessOrEqual(t, times, 1, "written twice")
	default:
		require.Zero(t, times, "reported as not written: %v", err)
	}
}

// tempDir is like t.TempDir, with a path that is short enough for a socket.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "proxy")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// gate delays the events of chat answers until a test lets them pass.
type gate struct {
	pass   chan struct{}
	passed atomic.Int64
}

func newGate() *gate { return &gate{pass: make(chan struct{}, 100)} }

func (g *gate) one()  { g.pass <- struct{}{} }
func (g *gate) open() { close(g.pass) }

// around is a middleware for the service.
func (g *gate) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&gated{w, r, g}, r)
	})
}

type gated struct {
	http.ResponseWriter
	r *http.Request
	g *gate
}

func (w *gated) Write(p []byte) (int, error) {
	if w.Header().Get("Content-Type") == "text/event-stream" && w.r.Method == http.MethodPost {
		select {
		case <-w.g.pass:
		case <-w.r.Context().Done():
			return 0, w.r.Context().Err()
		}
		defer w.g.passed.Add(1)
	}
	return w.ResponseWriter.Write(p)
}

func (w *gated) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// withHeaders adds headers to every response of the service.
func withHeaders(pairs ...string) agentotest.Option {
	return agentotest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				w.Header().Set(pairs[i], pairs[i+1])
			}
			next.ServeHTTP(w, r)
		})
	})
}
