package pace

// maxSlots limits the memory of a ledger, independent of the limit.
const maxSlots = 512

// slot is n requests that were granted at about the same time.
type slot struct {
	at      int64 // not before the last grant
	n, bulk int32
}

// ledger contains the requests of this client that count against the limit, in the
// order of their grants.
type ledger struct {
	head, tail uint
	n, bulk    int            // requests that count
	ring       [maxSlots]slot // slots [head, tail) count; last because it is large
}

func (l *ledger) at(i uint) *slot { return &l.ring[i%maxSlots] }

// add counts a request. Requests within grain of each other share a slot.
func (l *ledger) add(now, grain int64, bulk bool) {
	size := l.tail - l.head
	if size == 0 || size < maxSlots && now > l.at(l.tail-1).at {
		*l.at(l.tail) = slot{at: now + grain}
		l.tail++
	}
	s := l.at(l.tail - 1)
	s.at = max(s.at, now)
	b := 0
	if bulk {
		b = 1
	}
	l.change(s, 1, b)
}

// remove uncounts the last request granted up to the given time.
func (l *ledger) remove(upTo int64) {
	for i := l.tail; i != l.head; i-- {
		if s := l.at(i - 1); s.n > 0 && s.at <= upTo {
			l.change(s, -1, -int(s.bulk/s.n))
			break
		}
	}
	for l.tail != l.head && l.at(l.tail-1).n == 0 {
		l.tail--
	}
}

// drop removes the k oldest requests.
func (l *ledger) drop(k int) {
	for i := l.head; i != l.tail && k > 0; i++ {
		s := l.at(i)
		n := min(int(s.n), k)
		k -= n
		l.change(s, -n, -int(s.bulk)*n/max(int(s.n), 1))
	}
}

func (l *ledger) change(s *slot, n, bulk int) {
	s.n += int32(n)
	s.bulk += int32(bulk)
	l.n += n
	l.bulk += bulk
}

// expire removes the requests granted up to the given time.
func (l *ledger) expire(upTo int64) {
	for ; l.head != l.tail; l.head++ {
		s := l.at(l.head)
		if s.n > 0 && s.at > upTo {
			return
		}
		l.n -= int(s.n)
		l.bulk -= int(s.bulk)
	}
}

// after counts the requests granted after the given time, including expired ones.
func (l *ledger) after(t int64) (n int) {
	for i := l.tail; i > 0 && l.tail-i < maxSlots && l.at(i-1).at > t; i-- {
		n += int(l.at(i - 1).n)
	}
	return n
}

// granted returns when the k-th oldest request was granted, counted from 0.
func (l *ledger) granted(k int) int64 {
	for i := l.head; i != l.tail; i++ {
		if k -= int(l.at(i).n); k < 0 {
			return l.at(i).at
		}
	}
	return 0
}
