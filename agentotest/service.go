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

// Service is the fake service as an http.Handler. Use [NewServer] unless it has to run
// behind a server or a middleware of your own. All methods are safe for concurrent use.
//
// A Service has the methods of its first account, such as [Account.AddAgent]. Methods
// that take the ID of an agent or a swarm find it in any account.
type Service struct {
	*Account
	config  config
	handler http.Handler
	base    context.Context // ends when the service closes, and with it every request
	end     context.CancelFunc
	active  sync.WaitGroup // the requests being handled
	served  atomic.Int64   // requests, for their IDs

	mu         sync.Mutex // guards what follows and the state of all accounts
	closed     bool
	serial     int // of IDs
	accounts   []*Account
	keys       map[string]*apiKey
	skills     []*skill
	requests   []*Request
	faults     []scriptedFault
	injected   func(Request) (Fault, bool)
	logStreams map[*logStream]bool
}

// New returns a service that is not yet reachable.
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

// Close drops the connections of all streams and other open requests, and waits for
// their handlers. Later requests are dropped too.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.active.Wait()
}

// ServeHTTP handles one request. To drop a connection it panics with
// [http.ErrAbortHandler], as handlers do.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.active.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()
	defer unblockOn(ctx, w)()
	if r.Body == nil { // of a request that was made by hand
		r.Body = http.NoBody
	}
	// The body is read before the middleware runs: it is recorded, and net/http only
	// notices that a client has gone once the body is read.
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

// serve is the service inside of its middleware: the checks in their order, then the
// operation and the fault that the test scripted for it.
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

// admit checks key, scope and rate limit, and records the operation and the account of
// the request. endpoint is nil for a path that the API does not have.
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

// unblockOn makes reads and writes of a request fail once ctx ends, so that a peer
// which neither reads nor writes cannot block its handler. The returned function must
// be called before the handler returns.
func unblockOn(ctx context.Context, w http.ResponseWriter) (stop func()) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		past := time.Unix(1, 0)
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(past) // a writer without deadlines cannot block
		_ = control.SetReadDeadline(past)
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// wait returns false if ctx ends before d has passed.
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
