package agentotest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	sse "github.com/r3labs/sse/v2"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

// Service is the fake as an http.Handler. Use [NewServer] unless it has to
// stand behind a server or a middleware of your own. All methods are safe for
// concurrent use.
type Service struct {
	config  config
	handler http.Handler
	router  router
	key     string
	serial  atomic.Int64 // of request ids

	keys     keyring
	requests requestLog
	faults   faultScript

	mu    sync.Mutex // guards state and every object in it
	state state

	logServer   *sse.Server
	subscribers subscribers

	// base ends when the service closes, and with it every request.
	base  context.Context
	end   context.CancelFunc
	life  sync.Mutex // guards ended, and that active grows only before it
	ended bool
	// active counts the requests being handled.
	active sync.WaitGroup
}

// New returns a service that is not yet reachable.
func New(opts ...Option) *Service {
	s := &Service{config: newConfig(opts), router: newRouter(), key: newKey()}
	s.base, s.end = context.WithCancel(context.Background())
	s.keys.add(s.key, AllScopes())
	for _, grant := range s.config.keys {
		s.keys.add(grant.key, grant.scopes)
	}
	s.state = newState(s.now())
	seedMarketplace(s)
	s.logServer = newLogServer(&s.subscribers)
	s.handler = exchange.Handler(http.HandlerFunc(s.serve), !s.config.limited())
	for i := len(s.config.middleware) - 1; i >= 0; i-- {
		s.handler = s.config.middleware[i](s.handler)
	}
	return s
}

// Key returns a made-up API key that has every scope.
func (s *Service) Key() string { return s.key }

// Close ends all streams and other open requests by dropping their connections,
// and waits for them. Later requests are dropped too.
func (s *Service) Close() {
	s.life.Lock()
	s.ended = true
	s.life.Unlock()
	s.end()
	s.active.Wait()
}

// ServeHTTP answers one request. To drop a connection it panics with
// [http.ErrAbortHandler], as handlers do.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.active.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()
	defer unblockOn(s.base, w)()
	r = r.WithContext(ctx)

	body, err := readBody(w, r)
	if s.base.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	entry := newRequest(r, body, s.now())
	s.requests.add(entry)
	w = &statusWriter{ResponseWriter: w, note: func(status int) { s.requests.answered(entry, status) }}
	r = r.WithContext(context.WithValue(ctx, arrivalKey{}, &arrival{entry: entry, err: err}))
	s.handler.ServeHTTP(w, r)
}

func (s *Service) begin() bool {
	s.life.Lock()
	defer s.life.Unlock()
	if s.ended {
		return false
	}
	s.active.Add(1)
	return true
}

// serve is the service inside its middleware: the checks in their order, then
// the operation or what the test has scripted in its place.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(w, r)
	defer c.cancel()
	c.requestID = fmt.Sprintf("req_%06d", s.serial.Add(1))
	w.Header().Set("X-Request-Id", c.requestID)
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))

	if c.sendOpenAPI() {
		return
	}
	match := s.router.find(r.Method, r.URL.EscapedPath())
	c.values = match.values
	if match.endpoint != nil {
		c.route = match.endpoint.route
		s.requests.matched(c.arrival.entry, c.route.Name)
	}
	if err := s.admit(c); err != nil {
		c.sendError(err)
		return
	}
	if match.endpoint == nil {
		c.sendError(match.refusal())
		return
	}
	if c.arrival.err != nil {
		c.sendError(c.arrival.err)
		return
	}
	fault := s.faults.take(s.requests.get(c.arrival.entry), c.route)
	s.play(c, match.endpoint.handle, fault)
}

// admit makes the checks that come before any operation.
func (s *Service) admit(c *call) error {
	key, err := s.keys.check(c.r.Header.Get("X-Api-Key"))
	if err != nil {
		return err
	}
	if err := key.allows(c.route); err != nil {
		return err
	}
	return s.limit(c.w.Header(), key)
}

// carryOut does the operation and encodes its answer while nothing can change.
func (s *Service) carryOut(c *call, handle handler) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := handle(s, c)
	if err != nil {
		return errorAnswer(err)
	}
	a.encode()
	return a
}

func (s *Service) now() time.Time { return time.Now().Add(s.config.offset) }

// unblockOn makes reads and writes of a request fail once ctx ends, so that a
// peer which neither reads nor writes cannot hold its handler. The returned
// function must be called before the handler returns.
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

// wait returns false when ctx ended before d had passed.
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
