package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	serveIfAsked()
	os.Exit(m.Run())
}

// TestSoak runs the whole for a second.
func TestSoak(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), config{duration: time.Second, seed: 1, rate: 400, workers: 32, followers: 2, silence: 300 * time.Millisecond}, &out)
	require.NoError(t, err, out.String())
	require.Contains(t, out.String(), "It adds up.")
	require.NotContains(t, out.String(), "calls                    0")
}

// TestSoakEndsEarly: an interruption gives the balance, too.
func TestSoakEndsEarly(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	err := run(ctx, config{duration: time.Hour, seed: 2, rate: 200, workers: 16, followers: 1, silence: 300 * time.Millisecond}, &out)
	require.NoError(t, err, out.String())
	require.Contains(t, out.String(), "balance after")
}

func TestFlat(t *testing.T) {
	first := sample{At: time.Minute, Heap: 100, Goroutines: 20}
	for name, tt := range map[string]struct {
		last    sample
		problem string
	}{
		"flat":           {sample{At: time.Hour, Heap: 110, Goroutines: 22}, ""},
		"memory":         {sample{At: time.Hour, Heap: 111, Goroutines: 20}, "the heap has grown by the factor 1.11"},
		"goroutines":     {sample{At: time.Hour, Heap: 100, Goroutines: 23}, "goroutines have grown from 20 to 23"},
		"connections":    {sample{At: time.Hour, Heap: 100, Goroutines: 20, Connections: 1}, "1 connections at 1h0m0s"},
		"less of it all": {sample{At: time.Hour, Heap: 50, Goroutines: 10}, ""},
	} {
		var p problems
		flat([]sample{first, tt.last}, &p)
		if tt.problem == "" {
			require.Zero(t, p.Count, name)
			continue
		}
		require.Equal(t, 1, p.Count, name)
		require.Contains(t, p.First[0], tt.problem, name)
	}
}

// TestSheetFindsWhatIsOff: each equation of the balance, when it does not hold,
// is told.
func TestSheetFindsWhatIsOff(t *testing.T) {
	balanced := func() *sheet {
		s := &sheet{Tally: newTally(), Samples: []sample{{Heap: 1}}}
		s.Tally.Calls["Agents.Get"], s.Tally.Results = 3, 2
		s.Tally.Errors["internal"] = 1
		s.Tally.Streams[complete] = 1
		s.Books.Chats = chatSums{Calls: 1, Complete: 1, Sent: 5, Received: 5}
		return s
	}
	for problem, spoil := range map[string]func(*sheet){
		"":                                      func(*sheet) {},
		"3 calls, and 1 results + 1 errors":     func(s *sheet) { s.Tally.Results = 1 },
		"1 calls did not return":                func(s *sheet) { s.Under = 1; s.Tally.Results++ },
		"5 events of chats sent, 4 accounted":   func(s *sheet) { s.Books.Chats.Received = 4 },
		"2 streams ended, and the books have 1": func(s *sheet) { s.Tally.Streams[left] = 1 },
		"read: an error of no type":             func(s *sheet) { s.Tally.Problems.add("read: an error of no type") },
		"call w1 took effect 2 times":           func(s *sheet) { s.Books.Problems.add("call w1 took effect 2 times") },
	} {
		s := balanced()
		spoil(s)
		s.check()
		var out bytes.Buffer
		s.write(&out)
		if problem == "" {
			require.Contains(t, out.String(), "It adds up.")
			continue
		}
		require.Equal(t, 1, s.Problems.Count, problem)
		require.Contains(t, out.String(), "- "+problem)
	}
}
