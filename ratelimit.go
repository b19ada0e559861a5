package agento

import (
	"context"
	"sync"
	"time"

	"github.com/remsyshq/agento-go/internal/pace"
)

// RateLimit is what the service last told of the rate limit of the key.
type RateLimit struct {
	Limit     int       // requests allowed in the window
	Remaining int       // of them left
	Reset     time.Time // when the window resets, by the service's clock; zero if not told
	Known     bool      // false: no headers were seen, and the numbers mean nothing
}

// lastSeen is the rate limit that the newest response reported.
type lastSeen struct {
	mu sync.Mutex
	rl RateLimit
}

func (l *lastSeen) get() RateLimit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rl
}

func (l *lastSeen) set(rl RateLimit) {
	if !rl.Known {
		return
	}
	l.mu.Lock()
	l.rl = rl
	l.mu.Unlock()
}

// Pacer decides when a request may leave, so that the callers of one key share
// its rate limit. The SDK has one for the goroutines of a client; [WithPacer]
// puts another in its place. Both methods are called by many goroutines.
type Pacer interface {
	// Acquire returns nil when the attempt may leave. A turn that cannot come
	// within MaxWait or the context's deadline, or that a Retry-After holds up for
	// longer than MaxHold, is refused at once, best with an [*Error] that has
	// [CodeRateLimited] and RetryAfter.
	Acquire(ctx context.Context, r PaceRequest) error
	// Observe is called once for each Acquire that returned nil, when the
	// attempt's answer, or its failure, is known.
	Observe(r PaceResult)
}

// PaceRequest asks for the place of one attempt.
type PaceRequest struct {
	Bulk    bool          // may wait behind those that are not
	MaxWait time.Duration // longest wait; 0: only the context bounds it
	// MaxHold refuses at once if a Retry-After lets nobody pass for longer than
	// this; 0: as MaxWait.
	MaxHold time.Duration
}

// PaceResult is what became of one attempt.
type PaceResult struct {
	Granted    time.Time // when Acquire returned
	NotSent    bool      // nothing left the machine, so nothing was used up
	StatusCode int       // 0: no answer
	RateLimit  RateLimit
	Date       time.Time     // the service's clock; zero if not told
	RetryAfter time.Duration // of a 429
}

// callersPacer is a pacer that the caller brought.
type callersPacer struct{ Pacer }

func (p callersPacer) Acquire(ctx context.Context, r pace.Request) error {
	return p.Pacer.Acquire(ctx, PaceRequest{Bulk: r.Bulk, MaxWait: r.MaxWait, MaxHold: r.MaxHold})
}

func (p callersPacer) Observe(r pace.Result) {
	p.Pacer.Observe(PaceResult{
		Granted: r.Granted, NotSent: r.NotSent, StatusCode: r.StatusCode,
		RateLimit: RateLimit{Limit: r.Limit, Remaining: r.Remaining, Reset: r.Reset, Known: r.Known},
		Date:      r.Date, RetryAfter: r.RetryAfter,
	})
}
