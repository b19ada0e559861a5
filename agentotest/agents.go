package agentotest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	defaultRegion = "eu"
	defaultImage  = "openclaw/openclaw:latest"
)

type agentWire struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description *string   `json:"description"`
	Status      string    `json:"status"`
	Region      string    `json:"region"`
	Image       string    `json:"image"`
	Swarm       *swarmRef `json:"swarm"`
	SharedMode  bool      `json:"sharedMode"`
	LastError   *string   `json:"lastError"`
	CreatedAt   wireTime  `json:"createdAt"`
	StartedAt   *wireTime `json:"startedAt"`
	StoppedAt   *wireTime `json:"stoppedAt"`
	UpdatedAt   *wireTime `json:"updatedAt"`
}

type swarmRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Service) showAgent(a *agent) any {
	out := agentWire{
		ID: a.id, Name: a.name, Description: a.description, Status: a.status, Region: a.region, Image: a.image,
		SharedMode: a.sharedMode, LastError: optional(a.lastError), CreatedAt: wireTime(a.created),
		StartedAt: nullable(a.started), StoppedAt: nullable(a.stopped), UpdatedAt: nullable(a.updated),
	}
	if w, err := s.swarm(a.swarm); err == nil {
		out.Swarm = &swarmRef{w.id, w.name}
	}
	return out
}

// optional returns nil for "".
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (s *Service) listAgents(c *call) (answer, error) {
	for _, a := range s.state.agents {
		s.settle(a)
	}
	return list(s, c, s.state.agents, s.showAgent)
}

func (s *Service) createAgent(c *call) (answer, error) {
	f := fieldsOf(c.body)
	seed := AgentSeed{
		Name: f.required("name"), Region: f.kept("region").or(defaultRegion), Image: f.kept("image").or(defaultImage),
		SwarmID: f.kept("swarmId").value, SharedMode: f.flag("sharedMode").value,
		SoulMD: f.text("soulMd").value, WorkflowMD: f.text("workflowMd").value, Secrets: f.texts("secrets").value,
	}
	description := f.text("description")
	if f.err != nil {
		return answer{}, f.err
	}
	credentials := hasCredential(seed.Secrets)
	if seed.SwarmID != "" {
		w, err := s.swarm(seed.SwarmID)
		if err != nil {
			return answer{}, err
		}
		credentials = credentials || hasCredential(w.secrets)
	}
	if !credentials {
		return answer{}, invalid("secrets must hold an LLM credential: one of %s", strings.Join(llmCredentials, ", "))
	}
	if limit := s.config.maxAgents; limit > 0 && len(s.state.agents) >= limit {
		return answer{}, limitReached("the plan allows %d agents", limit)
	}
	if err := s.mayRun(); err != nil {
		return answer{}, err
	}
	a := s.newAgent(seed)
	if description.set {
		a.description = &description.value
	}
	s.boot(a)
	return created(s.showAgent(a))
}

// newAgent puts an agent into the account that does not run yet.
func (s *Service) newAgent(seed AgentSeed) *agent {
	now := s.now()
	a := &agent{
		id: s.state.id(kindAgent), name: seed.Name, region: seed.Region, image: seed.Image, swarm: seed.SwarmID,
		description: optional(seed.Description), sharedMode: seed.SharedMode, status: statusStopped,
		created: now, updated: now,
	}
	a.secrets = seed.Secrets
	a.soul.write(seed.SoulMD, now)
	a.workflow.write(seed.WorkflowMD, now)
	s.state.agents = append(s.state.agents, a)
	s.log(a, "INFO", "agent created")
	return a
}

func (s *Service) getAgent(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	return ok(s.showAgent(a))
}

func (s *Service) updateAgent(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	name, region, image := f.kept("name"), f.text("region"), f.text("image")
	description, swarmID, shared := f.text("description"), f.text("swarmId"), f.flag("sharedMode")
	if f.err != nil {
		return answer{}, f.err
	}
	if swarmID.set && swarmID.value != "" {
		if _, err := s.swarm(swarmID.value); err != nil {
			return answer{}, err
		}
	}
	a.name = name.or(a.name)
	a.region = region.change(a.region, defaultRegion)
	a.image = image.change(a.image, defaultImage)
	a.swarm = swarmID.change(a.swarm, "")
	a.sharedMode = shared.change(a.sharedMode, false)
	a.description = description.pointer(a.description)
	a.updated = s.now()
	return ok(s.showAgent(a))
}

func (s *Service) deleteAgent(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	a.stopTimer()
	a.logs.close()
	s.state.agents = slices.DeleteFunc(s.state.agents, func(other *agent) bool { return other == a })
	return noContent()
}

func (s *Service) startAgent(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	if !a.up() {
		if err := s.mayRun(); err != nil {
			return answer{}, err
		}
		s.boot(a)
	}
	return ok(s.showAgent(a))
}

func (s *Service) stopAgent(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	if a.status != statusStopped {
		s.stop(a)
	}
	return ok(s.showAgent(a))
}

func (s *Service) restartAgent(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	if !a.up() {
		if err := s.mayRun(); err != nil {
			return answer{}, err
		}
	}
	s.log(a, "INFO", "agent restarting")
	s.boot(a)
	return ok(s.showAgent(a))
}

type agentStatusWire struct {
	Status    string    `json:"status"`
	Running   bool      `json:"running"`
	CPU       *string   `json:"cpu"`
	Memory    *string   `json:"memory"`
	Uptime    *string   `json:"uptime"`
	StartedAt *wireTime `json:"startedAt"`
	LastError *string   `json:"lastError"`
}

func (s *Service) agentStatus(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	out := agentStatusWire{
		Status: a.status, Running: a.status == statusRunning,
		StartedAt: nullable(a.started), LastError: optional(a.lastError),
	}
	if out.Running {
		uptime := max(0, s.now().Sub(a.started).Truncate(time.Second))
		out.CPU, out.Memory, out.Uptime = optional("3%"), optional("212MB / 8GB"), optional(fmt.Sprint(uptime))
	}
	return ok(out)
}
