package agentotest

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/memnet"
)

// Server is a [Service] that listens on loopback.
type Server struct {
	*Service
	URL  string // base URL, without a trailing slash
	http *httptest.Server
}

// NewServer starts a server. The caller must call Close. NewServer panics if it cannot
// listen on any port.
func NewServer(opts ...Option) *Server {
	service := New(opts...)
	memory := memnet.Listen()
	s := &Server{Service: service, http: &httptest.Server{Listener: memory, Config: &http.Server{Handler: service}}}
	if !service.config.inMemory {
		s.http = httptest.NewUnstartedServer(service)
	}
	if service.config.tls {
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL
	transport := s.http.Client().Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost = 100
	if service.config.inMemory {
		transport.DialContext = memory.Dial
	}
	return s
}

// Close drops all connections, including those of open streams, and waits until the
// server has shut down.
func (s *Server) Close() {
	s.Service.Close()
	s.http.CloseClientConnections()
	s.http.Close()
}

// HTTPClient returns an HTTP client for the server. With [WithTLS] it trusts the
// server's certificate. Close closes its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// Client returns an SDK client for the server, with the key of the first account. The
// options override the client's base URL and HTTP client. Client panics if an option is
// invalid.
func (s *Server) Client(opts ...agento.Option) *agento.Client { return s.ClientFor(s.Key(), opts...) }

// ClientFor is like [Server.Client] but uses the given key.
func (s *Server) ClientFor(key string, opts ...agento.Option) *agento.Client {
	own := []agento.Option{agento.WithBaseURL(s.URL), agento.WithHTTPClient(s.HTTPClient())}
	client, err := agento.New(key, append(own, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("agentotest: create client: %v", err))
	}
	return client
}
