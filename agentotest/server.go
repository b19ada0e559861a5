package agentotest

import (
	"net/http"
	"net/http/httptest"

	"github.com/remsyshq/agento-go/internal/test/memnet"
)

// Server is a [Service] that listens on loopback.
type Server struct {
	*Service
	URL  string // the base URL, without a slash at the end
	http *httptest.Server
}

// NewServer starts a server, which the caller must Close. It panics if it
// cannot listen on any port.
func NewServer(opts ...Option) *Server {
	service := New(opts...)
	s := &Server{Service: service}
	var memory *memnet.Listener
	if service.config.inMemory {
		memory = memnet.Listen()
		s.http = &httptest.Server{Listener: memory, Config: &http.Server{Handler: service}}
	} else {
		s.http = httptest.NewUnstartedServer(service)
	}
	if service.config.tls {
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL
	if transport, ok := s.http.Client().Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost = 100
		if memory != nil {
			transport.DialContext = memory.Dial
		}
	}
	return s
}

// Close drops the connections of all requests that are still open, streams
// among them, and returns when nothing of the server is left.
func (s *Server) Close() {
	s.Service.Close()
	s.http.CloseClientConnections()
	s.http.Close()
}

// HTTPClient returns a client that reaches the server and, under [WithTLS],
// trusts its certificate. Close closes its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }
