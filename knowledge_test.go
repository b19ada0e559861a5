package agento_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chunk"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestKnowledge(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		knowledge := s.Client().Knowledge
		targets := map[string]agento.Target{}
		agentID, swarmID := s.AddAgent(agentotest.AgentSeed{}), s.AddSwarm(agentotest.SwarmSeed{})
		targets[agentID], targets[swarmID] = agento.ForAgent(agentID), agento.ForSwarm(swarmID)
		for id, target := range targets {
			result, err := knowledge.Ingest(t.Context(), target, agento.IngestParams{Chunks: []agento.ChunkParams{
				{Content: "Open from 9 to 5", Title: "Hours", Source: "faq", Metadata: map[string]any{"lang": "en", "page": 3.0}},
				{Content: "Closed on Sunday", Source: "faq"},
				{Content: "Open from 9 to 5", Source: "web"},
			}})
			require.NoError(t, err)
			require.Equal(t, 2, result.Ingested)
			require.Equal(t, 1, result.Duplicates)
			require.Len(t, result.IDs, 2)
			require.Len(t, s.Knowledge(id), 2)

			page, err := knowledge.List(t.Context(), target, &agento.KnowledgeListParams{Source: "faq", Limit: 1})
			require.NoError(t, err)
			require.Equal(t, agento.Pagination{Total: 2, Limit: 1}, page.Pagination)
			var all []agento.Chunk
			for chunk, err := range knowledge.All(t.Context(), target, nil) {
				require.NoError(t, err)
				all = append(all, chunk)
			}
			require.Len(t, all, 2)
			hours := all[0]
			if hours.ID != result.IDs[0] {
				hours = all[1]
			}
			require.False(t, hours.CreatedAt.IsZero())
			hours.CreatedAt = agento.Chunk{}.CreatedAt
			require.Equal(t, agento.Chunk{
				ID: result.IDs[0], Content: "Open from 9 to 5", Title: "Hours", Source: "faq",
				Metadata: map[string]any{"lang": "en", "page": 3.0},
			}, hours)

			require.NoError(t, knowledge.Delete(t.Context(), target, result.IDs[0]))
			require.Len(t, s.Knowledge(id), 1)
			err = knowledge.Delete(t.Context(), target, result.IDs[0])
			require.ErrorIs(t, err, agento.ErrNotFound)

			s.Next("Knowledge.Delete", 1, agentotest.Drop().AfterCommit())
			require.NoError(t, knowledge.Delete(t.Context(), target, result.IDs[1]), "a 404 to the second attempt is a success")
			require.Empty(t, s.Knowledge(id))
		}
		_, err := knowledge.List(t.Context(), agento.ForAgent(swarmID), nil)
		require.ErrorIs(t, err, agento.ErrNotFound, "a swarm is not an agent")
	})
}

// stored returns a knowledge base as "source/title: content", sorted.
func stored(s *agentotest.Server, id string) (all []string) {
	for _, c := range s.Knowledge(id) {
		all = append(all, c.Source+"/"+c.Title+": "+c.Content)
	}
	slices.Sort(all)
	return all
}

func sequence(chunks ...agento.ChunkParams) iter.Seq2[agento.ChunkParams, error] {
	return func(yield func(agento.ChunkParams, error) bool) {
		for _, c := range chunks {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func throughJSON(t *testing.T, state *agento.SyncState) *agento.SyncState {
	encoded, err := json.Marshal(state)
	require.NoError(t, err)
	read := new(agento.SyncState)
	require.NoError(t, json.Unmarshal(encoded, read))
	return read
}

func TestSync(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		knowledge := s.Client(agento.WithPacer(bulkPacer{})).Knowledge
		agentID, swarmID := s.AddAgent(agentotest.AgentSeed{}), s.AddSwarm(agentotest.SwarmSeed{})
		for id, target := range map[string]agento.Target{agentID: agento.ForAgent(agentID), swarmID: agento.ForSwarm(swarmID)} {
			s.AddKnowledge(id, agentotest.Chunk{Content: "foreign"}, agentotest.Chunk{Content: "moved", Source: "a"},
				agentotest.Chunk{Content: "retitled", Title: "old", Source: "a"}, agentotest.Chunk{Content: "same", Source: "a"},
				agentotest.Chunk{Content: "with metadata", Source: "a", Metadata: []byte(`{"part":9007199254740993,"b":[1,{}]}`)})
			before := stored(s, id)
			chunks := sequence(
				agento.ChunkParams{Content: "moved", Source: "b"}, agento.ChunkParams{Content: "retitled", Title: "new", Source: "a"},
				agento.ChunkParams{Content: "same", Source: "a"}, agento.ChunkParams{Content: "same", Source: "b"},
				agento.ChunkParams{Content: "with metadata", Source: "a", Metadata: map[string]any{"b": []any{1, struct{}{}}, "part": int64(9007199254740993)}},
				agento.ChunkParams{Content: "new", Source: "b", Metadata: map[string]any{"part": 1}},
			)
			want := agento.SyncReport{Listed: 5, Chunks: 6, Unchanged: 2, Added: 1, Replaced: 2, Duplicates: 1, Deleted: 1}
			report, err := knowledge.Sync(t.Context(), target, chunks, &agento.SyncParams{DryRun: true})
			require.NoError(t, err)
			report.State = nil
			require.Equal(t, want, *report)
			require.Equal(t, before, stored(s, id))

			var seen []agento.SyncReport
			s.ForgetRequests()
			report, err = knowledge.Sync(t.Context(), target, chunks, &agento.SyncParams{Progress: func(r agento.SyncReport) { seen = append(seen, r) }})
			require.NoError(t, err)
			state := report.State
			report.State = nil
			require.Equal(t, want, *report)
			require.Equal(t, []string{"a/: same", "a/: with metadata", "a/new: retitled", "b/: moved", "b/: new"}, stored(s, id))
			require.Len(t, seen, len(s.Requests()))
			require.Equal(t, want, seen[len(seen)-1])

			s.ForgetRequests()
			report, err = knowledge.Sync(t.Context(), target, chunks, &agento.SyncParams{State: throughJSON(t, state)})
			require.NoError(t, err)
			require.Equal(t, 5, report.Unchanged)
			require.Len(t, s.Requests(), 1, "the first chunk is read")
			require.Equal(t, throughJSON(t, state), throughJSON(t, report.State))
		}
	})
}

// bulkPacer refuses calls that are not bulk.
type bulkPacer struct{}

func (bulkPacer) Acquire(_ context.Context, r agento.PaceRequest) error {
	if !r.Bulk {
		return errors.New("not bulk")
	}
	return nil
}

func (bulkPacer) Observe(agento.PaceResult) {}

func TestSyncInvalid(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		knowledge, agent := s.Client().Knowledge, agento.ForAgent("a1")
		chunks := sequence(agento.ChunkParams{Content: "x"})
		for problem, sync := range map[string]func() (*agento.SyncReport, error){
			"agento: target is empty; use ForAgent or ForSwarm": func() (*agento.SyncReport, error) {
				return knowledge.Sync(t.Context(), agento.Target{}, chunks, nil)
			},
			"agento: target is empty": func() (*agento.SyncReport, error) {
				return knowledge.Sync(t.Context(), agento.ForSwarm(""), chunks, nil)
			},
			"agento: ctx is nil": func() (*agento.SyncReport, error) {
				//lint:ignore SA1012 the test is about it
				return knowledge.Sync(nil, agent, chunks, nil)
			},
			"agento: chunks is nil": func() (*agento.SyncReport, error) { return knowledge.Sync(t.Context(), agent, nil, nil) },
			"WithResponse": func() (*agento.SyncReport, error) {
				return knowledge.Sync(t.Context(), agent, chunks, nil, agento.WithResponse(new(agento.Response)))
			},
			"WithExtra": func() (*agento.SyncReport, error) {
				return knowledge.Sync(t.Context(), agent, chunks, nil, agento.WithExtra("k", 1))
			},
		} {
			report, err := sync()
			require.ErrorContains(t, err, problem)
			require.ErrorIs(t, err, agento.ErrValidation)
			require.Nil(t, report)
		}
		require.Empty(t, s.Requests())

		id := s.AddAgent(agentotest.AgentSeed{})
		s.AddKnowledge(id, agentotest.Chunk{Content: "kept", Source: "a"}, agentotest.Chunk{Content: "gone", Source: "b"})
		_, err := knowledge.Sync(t.Context(), agento.ForAgent(id), sequence(agento.ChunkParams{Content: "new"}, agento.ChunkParams{Source: "a"}), nil)
		require.EqualError(t, err, `agento: Content is empty (index 1 of the sequence, source "a")`)
		require.Equal(t, []string{"/: new", "a/: kept"}, stored(s, id))

		require.EqualError(t, json.Unmarshal([]byte(`{"version":7}`), new(agento.SyncState)),
			"agento: the state of Knowledge.Sync has version 7; this version of the SDK reads version 1")
	})
}

// A run of 40 requests is killed at each of them, before or after its effect, and run
// again without a state, with the one before it, and with that of its report.
func TestSyncKilled(t *testing.T) {
	seed := func(t *testing.T, s *agentotest.Server) (agento.Target, string, *agento.SyncState) {
		id := s.AddAgent(agentotest.AgentSeed{})
		old := []agento.ChunkParams{{Content: "kept", Source: "failed.txt"}}
		for n := range 40 {
			old = append(old, agento.ChunkParams{Content: fmt.Sprint("old ", n), Source: fmt.Sprintf("%d.txt", n%4)})
		}
		report, err := s.Client().Knowledge.Sync(t.Context(), agento.ForAgent(id), sequence(old...), nil)
		require.NoError(t, err)
		s.ForgetRequests()
		return agento.ForAgent(id), id, report.State
	}
	chunks := func(yield func(agento.ChunkParams, error) bool) {
		for n := range 140 {
			c := agento.ChunkParams{Content: fmt.Sprint("new ", n), Source: "new.txt"}
			if n < 20 { // of the old: 3 stay and 17 are moved; the other 20 are gone
				c = agento.ChunkParams{Content: fmt.Sprint("old ", n), Source: fmt.Sprintf("%d.txt", n%4+min(n/3, 1)*4)}
			}
			if !yield(c, nil) {
				return
			}
		}
		yield(agento.ChunkParams{Source: "failed.txt"}, errors.New("failed.txt cannot be read"))
	}
	var want []string
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		target, id, state := seed(t, s)
		_, err := s.Client().Knowledge.Sync(t.Context(), target, chunks, &agento.SyncParams{State: state})
		require.EqualError(t, err, "failed.txt cannot be read")
		require.Len(t, s.Requests(), 40)
		want = stored(s, id)
		require.Len(t, want, 141)
		require.Contains(t, want, "failed.txt/: kept")
	})
	for n := range 40 {
		for name, fault := range map[string]agentotest.Fault{"before": agentotest.Hang(), "after": agentotest.Hang().AfterCommit()} {
			for _, again := range []string{"none", "old", "reported"} {
				harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
					target, id, old := seed(t, s)
					ctx, kill := context.WithCancel(t.Context())
					s.Inject(func(agentotest.Request) (agentotest.Fault, bool) {
						if len(s.Requests()) <= n {
							return agentotest.Fault{}, false
						}
						kill()
						return fault, true
					})
					report, err := s.Client().Knowledge.Sync(ctx, target, chunks, &agento.SyncParams{State: old})
					require.ErrorIs(t, err, context.Canceled)
					s.Inject(nil)
					synctest.Wait()
					states := map[string]*agento.SyncState{"old": old}
					if report != nil {
						states["reported"] = throughJSON(t, report.State)
					}
					_, err = s.Client().Knowledge.Sync(t.Context(), target, chunks, &agento.SyncParams{State: states[again]})
					require.EqualError(t, err, "failed.txt cannot be read")
					require.Equal(t, want, stored(s, id), "request %d, killed %s its effect, state: %s", n, name, again)
				})
			}
		}
	}
}

// The first import needs a request a batch, and one changed line of 5,000 files needs
// three: a look at the first chunk, the new chunk, and the old one.
func TestSyncOneChangedLine(t *testing.T) {
	files := fstest.MapFS{}
	for n := range 5000 {
		files[fmt.Sprintf("%d/%d.md", n%50, n)] = &fstest.MapFile{Data: fmt.Appendf(nil, "# File %d\n\nText.", n)}
	}
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id, knowledge := s.AddAgent(agentotest.AgentSeed{}), s.Client().Knowledge
		report, err := knowledge.Sync(t.Context(), agento.ForAgent(id), chunk.FromFS(files), nil)
		require.NoError(t, err)
		require.Len(t, s.Requests(), 1+50, "a list and 50 batches")

		s.ForgetRequests()
		files["7/2507.md"] = &fstest.MapFile{Data: []byte("# File 2507\n\nOther text.")}
		report, err = knowledge.Sync(t.Context(), agento.ForAgent(id), chunk.FromFS(files), &agento.SyncParams{State: throughJSON(t, report.State)})
		require.NoError(t, err)
		require.Equal(t, []int{4999, 1, 1}, []int{report.Unchanged, report.Added, report.Deleted})
		require.Len(t, s.Requests(), 3)
		require.Contains(t, stored(s, id), "7/2507.md/File 2507: # File 2507\n\nOther text.")
	})
}

// The IDs of a batch whose response is lost are not known. They are looked up when a
// chunk is deleted.
func TestSyncUnknownIDs(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id, knowledge := s.AddAgent(agentotest.AgentSeed{}), s.Client().Knowledge
		target := agento.ForAgent(id)
		s.Next("Knowledge.Ingest", 2, agentotest.Drop().AfterCommit())
		s.Next("Knowledge.Ingest", 1, agentotest.Fail(503, "internal_error"))
		report, err := knowledge.Sync(t.Context(), target, sequence(agento.ChunkParams{Content: "a", Source: "a"}, agento.ChunkParams{Content: "b", Source: "b"}), nil)
		require.NoError(t, err)
		require.Equal(t, 2, report.Added)
		require.Len(t, s.RequestsTo("Knowledge.Ingest"), 4)

		s.ForgetRequests()
		_, err = knowledge.Sync(t.Context(), target, sequence(agento.ChunkParams{Content: "b", Source: "b"}), &agento.SyncParams{State: report.State})
		require.NoError(t, err)
		require.Equal(t, []string{"b/: b"}, stored(s, id))
		require.Len(t, s.Requests(), 3)
		require.Contains(t, s.Requests()[1].Path, "source=a")
	})
}

func TestSyncListIncomplete(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id, knowledge := s.AddAgent(agentotest.AgentSeed{}), s.Client().Knowledge
		s.AddKnowledge(id, agentotest.Chunk{Content: "not listed", Source: "a"})
		gone := s.AddKnowledge(id, agentotest.Chunk{Content: "gone", Source: "b"})[0]
		page := fmt.Appendf(nil, `{"data":[{"id":%q,"content":"gone","source":"b"}],"pagination":{"total":2,"limit":100,"offset":0}}`, gone)
		s.Next("Knowledge.List", 2, agentotest.Answer(agentotest.Raw{Body: page}))
		report, err := knowledge.Sync(t.Context(), agento.ForAgent(id), sequence(agento.ChunkParams{Content: "new", Source: "a"}), nil)
		require.ErrorIs(t, err, agento.ErrListIncomplete)
		require.Equal(t, []string{"a/: new", "a/: not listed"}, stored(s, id))

		_, err = knowledge.Sync(t.Context(), agento.ForAgent(id), sequence(agento.ChunkParams{Content: "new", Source: "a"}), &agento.SyncParams{State: report.State})
		require.NoError(t, err)
		require.Equal(t, []string{"a/: new"}, stored(s, id), "the state does not agree with the number of chunks")
	})
}

// A call that fails ends the run, and nothing is deleted.
func TestSyncCallFails(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id, knowledge := s.AddAgent(agentotest.AgentSeed{}), s.Client().Knowledge
		s.AddKnowledge(id, agentotest.Chunk{Content: "old"})
		s.Next("Knowledge.List", 1, agentotest.Fail(403, "forbidden"))
		report, err := knowledge.Sync(t.Context(), agento.ForAgent(id), sequence(agento.ChunkParams{Content: "new"}), nil)
		require.ErrorIs(t, err, agento.ErrForbidden)
		require.Nil(t, report)
		s.Next("Knowledge.Ingest", 1, agentotest.Fail(400, "validation_error"))
		report, err = knowledge.Sync(t.Context(), agento.ForAgent(id), sequence(agento.ChunkParams{Content: "new", Source: "a"}), nil)
		require.ErrorIs(t, err, agento.ErrValidation)
		require.ErrorContains(t, err, `(1 chunks, from source "a" to "a")`)
		require.Equal(t, 0, report.Added)
		require.Equal(t, []string{"/: old"}, stored(s, id))
	})
}
