package pace

import "math/rand/v2"

const (
	heldBack   = 3 // the last places of a share, which are taken slowly
	maxClients = 6 // no share is thought smaller than the limit by this
	scarce     = 8 // the limit by this, or less, is little
	rush       = 4 // less than the limit by this is contended as soon as others take from it
	plenty     = 4 // from so many free places on, their number sets the pace
)

// sharing is how the budget is divided with others who use the same key, while
// there is less of it than all of them want.
type sharing struct {
	on     bool
	share  int     // places that are ours: when one comes back, we take it again
	theirs peak    // places of others, of late
	jitter float64 // of the waits, drawn anew for each grant

	honour    int64 // from then on, places that others had are left to them
	unwanted  int64 // since then places are free all the time
	rebuffs   int   // how often a 429 came
	freeSince int64 // places are free since; or our last grant; -1: none is
	lastGrant int64
	lastTake  int64 // when the share grew last
	asked     int64 // when a caller waited last
	seen      int64 // when others had places last
	shaken    bool  // a 429 came: the share is what is left of it when its time is over
}

func (s *sharing) roll(now, period int64, foreign int) { s.theirs.roll(now, period, foreign) }

// grant enters a call; own counts it already.
func (s *sharing) grant(now int64, own int) {
	if own > s.share {
		s.share++
		s.lastTake = now
	}
	s.freeSince, s.lastGrant = now, now
	s.jitter = 0.9 + rand.Float64()/5
}

// refused enters a 429.
func (s *sharing) refused(now, hold int64) {
	s.shaken, s.seen = true, hold
	s.unwanted = now
	s.rebuffs++
}

// grace is how long a place that others had is left to them when it comes back.
func (m *model) grace() int64 { return max(m.window/120, 4*int64(m.lag.value())) }

// rivalry tells whether others are about to use up what is left.
func (m *model) rivalry(now int64, room int) bool {
	return m.foreign > 0 && room < m.limit/rush && now < m.roseAt+m.window/12
}

func (m *model) beginSharing(now int64) {
	s := &m.sharing
	s.on = true
	m.politeAt = now + m.manners()
	s.share = m.own.n
	if m.turning(now) {
		s.share = min(m.own.n, m.drained)
	}
	s.asked, s.unwanted = now, now
	s.honour = max(now, m.hold) + m.window/10
	s.theirs.set(m.foreign)
	s.theirs.end = now + m.grace()
}

// reconsider ends the sharing when nobody else is there, or budget is not short.
func (m *model) reconsider(now int64) {
	s := &m.sharing
	if s.shaken && now >= m.hold {
		s.shaken = false
		s.share = m.own.n
	}
	if m.foreign > 0 {
		s.seen = now
	}
	if now > m.pressedUntil || now > s.seen+m.window/10 {
		s.on = false
	}
}

// meet adjusts the places of others to what an answer told.
func (m *model) meet(now int64) {
	s := &m.sharing
	if s.share <= 1 {
		s.honour = now + m.window/10
	}
	if now < s.honour {
		s.theirs.set(m.foreign)
	}
	s.theirs.add(now, m.grace(), m.foreign)
}

// share tells when the next call may go while others want the budget too.
func (m *model) share(now int64) int64 {
	s := &m.sharing
	m.renew(now)
	again := min(m.nextReturn(now), s.theirs.end)
	if s.share > m.own.n {
		return m.retake(now, again)
	}
	free := m.limit - m.own.n - s.theirs.value()
	if free < 1 {
		s.freeSince, s.unwanted = -1, now
		return again
	}
	if s.freeSince < 0 {
		s.freeSince = now
	}
	return m.take(now, again, free)
}

// renew gives up the share when it says nothing any more.
func (m *model) renew(now int64) {
	s := &m.sharing
	if s.share > m.limit/5*3 && s.share-m.own.n > heldBack {
		s.share = 0
		s.honour = now + m.window/10
		s.theirs.set(m.foreign)
	}
	lapsed := !m.draining && now > s.asked+m.window/6
	late := s.share > m.own.n && s.share-m.own.n <= heldBack && m.burstOver()
	if lapsed || late && m.own.n >= m.fairShare() {
		s.share = m.own.n
	}
	s.asked = now
}

// fairShare is the limit divided by the number of clients that would each have
// as much as this one.
func (m *model) fairShare() int {
	own := max(m.own.n, 1)
	clients := (3*(own+m.foreign) + own) / (3 * own)
	return max(m.limit/clients, m.limit/maxClients)
}

// burstOver tells that no further place of our own comes back soon.
func (m *model) burstOver() bool {
	return m.own.n > 0 && m.own.leaves(0)+m.life() > m.sharing.lastGrant+3*m.window/80
}

// retake gives out a place of our own that has come back.
func (m *model) retake(now, again int64) int64 {
	s := &m.sharing
	if s.share-m.own.n > heldBack || !m.burstOver() || m.limit-s.share-s.theirs.value() > m.limit/scarce {
		return now
	}
	return max(now, min(again, s.lastGrant+s.wait(m.window/40)))
}

// take gives out a place that is nobody's, the later the more we have already:
// so the shares of all become equal.
func (m *model) take(now, again int64, free int) int64 {
	s := &m.sharing
	if missing := m.fairShare() - m.own.n; free <= m.limit/scarce {
		if missing <= 0 {
			return m.dare(now, again)
		}
		if next := s.lastTake + s.wait(m.window*7/400); missing <= heldBack && now < next {
			return min(again, next)
		}
	}
	part := float64(m.own.n) / float64(m.limit)
	d := float64(m.window) / 5 * min(3*part*part, 0.33) / float64(max(free, plenty))
	d = max(d, float64(m.window)/8/float64(m.limit))
	if t := s.freeSince + s.wait(int64(d)); t > now {
		return min(again, t)
	}
	return now
}

// dare gives out a place beyond an equal share, if it was free for so long that
// nobody else seems to want it.
func (m *model) dare(now, again int64) int64 {
	s := &m.sharing
	patience := 10 * m.window << min(s.rebuffs, 3)
	if at := s.unwanted + patience; now < at {
		return min(again, at)
	}
	s.unwanted = now - patience + m.window/10
	return now
}

func (s *sharing) wait(d int64) int64 { return int64(float64(d) * s.jitter) }
