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

	answerTime = second           // how long the others wait for the answer to a probe
	maxHold    = int64(time.Hour) // what a 429 may ask for at most

	// lateness is how late another client may come that goes by the headers,
	// since they are in whole seconds.
	lateness = second + second/10
)

// probing tells whether one call goes ahead of the others, to see how things stand.
type probing int8

const (
	settled probing = iota
	wanted          // the next call is the probe
	sent            // it is under way
)

// model is what the Pacer believes of the service. The Pacer's lock guards it.
type model struct {
	limit     int
	window    int64
	elongated bool // the window was once believed shorter than it is
	lag       peak // longest time to an answer of late, at most a second
	blind     bool // the service answers without headers: nothing to count by

	own       ledger
	foreign   int   // requests of others that the service counted at foreignAt
	foreignAt int64 // foreign is of the answer that came then
	roseAt    int64 // when foreign last grew
	newest    int64 // the latest grant whose answer is known
	batch     int64 // answers to calls granted just after this count together
	resetAt   int64 // by then at least one request has left the window
	rolls     bool  // Reset does not tell when the last request leaves the window
	countFrom int64 // if it rolls, requests granted before this are not counted any more

	probe   probing
	probeAt int64

	hold     int64 // nothing is granted before this
	asked    int64 // the same, as far as the service has asked for it
	strikes  int   // 429s in a row
	struckAt int64

	pressedUntil int64 // callers had to wait for budget not long before this
	draining     bool  // the queue that formed has not been empty since
	chatsToo     bool  // callers that are not bulk are in it
	drainFrom    int64
	drained      int
	politeAt     int64 // when we are late on purpose, for a window
	late         int64 // by so much

	sharing sharing
}

func newModel() model {
	m := model{limit: defaultLimit, window: defaultWindow, probe: wanted, resetAt: never, struckAt: -1, newest: -1}
	m.politeAt = m.manners()
	return m
}

// life is the time from a grant until the request has surely left the window:
// it was counted when it arrived, at the latest when its answer came.
func (m *model) life() int64 { return m.window + int64(m.lag.value()) + m.late }

// opens tells when the next call of the class may go: a time up to now, or the
// time to look again.
func (m *model) opens(now int64, bulk bool) int64 {
	if now < m.hold {
		return m.hold
	}
	switch m.probe {
	case wanted:
		return now
	case sent:
		if now < m.probeAt+answerTime {
			return m.probeAt + answerTime
		}
		if m.strikes > 0 {
			return now // one more goes to see
		}
		m.probe = settled
	}
	if m.blind {
		return now
	}
	m.expire(now)
	room := m.limit - m.own.n - m.foreign
	if room < 1 {
		m.press(now, bulk)
		return m.nextReturn(now)
	}
	if !m.sharing.on && m.rivalry(now, room) {
		m.beginSharing(now)
	}
	if m.sharing.on {
		at := m.share(now)
		if at > now {
			m.press(now, bulk)
		}
		return at
	}
	if bulk && room <= m.reserve() {
		m.press(now, bulk)
		return m.nextReturn(now)
	}
	if m.draining && (bulk || m.chatsToo) {
		return m.drain(now)
	}
	return now
}

// reserve is what bulk leaves of the budget for others: a tenth, less what
// they already have of it.
func (m *model) reserve() int {
	return (m.limit-m.foreign)/10 - (m.own.n - m.own.bulk)
}

// press notes that callers wait because the budget is gone.
func (m *model) press(now int64, bulk bool) {
	m.draining = true
	m.chatsToo = m.chatsToo || !bulk
	if now >= m.pressedUntil {
		m.politeAt = now + m.manners()
	}
	m.pressedUntil = now + 2*m.window
}

// drain spaces the turns of a queue when budget comes back: slowly at first, so
// that another client of the key that has waited too finds room, and both
// see each other.
func (m *model) drain(now int64) int64 {
	if now > m.drainFrom+m.window/2 {
		m.drainFrom, m.drained = now, 0
	}
	n := float64(m.drained)
	part := min(math.Sqrt(n/float64(m.limit)), n/30)
	after := time.Duration(part * float64(7*m.window/60))
	return m.drainFrom + int64(after.Truncate(time.Millisecond))
}

// turning tells that the budget of a new window is being given out.
func (m *model) turning(now int64) bool {
	return m.draining && m.drained > 0 && now < m.drainFrom+m.window/4
}

// calm notes that callers wait no longer, or only bulk.
func (m *model) calm(bulkWaits bool) {
	m.chatsToo = false
	m.draining = m.draining && bulkWaits
}

// grant enters a call that goes now.
func (m *model) grant(now int64, bulk bool) {
	if m.probe != settled {
		m.probe, m.probeAt = sent, now
	}
	var grain int64
	if m.limit > maxSlots {
		grain = m.window / (maxSlots / 2)
	}
	m.own.add(now, grain, bulk)
	switch {
	case m.sharing.on:
		m.sharing.grant(now, m.own.n)
	case m.draining:
		m.drained++
	}
}

// giveBack undoes a grant that was not used.
func (m *model) giveBack(granted int64) {
	m.own.remove(granted)
	if m.probe == sent && m.probeAt == granted {
		m.probe = wanted
	}
}

// expire forgets what has left the window by now.
func (m *model) expire(now int64) {
	m.beLate(now)
	if m.sharing.on {
		m.sharing.roll(now, m.grace(), m.foreign)
	}
	if m.own.expire(now - m.life()) {
		m.resetAt = never // what it promised has happened
	}
	if m.foreign > 0 && now >= m.foreignAt+m.life() {
		m.foreign = 0
	}
	if now >= m.resetAt {
		m.resetAt = never
		if m.foreign > 0 {
			m.foreign--
		} else {
			m.own.drop(1)
		}
	}
	if m.sharing.on {
		m.reconsider(now)
	}
}

// beLate lets a newcomer in at times, whom Reset tells to come when the place
// that is free then has been taken again: for a whole window, each place is
// left alone for as long as others may be late who go by the headers.
func (m *model) beLate(now int64) {
	switch {
	case now < m.politeAt:
		m.late = 0
	case now < m.politeAt+m.window:
		m.late = lateness
	default:
		m.late, m.politeAt = 0, now+m.manners()
	}
}

// manners is the time from one such window to the next.
func (m *model) manners() int64 {
	if m.sharing.on {
		return 10 * defaultWindow
	}
	return 4 * defaultWindow
}

// nextReturn is when budget comes back next, as far as is known.
func (m *model) nextReturn(now int64) int64 {
	t := min(m.resetAt, now+m.window)
	if m.own.n > 0 {
		t = min(t, m.own.leaves(0)+m.life())
	}
	if m.foreign > 0 {
		t = min(t, m.foreignAt+m.life())
	}
	return max(t, now+1)
}

// foresee estimates when a call has its turn that has so many others before it.
func (m *model) foresee(now int64, ahead int, bulk bool) int64 {
	start := max(now, m.hold)
	if m.blind || m.probe != settled {
		return start
	}
	m.expire(now)
	capacity := m.limit
	room := m.limit - m.own.n - m.foreign
	switch {
	case m.sharing.on:
		capacity = max(m.sharing.share, m.limit/4)
	case bulk:
		capacity -= m.limit / 10
		room -= max(m.reserve(), 0)
	}
	k := ahead - max(room, 0) // of the returns to come, the one that it gets
	if k < 0 {
		return start
	}
	windows, k := int64(k/max(capacity, 1)), k%max(capacity, 1)
	var t int64
	switch {
	case k == 0:
		t = m.nextReturn(now)
	case k < m.own.n:
		t = m.own.leaves(k) + m.life()
	default:
		t = max(m.own.newest(), m.foreignAt) + m.life()
	}
	return max(start, t) + windows*m.window
}

// ampleUntil returns the time before which the answer to a granted call is of
// no interest if it is like the one just learnt from; negative without headers.
func (m *model) ampleUntil(granted int64) int64 {
	switch {
	case m.probe != settled || m.sharing.on || m.draining:
		return 0
	case m.blind:
		return -granted - int64(time.Millisecond)
	default:
		return granted + int64(time.Millisecond)
	}
}

// peak is the highest value of the current and the last period.
type peak struct {
	current, last int
	end           int64 // of the current period
}

func (k *peak) value() int { return max(k.current, k.last) }

func (k *peak) set(v int) { k.current, k.last = v, v }

// roll begins a new period at the given level when the current one has ended.
func (k *peak) roll(now, period int64, level int) {
	if now < k.end {
		return
	}
	k.last = k.current
	if now >= k.end+period {
		k.last = level
	}
	k.current, k.end = level, now+period
}

func (k *peak) add(now, period int64, v int) {
	k.roll(now, period, v)
	k.current = max(k.current, v)
}
