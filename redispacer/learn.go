package redispacer

import (
	"net/http"
	"sync"
	"time"

	"github.com/remsyshq/agento-go"
)

const (
	longestHold = time.Hour
	arrival     = time.Second // a request without a response has arrived by then
)

// learned is what a process has learned and not yet reported to Redis, and what it
// knows of Redis.
type learned struct {
	mu      sync.Mutex
	news    news
	waited  time.Duration // longest time from a grant in Redis to the end of Acquire
	took    time.Duration // longest time from there to the response
	hold    time.Time     // no request may be sent before
	ordered time.Time     // the same, as far as the service asked for it
	holds   int           // number of 429s that led to both
	heard   int           // number of those that Redis knows
	strikes int           // consecutive 429s
	struck  time.Time     // the latest of them
	probed  time.Time     // a request granted from then on is a probe; zero: none is

	last   *reply        // nil: none yet
	lastAt time.Time     // when it arrived
	trip   time.Duration // how long it took
}

// take returns the news and forgets them.
func (l *learned) take(now time.Time) news {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.news
	n.Lag = microsOf(l.waited + l.took)
	if l.holds > l.heard { // no question must overtake the report of a hold
		n.holds = l.holds
		n.Hold, n.Ordered = microsOf(max(0, l.hold.Sub(now))), microsOf(max(0, l.ordered.Sub(now)))
	}
	l.news, l.waited, l.took = news{}, 0, 0
	return n
}

// failed records that a question got no reply: Redis may have lost what it knew.
func (l *learned) failed() {
	l.mu.Lock()
	l.heard = 0
	l.mu.Unlock()
}

// replied records a reply to a question with news.
func (l *learned) replied(now, asked time.Time, r reply, n *news) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.lastAt, l.trip = &r, now, now.Sub(asked)
	l.heard = max(l.heard, n.holds)
}

// limit is the latest limit known.
func (l *learned) limit() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return 120
	}
	return int(l.last.limit)
}

// acquired records that a request may be sent, so long after its grant.
func (l *learned) acquired(now time.Time, r *reply, waited time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waited = max(l.waited, waited)
	if r.probe {
		l.probed = now
	}
}

// unsent records that a grant was not used, before Acquire returned.
func (l *learned) unsent(r *reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unused(r.now+microsOf(r.wait), true)
	l.news.Unprobed = l.news.Unprobed || r.probe
}

// observe records a result and reports whether Redis must know it before the next
// request. Shared means that Redis granted the request.
func (l *learned) observe(now time.Time, r *agento.PaceResult, shared bool) (urgent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.probed.IsZero() && !r.Granted.Before(l.probed) {
		l.probed = time.Time{}
		l.news.Probed, urgent = true, true
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
	case r.StatusCode == 0: // the service may have counted it
		return urgent
	case r.StatusCode == http.StatusTooManyRequests:
		urgent = true
		l.unused(slot, shared)
		l.refused(now, r)
	case r.Granted.After(l.struck):
		l.strikes = 0
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

// unused returns a grant to Redis, unless this process granted it: Redis would
// return another process's.
func (l *learned) unused(slot micros, shared bool) {
	if shared {
		l.news.Unsent++
		l.news.UnsentAt = max(l.news.UnsentAt, slot)
	}
}

func (l *learned) headers(r *agento.PaceResult, slot micros, took time.Duration) {
	if left, ok := untilReset(r); ok {
		l.news.AtLeast = max(l.news.AtLeast, microsOf(left-2*time.Second))
		// The first request of a window has the whole window ahead, whatever Reset
		// means. Both ends are in whole seconds.
		if r.RateLimit.Remaining >= r.RateLimit.Limit-1 && r.StatusCode != http.StatusTooManyRequests {
			l.news.AtMost = microsOf(left + time.Second + took.Truncate(time.Second))
		}
	}
	if l.news.Kind == withHeaders && slot < l.news.Slot {
		return // a newer response is known
	}
	l.news.Kind, l.news.Slot, l.news.Took = withHeaders, slot, microsOf(took+l.trip)
	l.news.Limit, l.news.Used = r.RateLimit.Limit, r.RateLimit.Limit-r.RateLimit.Remaining
}

func (l *learned) noHeaders(status int, slot micros, shared bool) {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		l.unused(slot, shared) // the service checks the key before the limit
	case status/100 == 2 && l.news.Kind == noResponse:
		l.news.Kind, l.news.Slot = withoutHeaders, slot
	}
}

// refused records a 429.
func (l *learned) refused(now time.Time, r *agento.PaceResult) {
	wait := r.RetryAfter
	if wait <= 0 {
		wait = time.Second
		if left, ok := untilReset(r); ok && r.RateLimit.Remaining == 0 {
			wait += left
		}
	}
	l.news.AtLeast = max(l.news.AtLeast, microsOf(wait-time.Second))
	if r.Granted.After(l.struck) {
		wait = max(wait, time.Second/2<<min(l.strikes, 10))
		l.strikes++
		l.struck = now
	}
	if hold := now.Add(min(wait, longestHold)); hold.After(l.hold) {
		l.hold = hold
	}
	if ordered := now.Add(min(r.RetryAfter, longestHold)); ordered.After(l.ordered) {
		l.ordered = ordered
	}
	l.holds++
}

// untilReset is Reset less Date, both by the service's clock.
func untilReset(r *agento.PaceResult) (time.Duration, bool) {
	if r.Date.IsZero() || r.RateLimit.Reset.IsZero() {
		return 0, false
	}
	left := r.RateLimit.Reset.Sub(r.Date)
	return left, left >= 0 && left <= time.Hour
}
