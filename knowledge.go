package agento

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/knowledge"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wire"
)

// KnowledgeService manages the knowledge bases of agents and swarms.
type KnowledgeService struct{ core *core }

// Chunk is an entry of a knowledge base. Its fields are inferred.
type Chunk struct {
	ID        string         `json:"id"`
	Content   string         `json:"content"`
	Title     string         `json:"title,omitempty"`
	Source    string         `json:"source,omitempty"`
	Metadata  map[string]any `json:"metadata"` // an integer that float64 cannot represent exactly is a [json.Number]
	CreatedAt time.Time      `json:"createdAt"`
}

// IngestParams has the chunks to add to a knowledge base.
type IngestParams struct {
	Chunks []ChunkParams `json:"chunks"` // at least one
}

// ChunkParams is a new entry of a knowledge base. Its fields are inferred.
type ChunkParams struct {
	Content  string         `json:"content"` // required
	Title    string         `json:"title,omitempty"`
	Source   string         `json:"source,omitempty"` // List can filter by it
	Metadata map[string]any `json:"metadata,omitempty"`
}

func (p IngestParams) check() error {
	if len(p.Chunks) == 0 {
		return errs.Argument("Chunks", "are empty")
	}
	for i, c := range p.Chunks {
		if c.Content == "" {
			return errs.Argument("Chunks", "contain an empty Content at index %d", i)
		}
	}
	return nil
}

// IngestResult is the result of Ingest. Its fields are inferred.
type IngestResult struct {
	Ingested   int      `json:"ingested"`
	Duplicates int      `json:"duplicates"` // not added, because the knowledge base has their content
	IDs        []string `json:"ids"`        // of the added chunks
}

func (r *IngestResult) identity(bool) (bool, string) {
	return r.Ingested > 0 || r.Duplicates > 0, "ingested duplicates ids"
}

// KnowledgeListParams selects chunks. Zero values are not sent. The fields are inferred.
type KnowledgeListParams struct {
	Source string // only chunks of this source
	Limit  int    // the maximum number of chunks
	Offset int    // the number of chunks to skip
}

func (p *KnowledgeListParams) request(t Target) request {
	r := t.request(route.ListAgentKnowledge, route.ListSwarmKnowledge)
	if p != nil {
		r.query = query{p.Limit, p.Offset, wire.Args{filter("source", p.Source)}}
	}
	return r
}

func (c *Chunk) identity(bool) (bool, string) { return c.ID != "" || c.Content != "", "id content" }

func chunkKey(c *Chunk) string { return c.ID }

// Ingest adds chunks of text to a knowledge base. The knowledge base drops content that it
// already has, so you may retry a call whose response was lost.
//
//   - API: POST /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge (paths inferred
//     from the reference's titles)
//   - Scope: knowledge:write
func (s *KnowledgeService) Ingest(ctx context.Context, t Target, p IngestParams, opts ...Option) (*IngestResult, error) {
	r := t.request(route.IngestAgentKnowledge, route.IngestSwarmKnowledge)
	r.body, r.err = p, cmp.Or(r.err, p.check())
	return do[IngestResult](ctx, s.core, r, opts)
}

// List returns a page of the chunks of a knowledge base.
//
//   - API: GET /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge (paths inferred
//     from the reference's titles)
//   - Scope: knowledge:read
func (s *KnowledgeService) List(ctx context.Context, t Target, p *KnowledgeListParams, opts ...Option) (*Page[Chunk], error) {
	return list[Chunk](ctx, s.core, p.request(t), opts)
}

// All iterates over the chunks of a knowledge base. Limit is the page size. The iterator
// ends with [ErrListIncomplete] if chunks may be missing.
//
//   - API: GET /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge (paths inferred
//     from the reference's titles)
//   - Scope: knowledge:read
func (s *KnowledgeService) All(ctx context.Context, t Target, p *KnowledgeListParams, opts ...Option) iter.Seq2[Chunk, error] {
	return iterate(ctx, s.core, p.request(t), chunkKey, opts)
}

// Delete deletes a chunk of a knowledge base. It succeeds if an attempt may have deleted it
// and a retry does not find it.
//
//   - API: DELETE /v1/agents/{id}/knowledge/{chunkId} or
//     /v1/swarms/{id}/knowledge/{chunkId} (paths inferred from the reference's titles)
//   - Scope: knowledge:write
func (s *KnowledgeService) Delete(ctx context.Context, t Target, chunkID string, opts ...Option) error {
	r := t.request(route.DeleteAgentKnowledge, route.DeleteSwarmKnowledge)
	r.path[1] = wire.Arg{Placeholder: "chunkId", Name: "chunkID", Value: chunkID}
	return exec(ctx, s.core, r, opts)
}

// SyncParams configures [KnowledgeService.Sync].
type SyncParams struct {
	State    *SyncState       // of the last report for this target; nil lists all stored chunks
	DryRun   bool             // send no change; the report has what Sync would do
	Progress func(SyncReport) // called as Sync proceeds, with a report without State
}

// SyncReport counts the chunks of a [KnowledgeService.Sync].
type SyncReport struct {
	Listed     int        // read from the knowledge base
	Chunks     int        // in the sequence
	Unchanged  int        // stored already
	Added      int        // sent
	Replaced   int        // deleted and sent again, because source, title or metadata changed
	Duplicates int        // not sent: another chunk has the content
	Deleted    int        // not in the sequence
	Failed     int        // errors in the sequence
	State      *SyncState // of the knowledge base, for the next Sync; small enough for a file
}

// SyncState has digests of the stored chunks. It marshals to JSON, with a version.
type SyncState struct{ state knowledge.State }

// MarshalJSON implements [json.Marshaler].
func (s SyncState) MarshalJSON() ([]byte, error) { return s.state.MarshalJSON() }

// UnmarshalJSON implements [json.Unmarshaler].
func (s *SyncState) UnmarshalJSON(data []byte) error { return s.state.UnmarshalJSON(data) }

// Sync makes the knowledge base of an agent or a swarm equal to a sequence of chunks. It
// deletes all other chunks, whatever their source, so put all folders into one sequence. An
// empty sequence is an error. Sync reads the sequence once, sends new chunks in batches,
// and deletes at the end. A knowledge base stores equal content once, with the source,
// title and metadata of the first chunk that has it. To change those, Sync deletes the
// stored chunk just before it sends the new one.
//
// An error in the sequence does not end the run. If it comes with a Source, or a chunk of
// a source is invalid, Sync then deletes no more stored chunks of that source. After an
// error without a Source, it deletes a chunk only to replace it by one of the same source.
// Sync returns at most 20 of these errors, joined.
//
// A failed call ends the run, and Sync returns the report with the error. Run Sync again
// with a State of this or an earlier report, or without one. Sync compares a State with the
// number of stored chunks and the first of them. If they do not match, it lists all chunks.
// If this first step fails, the report is nil. Calls are bulk. [WithResponse] and
// [WithExtra] are not allowed.
//
//   - API: GET, POST and DELETE /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge
//     (paths inferred from the reference's titles)
//   - Scope: knowledge:read, and knowledge:write without DryRun
func (s *KnowledgeService) Sync(ctx context.Context, t Target, chunks iter.Seq2[ChunkParams, error], p *SyncParams, opts ...Option) (*SyncReport, error) {
	settings, err := s.core.settings.several("Knowledge.Sync", opts)
	if err == nil && chunks == nil {
		err = errs.Argument("chunks", "is nil")
	}
	if err != nil {
		return nil, err
	}
	p = cmp.Or(p, new(SyncParams))
	run := &knowledge.Run{Service: s.syncCalls(ctx, t, append([]Option{WithBulk(settings.bulk)}, opts...)), DryRun: p.DryRun}
	report := func(state *SyncState) *SyncReport {
		r := run.Report
		return &SyncReport{r.Listed, r.Chunks, r.Unchanged, r.Added, r.Replaced, r.Duplicates, r.Deleted, r.Failed, state}
	}
	if p.Progress != nil {
		run.Progress = func() { p.Progress(*report(nil)) }
	}
	if err = run.Start(cmp.Or(p.State, new(SyncState)).state); err != nil {
		return nil, err
	}
	for c, problem := range chunks {
		if err = run.Add(ctx, knowledge.Chunk(c), problem); err != nil {
			break
		}
	}
	err = run.End(ctx, err)
	return report(&SyncState{run.State()}), err
}

func (s *KnowledgeService) syncCalls(ctx context.Context, t Target, opts []Option) knowledge.Service {
	return knowledge.Service{
		First: func() (total int, first knowledge.Stored, err error) {
			page, err := s.List(ctx, t, &KnowledgeListParams{Limit: 1}, opts...)
			if err == nil && len(page.Data) > 0 {
				total, first = page.Pagination.Total, knowledge.Stored(page.Data[0])
			}
			return total, first, err
		},
		List: func(source string, row func(knowledge.Stored)) error {
			for c, err := range s.All(ctx, t, &KnowledgeListParams{Source: source, Limit: knowledge.PageSize}, opts...) {
				if err != nil {
					return err
				}
				row(knowledge.Stored(c))
			}
			return nil
		},
		Ingest: func(chunks []knowledge.Chunk) ([]string, int, error) {
			var p IngestParams
			for _, c := range chunks {
				p.Chunks = append(p.Chunks, ChunkParams(c))
			}
			result, err := s.Ingest(ctx, t, p, opts...)
			result = cmp.Or(result, new(IngestResult))
			return result.IDs, result.Duplicates, err
		},
		Delete: func(id string) error { return s.Delete(ctx, t, id, opts...) },
	}
}
