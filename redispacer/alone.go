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
	checkEvery = 250 * time.Millisecond // interval between checks of Redis during an outage
	warnEvery  = time.Minute
)

var errRejoined = errors.New("rate limit is shared again")

// outage is a period in which the process paces alone.
type outage struct {
	since  time.Time
	warned bool
	local  *pace.Pacer
	over   context.Context
	end    context.CancelFunc

	// Guarded by the Pacer's lock.
	waiting   int
	used      bool // since the last check
	scheduled bool // a check is scheduled
}

// joinOutage counts the caller as waiting in the current outage and returns it. Without an
// outage it returns nil.
func (p *Pacer) joinOutage() *outage {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.outage; o != nil {
		o.used = true
		o.waiting++
		p.scheduleCheck(o)
	}
	return p.outage
}

// shared reports whether there is no outage.
func (p *Pacer) shared() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outage == nil
}

// scheduleCheck schedules the next check. The caller has locked p.mu.
func (p *Pacer) scheduleCheck(o *outage) {
	if !o.scheduled {
		o.scheduled = true
		time.AfterFunc(checkEvery, func() { p.check(o) })
	}
}

// check ends the outage if Redis runs the script. Otherwise it tries again while there
// are calls.
func (p *Pacer) check(o *outage) {
	_, err := p.ask(context.Background(), &scriptArgs{Op: opReport, Rejoin: true}, p.timeout)
	p.mu.Lock()
	o.scheduled = false
	if err != nil {
		if o.used || o.waiting > 0 {
			p.scheduleCheck(o)
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

// beginOutage begins an outage, unless one has begun or ended since Redis was asked.
func (p *Pacer) beginOutage(asked time.Time, err error) {
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
		p.logger().Warn("redispacer: Redis is slow or unavailable, this process paces alone", "error", err.Error())
	}
	if p.notify != nil {
		p.notify(Change{Alone: true, Err: err})
	}
}

// newLocal returns a pacer for this process alone. It assumes a window of a minute. A
// simulated response makes it learn a shorter window.
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

// acquireAlone waits until the local pacer allows the request, or the outage ends.
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
		return false, rateLimited(late.RetryAfter)
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
