package pace

import (
	"math"
	"time"
)

const (
	never  = math.MaxInt64
	second = int64(time.Second)

	defaultLimit  = 120
	defaultWindow = 60 * second
	maxLimit      = 1 << 30

	// catchUp is how fast a queue drains, as a multiple of the limit per window.
	// It is slow enough for other clients to see the requests in their headers.
	catchUp = 8
	// otherClients is how many other clients, if there are any, are assumed to
	// have as many requests in flight as this one.
	otherClients = 2
)

// window estimates what the service counts against the limit. The Pacer's lock
// guards it.
type window struct {
	limit      int
	length     int64
	lengthened bool // length was once too short; it is not shortened again
	noHeaders  bool // the service sends no headers: only its 429s are obeyed

	own     ledger // requests of this client
	grain   int64  // the resolution of own
	lag     int64  // the longest response time lately, at most a second
	foreign int    // requests of other clients
	knownTo int64  // when the estimate is out of date
	newest  int64  // grant time of the newest response with headers

	// While probing, one request is sent at a time: at the start, after a 429, and
	// when foreign has become unknown. It ends with the response to a request that
	// was granted after probeFrom.
	probing   bool
	probeFrom int64
	lastGrant int64

	hold    int64 // nothing is sent before this
	asked   int64 // the part of hold that a Retry-After asked for
	strikes int   // 429s in a row; those of one burst count once
}

func newWindow() window {
	return window{
		limit: defaultLimit, length: defaultWindow, newest: -1, knownTo: never,
		probing: true, probeFrom: -1, lastGrant: -1,
	}
}

// ready returns when the next call of the class may be sent: a time up to now,
// or when to ask again. It reports whether the call waits for budget.
func (w *window) ready(now int64, bulk, queued bool) (at int64, short bool) {
	if now < w.hold {
		return w.hold, true
	}
	w.expire(now, queued)
	if !w.noHeaders && w.room(bulk) < 1 {
		return w.nextFree(now, 0), true
	}
	short = w.strikes > 0
	if w.probing && w.lastGrant > w.probeFrom {
		if timeout := w.lastGrant + second; now < timeout {
			return timeout, short
		}
		w.probing = short // if so, this call is another probe
	}
	return now, short
}

// drain returns when the next call of a queue that waits for budget may be sent.
func (w *window) drain(now int64) int64 {
	if w.noHeaders {
		return now
	}
	if w.foreign > 0 && w.room(false) <= otherClients*w.own.after(max(w.newest, now-second)) {
		return w.lastGrant + second // or when a response comes
	}
	return w.lastGrant + w.gap()
}

// gap is the time between two calls of such a queue.
func (w *window) gap() int64 { return w.length / int64(w.limit) / catchUp }

// room returns how many calls of the class fit into the window. Bulk leaves a
// tenth of the limit to other calls, less what they already use of it.
func (w *window) room(bulk bool) int {
	room := w.limit - w.own.n - w.foreign
	if bulk {
		room -= max((w.limit-w.foreign)/10-(w.own.n-w.own.bulk), 0)
	}
	return room
}

func (w *window) grant(now int64, bulk bool) {
	w.own.add(now, w.grain, bulk)
	w.lastGrant = now
}

// uncount removes a request that the service did not count.
func (w *window) uncount(granted int64) { w.own.remove(granted + w.grain) }

// life is how long a request counts after it was granted: it is counted when it
// arrives, at the latest when its response does.
func (w *window) life() int64 { return w.length + w.lag }

// expire removes what has left the window. When the estimate is out of date, one
// of the queued calls probes.
func (w *window) expire(now int64, queued bool) {
	w.own.expire(now - w.life())
	if now < w.knownTo {
		return
	}
	if w.foreign == 0 {
		w.own.drop(1) // makes room for the probe
	}
	w.foreign, w.knownTo = 0, never
	if queued {
		w.probing, w.probeFrom = true, now-1
	}
}

// nextFree returns when the slot of the k-th request to leave the window is free,
// counted from 0.
func (w *window) nextFree(now int64, k int) int64 {
	at := now + w.length
	if k < w.own.n {
		at = w.own.granted(k) + w.life()
	}
	return max(min(at, w.knownTo), now+1)
}

// foresee estimates when a call is sent that has so many calls ahead of it.
func (w *window) foresee(now int64, ahead int, bulk bool) int64 {
	at := max(now, w.hold)
	if w.noHeaders || w.probing {
		return at
	}
	w.expire(now, true)
	k := ahead - max(w.room(bulk), 0)
	if k < 0 {
		return at
	}
	capacity := w.limit
	if bulk {
		capacity -= w.limit / 10
	}
	windows, k := int64(k/capacity), k%capacity
	at = max(at, w.nextFree(now, 0)+int64(k)*w.gap(), w.nextFree(now, k))
	return at + windows*w.length
}
