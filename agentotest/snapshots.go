package agentotest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// AgentSeed describes an agent to begin with; every field may be left out.
type AgentSeed struct {
	Name        string // default "Test Agent"
	Description string
	Region      string // default "eu"
	Image       string
	SwarmID     string
	Status      string            // default "running"
	Secrets     map[string]string // default a made-up anthropicApiKey
	SoulMD      string
	WorkflowMD  string
	SharedMode  bool
}

// Agent is what the service knows of an agent.
type Agent struct {
	ID, Name, Description string
	Region, Image         string
	SwarmID               string
	SharedMode            bool
	Status, LastError     string
	CreatedAt             time.Time
	StartedAt, StoppedAt  time.Time // zero where there is none
	Starts                int       // how often its container has begun to run
	Secrets               []string  // the names, sorted
	Soul, Workflow        Document
	Rules                 map[string]string // name to content
	Installed             []InstalledSkill
	Loaded                Loaded
}

// Document is a personality or a workflow.
type Document struct{ Content, Version string }

// InstalledSkill is a skill that an agent has, loaded or not.
type InstalledSkill struct {
	ID, SkillID, Name, Version, Source string
	InstalledAt                        time.Time
}

// Loaded is what an agent's container has loaded at its last start. What has
// changed since is not in it.
type Loaded struct {
	SoulMD, WorkflowMD string
	SharedMode         bool
	Secrets            []string          // the names, sorted
	Rules              map[string]string // name to content
	Skills             map[string]string // name to version
}

// AddAgent puts an agent into the account and returns its id. Plan limits and
// the start delay do not apply. It panics if the swarm does not exist.
func (s *Service) AddAgent(seed AgentSeed) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seed.Name = either(seed.Name, "Test Agent")
	seed.Region, seed.Image = either(seed.Region, defaultRegion), either(seed.Image, defaultImage)
	seed.Secrets = maps.Clone(seed.Secrets)
	if seed.Secrets == nil {
		seed.Secrets = map[string]string{llmCredentials[0]: "sk-ant-test"}
	}
	if seed.SwarmID != "" {
		s.mustSwarm(seed.SwarmID)
	}
	a := s.newAgent(seed)
	a.loaded = a.current()
	s.setStatus(a, either(seed.Status, statusRunning), "")
	return a.id
}

// SetStatus puts an agent into a status, at once. "running" is what ends
// "creating" under [OnDemand]; a status that the API does not know is passed on
// as it is. The message becomes the agent's last error; it may be "". It panics
// if there is no such agent.
func (s *Service) SetStatus(agentID, status, lastError string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setStatus(s.mustAgent(agentID), status, lastError)
}

func (s *Service) setStatus(a *agent, status, lastError string) {
	switch status {
	case statusRunning:
		s.run(a, s.now())
	case statusStopped:
		s.stop(a)
	default:
		a.stopTimer()
		a.status = status
		if status == statusError {
			s.log(a, "ERROR", either(lastError, "agent failed"))
		}
	}
	a.lastError = lastError
}

// Agents returns all agents, newest first.
func (s *Service) Agents() []Agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.state.agents, s.snapshot)
}

// Agent returns one agent; it panics if there is none of that id.
func (s *Service) Agent(id string) Agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot(s.mustAgent(id))
}

func (s *Service) snapshot(a *agent) Agent {
	s.settle(a)
	out := Agent{
		ID: a.id, Name: a.name, Region: a.region, Image: a.image, SwarmID: a.swarm, SharedMode: a.sharedMode,
		Status: a.status, LastError: a.lastError, CreatedAt: a.created, StartedAt: a.started, StoppedAt: a.stopped,
		Starts: a.starts, Secrets: secretNames(a.secrets), Soul: a.soul.snapshot(), Workflow: a.workflow.snapshot(),
		Rules: a.current().Rules, Loaded: a.loaded.clone(),
	}
	if a.description != nil {
		out.Description = *a.description
	}
	for _, i := range a.installed {
		out.Installed = append(out.Installed, i.snapshot())
	}
	return out
}

func (d *document) snapshot() Document { return Document{d.content, d.versionText()} }

func newestFirst[T, U any](rows []T, show func(T) U) []U {
	out := make([]U, 0, len(rows))
	for _, row := range slices.Backward(rows) {
		out = append(out, show(row))
	}
	return out
}

func either(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func (s *Service) mustAgent(id string) *agent {
	a, err := s.agent(id)
	if err != nil {
		panic(fmt.Sprintf("agentotest: there is no agent %q", id))
	}
	return a
}

func (s *Service) mustSwarm(id string) *swarm {
	w, err := s.swarm(id)
	if err != nil {
		panic(fmt.Sprintf("agentotest: there is no swarm %q", id))
	}
	return w
}
