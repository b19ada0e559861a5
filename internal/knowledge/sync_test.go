package knowledge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

func TestSync(t *testing.T) {
	s := new(service)
	report, state, err := synchronize(t, s, State{}, false,
		chunkOf("a", "A", "one"), chunkOf("a", "A", "two"), chunkOf("b", "B", "one"), chunkOf("b", "B", "three"))
	require.NoError(t, err)
	require.Equal(t, Report{Chunks: 4, Added: 3, Duplicates: 1}, report)
	require.Equal(t, []string{"list ", "ingest 3"}, s.calls)
	require.Equal(t, []string{"a/A: one", "a/A: two", "b/B: three"}, s.texts())

	// One chunk is moved, one retitled, one added, one deleted.
	next := []element{chunkOf("a", "A", "two"), chunkOf("b", "C", "three"), chunkOf("c", "A", "one"), chunkOf("c", "C", "four")}
	for name, old := range map[string]State{"listed": {}, "state": state} {
		t.Run(name, func(t *testing.T) {
			s := &service{chunks: append(slices.Clone(s.chunks), Stored{ID: "9", Content: "foreign"}), ids: 9}
			before := s.texts()
			want := Report{Chunks: 4, Unchanged: 1, Added: 1, Replaced: 2, Deleted: 1, Listed: 4}
			report, _, err := synchronize(t, s, old, true, next...)
			require.NoError(t, err)
			require.Equal(t, want, report)
			require.Equal(t, before, s.texts(), "a dry run changes no chunk")

			report, state, err := synchronize(t, s, old, false, next...)
			require.NoError(t, err)
			require.Equal(t, want, report)
			require.Equal(t, []string{"a/A: two", "b/C: three", "c/A: one", "c/C: four"}, s.texts())

			s.calls = nil
			report, _, err = synchronize(t, s, state, false, next...)
			require.NoError(t, err)
			require.Equal(t, Report{Chunks: 4, Unchanged: 4}, report)
			require.Equal(t, []string{"first"}, s.calls)
		})
	}
}

// Replaced chunks are deleted right before their batch, others at the end.
func TestCallOrder(t *testing.T) {
	s := new(service)
	s.add(Chunk{Content: "moved", Source: "a"})
	s.add(Chunk{Content: "gone", Source: "a"})
	var sequence []element
	for n := range batchChunks {
		sequence = append(sequence, chunkOf("b", "", fmt.Sprint(n)))
	}
	_, _, err := synchronize(t, s, State{}, false, append(sequence, chunkOf("c", "", "moved"))...)
	require.NoError(t, err)
	require.Equal(t, []string{"list ", "ingest 100", "delete 1", "ingest 1", "delete 2"}, s.calls)
}

func TestBatchLimits(t *testing.T) {
	s := new(service)
	var sequence []element
	for n, size := range []int{batchBytes + 1, 1, batchBytes - 1, 1, batchBytes} {
		sequence = append(sequence, chunkOf("a", "", strings.Repeat(fmt.Sprint(n), size)))
	}
	_, _, err := synchronize(t, s, State{}, false, sequence...)
	require.NoError(t, err)
	require.Equal(t, []string{"list ", "ingest 1", "ingest 2", "ingest 1", "ingest 1"}, s.calls)
}

func TestMetadata(t *testing.T) {
	with := func(metadata map[string]any) element {
		return element{Chunk: Chunk{Content: "one", Source: "a", Metadata: metadata}}
	}
	s := new(service)
	_, state, err := synchronize(t, s, State{}, false, with(map[string]any{"n": 3, "tags": []string{"x"}, "big": int64(1<<60 + 1), "f": 0.5}))
	require.NoError(t, err)
	require.NotContains(t, s.calls, "delete 1")
	for _, old := range []State{{}, state} {
		for _, same := range []map[string]any{
			{"f": 0.5, "n": 3.0, "tags": []any{"x"}, "big": uint64(1<<60 + 1)},
			{"f": 0.5, "n": int8(3), "tags": [1]string{"x"}, "big": int64(1<<60 + 1)},
		} {
			report, _, err := synchronize(t, s, old, true, with(same))
			require.NoError(t, err)
			require.Equal(t, 1, report.Unchanged, same)
		}
		for _, other := range []map[string]any{nil, {}, {"n": 3}, {"f": 0.5, "n": 3, "tags": []any{"x"}, "big": int64(1<<60 + 2)}} {
			report, _, err := synchronize(t, s, old, true, with(other))
			require.NoError(t, err)
			require.Equal(t, 1, report.Replaced, other)
		}
	}
}

func TestFailedSourceKeepsItsChunks(t *testing.T) {
	old := []Chunk{{Content: "a1", Source: "a"}, {Content: "a2", Source: "a"}, {Content: "b1", Source: "b"}, {Content: "none"}}
	for name, tt := range map[string]struct {
		sequence []element
		want     []string
		report   Report
		problem  string
	}{
		"one source":               {[]element{failure("a"), chunkOf("c", "", "c1")}, []string{"a/: a1", "a/: a2", "c/: c1"}, Report{Listed: 4, Chunks: 1, Added: 1, Deleted: 2, Failed: 1}, "a cannot be read"},
		"after a chunk":            {[]element{chunkOf("a", "", "a3"), failure("a")}, []string{"a/: a1", "a/: a2", "a/: a3"}, Report{Listed: 4, Chunks: 1, Added: 1, Deleted: 2, Failed: 1}, "a cannot be read"},
		"content wanted elsewhere": {[]element{failure("a"), chunkOf("c", "", "a1"), chunkOf("d", "", "a1")}, []string{"a/: a1", "a/: a2"}, Report{Listed: 4, Chunks: 2, Duplicates: 2, Deleted: 2, Failed: 1}, "a cannot be read"},
		"failure after the chunk":  {[]element{chunkOf("c", "", "a1"), failure("a")}, []string{"a/: a1", "a/: a2"}, Report{Listed: 4, Chunks: 1, Duplicates: 1, Deleted: 2, Failed: 1}, "a cannot be read"},
		"no source":                {[]element{chunkOf("b", "new", "b1"), chunkOf("c", "", "a1"), failure("")}, []string{"/: none", "a/: a1", "a/: a2", "b/new: b1"}, Report{Listed: 4, Chunks: 2, Replaced: 1, Duplicates: 1, Failed: 1}, " cannot be read"},
		"all":                      {[]element{failure("a")}, []string{"/: none", "a/: a1", "a/: a2", "b/: b1"}, Report{Listed: 4, Failed: 1}, "a cannot be read"},
		"empty content":            {[]element{chunkOf("b", "", "b1"), chunkOf("a", "", "")}, []string{"a/: a1", "a/: a2", "b/: b1"}, Report{Listed: 4, Chunks: 1, Unchanged: 1, Deleted: 1, Failed: 1}, `agento: Content is empty (index 1 of the sequence, source "a")`},
		"invalid title":            {[]element{chunkOf("b", "", "b1"), chunkOf("a", "\xff", "x")}, []string{"a/: a1", "a/: a2", "b/: b1"}, Report{Listed: 4, Chunks: 1, Unchanged: 1, Deleted: 1, Failed: 1}, `agento: Title is not valid UTF-8 (index 1 of the sequence, source "a")`},
		"metadata": {[]element{chunkOf("b", "", "b1"), {Chunk: Chunk{Content: "x", Source: "a", Metadata: map[string]any{"f": func() {}}}}},
			[]string{"a/: a1", "a/: a2", "b/: b1"}, Report{Listed: 4, Chunks: 1, Unchanged: 1, Deleted: 1, Failed: 1}, `agento: Metadata cannot be sent as JSON: json: unsupported type: func() (index 1 of the sequence, source "a")`},
		"empty sequence": {nil, []string{"/: none", "a/: a1", "a/: a2", "b/: b1"}, Report{Listed: 4}, "agento: chunks has no elements; nothing was deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(service)
			for _, c := range old {
				s.add(c)
			}
			report, state, err := synchronize(t, s, State{}, false, tt.sequence...)
			require.EqualError(t, err, tt.problem)
			require.Equal(t, tt.want, s.texts())
			require.Equal(t, tt.report, report)

			s.calls = nil
			_, _, err = synchronize(t, s, state, false, tt.sequence...)
			require.EqualError(t, err, tt.problem)
			require.Equal(t, tt.want, s.texts())
			require.Equal(t, []string{"first"}, s.calls, "the state matches")
		})
	}
}

func TestErrorLimit(t *testing.T) {
	var sequence []element
	for n := range 1000 {
		sequence = append(sequence, failure(fmt.Sprint(n)))
	}
	report, _, err := synchronize(t, new(service), State{}, false, append(sequence, chunkOf("a", "", "a"))...)
	require.Equal(t, 1000, report.Failed)
	require.ErrorIs(t, err, sequence[0].err)
	require.NotErrorIs(t, err, sequence[maxErrors].err)
	require.ErrorContains(t, err, "agento: the sequence has 980 more errors")
}

func TestUnknownIDs(t *testing.T) {
	s := &service{noIDs: true}
	_, state, err := synchronize(t, s, State{}, false, chunkOf("a", "", "a1"), chunkOf("a", "", "a2"), chunkOf("b", "", "b1"), chunkOf("c", "", "c1"))
	require.NoError(t, err)
	s.calls = nil
	report, _, err := synchronize(t, s, state, false, chunkOf("a", "new", "a1"), chunkOf("b", "", "b1"))
	require.NoError(t, err)
	require.Equal(t, Report{Chunks: 2, Unchanged: 1, Replaced: 1, Deleted: 2}, report)
	require.Equal(t, []string{"first", "list a", "delete 1", "ingest 1", "delete 2", "list c", "delete 4"}, s.calls, "each source is listed once")
	require.Equal(t, []string{"a/new: a1", "b/: b1"}, s.texts())
}

// Another client deletes a chunk before the run does.
func TestChunkAlreadyDeleted(t *testing.T) {
	s := new(service)
	s.add(Chunk{Content: "gone"})
	s.fault = func(n int) error {
		if strings.HasPrefix(s.calls[n-1], "delete") {
			s.chunks = slices.DeleteFunc(s.chunks, func(c Stored) bool { return c.Content == "gone" })
		}
		return nil
	}
	report, _, err := synchronize(t, s, State{}, false, chunkOf("a", "", "one"))
	require.NoError(t, err)
	require.Equal(t, 1, report.Deleted)
	require.Equal(t, []string{"a/: one"}, s.texts())
}

// The service stores content in another form and drops it as a duplicate when it is sent
// again. The stored form must not be deleted.
func TestDuplicateOfUnlistedChunk(t *testing.T) {
	s := &service{store: func(c Stored) Stored {
		c.Content = strings.TrimSpace(c.Content)
		return c
	}}
	sequence := []element{chunkOf("a", "", "one\n"), chunkOf("a", "", "two")}
	_, state, err := synchronize(t, s, State{}, false, sequence...)
	require.NoError(t, err)
	_, _, err = synchronize(t, s, State{}, false, sequence...)
	require.EqualError(t, err, "agento: knowledge base dropped 1 new chunks as duplicates; the 1 chunks to be deleted were kept, because they may have the content of these duplicates")
	require.Equal(t, []string{"a/: one", "a/: two"}, s.texts())

	_, _, err = synchronize(t, s, state, false, sequence...)
	require.NoError(t, err, "the state matches")
}

// If the list is incomplete, chunks are added, but only listed chunks are deleted.
func TestListIncomplete(t *testing.T) {
	s := new(service)
	for _, content := range []string{"wanted", "gone", "hidden", "hidden and gone"} {
		s.add(Chunk{Content: content, Source: "a"})
	}
	s.hidden = func(c Stored) bool { return strings.HasPrefix(c.Content, "hidden") }
	sequence := []element{chunkOf("a", "", "wanted"), chunkOf("a", "", "hidden"), chunkOf("a", "", "new")}
	report, state, err := synchronize(t, s, State{}, false, sequence...)
	require.ErrorIs(t, err, errs.ErrListIncomplete)
	require.Equal(t, Report{Listed: 2, Chunks: 3, Unchanged: 1, Added: 2, Deleted: 1}, report)
	require.Equal(t, []string{"a/: hidden", "a/: hidden and gone", "a/: new", "a/: wanted"}, s.texts())

	s.hidden = nil
	_, _, err = synchronize(t, s, state, false, sequence...)
	require.NoError(t, err)
	require.Equal(t, []string{"a/: hidden", "a/: new", "a/: wanted"}, s.texts())
}

// Content that is stored twice is stored once after at most two runs.
func TestContentStoredTwice(t *testing.T) {
	for name, tt := range map[string]struct{ wanted, want string }{
		"first":   {"a", "a/: x"},
		"second":  {"b", "b/: x"},
		"neither": {"c", "c/: x"},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(service)
			s.add(Chunk{Content: "x", Source: "a"})
			s.add(Chunk{Content: "x", Source: "b"})
			sequence := []element{chunkOf(tt.wanted, "", "x"), chunkOf("d", "", "x")}
			_, state, err := synchronize(t, s, State{}, false, sequence...)
			if err != nil {
				require.ErrorContains(t, err, "were kept")
				require.True(t, s.has("x"))
				_, _, err = synchronize(t, s, state, false, sequence...)
			}
			require.NoError(t, err)
			require.Equal(t, []string{tt.want}, s.texts())
		})
	}
}

func TestUnknownOutcome(t *testing.T) {
	for name, after := range map[string]bool{"not applied": false, "applied": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{after: after}
				s.add(Chunk{Content: "gone"})
				lost := 0
				s.fault = func(n int) error {
					if strings.HasPrefix(s.calls[n-1], "ingest") && lost < attempts-1 {
						lost++
						return errs.ErrOutcomeUnknown
					}
					return nil
				}
				report, _, err := synchronize(t, s, State{}, false, chunkOf("a", "", "one"))
				require.NoError(t, err)
				require.Equal(t, Report{Listed: 1, Chunks: 1, Added: 1, Deleted: 1}, report)
				require.Equal(t, []string{"a/: one"}, s.texts())

				lost = -1
				s.calls = nil
				_, state, err := synchronize(t, s, State{}, false, chunkOf("a", "", "one"), chunkOf("b", "", "two"))
				require.ErrorIs(t, err, errs.ErrOutcomeUnknown)
				require.ErrorContains(t, err, `(1 chunks, from source "b" to "b")`)
				require.Len(t, s.calls, 1+attempts)
				_, _, err = synchronize(t, s, state, false, chunkOf("a", "", "one"), chunkOf("b", "", "three"))
				require.NoError(t, err)
				require.Equal(t, []string{"a/: one", "b/: three"}, s.texts())
			})
		})
	}
}

func TestContextCanceled(t *testing.T) {
	s := new(service)
	r := &Run{Service: s.service()}
	require.NoError(t, r.Start(State{}))
	err := r.Add(canceled(), Chunk{Content: "x"}, nil)
	require.ErrorIs(t, r.End(t.Context(), err), context.Canceled)
	require.Equal(t, []string{"list "}, s.calls)
}

func TestProgress(t *testing.T) {
	s := new(service)
	for n := range 250 {
		s.add(Chunk{Content: fmt.Sprint(n)})
	}
	var seen []Report
	r := &Run{Service: s.service()}
	r.Progress = func() { seen = append(seen, r.Report) }
	require.NoError(t, r.Start(State{}))
	for n := range 249 {
		require.NoError(t, r.Add(t.Context(), Chunk{Content: fmt.Sprint(n)}, nil))
	}
	require.NoError(t, r.Add(t.Context(), Chunk{Content: "new"}, nil))
	require.NoError(t, r.End(t.Context(), nil))
	require.Equal(t, []Report{
		{Listed: 100}, {Listed: 200}, {Listed: 250},
		{Listed: 250, Chunks: 250, Unchanged: 249, Added: 1},
		{Listed: 250, Chunks: 250, Unchanged: 249, Added: 1, Deleted: 1},
	}, seen)
}

// interruptFrom returns a fault that fails every call from the n-th on.
func interruptFrom(n int) func(int) error {
	return func(call int) error {
		if call >= n {
			return errInterrupted
		}
		return nil
	}
}

// A run is interrupted at any call, before or after the effect of the call. The next run
// gets the earlier state, the state of the interrupted run, or none, and the same or
// another sequence.
func TestInterrupted(t *testing.T) {
	seed := func() (*service, State) {
		s := new(service)
		var sequence []element
		for n := range 30 {
			sequence = append(sequence, chunkOf(fmt.Sprint("s", n%5), "", fmt.Sprint("old ", n)))
		}
		_, state, err := synchronize(t, s, State{}, false, append(sequence, chunkOf("failed", "", "kept"))...)
		require.NoError(t, err)
		return s, state
	}
	sequence := []element{failure("failed")}
	for n := range 110 {
		sequence = append(sequence, chunkOf("new", "", fmt.Sprint("new ", n)))
	}
	for n := range 20 { // 10 unchanged, 10 moved, 10 deleted
		sequence = append(sequence, chunkOf(fmt.Sprint("s", n%5+n/10), "", fmt.Sprint("old ", n)))
	}
	other := slices.Concat(sequence[:80], sequence[115:], []element{chunkOf("s0", "", "old 25")})
	finished := func(sequence []element) ([]string, int) {
		s, state := seed()
		s.calls = nil
		_, _, err := synchronize(t, s, state, false, sequence...)
		require.EqualError(t, err, "failed cannot be read")
		return s.texts(), len(s.calls)
	}
	same, calls := finished(sequence)
	otherwise, _ := finished(other)
	require.Contains(t, same, "failed/: kept")
	require.Greater(t, calls, 15)
	for n := 1; n <= calls; n++ {
		for _, after := range []bool{false, true} {
			for _, state := range []string{"none", "before", "report"} {
				for name, again := range map[string][]element{"same": sequence, "other": other} {
					s, old := seed()
					s.calls, s.fault, s.after = nil, interruptFrom(n), after
					_, reported, err := synchronize(t, s, old, false, sequence...)
					require.ErrorIs(t, err, errInterrupted)
					s.fault = nil
					_, _, err = synchronize(t, s, map[string]State{"before": old, "report": reported}[state], false, again...)
					require.EqualError(t, err, "failed cannot be read")
					want := map[string][]string{"same": same, "other": otherwise}[name]
					require.Equal(t, want, s.texts(), "call %d, after its effect: %v, state: %s, sequence: %s", n, after, state, name)
				}
			}
		}
	}
}

// Random runs, some interrupted, get a random earlier state. A complete run leaves the
// chunks of its sequence and those of failed sources.
func TestRandomRuns(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := new(service)
		states := []State{{}}
		for range 12 {
			sequence, wanted, failed := randomSequence(random)
			before := make(map[string]string)
			for _, c := range s.chunks {
				before[c.Content] = c.Source + "/" + c.Title
			}
			s.after = random.IntN(2) == 0
			s.calls, s.fault = nil, nil
			if random.IntN(2) == 0 {
				s.fault = interruptFrom(1 + random.IntN(6))
			}
			_, state, err := synchronize(t, s, states[random.IntN(len(states))], false, sequence...)
			states = append(states, state)
			requireOnce(t, s)
			if errors.Is(err, errInterrupted) {
				continue
			}
			after := make(map[string]string)
			for _, c := range s.chunks {
				after[c.Content] = c.Source + "/" + c.Title
			}
			for content := range merged(before, wanted, after) {
				source, _, _ := strings.Cut(before[content], "/")
				_, stored := before[content]
				kept := stored && (failed[source] || failed[""])
				switch {
				case wanted[content] == "" && !kept:
					require.NotContains(t, after, content, "seed %d", seed)
				case wanted[content] == "":
					require.Equal(t, before[content], after[content], "seed %d", seed)
				case !kept || after[content] != before[content]:
					require.Equal(t, wanted[content], after[content], "seed %d: %s", seed, content)
				}
			}
		}
	}
}

func merged(all ...map[string]string) map[string]string {
	union := make(map[string]string)
	for _, m := range all {
		maps.Copy(union, m)
	}
	return union
}

func requireOnce(t *testing.T, s *service) {
	t.Helper()
	seen := make(map[string]bool)
	for _, c := range s.chunks {
		require.False(t, seen[c.Content], c.Content)
		seen[c.Content] = true
	}
}

// randomSequence returns a sequence, the source and title of each content, and the
// sources that fail.
func randomSequence(random *rand.Rand) (sequence []element, wanted map[string]string, failed map[string]bool) {
	wanted, failed = make(map[string]string), make(map[string]bool)
	for range 1 + random.IntN(12) {
		source := string(rune('a' + random.IntN(4)))
		switch random.IntN(12) {
		case 0:
			failed[source] = true
			sequence = append(sequence, failure(source))
			continue
		case 1:
			if random.IntN(4) == 0 {
				failed[""] = true
				sequence = append(sequence, failure(""))
			}
			continue
		}
		title, content := fmt.Sprint(random.IntN(2)), fmt.Sprint("content ", random.IntN(10))
		if wanted[content] == "" {
			wanted[content] = source + "/" + title
		}
		sequence = append(sequence, chunkOf(source, title, content))
	}
	if len(wanted) == 0 {
		sequence = append(sequence, chunkOf("a", "0", "content 0"))
		wanted["content 0"] = "a/0"
	}
	return sequence, wanted, failed
}
