package chathttp

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// limiter counts turns. It remembers the turns that are running and those that
// began within the last minute, and their visitors, and nothing else.
type limiter struct {
	perVisitor, total Limit

	mu       sync.Mutex
	visitors map[string]*visitor
	recent   []start // of the last minute, oldest first
	running  int
	closing  bool
	drained  chan struct{} // closed when closing is true and nothing runs
}

// visitor has the turns of one visitor.
type visitor struct {
	id      string
	running int
	recent  []time.Time // starts within the last minute, oldest first
}

type start struct {
	visitor *visitor
	at      time.Time
}

func newLimiter(perVisitor, total Limit) *limiter {
	return &limiter{perVisitor: perVisitor, total: total, visitors: map[string]*visitor{}, drained: make(chan struct{})}
}

// enter counts a turn that begins. The caller calls leave once when it has ended.
func (l *limiter) enter(id string, now time.Time) (leave func(), refused *refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	v := l.visitors[id]
	if refused := l.check(v, now); refused != nil {
		return nil, refused
	}
	if v == nil {
		v = &visitor{id: id}
		l.visitors[id] = v
	}
	v.running++
	v.recent = append(v.recent, now)
	l.running++
	l.recent = append(l.recent, start{v, now})
	return func() { l.leave(v) }, nil
}

// check refuses a turn above a limit. v is nil for a visitor without turns.
func (l *limiter) check(v *visitor, now time.Time) *refusal {
	switch {
	case l.closing:
		return &refusal{status: http.StatusServiceUnavailable, code: codeShuttingDown, retryAfter: retrySoon}
	case v != nil && v.running >= l.perVisitor.AtOnce:
		return &refusal{status: http.StatusTooManyRequests, code: codeTooManyTurns, retryAfter: retrySoon}
	case v != nil && len(v.recent) >= l.perVisitor.PerMinute:
		return &refusal{status: http.StatusTooManyRequests, code: codeTooManyTurns, retryAfter: minuteAfter(v.recent[0], now)}
	case l.running >= l.total.AtOnce:
		return &refusal{status: http.StatusServiceUnavailable, code: codeBusy, retryAfter: retrySoon}
	case len(l.recent) >= l.total.PerMinute:
		return &refusal{status: http.StatusServiceUnavailable, code: codeBusy, retryAfter: minuteAfter(l.recent[0].at, now)}
	}
	return nil
}

func minuteAfter(at, now time.Time) time.Duration { return at.Add(time.Minute).Sub(now) }

// expire forgets turns that began a minute ago.
func (l *limiter) expire(now time.Time) {
	for len(l.recent) > 0 && minuteAfter(l.recent[0].at, now) <= 0 {
		v := l.recent[0].visitor
		l.recent[0] = start{}
		l.recent = l.recent[1:]
		v.recent = v.recent[1:] // a visitor's turns are in the same order
		l.forget(v)
	}
}

// forget drops a visitor without turns.
func (l *limiter) forget(v *visitor) {
	if v.running == 0 && len(v.recent) == 0 {
		delete(l.visitors, v.id)
	}
}

func (l *limiter) leave(v *visitor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v.running--
	l.forget(v)
	l.running--
	if l.closing && l.running == 0 {
		close(l.drained)
	}
}

// drain refuses turns from now on and waits for those that run.
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
	if l.running == 0 {
		close(l.drained)
	}
}
