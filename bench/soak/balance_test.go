package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBalanceOfWrites(t *testing.T) {
	for name, tt := range map[string]struct {
		effects    int
		repeatable bool
		told       told
		problem    string
	}{
		"success, once":             {1, false, success, ""},
		"success, a PUT twice":      {2, true, success, ""},
		"success, a POST twice":     {2, false, success, "took effect 2 times"},
		"success, never":            {0, true, success, "told a success"},
		"failure, never":            {0, false, failure, ""},
		"failure, once":             {1, false, failure, "told a failure"},
		"failure, a DELETE twice":   {2, true, failure, "told a failure"},
		"unknown, never":            {0, false, unknown, ""},
		"unknown, once":             {1, false, unknown, ""},
		"unknown, a POST twice":     {2, false, unknown, "took effect 2 times"},
		"nothing was told":          {1, false, "", "was told nothing"},
		"nothing was told, no harm": {0, false, "", ""},
	} {
		l := newLedger()
		l.change("c1", func(e *entry) { e.effects, e.repeatable = tt.effects, tt.repeatable })
		if tt.told != "" {
			l.note(record{Kind: aWrite, Call: "c1", Told: tt.told})
		}
		requireProblem(t, tt.problem, l.settle(nil, nil), name)
	}
}

func TestBalanceOfChats(t *testing.T) {
	for name, tt := range map[string]struct {
		effects, planned, sent, received int
		told                             told
		problem                          string
		lost, leftBehind                 int
	}{
		"complete":                        {1, 5, 5, 5, complete, "", 0, 0},
		"complete, one is missing":        {1, 5, 5, 4, complete, "complete with 4 of 5", 0, 0},
		"complete, cut at the service":    {1, 5, 4, 4, complete, "complete with 4 of 5", 0, 0},
		"complete, one twice":             {1, 5, 5, 6, complete, "complete with 6 of 5", 0, 0},
		"complete, and the message twice": {2, 5, 5, 5, complete, "took effect 2 times", 0, 0},
		"cut, and told":                   {1, 5, 4, 2, lost, "", 2, 0},
		"cut, more came than was sent":    {1, 5, 1, 2, lost, "2 events, and 1 were sent", -1, 0},
		"left":                            {1, 5, 4, 2, left, "", 0, 2},
		"refused":                         {0, 0, 0, 0, failure, "", 0, 0},
		"refused, but it arrived":         {1, 5, 0, 0, failure, "told a failure", 0, 0},
		"unknown, and answered to nobody": {1, 5, 3, 0, unknown, "", 3, 0},
	} {
		l := newLedger()
		l.change("c1", func(e *entry) { e.effects, e.planned, e.sent = tt.effects, tt.planned, tt.sent })
		l.note(record{Kind: aChat, Call: "c1", Told: tt.told, Received: tt.received})
		b := l.settle(nil, nil)
		requireProblem(t, tt.problem, b, name)
		require.Equal(t, tt.lost, b.Chats.Lost, name)
		require.Equal(t, tt.leftBehind, b.Chats.LeftBehind, name)
	}
}

func TestBalanceOfLogs(t *testing.T) {
	const newest = 20
	for name, tt := range map[string]struct {
		r       record
		problem string
	}{
		"complete":                      {record{Told: complete, First: 11, Last: 20, Received: 10}, ""},
		"complete, the last is missing": {record{Told: complete, First: 11, Last: 19, Received: 9}, "9 received and 0 reported lost"},
		"complete, with a marked gap":   {record{Told: complete, First: 11, Last: 20, Received: 7, Lost: 3}, ""},
		"an unmarked gap":               {record{Told: left, First: 11, Last: 20, Received: 7, Lost: 2}, "7 received and 2 reported lost"},
		"one came twice":                {record{Told: left, First: 11, Last: 20, Received: 11}, "11 received"},
		"left in the middle":            {record{Told: left, First: 11, Last: 15, Received: 5}, ""},
		"ended by an error":             {record{Told: lost, First: 11, Last: 15, Received: 5}, ""},
		"nothing came":                  {record{Told: complete}, ""},
	} {
		l := newLedger()
		tt.r.Kind, tt.r.Agent = aLog, "a"
		l.note(tt.r)
		requireProblem(t, tt.problem, l.settle(map[string]int{"a": newest}, nil), name)
	}
}

func TestBalanceOfEdits(t *testing.T) {
	for counted, problem := range map[int]string{1: "counts 1 edits", 2: "", 3: "", 4: "counts 4 edits"} {
		l := newLedger()
		for _, told := range []told{success, success, unknown, failure} {
			l.note(record{Kind: anEdit, Agent: "a", Told: told})
		}
		requireProblem(t, problem, l.settle(nil, map[string]int{"a": counted}), "")
	}
}

// requireProblem expects one problem, or none where the text is empty.
func requireProblem(t *testing.T, text string, b books, name string) {
	t.Helper()
	if text == "" {
		require.Zero(t, b.Problems.Count, "%s: %v", name, b.Problems.First)
		return
	}
	require.Equal(t, 1, b.Problems.Count, name)
	require.Contains(t, b.Problems.First[0], text, name)
}

func TestReaderOfLines(t *testing.T) {
	lines := func(numbers ...int) (r reader) {
		for _, n := range numbers {
			if n == 0 {
				r.marker()
			} else {
				r.line(n)
			}
		}
		return r
	}
	for name, tt := range map[string]struct {
		got            reader
		received, lost int
		problem        string
	}{
		"in order":             {lines(5, 6, 7), 3, 0, ""},
		"a marked gap":         {lines(5, 0, 8, 9), 3, 2, ""},
		"a marker, no gap":     {lines(5, 0, 6), 2, 0, ""},
		"a marker at the head": {lines(0, 5, 6), 2, 0, ""},
		"an unmarked gap":      {lines(5, 7), 2, 0, "line 7 after line 5, without a marker"},
		"a gap after the next": {lines(5, 0, 6, 8), 3, 0, "line 8 after line 6, without a marker"},
		"twice":                {lines(5, 6, 6), 3, 0, "line 6 after line 6"},
		"out of order":         {lines(5, 7, 6), 3, 0, "line 7 after line 5"},
		"twice after a marker": {lines(5, 6, 0, 6), 3, 0, "line 6 after line 6"},
	} {
		require.Equal(t, tt.received, tt.got.received, name)
		require.Equal(t, tt.lost, tt.got.lost, name)
		if tt.problem == "" {
			require.Empty(t, tt.got.problem, name)
		} else {
			require.Contains(t, tt.got.problem, tt.problem, name)
		}
	}
}
