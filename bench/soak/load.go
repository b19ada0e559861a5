package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	agento "github.com/remsyshq/agento-go"
)

const callLimit = 30 * time.Second // a call that has not returned by then is stuck

// The first letter of a call's id says what the books expect of it.
const (
	readID  = "r"
	writeID = "w"
	chatID  = "c"
	editID  = "e"
	logID   = "l"
)

// target is one of the services, with the client that is used for it.
type target struct {
	site
	client    *agento.Client
	transport *http.Transport
}

// load is what is done to the services.
type load struct {
	ctx     context.Context // ended: nothing new begins
	targets []*target
	out     *other
	tokens  chan struct{} // one a call
	gate    sync.RWMutex  // locked while nothing shall be under way
	halts   chan halt     // what every log stream is left for
	streams atomic.Int64  // log streams open
	serial  atomic.Int64
	under   atomic.Int64 // calls under way
	crew    atomic.Int64 // workers that have not ended
	conns   atomic.Int64 // connections open
	dialled atomic.Int64
	tally   *tally
	failed  func(error) // the load itself cannot go on
}

func newLoad(ctx context.Context, c config, out *other, failed func(error)) (*load, error) {
	l := &load{ctx: ctx, out: out, tokens: make(chan struct{}), halts: make(chan halt), tally: newTally(), failed: failed}
	for i, site := range out.sites {
		tr := &http.Transport{DialContext: l.dial, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second}
		client, err := agento.New(site.Key, agento.WithBaseURL(site.URL), agento.WithHTTPClient(&http.Client{Transport: tr}),
			agento.WithTimeout(c.silence), agento.WithIdleTimeout(c.silence), agento.WithMaxRetries(2), agento.WithPacing(i != 0))
		if err != nil {
			return nil, err
		}
		l.targets = append(l.targets, &target{site, client, tr})
	}
	return l, nil
}

// dial counts connections.
func (l *load) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.dialled.Add(1)
	l.conns.Add(1)
	return &countedConn{Conn: conn, open: &l.conns}, nil
}

type countedConn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// pace hands out tokens, so many a second, until the load is over.
func (l *load) pace(perSecond int) {
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
			select {
			case l.tokens <- struct{}{}:
			default: // nobody is free
			}
		}
	}
}

// work does one thing after another until the load is over.
func (l *load) work(random *rand.Rand) {
	l.crew.Add(1)
	defer l.crew.Add(-1)
	for l.ctx.Err() == nil {
		w := &worker{load: l, target: l.targets[random.IntN(len(l.targets))], random: random}
		pick(random)(w)
	}
}

// halt asks whoever receives it to leave a log stream.
type halt struct{}

// worker is about to do one thing to one service.
type worker struct {
	*load
	*target
	random *rand.Rand
}

// callFunc is a call that carries an id.
type callFunc = func(ctx context.Context, id string, opts ...agento.Option) error

// call makes one call and returns what the caller was told; "" when the load is
// over. The books are told of writes.
func (w *worker) call(kind, name string, f callFunc) told {
	select {
	case <-w.load.ctx.Done():
		return ""
	case <-w.tokens:
	}
	w.gate.RLock()
	defer w.gate.RUnlock()
	w.under.Add(1)
	defer w.under.Add(-1)
	ctx, cancel := context.WithTimeout(context.Background(), w.patience())
	defer cancel()
	id := fmt.Sprint(kind, w.serial.Add(1))
	err := f(ctx, id, agento.WithHeader(callHeader, id))
	verdict := verdictOf(err)
	w.tally.done(name, err)
	switch kind {
	case writeID:
		w.tell(record{Kind: aWrite, Call: id, Told: verdict})
	case editID:
		w.tell(record{Kind: anEdit, Call: id, Told: verdict, Agent: w.site.name(w.Edited)})
	}
	return verdict
}

// patience is a caller's deadline, which now and then is very short.
func (w *worker) patience() time.Duration {
	if w.random.IntN(30) == 0 {
		return time.Millisecond + time.Duration(w.random.IntN(400))*time.Millisecond
	}
	return callLimit
}

func (l *load) tell(r record) {
	if err := l.out.send(r); err != nil {
		l.failed(err)
	}
}

func verdictOf(err error) told {
	switch {
	case err == nil:
		return success
	case errors.Is(err, agento.ErrOutcomeUnknown):
		return unknown
	}
	return failure
}

// tally counts how calls and streams ended.
type tally struct {
	mu       sync.Mutex
	Calls    map[string]int // by method
	Results  int
	Errors   map[string]int // by kind
	Streams  map[told]int   // that were open
	Problems problems
}

func newTally() *tally {
	return &tally{Calls: map[string]int{}, Errors: map[string]int{}, Streams: map[told]int{}}
}

func (t *tally) done(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Calls[name]++
	if err == nil {
		t.Results++
		return
	}
	t.fail(name, err)
}

func (t *tally) fail(name string, err error) {
	kind := errorKind(err)
	t.Errors[kind]++
	if kind == untyped {
		t.Problems.add("%s: an error of no type: %T %v", name, err, err)
	}
}

// streamEnd counts the end of a stream that was open.
func (t *tally) streamEnd(name string, end told, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Streams[end]++
	if err != nil {
		t.fail(name, err)
	}
}

func (t *tally) wrong(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Problems.add(format, args...)
}

const untyped = "of no type"

var errorKinds = []struct {
	name string
	is   error
}{
	{"the caller's deadline", context.DeadlineExceeded}, {"outcome unknown", agento.ErrOutcomeUnknown},
	{"stream truncated", agento.ErrStreamTruncated}, {"stream idle", agento.ErrStreamIdle},
	{"not an event stream", agento.ErrNotEventStream}, {"rate limited", agento.ErrRateLimited},
	{"internal", agento.ErrInternal}, {"conflict", agento.ErrConflict}, {"not found", agento.ErrNotFound},
	{"forbidden", agento.ErrForbidden}, {"validation", agento.ErrValidation},
}

// errorKind names an error that the SDK gives a type, or that is the context's.
func errorKind(err error) string {
	var typed *agento.Error
	if !errors.As(err, &typed) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return untyped
	}
	for _, k := range errorKinds {
		if errors.Is(err, k.is) {
			return k.name
		}
	}
	if typed.StatusCode != 0 {
		return fmt.Sprint("status ", typed.StatusCode)
	}
	return "no answer"
}
