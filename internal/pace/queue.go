package pace

import (
	"container/list"
	"context"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// chatsPerBulk is how many turns others get for one of bulk while both wait.
const chatsPerBulk = 4

// waiter is a caller in the queue. Its fields are guarded by the Pacer's lock
// until called is closed.
type waiter struct {
	called  chan struct{} // closed when granted, or refused after all
	bulk    bool
	until   int64 // a turn after this is of no use
	patient int64 // as is one after a Retry-After that lets nobody pass for longer than this
	place   *list.Element
	granted int64         // when it was granted
	refused time.Duration // from then to its turn, when that became too late
}

// queue holds the callers that wait, first come first served within their class.
type queue struct {
	chats, bulks list.List
	streak       int // turns of chats since the last of bulk, while bulk waits
}

func (q *queue) empty() bool { return q.chats.Len() == 0 && q.bulks.Len() == 0 }

func (q *queue) class(bulk bool) *list.List {
	if bulk {
		return &q.bulks
	}
	return &q.chats
}

func (q *queue) push(w *waiter) { w.place = q.class(w.bulk).PushBack(w) }

func (q *queue) remove(w *waiter) {
	q.class(w.bulk).Remove(w.place)
	if q.bulks.Len() == 0 {
		q.streak = 0
	}
}

func (q *queue) head(bulk bool) *waiter {
	if e := q.class(bulk).Front(); e != nil {
		return e.Value.(*waiter)
	}
	return nil
}

// ahead counts the waiters that a newcomer has before it.
func (q *queue) ahead(bulk bool) int {
	chats, bulks := q.chats.Len(), q.bulks.Len()
	if bulk {
		return chats + bulks
	}
	return chats + min(bulks, chats/chatsPerBulk)
}

// enqueue adds the caller to the queue, unless its turn cannot come in time.
func (p *Pacer) enqueue(ctx context.Context, r Request, now int64) (*waiter, error) {
	w := &waiter{called: make(chan struct{}), bulk: r.Bulk, until: never, patient: never}
	if r.MaxHold > 0 {
		w.patient = int64(r.MaxHold)
	}
	if r.MaxWait > 0 {
		w.until = now + min(int64(r.MaxWait), never-now)
	}
	if deadline, ok := ctx.Deadline(); ok {
		w.until = min(w.until, int64(deadline.Sub(p.start)))
	}
	if p.model.asked-now > w.patient {
		return nil, &RefusedError{RetryAfter: time.Duration(p.model.hold - now)}
	}
	if w.until < never {
		if turn := p.model.foresee(now, p.queue.ahead(r.Bulk), r.Bulk); turn > w.until {
			p.calm()
			return nil, &RefusedError{RetryAfter: time.Duration(turn - now)}
		}
	}
	p.queue.push(w)
	p.dispatch(now)
	return w, nil
}

// wait blocks until the waiter has its turn or gives up.
func (p *Pacer) wait(ctx context.Context, w *waiter, maxWait time.Duration) error {
	var bound <-chan time.Time
	if maxWait > 0 {
		t := time.NewTimer(maxWait)
		defer t.Stop()
		bound = t.C
	}
	select {
	case <-w.called:
		if w.refused > 0 {
			return &RefusedError{RetryAfter: w.refused}
		}
		return nil
	case <-bound:
		return p.expired(w)
	case <-ctx.Done():
		p.leave(w)
		return errs.Context(ctx)
	}
}

// leave takes a waiter out whose context ended. A turn that it just got goes back.
func (p *Pacer) leave(w *waiter) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-w.called:
		if w.refused == 0 {
			p.model.giveBack(w.granted)
		}
	default:
		p.queue.remove(w)
	}
	p.dispatch(now)
}

// expired takes a waiter out whose MaxWait is over. A turn that it just got is good.
func (p *Pacer) expired(w *waiter) error {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-w.called:
		if w.refused == 0 {
			return nil
		}
	default:
		p.queue.remove(w)
		w.refused = time.Duration(max(p.model.foresee(now, 0, w.bulk)-now, 1))
		p.dispatch(now)
	}
	return &RefusedError{RetryAfter: w.refused}
}

// refuseLate turns those away whose time ends before a 429 lets anybody pass.
func (p *Pacer) refuseLate(now int64) {
	for _, bulk := range [2]bool{false, true} {
		for e := p.queue.class(bulk).Front(); e != nil; {
			w := e.Value.(*waiter)
			e = e.Next()
			if w.until < p.model.hold || p.model.asked-now > w.patient {
				w.refused = time.Duration(p.model.hold - now)
				p.queue.remove(w)
				close(w.called)
			}
		}
	}
}

// dispatch gives out the turns that have come and sets the timer for the next.
func (p *Pacer) dispatch(now int64) {
	again := int64(never)
	for !p.queue.empty() {
		var w *waiter
		if w, again = p.next(now); w == nil {
			break
		}
		if !w.bulk && p.queue.bulks.Len() > 0 {
			p.queue.streak++
		} else {
			p.queue.streak = 0
		}
		p.queue.remove(w)
		p.model.grant(now, w.bulk)
		w.granted = now
		close(w.called)
	}
	p.calm()
	if p.queue.empty() {
		if p.timer != nil {
			p.timer.Stop()
		}
		return
	}
	if p.timer == nil {
		p.timer = time.AfterFunc(time.Duration(again-now), p.wake)
	} else {
		p.timer.Reset(time.Duration(again - now))
	}
}

func (p *Pacer) calm() {
	if p.queue.chats.Len() == 0 {
		p.model.calm(p.queue.bulks.Len() > 0)
	}
}

func (p *Pacer) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatch(p.now())
}

// next returns the waiter whose turn has come, or else the time to look again.
func (p *Pacer) next(now int64) (*waiter, int64) {
	again := int64(never)
	first := p.queue.streak >= chatsPerBulk
	for _, bulk := range [2]bool{first, !first} {
		w := p.queue.head(bulk)
		if w == nil {
			continue
		}
		at := p.model.opens(now, bulk)
		if at <= now {
			return w, now
		}
		again = min(again, at)
	}
	return nil, again
}
