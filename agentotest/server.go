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
	URL  string // the base URL, without a slash at the end
	http *httptest.Server
}

// NewServer starts a server, which the caller must Close. It panics if it cannot
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

// Close drops the connections of all requests that are still open, streams among them,
// and returns when nothing of the server is left.
func (s *Server) Close() {
	s.Service.Close()
	s.http.CloseClientConnections()
	s.http.Close()
}

// HTTPClient returns a client that reaches the server and, under [WithTLS], trusts its
// certificate. Close closes its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// Client returns a client of the SDK that uses the server with the key of its first
// account. Options that are given override its own. It panics if they are invalid.
func (s *Server) Client(opts ...agento.Option) *agento.Client { return s.ClientFor(s.Key(), opts...) }

// ClientFor is like [Server.Client] with another key, such as that of another
// account.
func (s *Server) ClientFor(key string, opts ...agento.Option) *agento.Client {
	own := []agento.Option{agento.WithBaseURL(s.URL), agento.WithHTTPClient(s.HTTPClient())}
	client, err := agento.New(key, append(own, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("agentotest: create client: %v", err))
	}
	return client
}
