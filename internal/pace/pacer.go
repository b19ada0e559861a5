// Package pace shares the rate limit of an API key among the goroutines of a client.
//
// The service allows a number of requests, the limit, in a window of time. While there is
// budget, [Pacer.Acquire] usually returns at once. When it is exhausted, calls queue until
// requests leave the window (queue.go). The client counts its own requests (window.go). The
// response headers reveal the requests of other clients of the key (learn.go).
package pace

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Request asks for permission to send one request.
type Request struct {
	Bulk    bool          // queues behind calls that are not bulk
	MaxWait time.Duration // maximum wait; 0: limited only by the context
	MaxHold time.Duration // refuse if more than this is left of a Retry-After; 0: no limit
}

// Result is the outcome of one request.
type Result struct {
	Granted    time.Time     // when Acquire returned
	StatusCode int           // 0: no response
	NotSent    bool          // nothing was sent, so no budget was used
	Known      bool          // Limit and Remaining were in the response
	Limit      int           // X-RateLimit-Limit
	Remaining  int           // X-RateLimit-Remaining
	Reset      time.Time     // X-RateLimit-Reset, server clock, whole seconds; zero if absent
	Date       time.Time     // Date, server clock, whole seconds; zero if absent
	RetryAfter time.Duration // of a 429; 0 if absent
}

// RefusedError reports that Acquire cannot grant permission in time.
type RefusedError struct {
	RetryAfter time.Duration // time until it could be granted
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("pace: rate limit exhausted, retry in %v", e.RetryAfter.Round(time.Millisecond))
}

// Pacer shares the rate limit of one key. It need not be closed. It is safe for concurrent use.
type Pacer struct {
	start time.Time // times in this package are nanoseconds since then

	// While there is ample budget, Observe learns from at most one response per
	// millisecond: it skips successful responses to requests granted before skipUntil.
	skipUntil atomic.Int64
	_         [64]byte // keeps skipUntil out of the cache line of the lock

	mu     sync.Mutex
	queue  queue
	timer  *time.Timer // wakes the head of the queue
	window window
}

// New returns a Pacer that assumes the documented limit, 120 requests in 60 s.
func New() *Pacer {
	return &Pacer{start: time.Now(), window: newWindow()}
}

// Acquire waits for permission to send one request. It returns a *RefusedError as soon
// as it expects that permission cannot be granted within the context's deadline,
// MaxWait or MaxHold. If the context ends, the error matches its Err and its Cause.
func (p *Pacer) Acquire(ctx context.Context, r Request) error {
	if ctx.Err() != nil {
		return errs.Context(ctx)
	}
	now := int64(time.Since(p.start))
	p.mu.Lock()
	if p.queue.empty() {
		if at, _ := p.window.ready(now, r.Bulk, false); at <= now {
			p.window.own.add(now, p.window.grain, r.Bulk)
			p.window.lastGrant = now
			p.mu.Unlock()
			return nil
		}
	}
	w, err := p.enqueue(ctx, r, now)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.wait(ctx, w, r.MaxWait)
}

// Observe reports the outcome of a request. Call it exactly once for each Acquire that
// returned nil.
func (p *Pacer) Observe(r Result) {
	granted := int64(r.Granted.Sub(p.start))
	if granted < p.skipUntil.Load() && r.StatusCode/100 == 2 && !r.NotSent && (!r.Known || r.Remaining > r.Limit/2) {
		return
	}
	now := int64(time.Since(p.start))
	granted = min(max(granted, 0), now)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.window.learn(now, granted, &r)
	if !p.queue.empty() {
		if r.StatusCode == tooManyRequests {
			p.refuseLate(now)
		}
		p.dispatch(now)
	}
	skipUntil := granted + int64(time.Millisecond)
	if p.window.probing {
		skipUntil = 0 // the response to the probe is needed
	}
	p.skipUntil.Store(skipUntil)
}
