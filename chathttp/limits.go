package chathttp

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// turnLimits counts turns. It remembers those that run and those that began
// within the last minute, and their visitors, and nothing else: its size is
// bounded by the limit on all visitors, however many there are.
type turnLimits struct {
	perPeer, total Limit

	mu      sync.Mutex
	peers   map[string]*peerTurns
	recent  []recentTurn // begun within the last minute, oldest first
	running int
	closing bool
	drained chan struct{} // closed when closing is true and nothing runs
}

// peerTurns are the turns of one visitor.
type peerTurns struct {
	id      string
	running int
	recent  []time.Time // begun within the last minute, oldest first
}

type recentTurn struct {
	peer  *peerTurns
	begun time.Time
}

func newTurnLimits(perPeer, total Limit) *turnLimits {
	return &turnLimits{perPeer: perPeer, total: total, peers: map[string]*peerTurns{}, drained: make(chan struct{})}
}

// enter counts a turn that begins. The caller calls leave once when it has ended.
func (l *turnLimits) enter(peer string, now time.Time) (leave func(), denied *denial) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	p := l.peers[peer]
	if denied := l.check(p, now); denied != nil {
		return nil, denied
	}
	if p == nil {
		p = &peerTurns{id: peer}
		l.peers[peer] = p
	}
	p.running++
	p.recent = append(p.recent, now)
	l.running++
	l.recent = append(l.recent, recentTurn{p, now})
	return func() { l.leave(p) }, nil
}

// check refuses a turn that is one too many. p is nil for a visitor of whom
// nothing is remembered.
func (l *turnLimits) check(p *peerTurns, now time.Time) *denial {
	switch {
	case l.closing:
		return &denial{status: http.StatusServiceUnavailable, code: codeShuttingDown, retryAfter: retrySoon}
	case p != nil && p.running >= l.perPeer.AtOnce:
		return &denial{status: http.StatusTooManyRequests, code: codeTooManyTurns, retryAfter: retrySoon}
	case p != nil && len(p.recent) >= l.perPeer.PerMinute:
		return &denial{status: http.StatusTooManyRequests, code: codeTooManyTurns, retryAfter: minuteAfter(p.recent[0], now)}
	case l.running >= l.total.AtOnce:
		return &denial{status: http.StatusServiceUnavailable, code: codeBusy, retryAfter: retrySoon}
	case len(l.recent) >= l.total.PerMinute:
		return &denial{status: http.StatusServiceUnavailable, code: codeBusy, retryAfter: minuteAfter(l.recent[0].begun, now)}
	}
	return nil
}

func minuteAfter(begun, now time.Time) time.Duration { return begun.Add(time.Minute).Sub(now) }

// expire forgets turns that began a minute ago.
func (l *turnLimits) expire(now time.Time) {
	for len(l.recent) > 0 && minuteAfter(l.recent[0].begun, now) <= 0 {
		p := l.recent[0].peer
		l.recent[0] = recentTurn{}
		l.recent = l.recent[1:]
		p.recent = p.recent[1:] // a visitor's turns are in the same order
		l.forget(p)
	}
}

// forget lets go of a visitor of whom there is nothing to remember.
func (l *turnLimits) forget(p *peerTurns) {
	if p.running == 0 && len(p.recent) == 0 {
		delete(l.peers, p.id)
	}
}

func (l *turnLimits) leave(p *peerTurns) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.running--
	l.forget(p)
	l.running--
	if l.closing && l.running == 0 {
		close(l.drained)
	}
}

// drain refuses turns from now on and waits for those that run.
func (l *turnLimits) drain(ctx context.Context) error {
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

func (l *turnLimits) close() {
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
