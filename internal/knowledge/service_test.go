package knowledge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

var errInterrupted = errors.New("interrupted")

// service is a knowledge base that drops duplicate content and lists the newest first.
type service struct {
	chunks []Stored // oldest first
	ids    int
	noIDs  bool                     // Ingest returns no IDs
	store  func(Stored) Stored      // changes a chunk before it is stored
	fault  func(n int) error        // returns the error of the n-th call, from 1
	calls  []string                 // such as "list a" and "delete 7"
	after  bool                     // faults happen after the effect
	hidden func(c Stored) (is bool) // omits a chunk from the list, which is then incomplete
}

// call performs a call, which may fail before or after its effect.
func (s *service) call(name string, do func()) error {
	s.calls = append(s.calls, name)
	var err error
	if s.fault != nil {
		err = s.fault(len(s.calls))
	}
	if err == nil || s.after {
		do()
	}
	return err
}

func (s *service) has(content string) bool {
	return slices.ContainsFunc(s.chunks, func(c Stored) bool { return c.Content == content })
}

func (s *service) add(c Chunk) string {
	s.ids++
	stored := Stored{ID: fmt.Sprint(s.ids), Content: c.Content, Title: c.Title, Source: c.Source, Metadata: c.Metadata}
	if s.store != nil {
		stored = s.store(stored)
	}
	s.chunks = append(s.chunks, stored)
	return stored.ID
}

func (s *service) service() Service {
	return Service{
		Ingest: func(chunks []Chunk) (ids []string, duplicates int, err error) {
			err = s.call(fmt.Sprint("ingest ", len(chunks)), func() {
				for _, c := range chunks {
					if form := (Stored{Content: c.Content}); s.has(c.Content) || s.store != nil && s.has(s.store(form).Content) {
						duplicates++
						continue
					}
					if id := s.add(c); !s.noIDs {
						ids = append(ids, id)
					}
				}
			})
			if err != nil {
				return nil, 0, err
			}
			return ids, duplicates, nil
		},
		List: func(source string, row func(Stored)) error {
			incomplete := false
			err := s.call("list "+source, func() {
				for _, c := range slices.Backward(s.chunks) {
					switch {
					case s.hidden != nil && s.hidden(c):
						incomplete = true
					case source == "" || c.Source == source:
						row(c)
					}
				}
			})
			if err == nil && incomplete {
				err = errs.ErrListIncomplete
			}
			return err
		},
		First: func() (total int, first Stored, err error) {
			err = s.call("first", func() {
				if total = len(s.chunks); total > 0 {
					first = s.chunks[total-1]
				}
			})
			return total, first, err
		},
		Delete: func(id string) (err error) {
			failed := s.call("delete "+id, func() {
				before := len(s.chunks)
				s.chunks = slices.DeleteFunc(s.chunks, func(c Stored) bool { return c.ID == id })
				if len(s.chunks) == before {
					err = errs.ErrNotFound
				}
			})
			if failed != nil {
				return failed
			}
			return err
		},
	}
}

// texts returns the stored chunks as "source/title: content", sorted.
func (s *service) texts() (all []string) {
	for _, c := range s.chunks {
		all = append(all, c.Source+"/"+c.Title+": "+c.Content)
	}
	slices.Sort(all)
	return all
}

// element is an element of a sequence.
type element struct {
	Chunk
	err error
}

func chunkOf(source, title, content string) element {
	return element{Chunk: Chunk{Content: content, Title: title, Source: source}}
}

func failure(source string) element {
	return element{Chunk{Source: source}, fmt.Errorf("%s cannot be read", source)}
}

// synchronize performs a run. It checks that the state is unchanged by encoding and
// decoding it.
func synchronize(t *testing.T, s *service, old State, dry bool, sequence ...element) (Report, State, error) {
	t.Helper()
	ctx := t.Context()
	r := &Run{Service: s.service(), DryRun: dry}
	if err := r.Start(old); err != nil {
		return r.Report, old, err
	}
	var err error
	for _, e := range sequence {
		if err = r.Add(ctx, e.Chunk, e.err); err != nil {
			break
		}
	}
	err = r.End(ctx, err)
	state := r.State()
	if read := throughJSON(t, state); len(state.entries) > 0 {
		require.Equal(t, state, read)
	}
	return r.Report, state, err
}

func throughJSON(t *testing.T, s State) (read State) {
	t.Helper()
	encoded, err := json.Marshal(s)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &read))
	return read
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
