package agentotest

import (
	"cmp"
	"maps"
	"time"

	"github.com/remsyshq/agento-go"
)

// SwarmSeed describes a swarm for [Account.AddSwarm]. All fields are optional.
type SwarmSeed struct {
	Name        string // default "Test Swarm"
	Description string
	Secrets     map[string]string
}

// Swarm is the state of a swarm.
type Swarm struct {
	ID, Name, Description string
	Agents                []string // IDs of its agents, in order of creation
	Secrets               []string // names, sorted
	CreatedAt             time.Time
}

// swarm is the state of a swarm. The Agents and Secrets of the embedded Swarm are only
// set in a snapshot.
type swarm struct {
	Swarm
	account   *Account
	secrets   map[string]string
	updated   time.Time
	knowledge knowledge
}

func (w *swarm) ident() string { return w.ID }

func (w *swarm) wire() any {
	agents := []object{}
	for _, a := range w.members() {
		a.updateStatus()
		agents = append(agents, objectOf[agento.SwarmAgent](object{"ID": a.ID, "Name": a.Name, "Status": a.Status}))
	}
	return objectOf[agento.Swarm](object{
		"ID": w.ID, "Name": w.Name, "Description": orNull(w.Description), "Agents": agents,
		"CreatedAt": wireTime(w.CreatedAt), "UpdatedAt": wireTime(w.updated),
	})
}

// members returns the agents of the swarm in order of creation.
func (w *swarm) members() []*agent {
	return filter(w.account.agents, func(a *agent) bool { return a.SwarmID == w.ID })
}

func listSwarms(c *call) (response, error) { return list(c, c.account.swarms) }

func createSwarm(c *call) (response, error) {
	f := fieldsOf[agento.CreateSwarmParams](c)
	seed := SwarmSeed{Name: f.required("Name"), Description: f.text("Description").value, Secrets: f.texts("Secrets").value}
	if f.err != nil {
		return response{}, f.err
	}
	return created(c.account.newSwarm(seed).wire())
}

func (a *Account) newSwarm(seed SwarmSeed) *swarm {
	now := a.service.now()
	w := &swarm{account: a, secrets: seed.Secrets, updated: now, Swarm: Swarm{
		ID: a.service.newID(kindSwarm), Name: seed.Name, Description: seed.Description, CreatedAt: now,
	}}
	a.swarms = append(a.swarms, w)
	return w
}

func updateSwarm(c *call, w *swarm) (response, error) {
	f := fieldsOf[agento.UpdateSwarmParams](c)
	name, description, secrets := f.notEmpty("Name"), f.text("Description"), f.texts("Secrets")
	if f.err != nil {
		return response{}, f.err
	}
	w.Name = name.or(w.Name)
	w.Description = description.update(w.Description, "")
	w.secrets = secrets.update(w.secrets, nil)
	w.updated = c.service.now()
	return ok(w.wire())
}

// deleteSwarm deletes a swarm and keeps its agents.
func deleteSwarm(c *call, w *swarm) (response, error) {
	for _, a := range w.members() {
		a.SwarmID = ""
	}
	c.account.swarms = remove(c.account.swarms, w)
	return noContent()
}

// AddSwarm adds a swarm and returns its ID.
func (a *Account) AddSwarm(seed SwarmSeed) string {
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	seed.Name, seed.Secrets = cmp.Or(seed.Name, "Test Swarm"), maps.Clone(seed.Secrets)
	return a.newSwarm(seed).ID
}

// Swarms returns the swarms of the account, newest first.
func (a *Account) Swarms() []Swarm {
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	return newestFirst(a.swarms, func(w *swarm) Swarm {
		out := w.Swarm
		out.Secrets = secretNames(w.secrets)
		for _, a := range w.members() {
			out.Agents = append(out.Agents, a.ID)
		}
		return out
	})
}
