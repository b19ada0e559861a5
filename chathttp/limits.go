package chathttp

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// limiter limits requests per visitor and accepted turns in total. A request
// that is rejected between enter and accept counts only against its visitor.
type limiter struct {
	perVisitor, total Limit

	mu       sync.Mutex
	visitors map[string]*visitor // with an open request, or one in recent
	recent   []request           // of the last minute, oldest first
	accepted []time.Time         // turns of the last minute, oldest first
	running  int                 // turns
	open     int                 // requests
	closing  bool
	drained  chan struct{} // closed when closing is true and no request is open
}

// rememberedRequests and total.PerMinute together limit the length of recent. Beyond
// that, the oldest requests are dropped before they are a minute old.
const rememberedRequests = 10_000

type visitor struct {
	id     string
	open   int         // requests
	recent []time.Time // requests of the last minute, oldest first
}

type request struct {
	visitor *visitor
	at      time.Time
}

// entry is a request that enter has admitted.
type entry struct {
	limiter  *limiter
	visitor  *visitor
	accepted bool
}

func newLimiter(perVisitor, total Limit) *limiter {
	return &limiter{perVisitor: perVisitor, total: total, visitors: map[string]*visitor{}, drained: make(chan struct{})}
}

// enter counts a request against its visitor. The caller must call leave once,
// after the response.
func (l *limiter) enter(id string, now time.Time) (*entry, *refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	v := l.visitors[id]
	switch {
	case l.closing:
		return nil, &refusal{status: http.StatusServiceUnavailable, code: codeShuttingDown, retryAfter: retrySoon}
	case v != nil && v.open >= l.perVisitor.AtOnce:
		return nil, &refusal{status: http.StatusTooManyRequests, code: codeTooManyTurns, retryAfter: retrySoon}
	case v != nil && len(v.recent) >= l.perVisitor.PerMinute:
		return nil, &refusal{status: http.StatusTooManyRequests, code: codeTooManyTurns, retryAfter: minuteAfter(v.recent[0], now)}
	}
	if refused := l.checkTotal(now); refused != nil { // before the body is read
		return nil, refused
	}
	if v == nil {
		v = &visitor{id: id}
		l.visitors[id] = v
	}
	v.open++
	v.recent = append(v.recent, now)
	l.open++
	l.recent = append(l.recent, request{v, now})
	if len(l.recent) > rememberedRequests+l.total.PerMinute {
		l.forgetOldest()
	}
	return &entry{limiter: l, visitor: v}, nil
}

// accept counts the turn of a request against the limits on all visitors.
func (e *entry) accept(now time.Time) *refusal {
	l := e.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	if refused := l.checkTotal(now); refused != nil {
		return refused
	}
	e.accepted = true
	l.running++
	l.accepted = append(l.accepted, now)
	return nil
}

func (l *limiter) checkTotal(now time.Time) *refusal {
	switch {
	case l.running >= l.total.AtOnce:
		return &refusal{status: http.StatusServiceUnavailable, code: codeBusy, retryAfter: retrySoon}
	case len(l.accepted) >= l.total.PerMinute:
		return &refusal{status: http.StatusServiceUnavailable, code: codeBusy, retryAfter: minuteAfter(l.accepted[0], now)}
	}
	return nil
}

// leave ends a request, and its turn.
func (e *entry) leave() {
	l, v := e.limiter, e.visitor
	l.mu.Lock()
	defer l.mu.Unlock()
	v.open--
	l.dropIdle(v)
	if e.accepted {
		l.running--
	}
	l.open--
	if l.closing && l.open == 0 {
		close(l.drained)
	}
}

func minuteAfter(at, now time.Time) time.Duration { return at.Add(time.Minute).Sub(now) }

// expire drops entries older than a minute.
func (l *limiter) expire(now time.Time) {
	for len(l.recent) > 0 && minuteAfter(l.recent[0].at, now) <= 0 {
		l.forgetOldest()
	}
	for len(l.accepted) > 0 && minuteAfter(l.accepted[0], now) <= 0 {
		l.accepted = l.accepted[1:]
	}
}

func (l *limiter) forgetOldest() {
	v := l.recent[0].visitor
	l.recent[0] = request{}
	l.recent = l.recent[1:]
	v.recent = v.recent[1:] // v.recent has the same order
	l.dropIdle(v)
}

func (l *limiter) dropIdle(v *visitor) {
	if v.open == 0 && len(v.recent) == 0 {
		delete(l.visitors, v.id)
	}
}

// drain rejects new requests and waits for the open ones.
func (l *limiter) drain(ctx context.Context) error {
	l.close()
	select {
	case <-l.drained:
		return nil
	default:
	}
	select {
	case <-l.drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *limiter) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return
	}
	l.closing = true
	if l.open == 0 {
		close(l.drained)
	}
}
