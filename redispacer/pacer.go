package redispacer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remsyshq/agento-go"
)

const (
	firstAnswer = 2 * time.Second // how long New waits for Redis
	// atOnce is how many calls ask Redis at a time, so that a thousand which
	// begin together do not wait for each other there and think it slow.
	atOnce = 4
)

// Pacer shares the budget of one API key among all processes that use the same
// Redis. It needs no closing, and does not close the Redis client. It is safe
// for concurrent use, by several clients too.
type Pacer struct {
	settings
	run     func(context.Context, *question) (reply, error)
	process string // begins the ids of its calls
	calls   atomic.Uint64
	notes   notes
	places  chan struct{} // held by calls that ask Redis

	mu       sync.Mutex
	outage   *outage   // nil: Redis answers
	rejoined time.Time // when the last outage ended
	warned   time.Time
}

var _ agento.Pacer = (*Pacer)(nil)

// New returns a Pacer for the API key on the Redis that client speaks to. It
// runs the script once, and fails within two seconds if there is no client or no
// key, if an option is bad, if Redis cannot be reached (but see [WithStartAlone]),
// asks for a password or runs no scripts. No error holds the key or a password.
func New(client redis.UniversalClient, apiKey string, opts ...Option) (*Pacer, error) {
	if absent(client) {
		return nil, errors.New("redispacer: no Redis client")
	}
	if apiKey == "" {
		return nil, errors.New("redispacer: no API key")
	}
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	p := newPacer(s, runOn(client, clockLua, keysOf(s.prefix, apiKey)))
	if err := p.connect(); err != nil {
		return nil, err
	}
	return p, nil
}

func absent(client redis.UniversalClient) bool {
	v := reflect.ValueOf(client)
	return client == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

func newPacer(s settings, run func(context.Context, *question) (reply, error)) *Pacer {
	return &Pacer{settings: s, run: run, process: rand.Text()[:12] + "-", places: make(chan struct{}, atOnce)}
}

// connect asks Redis for the first time.
func (p *Pacer) connect() error {
	begun := time.Now()
	_, err := p.ask(context.Background(), &question{op: tell}, max(firstAnswer, p.timeout))
	if err == nil {
		return nil
	}
	if !p.alone || denial(err) != "" {
		return fmt.Errorf("redispacer: %w", explain(err))
	}
	p.lost(begun, err)
	return nil
}

// turn is one Acquire.
type turn struct {
	id    string
	bulk  bool
	hold  time.Duration // MaxHold
	asked int
	bound time.Time // by MaxWait; zero: none
	until time.Time // by MaxWait or the context; zero: none
}

func (p *Pacer) newTurn(ctx context.Context, r agento.PaceRequest) *turn {
	t := &turn{id: p.newID(), bulk: r.Bulk, hold: r.MaxHold}
	if r.MaxWait > 0 {
		t.bound = time.Now().Add(r.MaxWait)
		t.until = t.bound
	}
	if deadline, ok := ctx.Deadline(); ok && (t.until.IsZero() || deadline.Before(t.until)) {
		t.until = deadline
	}
	return t
}

func (p *Pacer) newID() string { return p.process + strconv.FormatUint(p.calls.Add(1), 36) }

// patience is how long the turn may still wait; negative: as long as it takes.
func (t *turn) patience() time.Duration {
	if t.until.IsZero() {
		return -1
	}
	return max(0, time.Until(t.until))
}

func (t *turn) question() *question {
	return &question{op: take, id: t.id, bulk: t.bulk, patience: t.patience(), maxHold: t.hold, asked: t.asked}
}

// expired tells that MaxWait is over.
func (t *turn) expired() bool { return !t.bound.IsZero() && time.Until(t.bound) <= 0 }

// Acquire waits for the turn of one attempt. It returns nil; an [*agento.Error]
// with [agento.CodeRateLimited] and RetryAfter, at once, if the turn cannot come
// before the context's deadline, within MaxWait or MaxHold; or, when the context
// ends, an error that matches both its Err and its Cause. It never fails because
// of Redis.
func (p *Pacer) Acquire(ctx context.Context, r agento.PaceRequest) error {
	t := p.newTurn(ctx, r)
	for {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		var done bool
		var err error
		if o := p.begin(); o != nil {
			done, err = p.acquireAlone(ctx, o, t)
		} else {
			done, err = p.acquireShared(ctx, t)
		}
		if done || err != nil {
			return err
		}
	}
}

// acquireShared asks Redis once, and waits as it says.
func (p *Pacer) acquireShared(ctx context.Context, t *turn) (done bool, err error) {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return false, ended(ctx)
	}
	if !p.shares() { // since others waited in vain
		<-p.places
		return false, nil
	}
	begun := time.Now()
	r, err := p.ask(ctx, t.question(), p.timeout)
	<-p.places
	if err != nil {
		if ctx.Err() == nil {
			p.lost(begun, err)
			t.id = p.newID() // the old one may still be given back
		}
		return false, nil
	}
	t.asked++
	switch {
	case r.verdict == refused:
		return false, tooLate(r.wait)
	case r.verdict == again && t.expired():
		p.giveBack(t.id)
		return false, tooLate(r.wait)
	case r.verdict == again && !t.bound.IsZero():
		r.wait = min(r.wait, max(0, time.Until(t.bound)))
	}
	if err := sleep(ctx, r.wait); err != nil {
		p.giveBack(t.id)
		return false, err
	}
	if r.verdict == again {
		return false, nil
	}
	now := time.Now()
	p.notes.granted(now, r.probe, now.Sub(begun)-r.wait)
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
		return ended(ctx)
	}
}

// Observe enters what became of an attempt. It does not wait for Redis.
func (p *Pacer) Observe(r agento.PaceResult) {
	urgent := p.notes.observe(time.Now(), &r, p.gave(r.Granted))
	p.mu.Lock()
	o := p.outage
	p.mu.Unlock()
	if o != nil {
		o.observe(&r)
		return
	}
	if urgent && p.notes.urgent.Add(1) == 1 {
		go p.tellNow()
	}
}

// tellNow tells what cannot wait for the next call, until nothing came meanwhile.
func (p *Pacer) tellNow() {
	for told := false; !told; {
		known := p.notes.urgent.Load()
		begun := time.Now()
		if _, err := p.ask(context.Background(), &question{op: tell}, p.timeout); err != nil {
			p.lost(begun, err)
		}
		told = p.notes.urgent.CompareAndSwap(known, 0)
	}
}

// giveBack returns a place, or one in the queue.
func (p *Pacer) giveBack(id string) {
	go func() { _, _ = p.ask(context.Background(), &question{op: drop, id: id}, p.timeout) }()
}
