package redispacer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/pace"
)

const (
	checkEvery = 250 * time.Millisecond // how often Redis is asked during an outage
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
	armed   bool // a check is scheduled
}

// begin returns the outage that a call happens in, nil if there is none.
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

// shares reports whether there is no outage.
func (p *Pacer) shares() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outage == nil
}

// arm schedules the next check. The caller has locked p.mu.
func (p *Pacer) arm(o *outage) {
	if !o.armed {
		o.armed = true
		time.AfterFunc(checkEvery, func() { p.check(o) })
	}
}

// check ends the outage if Redis runs the script. Otherwise it is repeated while there are calls.
func (p *Pacer) check(o *outage) {
	_, err := p.ask(context.Background(), &question{Op: report, Rejoin: true}, p.timeout)
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
		p.logger().Info("redispacer: Redis replies, the rate limit is shared again", "lasted", lasted)
	}
	if p.notify != nil {
		p.notify(Change{Lasted: lasted})
	}
}

// lost begins an outage, unless it is the outage of the time when Redis was asked that ended.
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

// newLocal returns a pacer for this process alone. It assumes a window of a minute, and
// learns a shorter one from the response that its first request would have.
func (p *Pacer) newLocal(now time.Time) *pace.Pacer {
	local := pace.New()
	if window := max(p.window, time.Second); window < time.Minute {
		limit := p.learned.limit()
		local.Observe(pace.Result{
			Granted: now, StatusCode: http.StatusOK, Known: true,
			Limit: limit, Remaining: limit - 1, Reset: now.Add(window - time.Second), Date: now,
		})
	}
	return local
}

// acquireAlone waits until this process alone would send the request, or until the outage ends.
func (p *Pacer) acquireAlone(ctx context.Context, o *outage, a *attempt) (done bool, err error) {
	defer func() {
		p.mu.Lock()
		o.waiting--
		p.mu.Unlock()
	}()
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(o.over, func() { cancel(errRejoined) })
	defer stop()
	request := pace.Request{Bulk: a.Bulk, MaxHold: a.MaxHold}
	if !a.until.IsZero() {
		request.MaxWait = max(1, time.Until(a.until))
	}
	err = o.local.Acquire(waiting, request)
	var late *pace.RefusedError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &late):
		return false, tooLate(late.RetryAfter)
	case ctx.Err() != nil:
		return false, errs.Context(ctx)
	}
	return false, nil
}

// observe records the result of a request.
func (o *outage) observe(r *agento.PaceResult) {
	rl := r.RateLimit
	o.local.Observe(pace.Result{
		Granted: r.Granted, NotSent: r.NotSent, StatusCode: r.StatusCode,
		Known: rl.Known && !rl.Reset.IsZero(), Limit: rl.Limit, Remaining: rl.Remaining, Reset: rl.Reset,
		Date: r.Date, RetryAfter: r.RetryAfter,
	})
}
