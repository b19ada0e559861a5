package pace

import "time"

const batchTime = int64(2 * time.Millisecond)

const tooManyRequests = 429

// learn enters the answer to a call that was granted at the given time.
func (m *model) learn(now, granted int64, r *Result) {
	if m.probe == sent && granted >= m.probeAt {
		m.probe = settled
	}
	if r.NotSent {
		m.own.remove(granted)
		return
	}
	if r.StatusCode == 0 {
		return // it may have been counted
	}
	m.lag.add(now, m.window, int(min(now-granted, second)))
	if r.StatusCode == tooManyRequests {
		m.refused(now, granted, r)
	} else if granted > m.struckAt {
		m.strikes = 0
	}
	if !r.Known || r.Reset.IsZero() || r.Limit < 1 || r.Remaining < 0 || r.Remaining > r.Limit {
		m.withoutHeaders(now, granted, r.StatusCode)
		return
	}
	m.blind = false
	m.limit = min(r.Limit, maxLimit)
	stale := granted < m.newest-int64(m.lag.value())
	m.newest = max(m.newest, granted)
	if !r.Date.IsZero() {
		m.measure(now, granted, r, stale)
	}
	m.expire(now)
	m.count(now, granted, m.limit-min(r.Remaining, m.limit), stale)
}

// withoutHeaders enters an answer that tells nothing of the limit.
func (m *model) withoutHeaders(now, granted int64, status int) {
	switch {
	case status == 401 || status == 403:
		m.own.remove(granted) // decided before the limiter
	case status/100 == 2 && (m.newest < 0 || now > m.newest+2*m.window):
		m.blind = true
	}
}

// refused enters a 429: the request did not count, and nothing is sent before
// its time is over; then one goes first.
func (m *model) refused(now, granted int64, r *Result) {
	m.own.remove(granted)
	wait := int64(r.RetryAfter)
	if wait <= 0 {
		wait = second
		if left := r.Reset.Sub(r.Date); r.Known && !r.Date.IsZero() && left > 0 && int64(left) <= m.window {
			wait = int64(left) + second
		}
	}
	if wait-second > m.window {
		m.elongate()
	}
	if granted > m.struckAt {
		wait = max(wait, min(m.window/4, second/2<<min(m.strikes, 10)))
		m.strikes++
		m.struckAt = now
	}
	m.hold = max(m.hold, now+min(wait, maxHold))
	if r.RetryAfter > 0 {
		m.asked = max(m.asked, now+min(int64(r.RetryAfter), maxHold))
	}
	m.probe = wanted
	m.sharing.refused(now, m.hold)
	m.press(now, false)
}

// elongate corrects a window that was believed shorter than it is.
func (m *model) elongate() {
	if m.window < defaultWindow {
		m.window, m.elongated = defaultWindow, true
	}
}

// measure learns from the time to Reset. Both ends are in whole seconds, of
// one clock that may be wrong.
func (m *model) measure(now, granted int64, r *Result, stale bool) {
	left := int64(r.Reset.Sub(r.Date))
	if left < 0 || left > int64(time.Hour) {
		return
	}
	took := now - granted
	if left-2*second >= m.window {
		m.elongate()
	}
	if left > m.window {
		return
	}
	if !stale {
		m.resetAt = now + left + second
	}
	if r.StatusCode == tooManyRequests {
		return
	}
	// The first request of a window has the whole of it before it, whatever
	// Reset means. Date may be later than its arrival by the time it took.
	bound := left + second + took/second*second
	if r.Remaining >= r.Limit-1 && bound < m.window && !m.elongated {
		m.window, m.rolls = bound, false
		left = min(left, bound)
	}
	if left+took+3*second < m.window {
		m.rolls = true
	}
	m.countFrom = granted - (m.window - left + 2*second)
}

// count compares what the service counts with what we sent.
func (m *model) count(now, granted int64, used int, stale bool) {
	had := m.own.n
	if m.sharing.on && m.rolls && !stale {
		m.own.forget(m.countFrom)
	}
	if used < m.own.n {
		m.discard(now, granted, used)
	}
	if m.sharing.on && m.own.n < had {
		// The window has turned for all at once: the others may not know yet.
		m.sharing.theirs.end = max(m.sharing.theirs.end, now+m.window/20)
	}
	lag := int64(m.lag.value())
	if m.foreign == 0 && !m.sharing.on {
		// Alone, as long as our own can explain the number.
		if used > m.own.n {
			if more := used - m.own.n - m.own.recent(granted-m.window-2*lag); more > 0 {
				m.foreign, m.foreignAt, m.roseAt = more, now, now
			}
		}
	} else if !stale {
		// As many of ours were counted as were granted before this one.
		foreign := max(used-m.own.between(granted-m.window, granted), 0)
		if granted <= m.batch+max(batchTime, lag/2) {
			foreign = max(foreign, m.foreign)
		} else {
			m.batch = granted
		}
		if foreign > m.foreign {
			m.roseAt = now
		}
		m.foreign, m.foreignAt = foreign, now
	}
	if m.foreign > 0 && !m.sharing.on && now < m.pressedUntil {
		m.beginSharing(now)
	}
	if m.sharing.on {
		m.meet(now)
	}
}

// discard drops requests of ours that the service does not count any more: the
// window has turned, or is shorter than believed.
func (m *model) discard(now, granted int64, used int) {
	sure := granted - answerTime // what was granted by then had arrived
	least := m.own.between(now-m.window, sure) + 1
	if least <= used {
		return
	}
	if m.countFrom > granted-5*second {
		m.own.forget(m.countFrom)
		least = m.own.between(now-m.window, sure) + 1
	}
	m.own.drop(least - used)
}
