package agento

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

// AgentsService creates, configures and runs agents.
type AgentsService struct {
	core     *core
	restarts *wait.Restarts
}

// Status is the state of an agent. Unknown states are preserved.
type Status string

// StatusRunning is documented, the others are inferred.
const (
	StatusCreating Status = "creating"
	StatusRunning  Status = "running"
	StatusStopped  Status = "stopped"
	StatusErrored  Status = "error"
)

func (Status) values() []string { return []string{"creating", "running", "stopped", "error"} }

// Agent is an agent of the account. The fields up to StoppedAt are documented,
// the others are inferred.
type Agent struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Status    Status     `json:"status"`
	Region    string     `json:"region"`
	Image     string     `json:"image"`
	Swarm     *SwarmRef  `json:"swarm"` // nil: not in a swarm
	CreatedAt time.Time  `json:"createdAt"`
	StartedAt *time.Time `json:"startedAt"`
	StoppedAt *time.Time `json:"stoppedAt"`

	Description string     `json:"description,omitempty"`
	SharedMode  bool       `json:"sharedMode,omitempty"`
	LastError   string     `json:"lastError,omitempty"`
	UpdatedAt   *time.Time `json:"updatedAt"`
}

// SwarmRef is the swarm of an agent. Its wire form is inferred: an ID and an object are
// both accepted.
type SwarmRef struct {
	ID   string `json:"id"`
	Name string `json:"name"` // empty if the response has only the ID
}

// UnmarshalJSON decodes an ID or an object.
func (r *SwarmRef) UnmarshalJSON(data []byte) error {
	type plain SwarmRef
	*r = SwarmRef{}
	return wire.StringOr(data, &r.ID, (*plain)(r))
}

// CreateAgentParams describes a new agent. Zero values are not sent. Name, Region,
// Secrets, SoulMD and WorkflowMD are documented; the others are inferred.
type CreateAgentParams struct {
	Name        string  `json:"name"` // required
	Description string  `json:"description,omitempty"`
	Region      string  `json:"region,omitempty"` // such as "eu"
	Image       string  `json:"image,omitempty"`
	SwarmID     string  `json:"swarmId,omitempty"`
	Secrets     Secrets `json:"secrets,omitempty"`    // the service requires a credential of a language model
	SoulMD      string  `json:"soulMd,omitempty"`     // the personality, SOUL.md
	WorkflowMD  string  `json:"workflowMd,omitempty"` // the workflow, WORKFLOW.md
	SharedMode  bool    `json:"sharedMode,omitempty"` // many customers share the agent; each session has its own memory
}

func (p CreateAgentParams) wire() any {
	type plain CreateAgentParams
	return struct {
		plain
		Secrets map[string]string `json:"secrets,omitempty"`
	}{plain(p), p.Secrets}
}

func (p CreateAgentParams) secrets() Secrets { return p.Secrets }

// Format writes the names of the secrets instead of their values, for every verb.
func (p CreateAgentParams) Format(f fmt.State, _ rune) {
	type plain CreateAgentParams
	_, _ = fmt.Fprintf(f, "%+v", plain(p))
}

// UpdateAgentParams changes an agent. Fields that are not set do not change. [Set] sets a
// value, also "" and false. [Clear] sets null; for SwarmID that removes the agent from its
// swarm. The fields are inferred.
type UpdateAgentParams struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Region      Optional[string] `json:"region,omitzero"`
	Image       Optional[string] `json:"image,omitzero"`
	SwarmID     Optional[string] `json:"swarmId,omitzero"`
	SharedMode  Optional[bool]   `json:"sharedMode,omitzero"` // takes effect on restart
}

// AgentStatus is the live state of an agent. Its fields are inferred.
type AgentStatus struct {
	Status    Status     `json:"status"`
	Running   bool       `json:"running"`
	CPU       string     `json:"cpu,omitempty"`    // such as "3%"
	Memory    string     `json:"memory,omitempty"` // such as "212MB / 8GB"
	Uptime    Uptime     `json:"uptime,omitempty"`
	StartedAt *time.Time `json:"startedAt"`
	LastError string     `json:"lastError,omitempty"`
}

func (s *AgentStatus) identity(bool) (bool, string) {
	return s.Status != "" || s.Running, "status running"
}

// Uptime is how long an agent has run, as the service formats it.
type Uptime string

// UnmarshalJSON decodes a string, or keeps the JSON of another value.
func (u *Uptime) UnmarshalJSON(data []byte) error {
	*u = Uptime(wire.String(data))
	return nil
}

func (a *Agent) identity(bool) (bool, string) { return a.ID != "", "id" }

func agentKey(a *Agent) string { return a.ID }

// List returns a page of the account's agents, newest first, without deleted ones.
//
//   - API: GET /v1/agents (documented; limit and offset are inferred)
//   - Scope: agents:read
func (s *AgentsService) List(ctx context.Context, p *ListParams, opts ...Option) (*Page[Agent], error) {
	return list[Agent](ctx, s.core, request{route: route.ListAgents, query: p.query()}, opts)
}

// All iterates over the account's agents. Limit is the page size. The iterator ends with
// [ErrListIncomplete] if agents may be missing.
//
//   - API: GET /v1/agents (documented)
//   - Scope: agents:read
func (s *AgentsService) All(ctx context.Context, p *ListParams, opts ...Option) iter.Seq2[Agent, error] {
	return iterate(ctx, s.core, request{route: route.ListAgents, query: p.query()}, agentKey, opts)
}

// Create creates an agent and starts it. It returns before the agent runs; see
// [AgentsService.WaitUntil].
//
//   - API: POST /v1/agents (documented)
//   - Scope: agents:write
//   - Errors: [ErrLimitReached] if the plan does not allow another agent
func (s *AgentsService) Create(ctx context.Context, p CreateAgentParams, opts ...Option) (*Agent, error) {
	r := request{route: route.CreateAgent, body: p, err: p.Secrets.check()}
	if p.Name == "" {
		r.err = errs.Argument("Name", "is empty")
	}
	return do[Agent](ctx, s.core, r, opts)
}

// Get returns an agent.
//
//   - API: GET /v1/agents/{id} (path inferred from the reference's title)
//   - Scope: agents:read
func (s *AgentsService) Get(ctx context.Context, id string, opts ...Option) (*Agent, error) {
	return do[Agent](ctx, s.core, request{route: route.GetAgent, path: pathID("id", id)}, opts)
}

// Update changes the given fields of an agent. SharedMode takes effect on
// [AgentsService.Restart]; for the other fields this is not documented. If the response
// does not have the agent, Update reads it.
//
//   - API: PATCH /v1/agents/{id} (path inferred from the reference's title)
//   - Scope: agents:write; agents:read to read the agent
func (s *AgentsService) Update(ctx context.Context, id string, p UpdateAgentParams, opts ...Option) (*Agent, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	change := request{route: route.UpdateAgent, path: pathID("id", id), body: p}
	read := request{route: route.GetAgent, path: pathID("id", id)}
	return update[Agent](ctx, s.core, change, read, settings)
}

// Delete deletes an agent. It succeeds if an attempt may have deleted it and a retry does
// not find it. What happens to the agent's history and knowledge base is not documented.
//
//   - API: DELETE /v1/agents/{id} (path inferred from the reference's title)
//   - Scope: agents:write
func (s *AgentsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteAgent, path: pathID("id", id)}, opts)
}

// Start starts a stopped agent. It returns before the agent runs.
//
//   - API: POST /v1/agents/{id}/start (path inferred from the reference's title)
//   - Scope: agents:write
//   - Errors: [ErrLimitReached] if the plan does not allow another running agent
func (s *AgentsService) Start(ctx context.Context, id string, opts ...Option) error {
	return s.boot(ctx, id, route.StartAgent, opts)
}

// Stop stops a running agent.
//
//   - API: POST /v1/agents/{id}/stop (path inferred from the reference's title)
//   - Scope: agents:write
func (s *AgentsService) Stop(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.StopAgent, path: pathID("id", id)}, opts)
}

// Restart restarts an agent, which then uses its changed documents, skills and shared
// mode. It returns before the agent runs; see [AgentsService.RestartAndWait].
//
//   - API: POST /v1/agents/{id}/restart (documented)
//   - Scope: agents:write
func (s *AgentsService) Restart(ctx context.Context, id string, opts ...Option) error {
	return s.boot(ctx, id, route.RestartAgent, opts)
}

// boot starts or restarts an agent, and records that for later waits.
func (s *AgentsService) boot(ctx context.Context, id string, r *route.Route, opts []Option) error {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return err
	}
	asked := time.Now()
	call, err := s.core.prepare(ctx, &request{route: r, path: pathID("id", id)}, settings)
	if err != nil {
		return err
	}
	out, err := call.run(wire.CheckSuccess)
	if err == nil {
		s.restarts.Add(id, wait.At(asked, out.Header.Get("Date")))
	}
	return err
}

// Status returns the live state of an agent.
//
//   - API: GET /v1/agents/{id}/status (path inferred from the reference's title)
//   - Scope: agents:read
func (s *AgentsService) Status(ctx context.Context, id string, opts ...Option) (*AgentStatus, error) {
	return do[AgentStatus](ctx, s.core, request{route: route.AgentStatus, path: pathID("id", id)}, opts)
}
