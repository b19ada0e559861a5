package redispacer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// twin is the script once more, in Go and in memory. TestScriptAndTwin holds the
// two together, so that what the twin shows in virtual time is true of the script.
type twin struct {
	mu    sync.Mutex
	clock func() int64 // microseconds

	state             twinState
	used, bulk, guess zset
	chats, bulks, due zset
	asked             map[operation]int
	late, now         int64
}

type twinState struct {
	last, conf, window, limit, lag, lagOld, lagEnd, hold, probe, probeAt, seen, streak, seq, sweep, ordered int64
	grown, blind                                                                                            bool
}

const (
	twinSettled = iota
	twinWanted
	twinSent
	twinSecond = 1_000_000
)

func newTwin() *twin {
	begun := time.Now()
	return &twin{
		clock: func() int64 { return 1_700_000_000_000_000 + time.Since(begun).Microseconds() },
		asked: make(map[operation]int),
	}
}

// sight is what a test may see of a twin at work.
type sight struct {
	state                  twinState
	used, guessed, waiting int
	takes, tells           int
	oldest                 time.Duration // age of the oldest place at the last question
}

func (w *twin) look() sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := sight{
		state: w.state, used: len(w.used), guessed: len(w.guess), waiting: len(w.chats) + len(w.bulks),
		takes: w.asked[take], tells: w.asked[tell],
	}
	if len(w.used) > 0 {
		s.oldest = fromMicros(w.now - w.used[0].score)
	}
	return s
}

// lose is a Redis that was started again without its data.
func (w *twin) lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
}

func (w *twin) clear() {
	w.state, w.used, w.bulk, w.guess, w.chats, w.bulks, w.due = twinState{}, nil, nil, nil, nil, nil, nil
}

// zset is a sorted set as Redis has them.
type zset []zentry

type zentry struct {
	score  int64
	member string
}

func (z zset) find(member string) int {
	return slices.IndexFunc(z, func(e zentry) bool { return e.member == member })
}

func (z *zset) add(score int64, member string) {
	z.remove(member)
	e := zentry{score, member}
	i, _ := slices.BinarySearchFunc(*z, e, func(a, b zentry) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.member, b.member))
	})
	*z = slices.Insert(*z, i, e)
}

func (z *zset) remove(member string) {
	if i := z.find(member); i >= 0 {
		*z = slices.Delete(*z, i, i+1)
	}
}

// upTo is the number of entries with at most this score.
func (z zset) upTo(score int64) int {
	i, _ := slices.BinarySearchFunc(z, score+1, func(e zentry, s int64) int { return cmp.Compare(e.score, s) })
	return i
}

func (z zset) count(after, upTo int64) int64 { return int64(max(0, z.upTo(upTo)-z.upTo(after))) }

// run is the whole of the script.
func (w *twin) run(_ context.Context, q *question) (reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[q.op]++
	w.begin(q)
	for w.due.upTo(w.now) > 0 {
		id := w.due[0].member
		for _, z := range []*zset{&w.due, &w.chats, &w.bulks} {
			z.remove(id)
		}
	}
	w.learn(q)
	if w.now >= w.state.sweep {
		old := w.now - w.state.window*5/4 - 2*twinSecond
		for _, z := range []*zset{&w.used, &w.bulk, &w.guess} {
			*z = (*z)[z.upTo(old):]
		}
		w.state.sweep = w.now + w.state.window/8
	}
	r := reply{}
	switch q.op {
	case take:
		r = w.take(q)
	case drop:
		if i := w.used.find(q.id); i >= 0 && w.state.probe == twinSent && w.used[i].score == w.state.probeAt {
			w.state.probe = twinWanted
		}
		for _, z := range []*zset{&w.chats, &w.bulks, &w.due, &w.used, &w.bulk} {
			z.remove(q.id)
		}
	}
	r.lag, r.limit, r.window, r.now = fromMicros(w.late), int(w.state.limit), fromMicros(w.state.window), w.now
	return r, nil
}

func (w *twin) begin(q *question) {
	s := &w.state
	now := w.clock()
	if s.last > now+max(s.window, twinSecond) {
		w.clear()
	}
	if s.last == 0 {
		s.limit, s.probe = 120, twinWanted
	}
	now = max(now, s.last)
	w.now, s.last = now, now
	if conf := micros(q.window); s.conf != conf {
		s.conf, s.window, s.grown = conf, conf, false
	}
	if now >= s.lagEnd {
		if s.lagOld = s.lag; now >= s.lagEnd+s.window {
			s.lagOld = 0
		}
		s.lag, s.lagEnd = 0, now+s.window
	}
	s.lag = max(s.lag, min(micros(q.lag), s.window))
	w.late = max(s.lag, s.lagOld)
}

func (w *twin) learn(q *question) {
	s := &w.state
	w.undo(q.unsent, q.slot)
	switch {
	case q.kind == withHeaders:
		s.blind = false
		s.limit = min(max(int64(q.limit), 1), 100000)
		if atMost := micros(q.atMost); micros(q.atLeast) > s.window && s.window < 60*twinSecond {
			s.window, s.grown = 60*twinSecond, true
		} else if atMost > 0 && atMost < s.window && !s.grown {
			s.window = atMost
		}
		if q.slot > s.seen {
			s.seen = q.slot
			w.compare(q)
		}
	case q.kind == withoutHeaders && (s.seen == 0 || q.slot > s.seen+2*s.window):
		s.blind = true
	}
	if s.probe == twinSent && (q.probed || w.now >= s.probeAt+twinSecond) {
		s.probe = twinSettled
	}
	if q.hold > 0 {
		if w.now+micros(q.hold) > s.hold+twinSecond/4 {
			s.probe = twinWanted
		}
		s.hold = max(s.hold, w.now+micros(q.hold))
		s.ordered = max(s.ordered, w.now+micros(q.ordered))
	}
	if q.rejoin && s.probe == twinSettled {
		s.probe = twinWanted
	}
}

func (w *twin) undo(n int, slot int64) {
	end := w.used.upTo(slot)
	newest := slices.Clone(w.used[max(0, end-n-64):end])
	if n == 0 {
		return
	}
	slices.Reverse(newest)
	for _, e := range newest {
		if n > 0 && w.guess.find(e.member) < 0 {
			w.forget(e.member)
			n--
		}
	}
}

func (w *twin) forget(member string) {
	w.used.remove(member)
	w.bulk.remove(member)
}

func (w *twin) ours(after, upTo int64) int64 {
	return w.used.count(after, upTo) - w.guess.count(after, upTo)
}

func (w *twin) compare(q *question) {
	s := &w.state
	from, sure := q.slot-s.window-w.late, q.slot-s.window+micros(q.took)
	missing := int64(q.used) - w.ours(from, q.slot+micros(q.took)) - w.guess.count(from, w.now)
	for range max(0, missing) {
		s.seq++
		for _, z := range []*zset{&w.used, &w.bulk, &w.guess} {
			z.add(q.slot, fmt.Sprintf("guess%d", s.seq))
		}
	}
	excess := w.guess.count(sure, w.now) - max(0, int64(q.used)-w.ours(sure, q.slot-w.late)-1)
	if excess > 0 {
		first := w.guess.upTo(sure)
		for _, e := range slices.Clone(w.guess[first : first+int(excess)]) {
			w.forget(e.member)
			w.guess.remove(e.member)
		}
	}
}

func (w *twin) turn(z zset, places, ahead int64) int64 {
	life := w.state.window + w.late + w.state.window/1000
	taken := w.now - life
	if i := int64(len(z)) + ahead%places - places; i >= 0 {
		taken = max(taken, z[i].score)
	}
	return taken + life*(ahead/places+1)
}

func (w *twin) take(q *question) reply {
	s := &w.state
	if i := w.used.find(q.id); i >= 0 {
		return reply{verdict: granted, wait: fromMicros(max(0, w.used[i].score-w.now))}
	}
	queue, near := &w.chats, s.window/60
	if q.bulk {
		queue = &w.bulks
	}
	if q.maxHold > 0 && s.ordered-w.now > micros(q.maxHold) {
		queue.remove(q.id)
		w.due.remove(q.id)
		return reply{verdict: refused, wait: fromMicros(s.hold - w.now)}
	}
	at := max(w.turnOf(q, *queue, near), s.hold)
	if patience := micros(q.patience); patience >= 0 && at-w.now > patience {
		queue.remove(q.id)
		w.due.remove(q.id)
		return reply{verdict: refused, wait: fromMicros(at - w.now)}
	}
	if at <= w.now+near && s.probe != twinSent {
		return w.grant(q, queue, at)
	}
	wait := min(at-near/2-w.now, s.window/2)
	if s.probe == twinSent {
		wait = min(max(wait, twinSecond), 16000<<min(q.asked, 6), twinSecond)
	}
	wait = max(wait, 1000)
	s.seq++
	if queue.find(q.id) < 0 {
		queue.add(s.seq, q.id)
	}
	w.due.add(w.now+wait+s.window/20+twinSecond, q.id)
	return reply{verdict: again, wait: fromMicros(wait)}
}

// turnOf is when the caller's place comes, as things stand.
func (w *twin) turnOf(q *question, queue zset, near int64) int64 {
	s := &w.state
	if s.blind {
		return w.now
	}
	before := int64(queue.find(q.id))
	if before < 0 {
		before = int64(len(queue))
	}
	share, chats, bulks := s.limit-s.limit/10, int64(len(w.chats)), int64(len(w.bulks))
	if q.bulk {
		ahead := before + min(chats, max(0, 4*(before+1)-s.streak))
		return max(w.turn(w.used, s.limit, ahead), w.turn(w.bulk, share, before))
	}
	ahead := before
	if bulks > 0 && w.turn(w.bulk, share, 0) <= w.now+near {
		ahead += min(bulks, max(0, before+s.streak)/4)
	}
	return w.turn(w.used, s.limit, ahead)
}

func (w *twin) grant(q *question, queue *zset, at int64) reply {
	s := &w.state
	switch {
	case q.bulk && len(w.chats) == 0, !q.bulk && len(w.bulks) == 0:
		s.streak = 0
	case q.bulk:
		s.streak = max(s.streak-4, -4*s.limit)
	default:
		s.streak = min(s.streak+1, 4)
	}
	queue.remove(q.id)
	w.due.remove(q.id)
	w.used.add(at, q.id)
	if q.bulk {
		w.bulk.add(at, q.id)
	}
	probe := s.probe == twinWanted
	if probe {
		s.probe, s.probeAt = twinSent, at
	}
	return reply{verdict: granted, wait: fromMicros(at - w.now), probe: probe}
}
