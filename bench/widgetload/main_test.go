package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTallyFindsFaults(t *testing.T) {
	whole := newTally()
	for k := range kinds {
		whole.kinds[k].turns = 1
	}
	require.NoError(t, whole.fault())
	for name, spoil := range map[string]func(*counts){
		"have lost 3 events":       func(c *counts) { c.lost = 3 },
		"such as: an odd status":   func(c *counts) { c.faults = append(c.faults, errors.New("an odd status")) },
		"no steady browser took a": func(c *counts) { c.turns = 0 },
	} {
		spoiled := *newTally()
		spoiled.kinds = whole.kinds
		spoil(&spoiled.kinds[steady])
		require.ErrorContains(t, spoiled.fault(), name)
	}
}

func TestLeak(t *testing.T) {
	before := usage{Goroutines: 6, Files: 12, Heap: 0.2}
	require.NoError(t, leak(before, usage{Goroutines: 8, Files: 12, Heap: 3}))
	require.Error(t, leak(before, usage{Goroutines: 60, Files: 12, Heap: 0.2}))
	require.Error(t, leak(before, usage{Goroutines: 6, Files: 60, Heap: 0.2}))
	require.Error(t, leak(before, usage{Goroutines: 6, Files: 12, Heap: 30}))
}

// answer is the event stream of an answer with the texts that are named.
func answer(numbers ...int) *strings.Reader {
	var b strings.Builder
	b.WriteString(": a heartbeat\n\n")
	for _, n := range numbers {
		fmt.Fprintf(&b, "data: {\"type\":\"text\",\"content\":\"%d %d\"}\n\n", n, time.Now().UnixNano())
	}
	b.WriteString("data: {\"type\":\"done\"}\n\n")
	return strings.NewReader(b.String())
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestBrowserCounts(t *testing.T) {
	cases := map[string]struct {
		numbers      []int
		lost, faults int
	}{
		"whole":              {upTo(ordinary.Events), 0, 0},
		"without its last":   {upTo(ordinary.Events - 1), 1, 0},
		"without the second": {append([]int{0}, upTo(ordinary.Events)[2:]...), 1, 0},
		"one twice":          {append([]int{0, 0}, upTo(ordinary.Events)[1:]...), 0, 1},
		"without any":        {nil, ordinary.Events, 0},
	}
	for name, c := range cases {
		b := newBrowser(steady, "", "")
		require.True(t, b.read(answer(c.numbers...), 0), name)
		require.Equal(t, c.lost, b.lost, name)
		require.Len(t, b.faults, c.faults, name)
	}
}
