package agentotest

import (
	"maps"
	"slices"
	"time"
)

type swarmWire struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description *string     `json:"description"`
	Agents      []swarmItem `json:"agents"`
	CreatedAt   wireTime    `json:"createdAt"`
	UpdatedAt   wireTime    `json:"updatedAt"`
}

type swarmItem struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (s *Service) showSwarm(w *swarm) any {
	out := swarmWire{w.id, w.name, w.description, []swarmItem{}, wireTime(w.created), wireTime(w.updated)}
	for _, a := range s.members(w) {
		s.settle(a)
		out.Agents = append(out.Agents, swarmItem{a.id, a.name, a.status})
	}
	return out
}

// members returns the agents of a swarm, in the order of their creation.
func (s *Service) members(w *swarm) []*agent {
	return kept(s.state.agents, func(a *agent) bool { return a.swarm == w.id })
}

func (s *Service) listSwarms(c *call) (answer, error) {
	return list(s, c, s.state.swarms, s.showSwarm)
}

func (s *Service) createSwarm(c *call) (answer, error) {
	f := fieldsOf(c.body)
	name, description, secrets := f.required("name"), f.text("description"), f.texts("secrets")
	if f.err != nil {
		return answer{}, f.err
	}
	w := s.newSwarm(name, secrets.value)
	w.description = description.pointer(nil)
	return created(s.showSwarm(w))
}

func (s *Service) newSwarm(name string, secrets map[string]string) *swarm {
	now := s.now()
	w := &swarm{id: s.state.id(kindSwarm), name: name, secrets: secrets, created: now, updated: now}
	s.state.swarms = append(s.state.swarms, w)
	return w
}

func (s *Service) getSwarm(c *call) (answer, error) {
	w, err := s.swarmOf(c)
	if err != nil {
		return answer{}, err
	}
	return ok(s.showSwarm(w))
}

func (s *Service) updateSwarm(c *call) (answer, error) {
	w, err := s.swarmOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	name, description, secrets := f.kept("name"), f.text("description"), f.texts("secrets")
	if f.err != nil {
		return answer{}, f.err
	}
	w.name = name.or(w.name)
	w.description = description.pointer(w.description)
	w.secrets = secrets.change(w.secrets, nil)
	w.updated = s.now()
	return ok(s.showSwarm(w))
}

// deleteSwarm leaves the agents, which are then in no swarm.
func (s *Service) deleteSwarm(c *call) (answer, error) {
	w, err := s.swarmOf(c)
	if err != nil {
		return answer{}, err
	}
	for _, a := range s.members(w) {
		a.swarm = ""
	}
	s.state.swarms = slices.DeleteFunc(s.state.swarms, func(other *swarm) bool { return other == w })
	return noContent()
}

// SwarmSeed describes a swarm to begin with; every field may be left out.
type SwarmSeed struct {
	Name        string // default "Test Swarm"
	Description string
	Secrets     map[string]string
}

// Swarm is what the service knows of a swarm.
type Swarm struct {
	ID, Name, Description string
	Agents                []string // their ids, in the order of their creation
	Secrets               []string // the names, sorted
	CreatedAt             time.Time
}

// AddSwarm puts a swarm into the account and returns its id.
func (s *Service) AddSwarm(seed SwarmSeed) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.newSwarm(either(seed.Name, "Test Swarm"), maps.Clone(seed.Secrets))
	w.description = optional(seed.Description)
	return w.id
}

// Swarms returns all swarms, newest first.
func (s *Service) Swarms() []Swarm {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.state.swarms, func(w *swarm) Swarm {
		out := Swarm{ID: w.id, Name: w.name, Secrets: secretNames(w.secrets), CreatedAt: w.created}
		if w.description != nil {
			out.Description = *w.description
		}
		for _, a := range s.members(w) {
			out.Agents = append(out.Agents, a.id)
		}
		return out
	})
}
