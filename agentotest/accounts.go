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

// Account is an account of the service. Its keys give access to its own agents, swarms
// and custom skills; requests for those of other accounts fail with 404.
type Account struct {
	service  *Service
	id       string
	name     string
	key      string
	agents   []*agent
	swarms   []*swarm
	settings settings // used by operations without an agent in their path
}

// AddAccount adds an empty account with one key, [Account.Key]. Request.Account reports
// its name. Every service begins with one account, named "Test Account".
func (s *Service) AddAccount(name string) *Account {
	a := &Account{service: s, name: name, settings: newSettings(s.now())}
	a.key = a.AddKey(AllScopes()...)
	s.mu.Lock()
	defer s.mu.Unlock()
	a.id = fmt.Sprintf("acc_%d", len(s.accounts)+1)
	s.accounts = append(s.accounts, a)
	return a
}

// Key returns an API key of the account that has all scopes.
func (a *Account) Key() string { return a.key }

// AddKey adds an API key with the given scopes to the account and returns it.
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

// AllScopes returns all scopes of the API, sorted. Use it with [WithKey] and
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
	used    []time.Time // times of the requests in the rate-limit window, oldest first
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

// usage returns a counter, with the plan's limit if there is one.
func usage(used, limit int) any {
	if limit > 0 {
		return objectOf[agento.Usage](object{"Used": used, "Limit": limit})
	}
	return used
}

// agent finds an agent and updates its status.
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

// mustAgent finds an agent of any account. It panics if there is none.
func (s *Service) mustAgent(id string) *agent {
	for _, a := range s.accounts {
		if found, err := a.agent(id); err == nil {
			return found
		}
	}
	panic(fmt.Sprintf("agentotest: no agent %q", id))
}
