package redispacer

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go"
)

const (
	longestHold = time.Hour
	arrival     = time.Second // a request that is not answered yet has arrived by then
)

// notes is what the process has learnt and not told yet. It goes to Redis with
// the next call.
type notes struct {
	urgent atomic.Int64 // how much came that cannot wait, since it is being told; 0: it is not

	mu   sync.Mutex
	told told
	late time.Duration // longest time from a place to when its call went
	took time.Duration // longest time from there to the answer
	trip time.Duration // of the newest reply

	hold     time.Time // nothing may go before
	ordered  time.Time // the same, as far as the service asked for it
	holds    int       // 429s that led to the two
	heard    int       // of them, those that Redis knows of
	strikes  int       // 429s in a row
	struck   time.Time
	probed   time.Time // calls that went from then on tell how things stand; zero: none is asked for
	known    reply     // the newest
	knownAt  time.Time // when it came
	hasReply bool
}

// take returns what is to be told, and forgets it.
func (n *notes) take(now time.Time) told {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.told
	t.lag = n.late + n.took
	if n.holds > n.heard { // until it is known to have arrived: no question is to overtake it
		t.holds, t.hold, t.ordered = n.holds, max(0, n.hold.Sub(now)), max(0, n.ordered.Sub(now))
	}
	n.told, n.late, n.took = told{}, 0, 0
	return t
}

// failed enters that a question got no answer: Redis may have lost what it knew.
func (n *notes) failed() {
	n.mu.Lock()
	n.heard = 0
	n.mu.Unlock()
}

// answered enters a reply of Redis to a question that told of so many holds.
func (n *notes) answered(now, asked time.Time, r *reply, holds int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known, n.knownAt, n.hasReply = *r, now, true
	n.trip = now.Sub(asked)
	n.heard = max(n.heard, holds)
}

// granted enters that a call may go now, so long after its place at most.
func (n *notes) granted(now time.Time, probe bool, late time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = max(n.late, late)
	if probe {
		n.probed = now
	}
}

// slot is a time by the clock of Redis; 0 if that is not known.
func (n *notes) slot(t time.Time) int64 {
	if !n.hasReply {
		return 0
	}
	return n.known.now + t.Sub(n.knownAt).Microseconds()
}

// observe enters what became of an attempt, and tells whether that is urgent.
// Shared says that Redis gave the place.
func (n *notes) observe(now time.Time, r *agento.PaceResult, shared bool) (urgent bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.probed.IsZero() && !r.Granted.Before(n.probed) {
		n.probed = time.Time{}
		n.told.probed, urgent = true, true
	}
	slot := n.slot(r.Granted)
	if r.NotSent {
		n.unused(slot, shared)
		return urgent
	}
	if r.StatusCode == 0 {
		return urgent // it may have been counted
	}
	took := now.Sub(r.Granted)
	n.took = max(n.took, min(took, arrival))
	if r.StatusCode == http.StatusTooManyRequests {
		urgent = true
		n.unused(slot, shared)
		n.refused(now, r)
	} else if r.Granted.After(n.struck) {
		n.strikes = 0
	}
	if rl := r.RateLimit; rl.Known && rl.Limit >= 1 && rl.Remaining >= 0 && rl.Remaining <= rl.Limit {
		urgent = urgent || n.hasReply && rl.Limit != n.known.limit
		n.headers(r, slot, took)
	} else {
		n.noHeaders(r.StatusCode, slot, shared)
	}
	return urgent || n.late+n.took > n.known.lag/4*5+time.Millisecond
}

// unused gives a place back to Redis, if it is one of Redis: in its stead Redis
// would give back another's.
func (n *notes) unused(slot int64, shared bool) {
	if !shared {
		return
	}
	n.told.unsent++
	n.told.slot = max(n.told.slot, slot)
}

// headers enters an answer that tells of the limit, if it is the newest.
func (n *notes) headers(r *agento.PaceResult, slot int64, took time.Duration) {
	if left, ok := untilReset(r); ok {
		n.told.atLeast = max(n.told.atLeast, left-2*time.Second)
		// The first request of a window has the whole of it before it, whatever
		// Reset means; both ends are in whole seconds.
		if r.RateLimit.Remaining >= r.RateLimit.Limit-1 && r.StatusCode != http.StatusTooManyRequests {
			n.told.atMost = left + time.Second + took.Truncate(time.Second)
		}
	}
	if n.told.kind == withHeaders && slot < n.told.slot {
		return
	}
	n.told.kind, n.told.slot = withHeaders, slot
	n.told.limit, n.told.used = r.RateLimit.Limit, r.RateLimit.Limit-r.RateLimit.Remaining
	n.told.took = took + n.trip
}

// noHeaders enters an answer that tells nothing of the limit.
func (n *notes) noHeaders(status int, slot int64, shared bool) {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		n.unused(slot, shared) // decided before the limiter
	case status/100 == 2 && n.told.kind == noAnswer:
		n.told.kind, n.told.slot = withoutHeaders, slot
	}
}

// refused enters a 429: nothing goes before its time is over.
func (n *notes) refused(now time.Time, r *agento.PaceResult) {
	wait := r.RetryAfter
	if wait <= 0 {
		wait = time.Second
		if left, ok := untilReset(r); ok {
			wait += left
		}
	}
	n.told.atLeast = max(n.told.atLeast, wait-time.Second)
	if r.Granted.After(n.struck) {
		wait = max(wait, time.Second/2<<min(n.strikes, 10))
		n.strikes++
		n.struck = now
	}
	if hold := now.Add(min(wait, longestHold)); hold.After(n.hold) {
		n.hold = hold
	}
	if ordered := now.Add(min(r.RetryAfter, longestHold)); ordered.After(n.ordered) {
		n.ordered = ordered
	}
	n.holds++
}

// untilReset is Reset less Date, both by the service's clock.
func untilReset(r *agento.PaceResult) (time.Duration, bool) {
	if r.Date.IsZero() || r.RateLimit.Reset.IsZero() {
		return 0, false
	}
	left := r.RateLimit.Reset.Sub(r.Date)
	return left, left >= 0 && left <= time.Hour
}
