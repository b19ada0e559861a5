package pace

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Request asks for one attempt's place.
type Request struct {
	Bulk    bool          // waits behind calls that are not bulk
	MaxWait time.Duration // refuse at once if the turn cannot come within this; 0: only the context bounds the wait
	MaxHold time.Duration // refuse at once if a Retry-After lets nobody pass for longer than this; 0: as MaxWait
}

// Result tells what became of one granted attempt. There is exactly one
// Observe for each Acquire that returned nil.
type Result struct {
	Granted    time.Time     // when Acquire returned
	StatusCode int           // 0: no answer came
	NotSent    bool          // nothing left the machine: the budget was not used
	Known      bool          // Limit and Remaining were told
	Limit      int           // X-RateLimit-Limit
	Remaining  int           // X-RateLimit-Remaining
	Reset      time.Time     // X-RateLimit-Reset, server clock, whole seconds; zero if absent
	Date       time.Time     // Date, server clock, whole seconds; zero if absent
	RetryAfter time.Duration // of a 429; 0 if absent
}

// RefusedError is returned by Acquire when the turn cannot come in time.
type RefusedError struct {
	RetryAfter time.Duration // from now to the turn
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("pace: the next turn is in %v, which is too late", e.RetryAfter.Round(time.Millisecond))
}

// Pacer shares the budget of one key among the calls of a client. It starts no
// goroutine and needs no closing. It is safe for concurrent use.
type Pacer struct {
	start time.Time // the times of the model are nanoseconds since then, on the monotonic clock
	// Answers to calls granted before this time say nothing new if they tell of
	// ample budget; if it is negative, before its opposite if they have no headers.
	ample atomic.Int64

	_ [64]byte // keeps what is written under the lock out of the cache line of the above

	mu    sync.Mutex
	model model
	queue queue
	timer *time.Timer
}

// New returns a Pacer that knows of the service what is documented: 120
// requests in 60 s.
func New() *Pacer {
	return &Pacer{start: time.Now(), model: newModel()}
}

func (p *Pacer) now() int64 { return int64(time.Since(p.start)) }

// Acquire waits for the turn of one attempt. It returns nil; a *RefusedError,
// at once, if the turn cannot come before the context's deadline, within MaxWait
// or MaxHold; or, when the context ends, an error that matches both its Err and
// its Cause.
func (p *Pacer) Acquire(ctx context.Context, r Request) error {
	if ctx.Err() != nil {
		return errs.Context(ctx)
	}
	now := p.now()
	p.mu.Lock()
	if p.queue.empty() && p.model.opens(now, r.Bulk) <= now {
		p.model.grant(now, r.Bulk)
		p.mu.Unlock()
		return nil
	}
	w, err := p.enqueue(ctx, r, now)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.wait(ctx, w, r.MaxWait)
}

// Observe enters what became of a granted attempt.
func (p *Pacer) Observe(r Result) {
	granted := int64(r.Granted.Sub(p.start))
	if r.StatusCode/100 == 2 && !r.NotSent {
		ample := p.ample.Load()
		if r.Known && granted < ample && r.Remaining > r.Limit/2 || !r.Known && granted < -ample {
			return
		}
	}
	now := p.now()
	granted = min(max(granted, 0), now)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.model.learn(now, granted, &r)
	if !p.queue.empty() {
		if r.StatusCode == tooManyRequests {
			p.refuseLate(now)
		}
		p.dispatch(now)
	}
	p.ample.Store(p.model.ampleUntil(granted))
}
