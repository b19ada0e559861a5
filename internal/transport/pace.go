package transport

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/pace"
)

// longWait is the shortest wait for the rate limit that is reported to hooks.
const longWait = time.Millisecond

// acquire waits until the pacer allows one attempt.
func (c *call) acquire(pacer Pacer) error {
	r := pace.Request{Bulk: c.Bulk, MaxHold: max(c.RetryAfterLimit, 1)}
	if c.MaxWait > 0 {
		r.MaxWait = max(c.MaxWait-c.queued, 1)
	}
	if c.Hooks == nil && c.MaxWait == 0 {
		return pacer.Acquire(c.ctx, r)
	}
	begun := time.Now()
	err := pacer.Acquire(c.ctx, r)
	waited := time.Since(begun)
	c.queued += waited
	if c.Hooks != nil && waited >= longWait {
		c.Hooks.Wait(c.attempts+1, waited)
	}
	return err
}

// observe reports the result of an attempt to the pacer.
func (c *call) observe(pacer Pacer, granted time.Time) {
	out := &c.last
	r := pace.Result{
		Granted: granted, StatusCode: out.StatusCode, NotSent: out.StatusCode == 0 && !out.sent,
		Known: out.RateLimit.Known, Limit: out.RateLimit.Limit, Remaining: out.RateLimit.Remaining, Reset: out.RateLimit.Reset,
	}
	if out.StatusCode == http.StatusTooManyRequests { // the Retry-After of others has another reason
		r.RetryAfter = out.RetryAfter
	}
	if v := out.Header["Date"]; len(v) > 0 {
		r.Date = c.t.dates.parse(v[0])
	}
	pacer.Observe(r)
}

// dates parses Date headers. It caches the newest, because all responses of the same second
// have the same text.
type dates struct{ newest atomic.Pointer[date] }

type date struct {
	text string
	at   time.Time
}

func (d *dates) parse(text string) time.Time {
	if known := d.newest.Load(); known != nil && known.text == text {
		return known.at
	}
	at, _ := http.ParseTime(text) // zero time: unknown
	d.newest.Store(&date{text, at})
	return at
}
