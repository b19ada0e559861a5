package pace

import (
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	tooManyRequests = http.StatusTooManyRequests
	maxHold         = int64(time.Hour) // maximum pause after a 429
	maxBackoff      = 15 * second
)

// learn updates the window with the outcome of a request.
func (w *window) learn(now, granted int64, r *Result) {
	latest := min(granted, w.lastGrant) > w.probeFrom
	if latest {
		w.probing = false
	}
	if r.NotSent {
		w.uncount(granted)
		return
	}
	if r.StatusCode == 0 {
		return // the service may have counted it
	}
	w.lag = max(min(now-granted, second), w.lag-w.lag/int64(8*w.limit))
	if r.StatusCode == tooManyRequests {
		w.limited(now, latest, r)
		w.uncount(granted)
	} else if latest {
		w.consecutive = 0
	}
	if !r.Known || r.Reset.IsZero() || r.Limit < 1 || r.Remaining < 0 || r.Remaining > r.Limit {
		if r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden {
			w.uncount(granted) // rejected before the limiter
		} else if r.StatusCode/100 == 2 && (w.newest < 0 || now > w.newest+2*w.length) {
			w.noHeaders, w.grain = true, w.length/(maxSlots/2)
		}
		return
	}
	if granted < w.newest-second {
		return // out of date
	}
	w.newest = max(w.newest, granted)
	w.noHeaders = false
	w.limit = min(r.Limit, maxLimit)
	left := untilReset(r)
	w.lengthen(left - 2*second)
	// At the first request of a window, the time until reset is the length of the window.
	first := left >= 0 && r.Remaining >= r.Limit-1 && r.StatusCode != tooManyRequests
	if longest := left + second + (now-granted)/second*second; first && longest < w.length && !w.lengthened {
		w.length = longest
	}
	w.grain = 0
	if w.limit > maxSlots {
		w.grain = w.length / (maxSlots / 2)
	}
	w.expire(now, false)
	w.learnUsed(now, granted, r)
}

// limited pauses the client after a 429 until the service allows the next request,
// which is a probe.
func (w *window) limited(now int64, latest bool, r *Result) {
	wait := min(int64(r.RetryAfter), maxHold)
	if wait > 0 {
		w.asked = max(w.asked, now+wait)
	} else if left := untilReset(r); r.Remaining == 0 && left > 0 && left <= w.length {
		wait = left + second
	}
	w.lengthen(wait - second)
	if latest { // otherwise it belongs to the burst of the last 429
		longest := min(second<<min(w.consecutive, 10), maxBackoff)
		wait = max(wait, longest/2+rand.Int64N(longest/2))
		w.consecutive++
	}
	w.hold = max(w.hold, now+wait)
	w.probing, w.probeFrom = true, now
}

// untilReset returns Reset minus Date, or -1 if that is unknown or implausible. Both
// are whole seconds of the server's clock, so it may be a second too short.
func untilReset(r *Result) int64 {
	left := r.Reset.Sub(r.Date)
	if !r.Known || r.Reset.IsZero() || r.Date.IsZero() || left < 0 || left > time.Hour {
		return -1
	}
	return int64(left)
}

// lengthen corrects a window length that was too short.
func (w *window) lengthen(least int64) {
	if least > w.length && w.length < defaultWindow {
		w.length, w.lengthened = defaultWindow, true
	}
}

// learnUsed compares the service's count when the request arrived with the requests
// that this client had sent.
func (w *window) learnUsed(now, granted int64, r *Result) {
	used := w.limit - min(r.Remaining, w.limit)

	// Requests are assumed to arrive in the order in which they were granted, so that later
	// ones are not in the count. They may be in it as long as no other client was seen.
	own, later := w.own.after(granted-w.lifetime()), w.own.after(granted)
	foreign := max(used-own+later, 0)
	if w.foreign == 0 && used <= own {
		foreign = 0
	}
	// The count may be too low by the requests in flight, so foreign decreases only if it
	// would be smaller with them too. If little budget remains, the decrease waits for a twentieth of
	// the window, because other clients may use a free slot again.
	inFlight := w.own.after(granted-w.lag) - later
	if foreign >= w.foreign || foreign+inFlight > w.foreign {
		w.foreign = max(foreign, w.foreign)
	} else if r.Remaining <= w.limit/8 {
		w.knownTo = min(w.knownTo, now+w.length/20)
	} else {
		w.foreign, w.knownTo = foreign, never
	}
	if w.foreign > 0 {
		w.knownTo = min(w.knownTo, now+w.lifetime())
	}

	// Requests granted a second before this one have arrived. If the service does not
	// count them, the window has ended or is shorter than assumed.
	if arrived := w.own.after(now-w.length) - w.own.after(granted-second); arrived > used {
		w.own.drop(arrived - used)
	}

	if r.Remaining > 0 {
		return
	}
	reset := w.hold
	if r.StatusCode != tooManyRequests {
		left := untilReset(r)
		if left < 0 {
			return
		}
		reset = now + left + second
	}
	// At reset, the estimate expires, unless a request of this client leaves the window at about
	// that time. Then the client waits for it: other clients will use the slots before it.
	if w.own.n == 0 || w.own.granted(0)+w.lifetime() > reset+w.length/10 {
		w.knownTo = reset
	} else if w.foreign > 0 {
		w.knownTo = now + w.lifetime()
	}
}
