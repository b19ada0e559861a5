package pace

import (
	"container/list"
	"context"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// chatsPerBulk is the number of chat calls per bulk call while both wait.
const chatsPerBulk = 4

// waiter is a call in the queue. The Pacer's lock guards it until done is closed.
type waiter struct {
	done    chan struct{} // closed when permission is granted or denied
	bulk    bool
	until   int64 // permission after this is too late
	maxHold int64
	element *list.Element
	granted int64
	refused time.Duration // RetryAfter if permission is denied
}

func (w *waiter) err() error {
	if w.refused > 0 {
		return &RefusedError{RetryAfter: w.refused}
	}
	return nil
}

// queue contains the waiting calls. Calls that are not bulk are called chat.
type queue struct {
	chat, bulk class
	streak     int // chat calls sent since the last bulk call, while bulk waits
}

// class contains the waiters of one class in order of arrival.
type class struct {
	list.List
	short bool // the list drains slowly; reset when it becomes empty
}

func (q *queue) empty() bool { return q.chat.Len() == 0 && q.bulk.Len() == 0 }

func (q *queue) class(bulk bool) *class {
	if bulk {
		return &q.bulk
	}
	return &q.chat
}

func (q *queue) remove(w *waiter) {
	c := q.class(w.bulk)
	c.Remove(w.element)
	c.short = c.short && c.Len() > 0
}

// enqueue adds a call to the queue, unless permission cannot be given in time.
func (p *Pacer) enqueue(ctx context.Context, r Request, now int64) (*waiter, error) {
	w := &waiter{done: make(chan struct{}), bulk: r.Bulk, until: never, maxHold: never}
	if r.MaxHold > 0 {
		w.maxHold = int64(r.MaxHold)
	}
	if r.MaxWait > 0 {
		w.until = now + min(int64(r.MaxWait), never-now)
	}
	if deadline, ok := ctx.Deadline(); ok {
		w.until = min(w.until, int64(deadline.Sub(p.start)))
	}
	if p.window.asked-now > w.maxHold {
		return nil, &RefusedError{RetryAfter: time.Duration(p.window.hold - now)}
	}
	if w.until < never {
		ahead := p.queue.chat.Len() + p.queue.bulk.Len()
		if !r.Bulk {
			ahead = min(ahead, p.queue.chat.Len()*(chatsPerBulk+1)/chatsPerBulk)
		}
		if at := p.window.estimate(now, ahead, r.Bulk); at > w.until {
			return nil, &RefusedError{RetryAfter: time.Duration(at - now)}
		}
	}
	if p.timer == nil {
		p.timer = time.AfterFunc(never, p.wake)
	}
	w.element = p.queue.class(r.Bulk).PushBack(w)
	p.dispatch(now)
	return w, nil
}

// wait blocks until the waiter has permission or is denied it, or the wait ends.
func (p *Pacer) wait(ctx context.Context, w *waiter, maxWait time.Duration) error {
	limited := ctx
	if maxWait > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, maxWait)
		defer cancel()
	}
	select {
	case <-w.done:
		return w.err()
	case <-limited.Done():
		return p.stopWaiting(ctx, w)
	}
}

// stopWaiting removes a waiter whose MaxWait or context has ended. It accepts a
// permission that was just granted, unless the context has ended.
func (p *Pacer) stopWaiting(ctx context.Context, w *waiter) error {
	now := int64(time.Since(p.start))
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-w.done:
		if ctx.Err() == nil {
			return w.err()
		}
		if w.refused == 0 {
			p.window.uncount(w.granted)
		}
	default:
		p.queue.remove(w)
	}
	p.dispatch(now)
	if ctx.Err() != nil {
		return errs.Context(ctx)
	}
	return &RefusedError{RetryAfter: time.Duration(max(p.window.estimate(now, 0, w.bulk)-now, 1))}
}

// refuseLate denies permission to waiters for whom a hold ends too late.
func (p *Pacer) refuseLate(now int64) {
	for _, c := range []*class{&p.queue.chat, &p.queue.bulk} {
		for e := c.Front(); e != nil; {
			w := e.Value.(*waiter)
			e = e.Next()
			if w.until < p.window.hold || p.window.asked-now > w.maxHold {
				w.refused = time.Duration(p.window.hold - now)
				p.queue.remove(w)
				close(w.done)
			}
		}
	}
}

// dispatch grants permission to the waiters that may send now, and sets the timer for
// the next one.
func (p *Pacer) dispatch(now int64) {
	for !p.queue.empty() {
		w, at := p.next(now)
		if w == nil {
			p.timer.Reset(time.Duration(at - now))
			return
		}
		p.queue.streak++
		if w.bulk || p.queue.bulk.Len() == 0 {
			p.queue.streak = 0
		}
		p.queue.remove(w)
		p.window.own.add(now, p.window.grain, w.bulk)
		p.window.lastGrant = now
		w.granted = now
		close(w.done)
	}
	p.timer.Stop()
}

func (p *Pacer) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatch(int64(time.Since(p.start)))
}

// next returns the waiter that may send now, or when to call next again.
func (p *Pacer) next(now int64) (*waiter, int64) {
	again := int64(never)
	first := p.queue.streak >= chatsPerBulk
	for _, bulk := range [2]bool{first, !first} {
		c := p.queue.class(bulk)
		if c.Len() == 0 {
			continue
		}
		at, short := p.window.ready(now, bulk, true)
		c.short = c.short || short || p.queue.chat.short // if chat waits for budget, bulk drains slowly too
		if c.short {
			at = max(at, p.window.drain(now))
		}
		if at <= now {
			return c.Front().Value.(*waiter), now
		}
		again = min(again, at)
	}
	return nil, again
}
