package transport

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/pace"
)

// Pacer decides when an attempt may leave. There is one Observe for each
// Acquire that returned nil.
type Pacer interface {
	Acquire(context.Context, pace.Request) error
	Observe(pace.Result)
}

// pacing takes a place in the shared rate limit for each attempt.
type pacing struct {
	next  http.RoundTripper
	pacer Pacer // nil: nothing to share
	dates *dates
	// strays are keys of requests that belong to no call, as far as is known.
	strays *strays
}

func (p *pacing) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	if p.pacer != nil {
		if err := p.acquire(req.Context(), st); err != nil {
			closeBody(req)
			st.refused = err
			return nil, finalError{err}
		}
	}
	st.begun = time.Now()
	if p.pacer != nil {
		defer p.observe(st) // also of an attempt that panics
	}
	if req.Context().Err() != nil {
		closeBody(req)
		return nil, finalError{errs.Context(req.Context())}
	}
	st.attempts++
	if st.call.Hooks != nil {
		st.call.Hooks.Attempt(st.Context, st.attempts)
	}
	resp, err := p.next.RoundTrip(req)
	st.last.Err = err
	p.strays.hideFrom(&st.hidden)
	st.last.scrub(st.hidden.list()) // before anybody is told
	if st.call.Hooks != nil {
		st.call.Hooks.Response(st.Context, st.attempts, &st.last, time.Since(st.begun))
	}
	return resp, err
}

// acquire takes the place of one attempt, and tells of a wait that can be felt.
func (p *pacing) acquire(ctx context.Context, st *state) error {
	place := pace.Request{Bulk: st.call.Bulk, MaxHold: max(st.call.RetryAfterLimit, 1)}
	hooks, patience := st.call.Hooks, st.call.Patience
	if hooks == nil && patience == nil && st.call.MaxWait == 0 {
		return p.pacer.Acquire(ctx, place)
	}
	switch {
	case patience != nil:
		place.MaxWait = max(*patience, 1)
	case st.call.MaxWait > 0:
		place.MaxWait = max(st.call.MaxWait-st.queued, 1)
	}
	asked := time.Now()
	err := p.pacer.Acquire(ctx, place)
	waited := time.Since(asked)
	st.queued += waited
	if patience != nil {
		*patience -= waited
	}
	if hooks != nil && waited >= time.Millisecond {
		hooks.Wait(st.Context, st.attempts+1, waited)
	}
	return err
}

// observe tells the pacer what became of the attempt that it let go.
func (p *pacing) observe(st *state) {
	out := &st.last
	r := pace.Result{
		Granted: st.begun, StatusCode: out.StatusCode, NotSent: out.StatusCode == 0 && !st.sent.Load(),
		Known: out.RateLimit.Known, Limit: out.RateLimit.Limit, Remaining: out.RateLimit.Remaining, Reset: out.RateLimit.Reset,
	}
	if out.StatusCode == http.StatusTooManyRequests { // another answer asks it for its own reasons
		r.RetryAfter = out.RetryAfter
	}
	if v := out.Header["Date"]; len(v) > 0 {
		r.Date = p.dates.parse(v[0])
	}
	p.pacer.Observe(r)
}

// dates reads the Date headers of answers. It keeps the newest, since a service
// that is asked often says the same for a second.
type dates struct{ newest atomic.Pointer[date] }

type date struct {
	text string
	at   time.Time
}

func (d *dates) parse(text string) time.Time {
	if known := d.newest.Load(); known != nil && known.text == text {
		return known.at
	}
	at, _ := http.ParseTime(text) // the zero time says that it is not known
	d.newest.Store(&date{text, at})
	return at
}
