package agento

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// SwarmsService groups agents that share knowledge and credentials.
type SwarmsService struct{ core *core }

// Swarm is a group of agents. Its fields are inferred.
type Swarm struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Agents      []SwarmAgent `json:"agents"` // an agent joins by its own SwarmID
	CreatedAt   time.Time    `json:"createdAt"`
	UpdatedAt   *time.Time   `json:"updatedAt"`
}

// SwarmAgent names an agent of a swarm. Its form on the wire is not known: an id
// and an object are both read.
type SwarmAgent struct {
	ID     string `json:"id"`
	Name   string `json:"name"`   // empty where only the id is told
	Status Status `json:"status"` // likewise
}

// UnmarshalJSON reads an id or an object.
func (a *SwarmAgent) UnmarshalJSON(data []byte) error {
	*a = SwarmAgent{}
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &a.ID)
	}
	type plain SwarmAgent
	return json.Unmarshal(data, (*plain)(a))
}

// CreateSwarmParams describes a new swarm. Zero values are left out. All of it is
// inferred.
type CreateSwarmParams struct {
	Name        string // required
	Description string
	Secrets     Secrets // for all agents of the swarm
}

func (p CreateSwarmParams) wire() any {
	return struct {
		Name        string            `json:"name"`
		Description string            `json:"description,omitempty"`
		Secrets     map[string]string `json:"secrets,omitempty"`
	}{p.Name, p.Description, p.Secrets}
}

// UpdateSwarmParams changes a swarm. A field that is left out stays as it is;
// [Set] gives it a value, also ""; [Clear] empties it. Secrets that are given may
// replace the whole set; without any they stay. All of it is inferred.
type UpdateSwarmParams struct {
	Name        Optional[string]
	Description Optional[string]
	Secrets     Secrets
}

func (p UpdateSwarmParams) wire() any {
	return struct {
		Name        Optional[string]  `json:"name,omitzero"`
		Description Optional[string]  `json:"description,omitzero"`
		Secrets     map[string]string `json:"secrets,omitempty"`
	}{p.Name, p.Description, p.Secrets}
}

func (p CreateSwarmParams) secrets() Secrets { return p.Secrets }

// Format writes the names of the secrets instead of their values, for every verb.
func (p CreateSwarmParams) Format(f fmt.State, _ rune) {
	type plain CreateSwarmParams
	_, _ = fmt.Fprintf(f, "%+v", plain(p))
}

func (p UpdateSwarmParams) secrets() Secrets { return p.Secrets }

// Format writes the names of the secrets instead of their values, for every verb.
func (p UpdateSwarmParams) Format(f fmt.State, _ rune) {
	type plain UpdateSwarmParams
	_, _ = fmt.Fprintf(f, "%+v", plain(p))
}

func (s *Swarm) identity(bool) (bool, string) { return s.ID != "", "id" }

func swarmKey(s *Swarm) string { return s.ID }

// List returns a page of the account's swarms.
//
// GET /v1/swarms, inferred from the title. Scope: swarms:read. Errors: those of
// every call.
func (s *SwarmsService) List(ctx context.Context, p *ListParams, opts ...Option) (*Page[Swarm], error) {
	return list[Swarm](ctx, s.core, request{route: route.ListSwarms, query: p.query()}, opts)
}

// All iterates over the account's swarms, page by page; Limit is the size of a
// page. It ends with [ErrListIncomplete] if it cannot know whether it saw all.
//
// GET /v1/swarms, inferred from the title. Scope: swarms:read. Errors: those of
// [SwarmsService.List].
func (s *SwarmsService) All(ctx context.Context, p *ListParams, opts ...Option) iter.Seq2[Swarm, error] {
	return iterate(ctx, s.core, request{route: route.ListSwarms, query: p.query()}, swarmKey, opts)
}

// Create creates a swarm. A creation whose answer is lost is not repeated; the
// error then matches [ErrOutcomeUnknown].
//
// POST /v1/swarms, inferred from the title. Scope: swarms:write. Errors: those of
// every call.
func (s *SwarmsService) Create(ctx context.Context, p CreateSwarmParams, opts ...Option) (*Swarm, error) {
	r := request{route: route.CreateSwarm, body: p, err: p.Secrets.check()}
	if p.Name == "" {
		r.err = errs.Argument("Name", "is empty")
	}
	return do[Swarm](ctx, s.core, r, opts)
}

// Get returns a swarm with its agents.
//
// GET /v1/swarms/{id}, inferred from the title. Scope: swarms:read. Errors: those
// of every call; [ErrNotFound].
func (s *SwarmsService) Get(ctx context.Context, id string, opts ...Option) (*Swarm, error) {
	return do[Swarm](ctx, s.core, request{route: route.GetSwarm, path: pathID("id", id)}, opts)
}

// Update changes the given fields of a swarm and leaves the others. Whether
// running agents see new secrets before [AgentsService.Restart] is not
// documented; name and description need no restart. Where the service answers
// without the swarm, it is read with [SwarmsService.Get].
//
// PATCH /v1/swarms/{id}, inferred from the title. Scope: swarms:write, and
// swarms:read where the swarm has to be read. Errors:
// those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *SwarmsService) Update(ctx context.Context, id string, p UpdateSwarmParams, opts ...Option) (*Swarm, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	change := request{route: route.UpdateSwarm, path: pathID("id", id), body: p, err: p.Secrets.check()}
	read := request{route: route.GetSwarm, path: pathID("id", id)}
	return update[Swarm](ctx, s.core, change, read, settings)
}

// Delete deletes a swarm. What becomes of its agents and of its knowledge base is
// not documented. One that is gone when the deletion is repeated after a lost
// answer counts as deleted.
//
// DELETE /v1/swarms/{id}, inferred from the title. Scope: swarms:write. Errors:
// those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *SwarmsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteSwarm, path: pathID("id", id)}, opts)
}
