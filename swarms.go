package agento

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wire"
)

// SwarmsService manages swarms: groups of agents that share knowledge and credentials.
type SwarmsService struct{ core *core }

// Swarm is a group of agents. Its fields are inferred.
type Swarm struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Agents      []SwarmAgent `json:"agents"` // [AgentsService.Update] sets the SwarmID of an agent
	CreatedAt   time.Time    `json:"createdAt"`
	UpdatedAt   *time.Time   `json:"updatedAt"`
}

// SwarmAgent is an agent of a swarm. Its wire form is inferred: an ID and an object are
// both accepted.
type SwarmAgent struct {
	ID     string `json:"id"`
	Name   string `json:"name"`   // empty if the response has only the ID
	Status Status `json:"status"` // empty if the response has only the ID
}

// UnmarshalJSON decodes an ID or an object.
func (a *SwarmAgent) UnmarshalJSON(data []byte) error {
	type plain SwarmAgent
	*a = SwarmAgent{}
	return wire.StringOr(data, &a.ID, (*plain)(a))
}

// CreateSwarmParams describes a new swarm. Zero values are not sent. The fields are inferred.
type CreateSwarmParams struct {
	Name        string  `json:"name"` // required
	Description string  `json:"description,omitempty"`
	Secrets     Secrets `json:"secrets,omitempty"` // for all agents of the swarm
}

func (p CreateSwarmParams) wire() any {
	type plain CreateSwarmParams
	return struct {
		plain
		Secrets map[string]string `json:"secrets,omitempty"`
	}{plain(p), p.Secrets}
}

// UpdateSwarmParams changes a swarm. Fields that are not set do not change. [Set] sets a
// value, also "". [Clear] sets null. Secrets may replace all secrets of the swarm. The
// fields are inferred.
type UpdateSwarmParams struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Secrets     Secrets          `json:"secrets,omitempty"`
}

func (p UpdateSwarmParams) wire() any {
	type plain UpdateSwarmParams
	return struct {
		plain
		Secrets map[string]string `json:"secrets,omitempty"`
	}{plain(p), p.Secrets}
}

func (p CreateSwarmParams) secrets() Secrets { return p.Secrets }

// Format writes the names of the secrets instead of their values.
func (p CreateSwarmParams) Format(f fmt.State, _ rune) {
	type plain CreateSwarmParams
	_, _ = fmt.Fprintf(f, "%+v", plain(p))
}

func (p UpdateSwarmParams) secrets() Secrets { return p.Secrets }

// Format writes the names of the secrets instead of their values.
func (p UpdateSwarmParams) Format(f fmt.State, _ rune) {
	type plain UpdateSwarmParams
	_, _ = fmt.Fprintf(f, "%+v", plain(p))
}

func (s *Swarm) identity(bool) (bool, string) { return s.ID != "", "id" }

func swarmKey(s *Swarm) string { return s.ID }

// List returns a page of the account's swarms.
//
//   - API: GET /v1/swarms (path inferred from the reference's title)
//   - Scope: swarms:read
func (s *SwarmsService) List(ctx context.Context, p *ListParams, opts ...Option) (*Page[Swarm], error) {
	return list[Swarm](ctx, s.core, request{route: route.ListSwarms, query: p.query()}, opts)
}

// All iterates over the account's swarms. Limit is the page size. The iterator ends with
// [ErrListIncomplete] if swarms may be missing.
//
//   - API: GET /v1/swarms (path inferred from the reference's title)
//   - Scope: swarms:read
func (s *SwarmsService) All(ctx context.Context, p *ListParams, opts ...Option) iter.Seq2[Swarm, error] {
	return iterate(ctx, s.core, request{route: route.ListSwarms, query: p.query()}, swarmKey, opts)
}

// Create creates a swarm.
//
//   - API: POST /v1/swarms (path inferred from the reference's title)
//   - Scope: swarms:write
func (s *SwarmsService) Create(ctx context.Context, p CreateSwarmParams, opts ...Option) (*Swarm, error) {
	r := request{route: route.CreateSwarm, body: p, err: p.Secrets.check()}
	if p.Name == "" {
		r.err = errs.Argument("Name", "is empty")
	}
	return do[Swarm](ctx, s.core, r, opts)
}

// Get returns a swarm with its agents.
//
//   - API: GET /v1/swarms/{id} (path inferred from the reference's title)
//   - Scope: swarms:read
func (s *SwarmsService) Get(ctx context.Context, id string, opts ...Option) (*Swarm, error) {
	return do[Swarm](ctx, s.core, request{route: route.GetSwarm, path: pathID("id", id)}, opts)
}

// Update changes the given fields of a swarm. Whether running agents use new secrets before
// [AgentsService.Restart] is not documented. If the response does not have the swarm,
// Update reads it.
//
//   - API: PATCH /v1/swarms/{id} (path inferred from the reference's title)
//   - Scope: swarms:write; swarms:read to read the swarm
func (s *SwarmsService) Update(ctx context.Context, id string, p UpdateSwarmParams, opts ...Option) (*Swarm, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	change := request{route: route.UpdateSwarm, path: pathID("id", id), body: p, err: p.Secrets.check()}
	read := request{route: route.GetSwarm, path: pathID("id", id)}
	return update[Swarm](ctx, s.core, change, read, settings)
}

// Delete deletes a swarm. It succeeds if an attempt may have deleted it and a retry does
// not find it. What happens to the swarm's agents and knowledge base is not documented.
//
//   - API: DELETE /v1/swarms/{id} (path inferred from the reference's title)
//   - Scope: swarms:write
func (s *SwarmsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteSwarm, path: pathID("id", id)}, opts)
}
