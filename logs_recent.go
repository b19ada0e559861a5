package agento

import (
	"hash/maphash"
	"time"
)

// recent remembers the newest entries of a log, so that lines which a new
// connection repeats can be told from new ones. Entries with a time can be told
// apart; lines without may well repeat for real.
type recent struct {
	seed    maphash.Seed
	old     *generation // of earlier connections
	present *generation
	untold  bool // some entry had no time

	// The stream began with the connection that brought the first entry with a
	// time: what is older than all of that one was never asked for.
	begun      time.Time
	began      bool
	connection int
	begunOn    int
	cutting    bool // the present connection still replays what is older
}

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), old: newGeneration(), present: newGeneration()}
}

// nextConnection forgets all but the newest entries. replay says that the new
// connection was asked for history.
func (r *recent) nextConnection(replay bool) {
	r.present.follow(r.old)
	r.old, r.present = r.present, newGeneration()
	r.connection++
	r.cutting = replay
}

// any reports whether there were entries.
func (r *recent) any() bool { return r.told() || r.untold }

// distinct reports whether there are entries, and all of them can be told apart.
func (r *recent) distinct() bool { return r.told() && !r.untold }

func (r *recent) told() bool { return len(r.old.ring)+len(r.present.ring) > 0 }

// before reports whether an earlier connection brought the entry, or would have if
// the stream had been asked to begin so early, and remembers it.
func (r *recent) before(e LogEntry) bool {
	if e.Time == nil {
		r.untold, r.cutting = true, false
		return false
	}
	if !r.began {
		r.began, r.begun, r.begunOn = true, *e.Time, r.connection
	}
	if r.connection == r.begunOn && e.Time.Before(r.begun) {
		r.begun = *e.Time
	}
	if r.cutting = r.cutting && e.Time.Before(r.begun); r.cutting {
		return true
	}
	return r.repeated(e.raw)
}

// repeated reports whether an earlier connection brought the same, and remembers
// it.
func (r *recent) repeated(what string) bool {
	h := maphash.String(r.seed, what)
	r.present.add(h)
	return r.old.has(h)
}

const recentSize = 1000

// generation is a set of hashes that keeps the newest. Entries of the present
// connection do not push out those of earlier ones, which it may be repeating.
type generation struct {
	ring []uint64
	next int // the oldest, once the ring is full
	set  map[uint64]struct{}
}

func newGeneration() *generation { return &generation{set: map[uint64]struct{}{}} }

func (g *generation) has(h uint64) bool {
	_, ok := g.set[h]
	return ok
}

func (g *generation) add(h uint64) {
	if g.has(h) {
		return
	}
	if len(g.ring) < recentSize {
		g.ring = append(g.ring, h)
	} else {
		delete(g.set, g.ring[g.next])
		g.ring[g.next] = h
		g.next = (g.next + 1) % recentSize
	}
	g.set[h] = struct{}{}
}

// follow puts as many of an older generation's newest before its own as there is
// room for.
func (g *generation) follow(older *generation) {
	own := g.ring
	if len(own) == recentSize {
		return
	}
	var kept []uint64
	for i := range older.ring {
		if h := older.ring[(older.next+i)%len(older.ring)]; !g.has(h) {
			kept = append(kept, h)
		}
	}
	kept = kept[max(0, len(kept)+len(own)-recentSize):]
	for _, h := range kept {
		g.set[h] = struct{}{}
	}
	g.ring = append(kept, own...)
}
