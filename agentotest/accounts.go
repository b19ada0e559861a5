package agentotest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

// Account is a customer of the service. Its keys reach its own agents, swarms and
// custom skills, and get a 404 for those of other accounts.
type Account struct {
	service *Service
	id      string
	name    string
	key     string
	agents  []*agent
	swarms  []*swarm
	library library // of operations whose path has no agent
}

// AddAccount adds an account that has nothing yet but a key, see [Account.Key]. Its
// name is what Request.Account reports. The first account of a service is there from
// the start and is named "Test Account".
func (s *Service) AddAccount(name string) *Account {
	a := &Account{service: s, name: name, library: newLibrary(s.now())}
	a.key = a.AddKey(AllScopes()...)
	s.mu.Lock()
	defer s.mu.Unlock()
	a.id = fmt.Sprintf("acc_%d", len(s.accounts)+1)
	s.accounts = append(s.accounts, a)
	return a
}

// Key returns the account's made-up API key that has every scope.
func (a *Account) Key() string { return a.key }

// AddKey makes up another API key of the account, which has the given scopes and no
// others.
func (a *Account) AddKey(scopes ...string) string {
	digits := make([]byte, 16)
	_, _ = rand.Read(digits) // never fails
	key := "ak_live_" + hex.EncodeToString(digits)
	a.service.mu.Lock()
	defer a.service.mu.Unlock()
	a.service.keys[key] = &apiKey{account: a, scopes: scopes}
	return key
}

// RevokeKey makes every later request with the key fail with 401.
func (s *Service) RevokeKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, key)
}

// AllScopes returns every scope that an operation of the API needs, for [WithKey] and
// [Account.AddKey].
func AllScopes() []string {
	var scopes []string
	for _, r := range route.All() {
		if r.Scope != route.NoScope {
			scopes = append(scopes, string(r.Scope))
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

type apiKey struct {
	account *Account
	scopes  []string
	used    []time.Time // the requests in the window of the rate limit, oldest first
}

func (s *Service) checkKey(key string) (*apiKey, error) {
	if found := s.keys[key]; found != nil {
		return found, nil
	}
	if key == "" {
		return nil, newError(http.StatusUnauthorized, "unauthorized", "the X-Api-Key header is missing")
	}
	return nil, newError(http.StatusUnauthorized, "unauthorized", "the API key is invalid, expired or revoked")
}

func (k *apiKey) checkScope(r *route.Route) error {
	if r.Scope == route.NoScope || slices.Contains(k.scopes, string(r.Scope)) {
		return nil
	}
	return newError(http.StatusForbidden, "forbidden", "the API key lacks the scope %s", r.Scope)
}

func getAccount(c *call) (response, error) {
	a, config := c.account, c.service.config
	return ok(objectOf[agento.Account](object{
		"ID": a.id, "Email": "test@example.com", "Name": a.name,
		"Plan": objectOf[agento.Plan](object{"ID": "test", "Name": "Test"}),
		"Usage": object{
			"agents":        usage(len(a.agents), config.maxAgents),
			"runningAgents": usage(a.running(), config.maxRunning),
			"swarms":        len(a.swarms),
		},
	}))
}

// usage is a counter, with the plan's limit where there is one.
func usage(used, limit int) any {
	if limit > 0 {
		return objectOf[agento.Usage](object{"Used": used, "Limit": limit})
	}
	return used
}

// agent finds an agent, whose status is then up to date.
func (a *Account) agent(id string) (*agent, error) {
	found, err := find("agent", a.agents, id)
	if err == nil {
		found.updateStatus()
	}
	return found, err
}

func (a *Account) swarm(id string) (*swarm, error) { return find("swarm", a.swarms, id) }

func agentOf(c *call) (*agent, error) { return c.account.agent(c.values["id"]) }
func swarmOf(c *call) (*swarm, error) { return c.account.swarm(c.values["id"]) }

// mustAgent finds an agent of any account for a method that a test calls.
func (s *Service) mustAgent(id string) *agent {
	for _, a := range s.accounts {
		if found, err := a.agent(id); err == nil {
			return found
		}
	}
	panic(fmt.Sprintf("agentotest: there is no agent %q", id))
}
