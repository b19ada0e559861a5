package agento

import (
	"context"
	"sync"
	"time"

	"github.com/remsyshq/agento-go/internal/pace"
)

// RateLimit is the state of the API key's rate limit, from the headers of a response.
type RateLimit struct {
	Limit     int       // requests allowed in the window
	Remaining int       // requests left in the window
	Reset     time.Time // when the window resets, by the service's clock; zero if not reported
	Known     bool      // whether the response had the headers
}

// lastSeen is the rate limit that the latest response reported.
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

// Pacer decides when requests are sent, so that the calls of one API key share its rate
// limit. A client has its own; [WithPacer] replaces it. The methods must be safe for
// concurrent use.
type Pacer interface {
	// Acquire returns nil when the attempt may be sent. It returns an error at once if
	// that would take longer than MaxWait or the context allows, or if a Retry-After
	// blocks all requests for longer than MaxHold. The error should be an [*Error] with
	// [CodeRateLimited] and RetryAfter.
	Acquire(ctx context.Context, r PaceRequest) error
	// Observe is called once for each Acquire that returned nil, after the attempt.
	Observe(r PaceResult)
}

// PaceRequest is the request for permission to send one attempt.
type PaceRequest struct {
	Bulk    bool          // other requests may go first
	MaxWait time.Duration // limit of the wait; 0: only the context limits it
	MaxHold time.Duration // limit of the wait for a Retry-After; 0: no limit
}

// PaceResult is the result of one attempt.
type PaceResult struct {
	Granted    time.Time // when Acquire returned
	NotSent    bool      // no request was sent
	StatusCode int       // 0: no response
	RateLimit  RateLimit
	Date       time.Time     // of the response; zero if not reported
	RetryAfter time.Duration // of a 429
}

// callersPacer adapts a pacer of the caller.
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
