package agentotest

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

// settings is the data of the Account group's operations. Each agent has one. An
// operation without an agent in its path uses the account's.
type settings struct {
	secrets        map[string]string
	soul, workflow document
	rules          []*rule
}

func newSettings(now time.Time) settings {
	return settings{soul: document{version: 1, updated: now}, workflow: document{version: 1, updated: now}}
}

func settingsOf(c *call) (*settings, error) {
	if c.values["id"] == "" {
		return &c.account.settings, nil
	}
	a, err := agentOf(c)
	if err != nil {
		return nil, err
	}
	return &a.settings, nil
}

// settingsAt returns the settings that an operation uses for the agent.
func (a *agent) settingsAt(r *route.Route) *settings {
	if !strings.Contains(r.Path, "{id}") {
		return &a.account.settings
	}
	return &a.settings
}

func (a *agent) soul() *document     { return &a.settingsAt(route.GetPersonality).soul }
func (a *agent) workflow() *document { return &a.settingsAt(route.GetWorkflow).workflow }

// Document is a personality (SOUL.md) or a workflow (WORKFLOW.md).
type Document struct{ Content, Version string }

type document struct {
	content string
	version int
	updated time.Time
}

func (d *document) write(content string, now time.Time) {
	d.content, d.updated = content, now
	d.version++
}

func (d *document) snapshot() Document { return Document{d.content, strconv.Itoa(d.version)} }

func (d *document) wire() any {
	return objectOf[agento.Document](object{"Content": d.content, "Version": strconv.Itoa(d.version), "UpdatedAt": wireTime(d.updated)})
}

var (
	personalityOf = part(settingsOf, func(s *settings) *document { return &s.soul })
	workflowOf    = part(settingsOf, func(s *settings) *document { return &s.workflow })
)

func updateDocument(c *call, d *document) (response, error) {
	f := fieldsOf[agento.UpdateDocumentParams](c)
	content, version := f.present("Content"), f.version()
	if f.err != nil {
		return response{}, f.err
	}
	if current := strconv.Itoa(d.version); version.set && version.value != current {
		return response{}, conflict("document has changed: version is %s, not %q", current, version.value)
	}
	d.write(content, c.service.now())
	return ok(d.wire())
}

// version reads the version of a document, a string or a number.
func (f *fields) version() field[string] {
	if number := (json.Number)(""); json.Unmarshal(f.raw[f.name("Version")], &number) == nil && number != "" {
		return field[string]{value: number.String(), set: true}
	}
	return f.text("Version")
}

// SetPersonality writes an agent's SOUL.md and increments its version, so that updates
// based on an earlier version fail with a conflict. It panics if there is no such agent.
func (s *Service) SetPersonality(agentID, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustAgent(agentID).soul().write(content, s.now())
}

// SetWorkflow is like [Service.SetPersonality] for the agent's WORKFLOW.md.
func (s *Service) SetWorkflow(agentID, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustAgent(agentID).workflow().write(content, s.now())
}

type rule struct {
	name, content string
	updated       time.Time
}

func (r *rule) ident() string { return r.name }

func (r *rule) wire() any {
	return objectOf[agento.Rule](object{"Name": r.name, "Content": r.content, "UpdatedAt": wireTime(r.updated)})
}

func listRules(c *call, s *settings) (response, error) { return list(c, s.rules) }

func ruleName(c *call) (string, error) {
	name := c.values["name"]
	if strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
		return "", invalid("name must be a file name without a path")
	}
	return name, nil
}

func (s *settings) rule(c *call) (*rule, error) {
	name, err := ruleName(c)
	if err != nil {
		return nil, err
	}
	return find("rule", s.rules, name)
}

func getRule(c *call, s *settings) (response, error) {
	r, err := s.rule(c)
	if err != nil {
		return response{}, err
	}
	return ok(r.wire())
}

func putRule(c *call, s *settings) (response, error) {
	name, err := ruleName(c)
	f := fieldsOf[agento.Rule](c)
	content := f.present("Content")
	if err := cmp.Or(err, f.err); err != nil {
		return response{}, err
	}
	r, err := find("rule", s.rules, name)
	if err != nil {
		r = &rule{name: name}
		s.rules = append(s.rules, r)
	}
	r.content, r.updated = content, c.service.now()
	return ok(r.wire())
}

func deleteRule(c *call, s *settings) (response, error) {
	r, err := s.rule(c)
	if err != nil {
		return response{}, err
	}
	s.rules = remove(s.rules, r)
	return noContent()
}

// setSecrets replaces all secrets.
func setSecrets(c *call, s *settings) (response, error) {
	f := fieldsOf[agento.Secrets](c)
	secrets := f.allTexts()
	if f.err != nil {
		return response{}, f.err
	}
	s.secrets = secrets
	return noContent()
}
