package agentotest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// state is all that the service knows. Lists are in the order in which their
// elements came into being.
type state struct {
	serial  int // of ids
	started time.Time
	account library
	agents  []*agent
	swarms  []*swarm
	skills  []*skill
}

// agent statuses that the service itself gives.
const (
	statusCreating = "creating"
	statusRunning  = "running"
	statusStopped  = "stopped"
	statusError    = "error"
)

type agent struct {
	id, name, region, image string
	description             *string
	sharedMode              bool
	swarm                   string // its id, or ""

	status                             string
	lastError                          string
	created, updated, started, stopped time.Time
	ready                              time.Time // when a new container will run; zero: when the test says so
	timer                              *time.Timer
	starts                             int
	clock                              time.Time // the latest stamp

	library
	knowledge knowledge
	chat      chat
	installed []*installed
	loaded    Loaded
	logs      logBook
}

type swarm struct {
	id, name         string
	description      *string
	created, updated time.Time
	secrets          map[string]string
	knowledge        knowledge
}

// library is what the Account group keeps of an agent, or of the account if a
// path of the group has no agent.
type library struct {
	secrets  map[string]string
	soul     document
	workflow document
	rules    []*rule
}

// document is a Markdown file with a version that counts its changes.
type document struct {
	content string
	version int
	updated time.Time
}

func (d *document) write(content string, now time.Time) {
	d.content, d.updated = content, now
	d.version++
}

func (d *document) versionText() string { return strconv.Itoa(d.version) }

func newState(now time.Time) state {
	s := state{started: now}
	s.account = library{soul: document{version: 1, updated: now}, workflow: document{version: 1, updated: now}}
	return s
}

// id makes up the next id, in the form of a UUID. The kind tells ids of
// different things apart.
func (s *state) id(kind int) string {
	s.serial++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, s.serial)
}

// kinds of ids.
const (
	kindAgent = 0xa0 + iota
	kindSwarm
	kindChunk
	kindSkill
	kindInstalled
	kindMessage
)

// agent finds an agent, whose status is then up to date.
func (s *Service) agent(id string) (*agent, error) {
	i := slices.IndexFunc(s.state.agents, func(a *agent) bool { return a.id == id })
	if i < 0 {
		return nil, notFound("agent")
	}
	s.settle(s.state.agents[i])
	return s.state.agents[i], nil
}

func (s *Service) swarm(id string) (*swarm, error) {
	i := slices.IndexFunc(s.state.swarms, func(w *swarm) bool { return w.id == id })
	if i < 0 {
		return nil, notFound("swarm")
	}
	return s.state.swarms[i], nil
}

// agentOf finds the agent that the path names.
func (s *Service) agentOf(c *call) (*agent, error) { return s.agent(c.values["id"]) }

// swarmOf finds the swarm that the path names.
func (s *Service) swarmOf(c *call) (*swarm, error) { return s.swarm(c.values["id"]) }

// libraryOf finds the agent's library, or the account's where the operation's
// path names no agent.
func (s *Service) libraryOf(c *call) (*library, error) {
	if !c.has("id") {
		return &s.state.account, nil
	}
	a, err := s.agentOf(c)
	if err != nil {
		return nil, err
	}
	return &a.library, nil
}

// llmCredentials are the secrets that let an agent speak to a model.
var llmCredentials = []string{"anthropicApiKey", "openaiApiKey", "geminiApiKey"}

func hasCredential(secrets map[string]string) bool {
	return slices.ContainsFunc(llmCredentials, func(name string) bool { return secrets[name] != "" })
}

func secretNames(secrets map[string]string) []string { return slices.Sorted(maps.Keys(secrets)) }
