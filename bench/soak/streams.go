package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/bench/internal/load"
)

// chat sends a message and reads the reply: to its end, slowly, or only in part.
func (t *target) chat(ctx context.Context) {
	p := load.Plan{Events: 1 + rand.IntN(40), Size: rand.IntN(200)}
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		stream, err := t.client.Chat.Send(ctx, t.agent, agento.SendMessageParams{Message: p.Message()}, o...)
		if err != nil {
			return err
		}
		closeAfter, pause := p.Events+2, time.Duration(0)
		switch rand.IntN(6) {
		case 0:
			closeAfter = 1 + rand.IntN(p.Events)
		case 1:
			pause = time.Millisecond
		}
		n := 0
		for event := range stream.Events() {
			if n < p.Events && event.Content != p.Text(n) || (event.Type == agento.ChatDone) != (n == p.Events) {
				t.violated("chat %s: event %d of %d is %q", name, n, p.Events, event.Raw())
			}
			if n++; n == closeAfter {
				_ = stream.Close()
			}
			time.Sleep(pause)
		}
		t.checkType(stream.Err())
		t.count("events of chats", n)
		switch {
		case stream.Err() != nil:
			t.count("chats interrupted", 1)
		case n >= closeAfter:
			t.count("chats closed", 1)
		case n != p.Events+1:
			t.violated("chat %s: %d of %d events, and no error", name, n, p.Events+1)
		default:
			t.count("chats complete", 1)
		}
		return nil
	})
}

// followLog opens log streams and closes each after a while, until ctx ends. The
// service ends the last one.
func (t *target) followLog(ctx context.Context) {
	for ctx.Err() == nil {
		stream, err := t.client.Logs.Stream(context.WithoutCancel(ctx), t.fixed, &agento.LogsParams{Tail: history})
		if err != nil {
			t.checkType(err)
			continue
		}
		t.readLog(stream)
	}
}

func (t *target) readLog(stream *agento.LogStream) {
	timer := time.AfterFunc(time.Second+rand.N(40*time.Second), func() { _ = stream.Close() })
	var r logReader
	for entry := range stream.Events() {
		r.entry(entry)
	}
	closed, err := !timer.Stop(), stream.Err()
	t.checkType(err)
	t.count("lines of logs", r.received)
	switch {
	case err != nil:
		t.count("logs interrupted", 1)
	case closed:
		t.count("logs closed", 1)
	case r.received > 0 && r.last != t.lines:
		t.violated("a log ended with line %d of %d, and no error", r.last, t.lines)
	default:
		t.count("logs complete", 1)
	}
	if r.violation != "" {
		t.violated("a log has %s", r.violation)
	}
}

const linePrefix = "soak line "

// logReader checks the numbered lines of a log.
type logReader struct {
	last, received int
	marked         bool // after the last line
	violation      string
}

func (r *logReader) entry(e agento.LogEntry) {
	if e.Reconnected {
		r.marked = true
		return
	}
	_, text, ok := strings.Cut(e.Line, linePrefix)
	if !ok {
		return // a line of the service
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		r.violation = fmt.Sprintf("the damaged line %q", e.Line)
	case r.received > 0 && (n <= r.last || n > r.last+1 && !r.marked):
		r.violation = fmt.Sprintf("line %d after line %d", n, r.last)
	}
	r.received++
	r.last, r.marked = n, false
}
