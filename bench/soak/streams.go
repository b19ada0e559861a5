package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// talk is one message to an agent.
func (w *worker) talk() (plan, agento.SendMessageParams) {
	p := plan{Events: 1 + w.random.IntN(40), Size: w.random.IntN(200)}
	message, err := json.Marshal(p)
	if err != nil {
		w.failed(err)
	}
	return p, agento.SendMessageParams{Message: string(message)}
}

// chat sends a message and reads the answer: to its end, slowly, or only a part.
func chat(w *worker) {
	p, message := w.talk()
	w.call(chatID, "Chat.Send", func(ctx context.Context, id string, o ...agento.Option) error {
		stream, err := w.client.Chat.Send(ctx, w.Chat, message, o...)
		if err != nil {
			w.tell(record{Kind: aChat, Call: id, Told: verdictOf(err)})
			return err
		}
		leaveAfter, pause := p.Events+2, time.Duration(0)
		switch w.random.IntN(6) {
		case 0:
			leaveAfter = w.random.IntN(p.Events + 1)
		case 1:
			pause = time.Millisecond
		}
		received, end, ordered := 0, complete, true
		for event := range stream.Events() {
			ordered = ordered && w.inOrder(id, p, received, event)
			if received++; received == leaveAfter {
				end = left
				_ = stream.Close() // the count of connections tells whether it let go
			}
			time.Sleep(pause)
		}
		err = stream.Err()
		if err != nil {
			end = lost
		}
		w.tally.streamEnd("Chat.Send", end, err)
		w.tell(record{Kind: aChat, Call: id, Told: end, Received: received})
		return nil
	})
}

// inOrder sees that an event is the one whose turn it is.
func (w *worker) inOrder(id string, p plan, number int, e agento.ChatEvent) bool {
	if number < p.Events && e.Type == agento.ChatText && e.Content == p.text(number) ||
		number == p.Events && e.Type == agento.ChatDone {
		return true
	}
	w.tally.wrong("chat %s: event %d of %d is %q", id, number, p.Events, e.Raw())
	return false
}

// ask takes the whole answer at once.
func ask(w *worker) {
	p, message := w.talk()
	w.call(chatID, "Chat.Ask", func(ctx context.Context, id string, o ...agento.Option) error {
		reply, err := w.client.Chat.Ask(ctx, w.Chat, message, o...)
		if *reply == (agento.Reply{}) { // no answer has begun
			w.tell(record{Kind: aChat, Call: id, Told: verdictOf(err)})
			return err
		}
		end := complete
		if err != nil {
			end = lost
		}
		texts := p.texts()[:min(reply.Events, p.Events)]
		if reply.Text != strings.Join(texts, "") {
			w.tally.wrong("chat %s: %d events give the text %q", id, reply.Events, reply.Text)
		}
		w.tally.streamEnd("Chat.Ask", end, err)
		w.tell(record{Kind: aChat, Call: id, Told: end, Received: reply.Events})
		return nil
	})
}

// follow follows a log, leaves it after a while and follows it again, until the
// load is over. The last stream is left to the service to end.
func (l *load) follow(target *target, agent string, random *rand.Rand) {
	for l.ctx.Err() == nil {
		w := &worker{load: l, target: target, random: random}
		var stream *agento.LogStream
		var call string
		w.call(logID, "Logs.Stream", func(_ context.Context, id string, o ...agento.Option) error {
			call = id
			opened, err := target.client.Logs.Stream(context.Background(), agent, nil, o...)
			stream = opened
			return err
		})
		if stream != nil {
			l.readLog(stream, call, target.site.name(agent), time.Second+time.Duration(random.IntN(40))*time.Second)
		}
	}
}

// readLog reads a log until it ends, or is left.
func (l *load) readLog(stream *agento.LogStream, call, agent string, stay time.Duration) {
	l.streams.Add(1)
	defer l.streams.Add(-1)
	leave := time.NewTimer(stay)
	defer leave.Stop()
	var r reader
	end := complete
	for open := true; open; {
		select {
		case e, ok := <-stream.Events():
			if open = ok; ok {
				r.entry(e)
			}
		case <-l.halts:
			end = left
			_ = stream.Close() // the count of connections tells whether it let go
		case <-leave.C:
			if l.ctx.Err() == nil {
				end = left
				_ = stream.Close()
			}
		}
	}
	err := stream.Err()
	if err != nil {
		end = lost
	}
	if r.problem != "" {
		l.tally.wrong("log stream %s of %s: %s", call, agent, r.problem)
	}
	l.tally.streamEnd("Logs.Stream", end, err)
	l.tell(record{Kind: aLog, Call: call, Told: end, Agent: agent, First: r.first, Last: r.last, Received: r.received, Lost: r.lost})
}

// reader keeps account of the numbered lines of a log.
type reader struct {
	first, last, received int
	lost                  int  // lines that a marker stands for
	marked                bool // a marker came after the last line
	markers               int
	problem               string // the first one
}

func (r *reader) entry(e agento.LogEntry) {
	if e.Reconnected {
		r.marker()
		return
	}
	_, number, ok := strings.Cut(e.Line, linePrefix)
	if !ok {
		return // the service's own
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		r.wrong("a line that is not whole: %q", e.Line)
		return
	}
	r.line(n)
}

func (r *reader) marker() { r.marked = true; r.markers++ }

func (r *reader) line(n int) {
	switch {
	case r.received == 0:
		r.first = n
	case n <= r.last:
		r.wrong("line %d after line %d", n, r.last)
	case n > r.last+1 && !r.marked:
		r.wrong("line %d after line %d, without a marker", n, r.last)
	default:
		r.lost += n - r.last - 1
	}
	r.received++
	r.last, r.marked = max(r.last, n), false
}

func (r *reader) wrong(format string, args ...any) {
	if r.problem == "" {
		r.problem = fmt.Sprintf(format, args...)
	}
}
