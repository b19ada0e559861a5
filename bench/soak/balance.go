package main

import "sync"

// ledger is the service's account of what it did, call by call, which is
// compared with what the callers were told.
type ledger struct {
	mu    sync.Mutex
	calls map[string]*entry
	edits map[string]*edits
	logs  []record
}

// entry is one call.
type entry struct {
	requests   int
	effects    int  // requests that took effect
	repeatable bool // a second effect is the same as one: PUT, DELETE
	planned    int  // events of the whole answer
	sent       int  // events that went out
	verdict    *record
}

// edits are those of one document, whose content counts them.
type edits struct{ success, unknown int }

func newLedger() *ledger { return &ledger{calls: map[string]*entry{}, edits: map[string]*edits{}} }

// change gives the entry of a call to f.
func (l *ledger) change(call string, f func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.calls[call]
	if e == nil {
		e = new(entry)
		l.calls[call] = e
	}
	f(e)
}

// note takes in what a caller was told.
func (l *ledger) note(r record) {
	switch r.Kind {
	case aWrite, aChat:
		l.change(r.Call, func(e *entry) { e.verdict = &r })
	case anEdit:
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.edits[r.Agent] == nil {
			l.edits[r.Agent] = new(edits)
		}
		switch r.Told {
		case success:
			l.edits[r.Agent].success++
		case unknown:
			l.edits[r.Agent].unknown++
		}
	case aLog:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.logs = append(l.logs, r)
	}
}

// books are the sums of a ledger, and what does not add up.
type books struct {
	Requests map[string]int // by what was done to them
	Writes   writeSums
	Edits    editSums
	Chats    chatSums
	Logs     logSums
	Problems problems
}

type writeSums struct {
	Calls, Success, Failure       int
	UnknownApplied, UnknownNot    int
	Twice, ClaimedWrongly, Silent int
}

type editSums struct{ Success, Unknown, InDocuments int }

type chatSums struct {
	Calls, Complete, Cut, Left, Unopened int
	Sent, Received, Lost, LeftBehind     int
	Unexplained                          int
}

type logSums struct {
	Streams, Complete, Left, Ended int
	Lines, Received, Lost          int
	Unexplained                    int
}

// settle sums up. newest is the last line of each log, and documents what each
// edited document counts.
func (l *ledger) settle(newest, documents map[string]int) books {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := books{}
	for call, e := range l.calls {
		switch {
		case e.verdict == nil && e.effects > 0:
			b.Writes.Silent++
			b.Problems.add("call %s took effect %d times, and its caller was told nothing", call, e.effects)
		case e.verdict == nil:
		case e.verdict.Kind == aChat:
			b.chat(call, e)
		default:
			b.write(call, e)
		}
	}
	for agent, e := range l.edits {
		b.edit(agent, e, documents[agent])
	}
	for _, r := range l.logs {
		b.log(r, newest[r.Agent])
	}
	return b
}

func (b *books) write(call string, e *entry) {
	b.Writes.Calls++
	switch e.verdict.Told {
	case success:
		b.Writes.Success++
	case failure:
		b.Writes.Failure++
	case unknown:
		if e.effects > 0 {
			b.Writes.UnknownApplied++
		} else {
			b.Writes.UnknownNot++
		}
	}
	b.effects(call, e, e.verdict.Told)
}

// effects compares how often a call took effect with what its caller was told.
func (b *books) effects(call string, e *entry, told told) {
	switch {
	case e.effects > 1 && !e.repeatable:
		b.Writes.Twice++
		b.Problems.add("call %s took effect %d times", call, e.effects)
	case told == success && e.effects == 0:
		b.Writes.ClaimedWrongly++
		b.Problems.add("call %s was told a success and took no effect", call)
	case told == failure && e.effects > 0:
		b.Writes.ClaimedWrongly++
		b.Problems.add("call %s was told a failure and took effect", call)
	}
}

// chat balances the events of one answer: what was sent is received, or its loss
// was told, or the caller left it behind.
func (b *books) chat(call string, e *entry) {
	r := e.verdict
	c := &b.Chats
	c.Calls++
	c.Sent += e.sent
	c.Received += r.Received
	missing := e.sent - r.Received
	switch r.Told {
	case complete:
		c.Complete++
		if missing != 0 || r.Received != e.planned {
			c.Unexplained += max(missing, e.planned-r.Received)
			b.Problems.add("chat %s is complete with %d of %d events, %d sent", call, r.Received, e.planned, e.sent)
		}
		b.effects(call, e, success)
		return
	case lost:
		c.Cut++
		c.Lost += missing
		b.effects(call, e, success)
	case left:
		c.Left++
		c.LeftBehind += missing
		b.effects(call, e, success)
	default:
		c.Unopened++
		c.Lost += missing
		b.effects(call, e, r.Told)
	}
	if missing < 0 {
		c.Unexplained -= missing
		b.Problems.add("chat %s received %d events, and %d were sent", call, r.Received, e.sent)
	}
}

func (b *books) edit(agent string, e *edits, counted int) {
	b.Edits.Success += e.success
	b.Edits.Unknown += e.unknown
	b.Edits.InDocuments += counted
	if counted < e.success || counted > e.success+e.unknown {
		b.Problems.add("the document of %s counts %d edits: %d succeeded and %d are unknown", agent, counted, e.success, e.unknown)
	}
}

// log balances the lines of one log stream, from the first that came on.
func (b *books) log(r record, newest int) {
	s := &b.Logs
	s.Streams++
	s.Received += r.Received
	s.Lost += r.Lost
	last := r.Last
	switch r.Told {
	case complete:
		s.Complete++
		if r.Received > 0 {
			last = newest
		}
	case left:
		s.Left++
	default:
		s.Ended++
	}
	if r.Received == 0 {
		return
	}
	lines := last - r.First + 1
	s.Lines += lines
	if missing := lines - r.Received - r.Lost; missing != 0 {
		s.Unexplained += max(missing, -missing)
		b.Problems.add("log stream %s of %s, %s: lines %d to %d, %d received and %d reported lost", r.Call, r.Agent, r.Told, r.First, last, r.Received, r.Lost)
	}
}
