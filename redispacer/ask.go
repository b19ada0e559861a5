package redispacer

import (
	"context"
	"sync/atomic"
	"time"
)

type answer struct {
	reply
	err error
}

// ask runs the script, and returns when it has answered, the time is over or
// the context has ended, whatever the Redis client does meanwhile: one as it comes
// does not obey a context while it reads. A place that comes too late is given back.
func (p *Pacer) ask(ctx context.Context, q *question, timeout time.Duration) (reply, error) {
	begun := time.Now()
	q.window = p.window
	q.told = p.notes.take(begun)
	// What the caller cancels must not tear down a connection that others can use.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	var settled atomic.Bool
	answers := make(chan answer, 1)
	go func() {
		defer cancel()
		r, err := p.run(asking, q)
		if settled.CompareAndSwap(false, true) {
			answers <- answer{r, err}
		} else if err == nil && q.op == take {
			p.giveBack(q.id)
		}
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var a answer
	select {
	case a = <-answers:
	case <-ctx.Done():
		a = leave(&settled, answers, ended(ctx))
	case <-timer.C:
		a = leave(&settled, answers, errNoAnswer)
	}
	if a.err == nil {
		p.notes.answered(time.Now(), begun, &a.reply, q.holds)
		return a.reply, nil
	}
	p.notes.failed()
	if context.Cause(asking) == context.DeadlineExceeded {
		a.err = errNoAnswer
	}
	return reply{}, a.err
}

// leave waits no longer for an answer, unless it has just come.
func leave(settled *atomic.Bool, answers <-chan answer, err error) answer {
	if settled.CompareAndSwap(false, true) {
		return answer{err: err}
	}
	return <-answers
}
