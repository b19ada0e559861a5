package transport

import (
	"context"
	"net/http"
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
}

func (p pacing) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	var granted time.Time
	if p.pacer != nil || st.call.Hooks != nil {
		granted = time.Now()
	}
	if p.pacer != nil {
		asked := granted
		if err := p.pacer.Acquire(req.Context(), st.call.Bulk, st.call.MaxWait); err != nil {
			closeBody(req)
			return nil, finalError{err}
		}
		granted = time.Now()
		if waited := granted.Sub(asked); waited >= time.Millisecond && st.call.Hooks != nil {
			st.call.Hooks.Wait(st.Context, st.attempts+1, waited)
		}
	}
	st.attempts++
	if st.call.Hooks != nil {
		st.call.Hooks.Attempt(st.Context, st.attempts)
	}
	resp, err := p.next.RoundTrip(req)
	st.last.Err = err
	st.last.scrub(st.key) // before anybody is told
	if st.call.Hooks != nil {
		st.call.Hooks.Response(st.Context, st.attempts, &st.last, time.Since(granted))
	}
	if p.pacer != nil {
		p.pacer.Observe(st.observed(granted))
	}
	return resp, err
}

func (st *state) observed(granted time.Time) Sent {
	s := Sent{
		Granted:    granted,
		StatusCode: st.last.StatusCode,
		NotSent:    st.last.StatusCode == 0 && !st.sent.Load(),
		RateLimit:  st.last.RateLimit,
		RetryAfter: st.last.RetryAfter,
	}
	if st.last.Header != nil {
		s.Date, _ = http.ParseTime(st.last.Header.Get("Date"))
	}
	return s
}
