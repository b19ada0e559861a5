package redispacer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/pace"
)

const (
	checkEvery = 250 * time.Millisecond // how often Redis is asked whether it is well again
	warnEvery  = time.Minute
)

var errRejoined = errors.New("the budget is shared again")

// outage is a time in which the process paces alone.
type outage struct {
	since  time.Time
	warned bool
	local  *pace.Pacer
	over   context.Context
	end    context.CancelFunc

	// Guarded by the Pacer's lock.
	waiting int
	used    bool // since the last check
	armed   bool // a check is to come
}

// begin returns the outage that a call has to do with, nil if there is none.
func (p *Pacer) begin() *outage {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.outage; o != nil {
		o.used = true
		o.waiting++
		p.arm(o)
	}
	return p.outage
}

// shares tells that Redis answers, as far as is known.
func (p *Pacer) shares() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outage == nil
}

// gave tells whether Redis gave the place of a call that went then. It says no of
// what Redis gave before an outage: it may have forgotten that.
func (p *Pacer) gave(granted time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outage == nil && granted.After(p.rejoined)
}

// arm sets the time of the next check. The caller holds the lock.
func (p *Pacer) arm(o *outage) {
	if !o.armed {
		o.armed = true
		time.AfterFunc(checkEvery, func() { p.check(o) })
	}
}

// check asks Redis whether it is well again. It goes on for as long as there are calls.
func (p *Pacer) check(o *outage) {
	_, err := p.ask(context.Background(), &question{op: tell, rejoin: true}, p.timeout)
	p.mu.Lock()
	o.armed = false
	if err != nil {
		if o.used || o.waiting > 0 {
			p.arm(o)
		}
		o.used = false
		p.mu.Unlock()
		return
	}
	p.outage, p.rejoined = nil, time.Now()
	lasted := p.rejoined.Sub(o.since)
	p.mu.Unlock()
	o.end()
	if o.warned {
		p.logger().Info("redispacer: Redis answers, the rate limit is shared again", "lasted", lasted)
	}
	if p.notify != nil {
		p.notify(Change{Lasted: lasted})
	}
}

// lost enters that Redis failed a question that was asked at the given time.
func (p *Pacer) lost(asked time.Time, err error) {
	now := time.Now()
	p.mu.Lock()
	if p.outage != nil || asked.Before(p.rejoined) {
		p.mu.Unlock()
		return
	}
	o := &outage{since: now, local: p.newLocal(now)}
	o.over, o.end = context.WithCancel(context.Background())
	if o.warned = p.warned.IsZero() || now.Sub(p.warned) >= warnEvery; o.warned {
		p.warned = now
	}
	p.outage = o
	p.mu.Unlock()
	err = explain(err)
	if o.warned {
		p.logger().Warn("redispacer: Redis is slow or away, this process paces alone", "error", err.Error())
	}
	if p.notify != nil {
		p.notify(Change{Alone: true, Err: err})
	}
}

// newLocal returns a pacing for this process alone. It starts from a minute; an
// answer as the first request of a shorter window would have it tells it better.
func (p *Pacer) newLocal(now time.Time) *pace.Pacer {
	local := pace.New()
	if window := max(p.window, time.Second); window < time.Minute {
		limit := p.notes.limit()
		local.Observe(pace.Result{
			Granted: now, StatusCode: http.StatusOK, Known: true,
			Limit: limit, Remaining: limit - 1, Reset: now.Add(window - time.Second), Date: now,
		})
	}
	return local
}

// limit is the limit that was last heard of.
func (n *notes) limit() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hasReply {
		return n.known.limit
	}
	return 120
}

// acquireAlone waits for the turn in this process, or until Redis is well again.
func (p *Pacer) acquireAlone(ctx context.Context, o *outage, t *turn) (done bool, err error) {
	defer func() {
		p.mu.Lock()
		o.waiting--
		p.mu.Unlock()
	}()
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(o.over, func() { cancel(errRejoined) })
	defer stop()
	request := pace.Request{Bulk: t.bulk, MaxHold: t.hold}
	if !t.bound.IsZero() {
		request.MaxWait = max(1, time.Until(t.bound))
	}
	err = o.local.Acquire(waiting, request)
	var late *pace.RefusedError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &late):
		return false, tooLate(late.RetryAfter)
	case ctx.Err() != nil:
		return false, ended(ctx)
	}
	return false, nil
}

// observe passes on what became of an attempt.
func (o *outage) observe(r *agento.PaceResult) {
	rl := r.RateLimit
	o.local.Observe(pace.Result{
		Granted: r.Granted, NotSent: r.NotSent, StatusCode: r.StatusCode,
		Known: rl.Known && !rl.Reset.IsZero(), Limit: rl.Limit, Remaining: rl.Remaining, Reset: rl.Reset,
		Date: r.Date, RetryAfter: r.RetryAfter,
	})
}
