package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// sheet is the balance of a run.
type sheet struct {
	Took     time.Duration
	Seed     uint64
	Tally    *tally
	Under    int64 // calls that have not returned
	Books    books
	Samples  []sample
	Dialled  int64
	Problems problems
}

// check adds what does not add up in the load's own account.
func (s *sheet) check() {
	s.Problems.merge(s.Tally.Problems)
	s.Problems.merge(s.Books.Problems)
	calls, failed := sum(s.Tally.Calls)+int(s.Under), sum(s.Tally.Errors)-s.Tally.Streams[lost]
	if calls != s.Tally.Results+failed {
		s.Problems.add("%d calls, and %d results + %d errors", calls, s.Tally.Results, failed)
	}
	if s.Under != 0 {
		s.Problems.add("%d calls did not return", s.Under)
	}
	chats, logs := s.Books.Chats, s.Books.Logs
	if accounted := chats.Received + chats.Lost + chats.LeftBehind; chats.Sent != accounted && chats.Unexplained == 0 {
		s.Problems.add("%d events of chats sent, %d accounted for", chats.Sent, accounted)
	}
	if streams := sum(s.Tally.Streams); streams != chats.Complete+chats.Cut+chats.Left+logs.Streams {
		s.Problems.add("%d streams ended, and the books have %d", streams, chats.Complete+chats.Cut+chats.Left+logs.Streams)
	}
}

func (s *sheet) write(out io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	t, w, e, c, l := s.Tally, s.Books.Writes, s.Books.Edits, s.Books.Chats, s.Books.Logs
	p("balance after %v, seed %d", s.Took.Round(time.Second), s.Seed)
	p("\ncalls            %9d = %d results + %d typed errors + %d not returned", sum(t.Calls), t.Results, sum(t.Errors)-t.Streams[lost], s.Under)
	list(p, t.Calls)
	p("errors           %9d of calls and open streams, by kind; %d of no type", sum(t.Errors), t.Errors[untyped])
	list(p, t.Errors)
	p("requests         %9d at the service", sum(s.Books.Requests))
	list(p, s.Books.Requests)
	p("writes           %9d = %d success + %d failure + %d unknown (%d applied, %d not)", w.Calls, w.Success, w.Failure,
		w.UnknownApplied+w.UnknownNot, w.UnknownApplied, w.UnknownNot)
	p("  twice          %9d", w.Twice)
	p("  told wrongly   %9d, and nothing %d", w.ClaimedWrongly, w.Silent)
	p("edits            %9d in the documents, %d told as success and %d as unknown", e.InDocuments, e.Success, e.Unknown)
	p("messages         %9d = %d answers complete + %d cut, told so + %d left + %d not begun", c.Calls, c.Complete, c.Cut, c.Left, c.Unopened)
	p("  events sent    %9d = %d received + %d told as lost + %d left by the caller + %d unexplained", c.Sent, c.Received, c.Lost, c.LeftBehind, c.Unexplained)
	p("log streams      %9d = %d complete + %d left + %d ended by a typed error", l.Streams, l.Complete, l.Left, l.Ended)
	p("  lines          %9d = %d received + %d under a gap mark + %d unexplained", l.Lines, l.Received, l.Lost, l.Unexplained)
	p("\nat               live heap    goroutines  connections")
	for _, m := range s.Samples {
		p("%-16v %8.2f MB %11d %12d", m.At.Round(time.Millisecond), float64(m.Heap)/(1<<20), m.Goroutines, m.Connections)
	}
	p("heap, last / first %7.2f%s; %d connections dialled", growth(s.Samples), measured(s.Samples[0]), s.Dialled)
	s.writeVerdict(p)
}

func measured(first sample) string {
	if first.At < warm {
		return " (too short a run to judge)"
	}
	return ""
}

func (s *sheet) writeVerdict(p func(string, ...any)) {
	if s.Problems.Count == 0 {
		p("\nIt adds up.")
		return
	}
	p("\nIt does not add up, in %d places:", s.Problems.Count)
	for _, problem := range s.Problems.First {
		p("- %s", problem)
	}
}

func list(p func(string, ...any), counts map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		p("  %-60s %9d", name, counts[name])
	}
}

func sum[K comparable](counts map[K]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}
