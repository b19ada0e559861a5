package agento

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wire"
)

// KnowledgeService feeds the knowledge bases of agents and swarms.
type KnowledgeService struct{ core *core }

// Chunk is an entry of a knowledge base. Its fields are inferred.
type Chunk struct {
	ID        string         `json:"id"`
	Content   string         `json:"content"`
	Title     string         `json:"title,omitempty"`
	Source    string         `json:"source,omitempty"`
	Metadata  map[string]any `json:"metadata"` // an integer that float64 cannot hold exactly is a [json.Number]
	CreatedAt time.Time      `json:"createdAt"`
}

// IngestParams is what a knowledge base is to take in.
type IngestParams struct {
	Chunks []ChunkParams `json:"chunks"` // at least one
}

// ChunkParams is a new entry of a knowledge base. Its fields are inferred.
type ChunkParams struct {
	Content  string         `json:"content"` // required
	Title    string         `json:"title,omitempty"`
	Source   string         `json:"source,omitempty"` // by which List can filter
	Metadata map[string]any `json:"metadata,omitempty"`
}

func (p IngestParams) check() error {
	if len(p.Chunks) == 0 {
		return errs.Argument("Chunks", "are empty")
	}
	for i, c := range p.Chunks {
		if c.Content == "" {
			return errs.Argument("Chunks", "hold an empty Content at index %d", i)
		}
	}
	return nil
}

// IngestResult is what became of the chunks. Its fields are inferred.
type IngestResult struct {
	Ingested   int      `json:"ingested"`
	Duplicates int      `json:"duplicates"` // dropped, since the knowledge base has them
	IDs        []string `json:"ids"`        // of the chunks that were taken in
}

func (r *IngestResult) identity(bool) (bool, string) {
	return r.Ingested > 0 || r.Duplicates > 0, "ingested duplicates ids"
}

// KnowledgeListParams chooses a part of a knowledge base. The zero value leaves
// the choice to the service. All of it is inferred.
type KnowledgeListParams struct {
	Source string // chunks of this source only
	Limit  int    // rows at most
	Offset int    // rows to skip
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

// Ingest takes chunks of text into the knowledge base of an agent or a swarm.
// The knowledge base drops content that it has already, so that a call whose
// answer was lost can be made again.
//
//   - API: POST /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge (paths inferred
//     from the reference's titles)
//   - Scope: knowledge:write
func (s *KnowledgeService) Ingest(ctx context.Context, t Target, p IngestParams, opts ...Option) (*IngestResult, error) {
	r := t.request(route.IngestAgentKnowledge, route.IngestSwarmKnowledge)
	r.body, r.err = p, cmp.Or(r.err, p.check())
	return do[IngestResult](ctx, s.core, r, opts)
}

// List returns a page of the knowledge base of an agent or a swarm.
//
//   - API: GET /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge (paths inferred
//     from the reference's titles)
//   - Scope: knowledge:read
func (s *KnowledgeService) List(ctx context.Context, t Target, p *KnowledgeListParams, opts ...Option) (*Page[Chunk], error) {
	return list[Chunk](ctx, s.core, p.request(t), opts)
}

// All iterates over the knowledge base of an agent or a swarm, page by page;
// Limit is the size of a page. It ends with [ErrListIncomplete] if it cannot know
// whether it saw all.
//
//   - API: GET /v1/agents/{id}/knowledge or /v1/swarms/{id}/knowledge (paths inferred
//     from the reference's titles)
//   - Scope: knowledge:read
func (s *KnowledgeService) All(ctx context.Context, t Target, p *KnowledgeListParams, opts ...Option) iter.Seq2[Chunk, error] {
	return iterate(ctx, s.core, p.request(t), chunkKey, opts)
}

// Delete deletes one entry of the knowledge base of an agent or a swarm. One that
// is gone when the deletion is repeated after a lost answer counts as deleted.
//
//   - API: DELETE /v1/agents/{id}/knowledge/{chunkId} or
//     /v1/swarms/{id}/knowledge/{chunkId} (paths inferred from the reference's titles)
//   - Scope: knowledge:write
func (s *KnowledgeService) Delete(ctx context.Context, t Target, chunkID string, opts ...Option) error {
	r := t.request(route.DeleteAgentKnowledge, route.DeleteSwarmKnowledge)
	r.path[1] = wire.Arg{Placeholder: "chunkId", Name: "chunkID", Value: chunkID}
	return exec(ctx, s.core, r, opts)
}
