package agentotest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

const (
	statusCreating = "creating"
	statusRunning  = "running"
	statusStopped  = "stopped"
	statusError    = "error"
)

const (
	defaultRegion = "eu"
	defaultImage  = "openclaw/openclaw:latest"
)

// AgentSeed describes an agent for [Account.AddAgent]. All fields are optional.
type AgentSeed struct {
	Name        string // default "Test Agent"
	Description string
	Region      string // default "eu"
	Image       string
	SwarmID     string
	Status      string            // one of agento.Status…; default "running"
	Secrets     map[string]string // default a test value for anthropicApiKey
	SoulMD      string
	WorkflowMD  string
	SharedMode  bool
}

// Agent is the state of an agent.
type Agent struct {
	ID, Name, Description string
	Region, Image         string
	SwarmID               string
	SharedMode            bool
	Status, LastError     string
	CreatedAt             time.Time
	StartedAt             time.Time // of the last run; zero if it has not run, or is being created again
	StoppedAt             time.Time // zero if it has not been stopped since its last start
	Starts                int       // how often its container has started
	Secrets               []string  // names, sorted
	Soul, Workflow        Document
	Rules                 map[string]string // name to content
	Installed             []InstalledSkill
	Loaded                Loaded
}

// Loaded is the configuration that an agent's container has loaded.
type Loaded struct {
	SoulMD, WorkflowMD string
	SharedMode         bool
	Secrets            []string          // names, sorted
	Rules              map[string]string // name to content
	Skills             map[string]string // name to version
}

// agent is the internal state of an agent. The fields of the embedded Agent from Secrets on
// are only set in a snapshot.
type agent struct {
	Agent
	account *Account
	updated time.Time
	ready   time.Time // when the start delay ends; zero if only SetStatus ends it
	timer   *time.Timer
	clock   time.Time // latest result of stamp

	settings  settings
	knowledge knowledge
	chat      chat
	installed []*InstalledSkill
	logs      agentLog
}

func (a *agent) ident() string { return a.ID }

func (a *agent) now() time.Time { return a.account.service.now() }

func (a *agent) wire() any {
	a.updateStatus()
	var swarm any
	if w, err := a.account.swarm(a.SwarmID); err == nil {
		swarm = objectOf[agento.SwarmRef](object{"ID": w.ID, "Name": w.Name})
	}
	return objectOf[agento.Agent](object{
		"ID": a.ID, "Name": a.Name, "Description": orNull(a.Description), "Status": a.Status, "Region": a.Region, "Image": a.Image,
		"Swarm": swarm, "SharedMode": a.SharedMode, "LastError": orNull(a.LastError), "CreatedAt": wireTime(a.CreatedAt),
		"StartedAt": wireTime(a.StartedAt), "StoppedAt": wireTime(a.StoppedAt), "UpdatedAt": wireTime(a.updated),
	})
}

func listAgents(c *call) (response, error) { return list(c, c.account.agents) }

func createAgent(c *call) (response, error) {
	f := fieldsOf[agento.CreateAgentParams](c)
	seed := AgentSeed{
		Name: f.required("Name"), Region: f.notEmpty("Region").or(defaultRegion), Image: f.notEmpty("Image").or(defaultImage),
		SwarmID: f.notEmpty("SwarmID").value, SharedMode: f.flag("SharedMode").value, Description: f.text("Description").value,
		SoulMD: f.text("SoulMD").value, WorkflowMD: f.text("WorkflowMD").value, Secrets: f.texts("Secrets").value,
	}
	if f.err != nil {
		return response{}, f.err
	}
	credentials := hasCredential(seed.Secrets)
	if seed.SwarmID != "" {
		w, err := c.account.swarm(seed.SwarmID)
		if err != nil {
			return response{}, err
		}
		credentials = credentials || hasCredential(w.secrets)
	}
	if !credentials {
		return response{}, invalid("secrets must contain an LLM credential: one of %s", strings.Join(llmCredentials, ", "))
	}
	if limit := c.service.config.maxAgents; limit > 0 && len(c.account.agents) >= limit {
		return response{}, limitReached("the plan allows %d agents", limit)
	}
	if err := c.account.checkRunning(); err != nil {
		return response{}, err
	}
	a := c.account.newAgent(seed)
	a.boot()
	return created(a.wire())
}

// newAgent adds a stopped agent.
func (a *Account) newAgent(seed AgentSeed) *agent {
	now := a.service.now()
	added := &agent{account: a, updated: now, settings: newSettings(now), logs: agentLog{changed: make(chan struct{})}, Agent: Agent{
		ID: a.service.newID(kindAgent), Name: seed.Name, Description: seed.Description, Region: seed.Region, Image: seed.Image,
		SwarmID: seed.SwarmID, SharedMode: seed.SharedMode, Status: statusStopped, CreatedAt: now,
	}}
	added.settingsAt(route.SetSecrets).secrets = seed.Secrets
	for d, content := range map[*document]string{added.soul(): seed.SoulMD, added.workflow(): seed.WorkflowMD} {
		if content != "" {
			*d = document{content, 1, now}
		}
	}
	a.agents = append(a.agents, added)
	added.log("INFO", "agent created")
	return added
}

func updateAgent(c *call, a *agent) (response, error) {
	f := fieldsOf[agento.UpdateAgentParams](c)
	name, region, image := f.notEmpty("Name"), f.text("Region"), f.text("Image")
	description, swarmID, shared := f.text("Description"), f.text("SwarmID"), f.flag("SharedMode")
	if f.err != nil {
		return response{}, f.err
	}
	if swarmID.value != "" {
		if _, err := c.account.swarm(swarmID.value); err != nil {
			return response{}, err
		}
	}
	a.Name = name.or(a.Name)
	a.Description = description.update(a.Description, "")
	a.Region = region.update(a.Region, defaultRegion)
	a.Image = image.update(a.Image, defaultImage)
	a.SwarmID = swarmID.update(a.SwarmID, "")
	a.SharedMode = shared.update(a.SharedMode, false)
	a.updated = a.now()
	return ok(a.wire())
}

func deleteAgent(c *call, a *agent) (response, error) {
	a.stopTimer()
	a.logs.close()
	c.account.agents = remove(c.account.agents, a)
	return noContent()
}

func startAgent(c *call, a *agent) (response, error) {
	if !a.up() {
		if err := c.account.checkRunning(); err != nil {
			return response{}, err
		}
		a.boot()
	}
	return ok(a.wire())
}

func stopAgent(_ *call, a *agent) (response, error) {
	if a.Status != statusStopped {
		a.stop()
	}
	return ok(a.wire())
}

func restartAgent(c *call, a *agent) (response, error) {
	if !a.up() {
		if err := c.account.checkRunning(); err != nil {
			return response{}, err
		}
	}
	a.log("INFO", "agent restarting")
	a.boot()
	return ok(a.wire())
}

func agentStatus(_ *call, a *agent) (response, error) {
	running := a.Status == statusRunning
	out := object{
		"Status": a.Status, "Running": running, "CPU": nil, "Memory": nil, "Uptime": nil,
		"StartedAt": wireTime(a.StartedAt), "LastError": orNull(a.LastError),
	}
	if running {
		uptime := max(0, a.now().Sub(a.StartedAt).Truncate(time.Second))
		out["CPU"], out["Memory"], out["Uptime"] = "3%", "212MB / 8GB", fmt.Sprint(uptime)
	}
	return ok(objectOf[agento.AgentStatus](out))
}

// AddAgent adds an agent and returns its ID. It ignores plan limits and the start delay.
// It panics if the account has no such swarm.
func (a *Account) AddAgent(seed AgentSeed) string {
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	seed.Name = cmp.Or(seed.Name, "Test Agent")
	seed.Region, seed.Image = cmp.Or(seed.Region, defaultRegion), cmp.Or(seed.Image, defaultImage)
	seed.Secrets = maps.Clone(seed.Secrets)
	if seed.Secrets == nil {
		seed.Secrets = map[string]string{llmCredentials[0]: "sk-ant-test"}
	}
	if _, err := a.swarm(seed.SwarmID); err != nil && seed.SwarmID != "" {
		panic(fmt.Sprintf("agentotest: no swarm %q", seed.SwarmID))
	}
	added := a.newAgent(seed)
	added.Loaded = added.current()
	added.setStatus(cmp.Or(seed.Status, statusRunning), "")
	return added.ID
}

// Agents returns the agents of the account, newest first.
func (a *Account) Agents() []Agent {
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	return newestFirst(a.agents, (*agent).snapshot)
}

// Agent returns the agent with the given ID. It panics if there is no such agent.
func (s *Service) Agent(id string) Agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mustAgent(id).snapshot()
}

func (a *agent) snapshot() Agent {
	a.updateStatus()
	out, now := a.Agent, a.current()
	out.Secrets, out.Rules = now.Secrets, now.Rules
	out.Soul, out.Workflow = a.soul().snapshot(), a.workflow().snapshot()
	for _, i := range a.installed {
		out.Installed = append(out.Installed, *i)
	}
	return out
}

// llmCredentials are the secrets of which an agent needs at least one.
var llmCredentials = []string{"anthropicApiKey", "openaiApiKey", "geminiApiKey"}

func hasCredential(secrets map[string]string) bool {
	return slices.ContainsFunc(llmCredentials, func(name string) bool { return secrets[name] != "" })
}

func secretNames(secrets map[string]string) []string { return slices.Sorted(maps.Keys(secrets)) }
