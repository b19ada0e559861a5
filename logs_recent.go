package agento

import (
	"hash/maphash"
	"time"
)

// recent remembers the newest entries of a log without ids, so that lines which
// a new connection repeats can be told from new ones. Entries with a time can be
// told apart; lines without may well repeat for real.
type recent struct {
	seed       maphash.Seed
	ring       []uint64
	next       int
	connection map[uint64]int // the connection on which an entry came
	current    int
	untold     bool      // some entry had no time
	earliest   time.Time // of all entries that were let through
	cutting    bool      // what comes may be from before the stream's beginning
}

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), connection: map[uint64]int{}}
}

const recentSize = 1000

// nextConnection begins with another connection. Where history was asked for again
// it may go back further than the stream does.
func (r *recent) nextConnection(replay bool) {
	r.current++
	r.cutting = replay && !r.earliest.IsZero()
}

// any reports whether there were entries.
func (r *recent) any() bool { return len(r.ring) > 0 || r.untold }

// distinct reports whether there are entries, and all of them can be told apart.
func (r *recent) distinct() bool { return len(r.ring) > 0 && !r.untold }

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
func (r *recent) knows(what string) bool {
	on, ok := r.connection[maphash.String(r.seed, what)]
	return ok && on < r.current
}

// repeated reports whether an earlier connection brought the same, and remembers
// it.
func (r *recent) repeated(what string) bool {
	h := maphash.String(r.seed, what)
	if on, ok := r.connection[h]; ok {
		return on < r.current
	}
	if len(r.ring) < recentSize {
		r.ring = append(r.ring, h)
	} else {
		delete(r.connection, r.ring[r.next])
		r.ring[r.next] = h
		r.next = (r.next + 1) % recentSize
	}
	r.connection[h] = r.current
	return false
}
