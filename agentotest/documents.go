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

// library is what operations of the Account group keep of an agent, or of the account
// if their path has no agent.
type library struct {
	secrets        map[string]string
	soul, workflow document
	rules          []*rule
}

func newLibrary(now time.Time) library {
	return library{soul: document{version: 1, updated: now}, workflow: document{version: 1, updated: now}}
}

func libraryOf(c *call) (*library, error) {
	if c.values["id"] == "" {
		return &c.account.library, nil
	}
	a, err := agentOf(c)
	if err != nil {
		return nil, err
	}
	return &a.library, nil
}

// libraryAt returns the library that an operation reads for an agent.
func (a *agent) libraryAt(r *route.Route) *library {
	if !strings.Contains(r.Path, "{id}") {
		return &a.account.library
	}
	return &a.library
}

func (a *agent) soul() *document     { return &a.libraryAt(route.GetPersonality).soul }
func (a *agent) workflow() *document { return &a.libraryAt(route.GetWorkflow).workflow }

// Document is a personality or a workflow.
type Document struct{ Content, Version string }

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

func (d *document) snapshot() Document { return Document{d.content, strconv.Itoa(d.version)} }

func (d *document) wire() any {
	return objectOf[agento.Document](object{"Content": d.content, "Version": strconv.Itoa(d.version), "UpdatedAt": wireTime(d.updated)})
}

var (
	personalityOf = part(libraryOf, func(l *library) *document { return &l.soul })
	workflowOf    = part(libraryOf, func(l *library) *document { return &l.workflow })
)

// updateDocument checks the version if the request has one.
func updateDocument(c *call, d *document) (response, error) {
	f := fieldsOf[agento.UpdateDocumentParams](c)
	content, version := f.present("Content"), f.version()
	if f.err != nil {
		return response{}, f.err
	}
	if current := strconv.Itoa(d.version); version.set && version.value != current {
		return response{}, conflict("the document has changed: its version is %s, not %q", current, version.value)
	}
	d.write(content, c.service.now())
	return ok(d.wire())
}

// version reads the version that the client has read, a string or a number.
func (f *fields) version() field[string] {
	if number := (json.Number)(""); json.Unmarshal(f.raw[f.name("Version")], &number) == nil && number != "" {
		return field[string]{value: number.String(), set: true}
	}
	return f.text("Version")
}

// SetPersonality writes an agent's SOUL.md, as the agent itself sometimes does, and
// makes the versions that clients have read stale. It panics if there is no such agent.
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

func listRules(c *call, l *library) (response, error) { return list(c, l.rules) }

func ruleName(c *call) (string, error) {
	name := c.values["name"]
	if strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
		return "", invalid("name must be a file name, without a path")
	}
	return name, nil
}

// rule finds the rule that the path names.
func (l *library) rule(c *call) (*rule, error) {
	name, err := ruleName(c)
	if err != nil {
		return nil, err
	}
	return find("rule", l.rules, name)
}

func getRule(c *call, l *library) (response, error) {
	r, err := l.rule(c)
	if err != nil {
		return response{}, err
	}
	return ok(r.wire())
}

func putRule(c *call, l *library) (response, error) {
	name, err := ruleName(c)
	f := fieldsOf[agento.Rule](c)
	content := f.present("Content")
	if err := cmp.Or(err, f.err); err != nil {
		return response{}, err
	}
	r, err := find("rule", l.rules, name)
	if err != nil {
		r = &rule{name: name}
		l.rules = append(l.rules, r)
	}
	r.content, r.updated = content, c.service.now()
	return ok(r.wire())
}

func deleteRule(c *call, l *library) (response, error) {
	r, err := l.rule(c)
	if err != nil {
		return response{}, err
	}
	l.rules = remove(l.rules, r)
	return noContent()
}

// setSecrets replaces the whole set.
func setSecrets(c *call, l *library) (response, error) {
	f := fieldsOf[agento.Secrets](c)
	secrets := f.allTexts()
	if f.err != nil {
		return response{}, f.err
	}
	l.secrets = secrets
	return noContent()
}
