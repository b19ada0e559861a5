package agentotest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

// Service is an http.Handler that implements the fake service. Use [NewServer] unless
// you need your own server. All methods are safe for concurrent use.
//
// The embedded Account is the first account. Methods of Service that take the ID of an
// agent or a swarm find it in any account.
type Service struct {
	*Account
	config  config
	handler http.Handler
	base    context.Context // canceled by Close
	end     context.CancelFunc
	active  sync.WaitGroup // requests being handled
	served  atomic.Int64   // number of requests, for request IDs

	mu         sync.Mutex // guards the fields below and the state of all accounts
	closed     bool
	serial     int // of the last ID
	accounts   []*Account
	keys       map[string]*apiKey
	skills     []*skill
	requests   []*Request
	faults     []scriptedFault
	injected   func(Request) (Fault, bool)
	logStreams map[*logStream]bool
}

// New returns a service that is not listening.
func New(opts ...Option) *Service {
	s := &Service{config: newConfig(opts), keys: map[string]*apiKey{}, logStreams: map[*logStream]bool{}}
	s.base, s.end = context.WithCancel(context.Background())
	s.Account = s.AddAccount("Test Account")
	for key, scopes := range s.config.keys {
		s.keys[key] = &apiKey{account: s.Account, scopes: scopes}
	}
	s.addMarketplace()
	s.handler = exchange.Handler(http.HandlerFunc(s.serve), !s.config.limited())
	for _, middleware := range slices.Backward(s.config.middleware) {
		s.handler = middleware(s.handler)
	}
	return s
}

// Close drops the connections of all open requests, including streams, and waits for
// their handlers to return. Later requests are dropped too.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.active.Wait()
}

// ServeHTTP handles one request. It panics with [http.ErrAbortHandler] to drop the
// connection.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.active.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()
	defer unblockOn(ctx, w)()
	if r.Body == nil { // the request did not pass through a server
		r.Body = http.NoBody
	}
	// Read the body first: net/http does not notice that a client has disconnected
	// until the body has been read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	entry := s.record(r, body)
	r = r.WithContext(context.WithValue(ctx, arrivalKey{}, &arrival{entry, cancel}))
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.handler.ServeHTTP(&statusWriter{ResponseWriter: w, service: s, entry: entry}, r)
}

func (s *Service) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.active.Add(1)
	}
	return !s.closed
}

// serve checks the request, then performs its operation and the fault scripted for it.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	c := newCall(s, w, r)
	w.Header().Set("X-Request-Id", fmt.Sprintf("req_%06d", s.served.Add(1)))
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	if r.URL.Path == "/openapi.json" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		c.send(response{status: http.StatusOK, body: openAPI})
		return
	}
	endpoint, values, err := findEndpoint(r.Method, r.URL.EscapedPath())
	c.values = values
	if rejected := s.admit(c, endpoint); rejected != nil {
		err = rejected
	}
	if err != nil {
		c.send(errorResponse(err))
		return
	}
	c.respond(endpoint.handle, s.nextFault(c.entry))
}

// admit checks the key, the scope and the rate limit, in this order, and records the
// operation and the account of the request. endpoint is nil if the path is unknown.
func (s *Service) admit(c *call, endpoint *endpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if endpoint != nil {
		c.entry.Operation = endpoint.route.Name
	}
	key, err := s.checkKey(c.r.Header.Get("X-Api-Key"))
	if err != nil {
		return err
	}
	c.account = key.account
	c.entry.Account = key.account.name
	if endpoint != nil {
		if err := key.checkScope(endpoint.route); err != nil {
			return err
		}
	}
	return s.limit(c.w.Header(), key)
}

func (s *Service) now() time.Time { return time.Now().Add(s.config.offset) }

// unblockOn makes reads and writes of a request fail once ctx ends, so that a client
// that does not read or write cannot block the handler. The returned function must be
// called before the handler returns.
func unblockOn(ctx context.Context, w http.ResponseWriter) (stop func()) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		past := time.Unix(1, 0)
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(past) // fails for a writer without deadlines, whose writes do not block
		_ = control.SetReadDeadline(past)
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// wait waits for d. It returns false if ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
