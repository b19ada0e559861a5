package pace

// maxSlots bounds the memory of a ledger, whatever limit the server names.
const maxSlots = 1024

// slot stands for n requests that were granted from first to last.
type slot struct {
	first, last int64
	n, bulk     int32
}

// ledger holds the requests that count against the limit: a ring of grant
// times, oldest first.
type ledger struct {
	ring       []slot // its length is a power of two
	head, tail uint   // slots [head, tail) count
	n, bulk    int    // requests in them
}

func (l *ledger) at(i uint) *slot { return &l.ring[i&uint(len(l.ring)-1)] }

func (l *ledger) empty() bool { return l.head == l.tail }

// add enters a request. Requests of one instant share a slot, as do those
// within grain of each other; a shared slot leaves when its last request does.
func (l *ledger) add(now, grain int64, bulk bool) {
	var b int32
	if bulk {
		b = 1
	}
	l.n++
	l.bulk += int(b)
	if !l.empty() {
		s := l.at(l.tail - 1)
		if now-s.first <= grain || l.tail-l.head == maxSlots {
			s.last = max(s.last, now)
			s.n++
			s.bulk += b
			return
		}
		now = max(now, s.last)
	}
	if int(l.tail-l.head) == len(l.ring) {
		l.grow()
	}
	*l.at(l.tail) = slot{first: now, last: now, n: 1, bulk: b}
	l.tail++
}

func (l *ledger) grow() {
	ring := make([]slot, max(128, 2*len(l.ring)))
	for i := l.head; i != l.tail; i++ {
		ring[i&uint(len(ring)-1)] = *l.at(i)
	}
	l.ring = ring
}

// expire forgets the requests granted up to the given time and tells whether
// there were any. Their slots stay readable for recent until they are reused.
func (l *ledger) expire(upTo int64) bool {
	was := l.head
	for !l.empty() && l.at(l.head).last <= upTo {
		s := l.at(l.head)
		l.n -= int(s.n)
		l.bulk -= int(s.bulk)
		l.head++
	}
	return l.head != was
}

// drop forgets the k oldest requests.
func (l *ledger) drop(k int) {
	for k > 0 && !l.empty() {
		s := l.at(l.head)
		if int(s.n) > k {
			l.take(s, int32(k), int32(int(s.bulk)*k/int(s.n)))
			return
		}
		k -= int(s.n)
		l.take(s, s.n, s.bulk)
		l.head++
	}
}

// forget drops the requests granted up to the given time.
func (l *ledger) forget(upTo int64) {
	for !l.empty() && l.at(l.head).last <= upTo {
		s := l.at(l.head)
		l.take(s, s.n, s.bulk)
		l.head++
	}
}

// remove takes back the request that was granted last before the given time.
func (l *ledger) remove(granted int64) {
	for i := l.tail; i != l.head; i-- {
		s := l.at(i - 1)
		if s.n == 0 || s.first > granted {
			continue
		}
		l.take(s, 1, s.bulk/s.n)
		if s.n == 0 && i == l.tail {
			l.tail--
		}
		return
	}
}

func (l *ledger) take(s *slot, n, bulk int32) {
	s.n -= n
	s.bulk -= bulk
	l.n -= int(n)
	l.bulk -= int(bulk)
}

// between counts the requests granted after a and not after b.
func (l *ledger) between(a, b int64) int {
	n := l.n
	i, j := l.head, l.tail
	for ; i != j && l.at(i).last <= a; i++ {
		n -= int(l.at(i).n)
	}
	for ; i != j && l.at(j-1).first > b; j-- {
		n -= int(l.at(j - 1).n)
	}
	return n
}

// recent counts the requests that expired although granted after the given time.
func (l *ledger) recent(after int64) int {
	n := 0
	for i := l.head; l.tail-i < uint(len(l.ring)) && i > 0; i-- {
		s := l.at(i - 1)
		if s.last <= after {
			break
		}
		n += int(s.n)
	}
	return n
}

// newest returns the time of the last request, 0 if there is none.
func (l *ledger) newest() int64 {
	if l.empty() {
		return 0
	}
	return l.at(l.tail - 1).last
}

// leaves returns the grant time of the slot that holds the k-th oldest request, from 0.
func (l *ledger) leaves(k int) int64 {
	for i := l.head; i != l.tail; i++ {
		if k -= int(l.at(i).n); k < 0 {
			return l.at(i).last
		}
	}
	return 0
}
