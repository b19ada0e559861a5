package transport

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Pacer decides when an attempt may leave. There is one Observe for each
// Acquire that returned nil.
type Pacer interface {
	Acquire(ctx context.Context, bulk bool, maxWait time.Duration) error
	Observe(Sent)
}

// Sent tells a pacer what became of an attempt that it let go.
type Sent struct {
	Granted    time.Time
	NotSent    bool // nothing left the machine
	StatusCode int  // 0: no answer
	RateLimit  RateLimit
	Date       time.Time // the service's clock, zero where it is not told
	RetryAfter time.Duration
}

// pacing takes a place in the shared rate limit for each attempt.
type pacing struct {
	next  http.RoundTripper
	pacer Pacer // nil: nothing to share
	dates *dates
}

func (p pacing) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	if p.pacer != nil {
		if err := p.acquire(req.Context(), st); err != nil {
			closeBody(req)
			st.refused = err
			return nil, finalError{err}
		}
	}
	begun := time.Now()
	st.attempts++
	if st.call.Hooks != nil {
		st.call.Hooks.Attempt(st.Context, st.attempts)
	}
	resp, err := p.next.RoundTrip(req)
	st.last.Err = err
	st.last.scrub(st.hidden.list()) // before anybody is told
	if st.call.Hooks != nil {
		st.call.Hooks.Response(st.Context, st.attempts, &st.last, time.Since(begun))
	}
	if p.pacer != nil {
		p.pacer.Observe(p.observed(st, begun))
	}
	return resp, err
}

// acquire takes the place of one attempt, and tells of a wait that can be felt.
func (p pacing) acquire(ctx context.Context, st *state) error {
	hooks := st.call.Hooks
	if hooks == nil {
		return p.pacer.Acquire(ctx, st.call.Bulk, st.call.MaxWait)
	}
	asked := time.Now()
	err := p.pacer.Acquire(ctx, st.call.Bulk, st.call.MaxWait)
	if waited := time.Since(asked); waited >= time.Millisecond {
		hooks.Wait(st.Context, st.attempts+1, waited)
	}
	return err
}

func (p pacing) observed(st *state, granted time.Time) Sent {
	s := Sent{
		Granted:    granted,
		StatusCode: st.last.StatusCode,
		NotSent:    st.last.StatusCode == 0 && !st.sent.Load(),
		RateLimit:  st.last.RateLimit,
		RetryAfter: st.last.RetryAfter,
	}
	if v := st.last.Header["Date"]; len(v) > 0 {
		s.Date = p.dates.parse(v[0])
	}
	return s
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
