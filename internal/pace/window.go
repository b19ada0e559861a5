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

	// catchUp sets the pause between two calls of a queue: the window divided by the limit
	// and by catchUp. Without a pause, other clients would not learn of these calls in time
	// from the headers of their own responses.
	catchUp = 8
	// otherClients is the assumed number of other clients, if there are any. Each is
	// assumed to have as many requests in flight as this one.
	otherClients = 2
)

// window estimates what the service counts against the limit. The Pacer's lock guards it.
type window struct {
	limit      int
	length     int64
	lengthened bool // length was once too short; it is not shortened again
	noHeaders  bool // the service sends no headers: only 429s are honored

	grain   int64 // the resolution of own
	lag     int64 // longest recent response time, at most a second
	foreign int   // requests of other clients
	knownTo int64 // when the estimate of foreign expires
	newest  int64 // grant time of the newest response with headers

	// While probing, one request is sent at a time: at the start, after a 429, and
	// when foreign has become unknown. The response to a request granted after
	// probeFrom ends it.
	probing   bool
	probeFrom int64
	lastGrant int64

	hold        int64 // nothing is sent before this
	asked       int64 // nothing is sent before this because of a Retry-After; at most hold
	consecutive int   // consecutive 429s; those of one burst count once

	own ledger // requests of this client
}

func newWindow() window {
	return window{
		limit: defaultLimit, length: defaultWindow, newest: -1, knownTo: never,
		probing: true, probeFrom: -1, lastGrant: -1,
	}
}

// ready returns now if the next call of the class may be sent, or else when to call ready
// again. short reports that the call waits for budget, or that the newest response was a
// 429: a queue is then sent at the rate of drain.
func (w *window) ready(now int64, bulk, queued bool) (at int64, short bool) {
	if now < w.hold {
		return w.hold, true
	}
	w.expire(now, queued)
	if !w.noHeaders && w.room(bulk) < 1 {
		return w.nextFree(now, 0), true
	}
	short = w.consecutive > 0
	if w.probing && w.lastGrant > w.probeFrom {
		if timeout := w.lastGrant + second; now < timeout {
			return timeout, short
		}
		w.probing = short // after a 429, this call is another probe
	}
	return now, short
}

// drain returns when to send the next call of a queue that waits for budget.
func (w *window) drain(now int64) int64 {
	if w.noHeaders {
		return now
	}
	if w.foreign > 0 && w.room(false) <= otherClients*w.own.after(max(w.newest, now-second)) {
		return w.lastGrant + second // a response that arrives earlier calls dispatch
	}
	return w.lastGrant + w.gap()
}

// gap is the time between two calls of such a queue.
func (w *window) gap() int64 { return w.length / int64(w.limit) / catchUp }

// room returns how many calls of the class fit into the window. Bulk calls leave
// (limit-foreign)/10 to chat, minus the chat calls already in the window.
func (w *window) room(bulk bool) int {
	room := w.limit - w.own.n - w.foreign
	if bulk {
		room -= max((w.limit-w.foreign)/10-(w.own.n-w.own.bulk), 0)
	}
	return room
}

// uncount removes a request that the service did not count.
func (w *window) uncount(granted int64) { w.own.remove(granted + w.grain) }

// lifetime returns for how long after its grant a request is assumed to count: the length
// of the window, plus the time that it may take to arrive.
func (w *window) lifetime() int64 { return w.length + w.lag }

// expire removes requests that have left the window. When the estimate of foreign expires,
// the window is taken to be emptier: foreign becomes 0, or if it is 0 already, the client's
// oldest request is dropped. Then there is room for a call, which is a probe if calls are
// queued.
func (w *window) expire(now int64, queued bool) {
	w.own.expire(now - w.lifetime())
	if now < w.knownTo {
		return
	}
	if w.foreign == 0 {
		w.own.drop(1)
	}
	w.foreign, w.knownTo = 0, never
	if queued {
		w.probing, w.probeFrom = true, now-1
	}
}

// nextFree returns when the k-th request, counted from 0, leaves the window, or when the
// estimate of foreign expires, if that is earlier.
func (w *window) nextFree(now int64, k int) int64 {
	at := now + w.length
	if k < w.own.n {
		at = w.own.granted(k) + w.lifetime()
	}
	return max(min(at, w.knownTo), now+1)
}

// estimate returns about when a call with this many calls ahead of it is sent. It may make
// the next call a probe, because it calls the function expire.
func (w *window) estimate(now int64, ahead int, bulk bool) int64 {
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
