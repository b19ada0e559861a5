package redispacer

import (
	"net/http"
	"sync"
	"time"

	"github.com/remsyshq/agento-go"
)

const (
	longestHold = time.Hour
	arrival     = time.Second // assumed maximum time from sending a request to its arrival
)

// learned is what a process has learned, from responses and from Redis.
type learned struct {
	mu         sync.Mutex
	findings   findings
	waited     time.Duration // longest time from a grant in Redis to the end of Acquire
	took       time.Duration // longest time from then to the response, at most arrival
	hold       time.Time     // no request may be sent before
	ordered    time.Time     // no request may be sent before, because of Retry-After; at most hold
	holds      int           // number of 429s
	reported   int           // number of those that are reported to Redis
	successive int           // consecutive 429s
	last429    time.Time     // time of the last of them
	probed     time.Time     // a request granted since then is a probe; zero: none

	last      *reply        // nil: no reply yet
	lastAt    time.Time     // when last arrived
	roundTrip time.Duration // from the request for last to its arrival
}

// takeFindings returns the findings to report and clears them.
func (l *learned) takeFindings(now time.Time) findings {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.findings
	n.Lag = microsOf(l.waited + l.took)
	if l.holds > l.reported { // every run must report the hold until one has succeeded
		n.holds = l.holds
		n.Hold, n.Ordered = microsOf(max(0, l.hold.Sub(now))), microsOf(max(0, l.ordered.Sub(now)))
	}
	l.findings, l.waited, l.took = findings{}, 0, 0
	return n
}

// failed records that the script did not reply: Redis may have lost earlier reports.
func (l *learned) failed() {
	l.mu.Lock()
	l.reported = 0
	l.mu.Unlock()
}

// replied records a reply of the script, which was called with the findings n.
func (l *learned) replied(now, asked time.Time, r reply, n *findings) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.lastAt, l.roundTrip = &r, now, now.Sub(asked)
	l.reported = max(l.reported, n.holds)
}

// limit returns the latest known limit.
func (l *learned) limit() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return 120
	}
	return int(l.last.limit)
}

// acquired records that a request may be sent, and the time since its grant.
func (l *learned) acquired(now time.Time, r *reply, waited time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waited = max(l.waited, waited)
	if r.probe {
		l.probed = now
	}
}

// unsent records that a grant was not used because Acquire failed.
func (l *learned) unsent(r *reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unused(r.now+microsOf(r.wait), true)
	l.findings.Unprobed = l.findings.Unprobed || r.probe
}

// observe records a result and reports whether Redis must know it before the next
// request. shared means that Redis granted the request.
func (l *learned) observe(now time.Time, r *agento.PaceResult, shared bool) (urgent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.probed.IsZero() && !r.Granted.Before(l.probed) {
		l.probed = time.Time{}
		l.findings.Probed, urgent = true, true
	}
	var slot micros
	lag := time.Duration(0)
	limit := int64(r.RateLimit.Limit)
	if l.last != nil {
		slot = l.last.now + microsOf(r.Granted.Sub(l.lastAt))
		lag, limit = l.last.lag, l.last.limit
	}
	switch {
	case r.NotSent:
		l.unused(slot, shared)
		return urgent
	case r.StatusCode == 0: // the service may have counted the request
		return urgent
	case r.StatusCode == http.StatusTooManyRequests:
		urgent = true
		l.unused(slot, shared)
		l.limited(now, r)
	case r.Granted.After(l.last429):
		l.successive = 0
	}
	took := now.Sub(r.Granted)
	l.took = max(l.took, min(took, arrival))
	if rl := r.RateLimit; rl.Known && rl.Limit >= 1 && rl.Remaining >= 0 && rl.Remaining <= rl.Limit {
		urgent = urgent || int64(rl.Limit) != limit
		l.headers(r, slot, took)
	} else {
		l.noHeaders(r.StatusCode, slot, shared)
	}
	return urgent || l.waited+l.took > lag/4*5+time.Millisecond
}

// unused gives a grant back to Redis. A grant of this process alone is not given back: Redis
// does not know it, and would remove the grant of another process.
func (l *learned) unused(slot micros, shared bool) {
	if shared {
		l.findings.Unsent++
		l.findings.UnsentAt = max(l.findings.UnsentAt, slot)
	}
}

func (l *learned) headers(r *agento.PaceResult, slot micros, took time.Duration) {
	if left, ok := untilReset(r); ok {
		l.findings.AtLeast = max(l.findings.AtLeast, microsOf(left-2*time.Second))
		// Nothing else is in the window, so Reset is its end, also if Reset means the time when
		// the oldest request leaves it. Reset and Date are whole seconds.
		if r.RateLimit.Remaining >= r.RateLimit.Limit-1 && r.StatusCode != http.StatusTooManyRequests {
			l.findings.AtMost = microsOf(left + time.Second + took.Truncate(time.Second))
		}
	}
	if l.findings.Kind == withHeaders && slot < l.findings.Slot {
		return // a newer response is recorded
	}
	l.findings.Kind, l.findings.Slot, l.findings.Took = withHeaders, slot, microsOf(took+l.roundTrip)
	l.findings.Limit, l.findings.Used = r.RateLimit.Limit, r.RateLimit.Limit-r.RateLimit.Remaining
}

func (l *learned) noHeaders(status int, slot micros, shared bool) {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		l.unused(slot, shared) // the service checks the key before the limit
	case status/100 == 2 && l.findings.Kind == noResponse:
		l.findings.Kind, l.findings.Slot = withoutHeaders, slot
	}
}

// limited records a 429.
func (l *learned) limited(now time.Time, r *agento.PaceResult) {
	wait := r.RetryAfter
	if wait <= 0 {
		wait = time.Second
		if left, ok := untilReset(r); ok && r.RateLimit.Remaining == 0 {
			wait += left
		}
	}
	l.findings.AtLeast = max(l.findings.AtLeast, microsOf(wait-time.Second))
	if r.Granted.After(l.last429) {
		wait = max(wait, time.Second/2<<min(l.successive, 10))
		l.successive++
		l.last429 = now
	}
	if hold := now.Add(min(wait, longestHold)); hold.After(l.hold) {
		l.hold = hold
	}
	if ordered := now.Add(min(r.RetryAfter, longestHold)); ordered.After(l.ordered) {
		l.ordered = ordered
	}
	l.holds++
}

// untilReset returns Reset minus Date, both by the service's clock.
func untilReset(r *agento.PaceResult) (time.Duration, bool) {
	if r.Date.IsZero() || r.RateLimit.Reset.IsZero() {
		return 0, false
	}
	left := r.RateLimit.Reset.Sub(r.Date)
	return left, left >= 0 && left <= time.Hour
}
