package agento

import (
	"hash/maphash"
	"slices"
	"time"
)

// recent remembers the newest entries of a log, so that lines which a new
// connection repeats can be told from new ones: those with an id, and those with a
// time. Lines with neither may well repeat for real.
type recent struct {
	seed     maphash.Seed
	earlier  *memory   // of the connections before the present one: what it brings forces nothing out
	present  *memory   // of the present connection
	untold   bool      // some entry had no time
	earliest time.Time // of all entries that were let through
	cutting  bool      // what comes may be from before the stream's beginning
}

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), earlier: newMemory(), present: newMemory()}
}

// nextConnection begins with another connection. Where history was asked for again
// it may go back further than the stream does.
func (r *recent) nextConnection(replay bool) {
	r.earlier, r.present = r.earlier.and(r.present), newMemory()
	r.cutting = replay && !r.earliest.IsZero()
}

func (r *recent) empty() bool { return len(r.earlier.ring) == 0 && len(r.present.ring) == 0 }

// any reports whether there were entries.
func (r *recent) any() bool { return !r.empty() || r.untold }

// distinct reports whether there are entries, and all of them can be told apart.
func (r *recent) distinct() bool { return !r.empty() && !r.untold }

// before reports whether an earlier connection brought the entry, or would have if
// the stream had been asked to begin so early, and remembers it. Only the head of a
// replay is so early: further on a time says little, since a clock may be set back.
func (r *recent) before(e LogEntry) bool {
	if e.Time == nil { // it may be of the head, or after it
		r.untold = true
		return false
	}
	if r.cutting && e.Time.Before(r.earliest) && !r.knows(e.raw) {
		return true
	}
	r.cutting = false
	if r.earliest.IsZero() || e.Time.Before(r.earliest) {
		r.earliest = *e.Time
	}
	return r.repeated(e.raw)
}

// knows reports whether an earlier connection brought the same.
func (r *recent) knows(what string) bool { return r.earlier.has(maphash.String(r.seed, what)) }

// repeated reports whether an earlier connection brought the same, and remembers
// it.
func (r *recent) repeated(what string) bool {
	h := maphash.String(r.seed, what)
	r.present.add(h)
	return r.earlier.has(h)
}

const recentSize = 1000

// memory holds the newest recentSize hashes that were added to it.
type memory struct {
	ring  []uint64
	next  int // the oldest, once the ring is full
	known map[uint64]struct{}
}

func newMemory() *memory { return &memory{known: map[uint64]struct{}{}} }

func (m *memory) has(h uint64) bool {
	_, ok := m.known[h]
	return ok
}

func (m *memory) add(h uint64) {
	if m.has(h) {
		return
	}
	if len(m.ring) < recentSize {
		m.ring = append(m.ring, h)
	} else {
		delete(m.known, m.ring[m.next])
		m.ring[m.next] = h
		m.next = (m.next + 1) % recentSize
	}
	m.known[h] = struct{}{}
}

func (m *memory) inOrder() []uint64 { return slices.Concat(m.ring[m.next:], m.ring[:m.next]) }

// and returns the newest of m and of what came later.
func (m *memory) and(later *memory) *memory {
	both := newMemory()
	for _, h := range m.inOrder() {
		if !later.has(h) { // it has its place there
			both.add(h)
		}
	}
	for _, h := range later.inOrder() {
		both.add(h)
	}
	return both
}
