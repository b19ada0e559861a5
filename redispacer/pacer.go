package redispacer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

const (
	firstReply = 2 * time.Second // how long New waits for Redis, if WithTimeout is shorter
	// maxInFlight is how many calls may ask Redis at a time. Thousands at once would
	// delay each other until Redis seems slow.
	maxInFlight = 4
)

// Pacer shares the rate limit of one API key among all processes that use the same
// Redis. It does not close the Redis client and needs no closing itself. It is safe
// for concurrent use, also by several clients.
type Pacer struct {
	settings
	run      func(context.Context, *scriptArgs) ([]int64, error)
	process  string // prefix of the request IDs
	calls    atomic.Uint64
	inFlight chan struct{} // one element for each call that asks Redis
	learned  learned
	urgent   atomic.Int64 // number of urgent findings; while it is not 0, the method report is running

	mu       sync.Mutex
	outage   *outage   // nil: Redis replies
	rejoined time.Time // end of the last outage
	warned   time.Time
}

var _ agento.Pacer = (*Pacer)(nil)

// New returns a Pacer for the API key on the Redis of the client. It runs the script
// once, which may take two seconds, or the time of [WithTimeout] if that is longer. New
// fails if an argument or option is invalid, if Redis cannot be reached or cannot run
// the script now (but see [WithStartAlone]), or if Redis requires a password or does
// not let the user run scripts. No error contains the key or a password.
func New(client redis.UniversalClient, apiKey string, opts ...Option) (*Pacer, error) {
	if client == nil {
		return nil, errors.New("redispacer: Redis client is nil")
	}
	if apiKey == "" {
		return nil, errors.New("redispacer: API key is empty")
	}
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	p := newPacer(s, runOn(client, keysOf(s.prefix, apiKey)))
	asked := time.Now()
	if _, err := p.ask(context.Background(), &scriptArgs{Op: opReport}, max(firstReply, p.timeout)); err != nil {
		if !p.alone || configProblem(err) != "" {
			return nil, fmt.Errorf("redispacer: %w", explain(err))
		}
		p.beginOutage(asked, err)
	}
	return p, nil
}

func newPacer(s settings, run func(context.Context, *scriptArgs) ([]int64, error)) *Pacer {
	return &Pacer{settings: s, run: run, process: rand.Text()[:12] + "-", inFlight: make(chan struct{}, maxInFlight)}
}

// attempt is one call of Acquire.
type attempt struct {
	agento.PaceRequest
	id    string
	until time.Time // end of MaxWait; zero: no limit
}

func (p *Pacer) newID() string { return p.process + strconv.FormatUint(p.calls.Add(1), 36) }

// scriptArgs returns the arguments for a grant before the end of MaxWait and ctx.
func (a *attempt) scriptArgs(ctx context.Context) *scriptArgs {
	q := &scriptArgs{Op: opTake, ID: a.id, Bulk: a.Bulk, MaxWait: -1, MaxHold: microsOf(a.MaxHold)}
	until := a.until
	if deadline, ok := ctx.Deadline(); ok && (until.IsZero() || deadline.Before(until)) {
		until = deadline
	}
	if !until.IsZero() {
		q.MaxWait = microsOf(max(0, time.Until(until)))
	}
	return q
}

// Acquire waits until one request may be sent. As soon as the reply of Redis shows that
// this is not possible before the context's deadline or within MaxWait or MaxHold, it
// returns an [*agento.Error] with [agento.CodeRateLimited] and RetryAfter. If the
// context ends, it returns an error that matches both its Err and its Cause. It never
// fails because of Redis.
func (p *Pacer) Acquire(ctx context.Context, r agento.PaceRequest) error {
	a := &attempt{PaceRequest: r, id: p.newID()}
	if r.MaxWait > 0 {
		a.until = time.Now().Add(r.MaxWait)
	}
	for {
		if ctx.Err() != nil {
			return errs.Context(ctx)
		}
		var done bool
		var err error
		if o := p.joinOutage(); o != nil {
			done, err = p.acquireAlone(ctx, o, a)
		} else {
			done, err = p.acquireShared(ctx, a)
		}
		if done || err != nil {
			return err
		}
	}
}

// acquireShared asks Redis once and waits as long as the reply says.
func (p *Pacer) acquireShared(ctx context.Context, a *attempt) (done bool, err error) {
	select {
	case p.inFlight <- struct{}{}:
	case <-ctx.Done():
		return false, errs.Context(ctx)
	}
	if !p.shared() { // an outage began in the meantime
		<-p.inFlight
		return false, nil
	}
	asked := time.Now()
	r, err := p.ask(ctx, a.scriptArgs(ctx), p.timeout)
	<-p.inFlight
	if err != nil {
		if ctx.Err() == nil {
			p.beginOutage(asked, err)
			a.id = p.newID() // when the late reply arrives, ask releases the old ID
		}
		return false, nil
	}
	wait := r.wait
	if r.verdict == refused {
		return false, rateLimited(wait)
	}
	if r.verdict == again && !a.until.IsZero() {
		if wait = min(wait, time.Until(a.until)); wait <= 0 {
			p.release(a.id, r)
			return false, rateLimited(r.wait)
		}
	}
	if err := sleep(ctx, wait); err != nil {
		p.release(a.id, r)
		return false, err
	}
	if r.verdict == again {
		return false, nil
	}
	now := time.Now()
	p.learned.acquired(now, &r, now.Sub(asked)-r.wait)
	return true, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errs.Context(ctx)
	}
}

// ask runs the script. It returns when there is a reply or when the context or the
// timeout ends, even if the Redis client ignores its context, as it does by default
// while it reads. A grant that arrives too late is released.
func (p *Pacer) ask(ctx context.Context, q *scriptArgs, timeout time.Duration) (r reply, err error) {
	asked := time.Now()
	q.Window, q.findings = microsOf(p.window), p.learned.takeFindings(asked)
	// A canceled caller must not close a connection that others can use.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	type answer struct {
		reply
		err error
	}
	answers, left := make(chan answer), make(chan struct{})
	defer close(left)
	go func() {
		defer cancel()
		var a answer
		v, err := p.run(asking, q)
		if a.err = err; err == nil {
			a.reply, a.err = newReply(q.Op, v)
		}
		select {
		case answers <- a:
		case <-left:
			if a.err == nil && q.Op == opTake {
				p.release(q.ID, a.reply)
			}
		}
	}()
	select {
	case a := <-answers:
		r, err = a.reply, a.err
	case <-ctx.Done():
		err = errs.Context(ctx)
	case <-asking.Done():
		err = errNoReply
	}
	if err != nil {
		p.learned.failed()
		if asking.Err() == context.DeadlineExceeded {
			err = errNoReply
		}
		return reply{}, err
	}
	p.learned.replied(time.Now(), asked, r, &q.findings)
	return r, nil
}

// release gives an unused grant back to Redis, or removes the request from the queue.
func (p *Pacer) release(id string, r reply) {
	q := &scriptArgs{Op: opDrop, ID: id}
	if r.verdict == granted {
		p.learned.unsent(&r)
	}
	go func() { _, _ = p.ask(context.Background(), q, p.timeout) }()
}

// Observe records the result of a request. It does not wait for Redis.
func (p *Pacer) Observe(r agento.PaceResult) {
	p.mu.Lock()
	o := p.outage
	shared := o == nil && r.Granted.After(p.rejoined) // Redis may have lost older grants
	p.mu.Unlock()
	urgent := p.learned.observe(time.Now(), &r, shared)
	if o != nil {
		o.observe(&r)
		return
	}
	if urgent && p.urgent.Add(1) == 1 {
		go p.report()
	}
}

// report reports to Redis, and again if there were urgent findings meanwhile. If Redis does
// not reply, the outage begins.
func (p *Pacer) report() {
	for done := false; !done; {
		known := p.urgent.Load()
		asked := time.Now()
		if _, err := p.ask(context.Background(), &scriptArgs{Op: opReport}, p.timeout); err != nil {
			p.beginOutage(asked, err)
		}
		done = p.urgent.CompareAndSwap(known, 0)
	}
}
