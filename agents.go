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
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

// AgentsService creates, configures and runs agents.
type AgentsService struct {
	core     *core
	restarts *wait.Restarts
}

// Status is the state of an agent. States that are not listed here pass through.
type Status string

// StatusRunning is documented, the others are inferred.
const (
	StatusCreating Status = "creating"
	StatusRunning  Status = "running"
	StatusStopped  Status = "stopped"
	StatusError    Status = "error"
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
	Swarm     *SwarmRef  `json:"swarm"` // nil: in no swarm
	CreatedAt time.Time  `json:"createdAt"`
	StartedAt *time.Time `json:"startedAt"`
	StoppedAt *time.Time `json:"stoppedAt"`

	Description string     `json:"description,omitempty"`
	SharedMode  bool       `json:"sharedMode,omitempty"`
	LastError   string     `json:"lastError,omitempty"`
	UpdatedAt   *time.Time `json:"updatedAt"`
}

// SwarmRef names the swarm of an agent. Its form on the wire is not known: an id
// and an object are both read.
type SwarmRef struct {
	ID   string `json:"id"`
	Name string `json:"name"` // empty where only the id is told
}

// UnmarshalJSON reads an id or an object.
func (r *SwarmRef) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		*r = SwarmRef{}
		return json.Unmarshal(data, &r.ID)
	}
	type plain SwarmRef
	return json.Unmarshal(data, (*plain)(r))
}

// CreateAgentParams describes a new agent. Zero values are left out. Name,
// Region, Secrets, SoulMD and WorkflowMD are documented, the others inferred.
type CreateAgentParams struct {
	Name        string // required
	Description string
	Region      string // such as "eu"
	Image       string
	SwarmID     string
	Secrets     Secrets // the service wants at least one credential of a language model
	SoulMD      string  // the personality, SOUL.md
	WorkflowMD  string  // the workflow, WORKFLOW.md
	SharedMode  bool    // for agents that talk to strangers: memory is kept apart by session
}

func (p CreateAgentParams) wire() any {
	return struct {
		Name        string            `json:"name"`
		Description string            `json:"description,omitempty"`
		Region      string            `json:"region,omitempty"`
		Image       string            `json:"image,omitempty"`
		SwarmID     string            `json:"swarmId,omitempty"`
		Secrets     map[string]string `json:"secrets,omitempty"`
		SoulMD      string            `json:"soulMd,omitempty"`
		WorkflowMD  string            `json:"workflowMd,omitempty"`
		SharedMode  bool              `json:"sharedMode,omitempty"`
	}{p.Name, p.Description, p.Region, p.Image, p.SwarmID, p.Secrets, p.SoulMD, p.WorkflowMD, p.SharedMode}
}

func (p CreateAgentParams) secrets() Secrets { return p.Secrets }

// Format writes the names of the secrets instead of their values, for every verb.
func (p CreateAgentParams) Format(f fmt.State, _ rune) {
	type plain CreateAgentParams
	_, _ = fmt.Fprintf(f, "%+v", plain(p))
}

// UpdateAgentParams changes an agent. A field that is left out stays as it is;
// [Set] gives it a value, also "" and false; [Clear] empties it, which for
// SwarmID takes the agent out of its swarm. The fields are inferred.
type UpdateAgentParams struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Region      Optional[string] `json:"region,omitzero"`
	Image       Optional[string] `json:"image,omitzero"`
	SwarmID     Optional[string] `json:"swarmId,omitzero"`
	SharedMode  Optional[bool]   `json:"sharedMode,omitzero"` // takes effect with a restart
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

// Uptime is how long an agent has run, in the service's words; a number is kept
// as its digits.
type Uptime string

// UnmarshalJSON reads a string, or keeps another value's JSON.
func (u *Uptime) UnmarshalJSON(data []byte) error {
	*u = Uptime(wire.String(data))
	return nil
}

func (a *Agent) identity(bool) (bool, string) { return a.ID != "", "id" }

func agentKey(a *Agent) string { return a.ID }

// List returns a page of the account's agents, newest first; deleted ones are
// left out.
//
// GET /v1/agents, documented; limit and offset are inferred. Scope: agents:read.
// Errors: those of every call.
func (s *AgentsService) List(ctx context.Context, p *ListParams, opts ...Option) (*Page[Agent], error) {
	return list[Agent](ctx, s.core, request{route: route.ListAgents, query: p.query()}, opts)
}

// All iterates over the account's agents, page by page; Limit is the size of a
// page. It ends with [ErrListIncomplete] if it cannot know whether it saw all.
//
// GET /v1/agents, documented. Scope: agents:read. Errors: those of
// [AgentsService.List].
func (s *AgentsService) All(ctx context.Context, p *ListParams, opts ...Option) iter.Seq2[Agent, error] {
	return iterate(ctx, s.core, request{route: route.ListAgents, query: p.query()}, agentKey, opts)
}

// Create creates an agent and starts it. It returns before the agent runs: see
// [AgentsService.WaitUntil]. A creation whose answer is lost is not repeated; the
// error then matches [ErrOutcomeUnknown].
//
// POST /v1/agents, documented. Scope: agents:write. Errors: those of every call;
// [ErrLimitReached] when the plan has no room.
func (s *AgentsService) Create(ctx context.Context, p CreateAgentParams, opts ...Option) (*Agent, error) {
	r := request{route: route.CreateAgent, body: p, err: p.Secrets.check()}
	if p.Name == "" {
		r.err = errs.Argument("Name", "is empty")
	}
	return do[Agent](ctx, s.core, r, opts)
}

// Get returns an agent.
//
// GET /v1/agents/{id}, inferred from the title. Scope: agents:read. Errors: those
// of every call; [ErrNotFound].
func (s *AgentsService) Get(ctx context.Context, id string, opts ...Option) (*Agent, error) {
	return do[Agent](ctx, s.core, request{route: route.GetAgent, path: pathID("id", id)}, opts)
}

// Update changes the given fields of an agent and leaves the others. A change of
// SharedMode takes effect with [AgentsService.Restart]. When the others do is not
// documented; restart the agent to be sure. Where the service answers without the
// agent, it is read with [AgentsService.Get].
//
// PATCH /v1/agents/{id}, inferred from the title. Scope: agents:write, and
// agents:read where the agent has to be read. Errors:
// those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *AgentsService) Update(ctx context.Context, id string, p UpdateAgentParams, opts ...Option) (*Agent, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	change := request{route: route.UpdateAgent, path: pathID("id", id), body: p}
	read := request{route: route.GetAgent, path: pathID("id", id)}
	return update[Agent](ctx, s.core, change, read, settings)
}

// Delete deletes an agent. What becomes of its history and its knowledge base is
// not documented. One that is gone when the deletion is repeated after a lost
// answer counts as deleted.
//
// DELETE /v1/agents/{id}, inferred from the title. Scope: agents:write. Errors:
// those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *AgentsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.DeleteAgent, path: pathID("id", id)}, opts)
}

// Start starts a stopped agent. It returns before the agent runs.
//
// POST /v1/agents/{id}/start, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrLimitReached];
// [ErrOutcomeUnknown] when the answer is lost.
func (s *AgentsService) Start(ctx context.Context, id string, opts ...Option) error {
	return s.boot(ctx, id, route.StartAgent, opts)
}

// Stop stops a running agent.
//
// POST /v1/agents/{id}/stop, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost.
func (s *AgentsService) Stop(ctx context.Context, id string, opts ...Option) error {
	return exec(ctx, s.core, request{route: route.StopAgent, path: pathID("id", id)}, opts)
}

// Restart restarts an agent, which loads what was changed for it: SOUL.md,
// WORKFLOW.md, skills and the shared mode.
//
// POST /v1/agents/{id}/restart, documented. Scope: agents:write. Errors: those of
// every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost.
func (s *AgentsService) Restart(ctx context.Context, id string, opts ...Option) error {
	return s.boot(ctx, id, route.RestartAgent, opts)
}

// boot asks for a start or a restart of an agent, and remembers it for later waits.
func (s *AgentsService) boot(ctx context.Context, id string, r *route.Route, opts []Option) error {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return err
	}
	asked := time.Now()
	call, err := s.core.prepare(ctx, request{route: r, path: pathID("id", id)}, settings)
	if err != nil {
		return err
	}
	out, err := call.run(wire.Nothing)
	if err == nil {
		s.restarts.Add(id, wait.At(asked, out.Header.Get("Date")))
	}
	return err
}

// Status returns the live state of an agent.
//
// GET /v1/agents/{id}/status, inferred from the title. Scope: agents:read.
// Errors: those of every call; [ErrNotFound].
func (s *AgentsService) Status(ctx context.Context, id string, opts ...Option) (*AgentStatus, error) {
	return do[AgentStatus](ctx, s.core, request{route: route.AgentStatus, path: pathID("id", id)}, opts)
}
