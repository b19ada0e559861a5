package agentotest

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
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
	return object{"content": d.content, "version": strconv.Itoa(d.version), "updatedAt": wireTime(d.updated)}
}

var (
	personalityOf = part(libraryOf, func(l *library) *document { return &l.soul })
	workflowOf    = part(libraryOf, func(l *library) *document { return &l.workflow })
)

// updateDocument checks the version if the request has one.
func updateDocument(c *call, d *document) (response, error) {
	f := c.fields()
	content, version := f.present("content"), f.version()
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
	if number := (json.Number)(""); json.Unmarshal(f.raw["version"], &number) == nil && number != "" {
		return field[string]{value: number.String(), set: true}
	}
	return f.text("version")
}

// SetPersonality writes an agent's SOUL.md, as the agent itself sometimes does, and
// makes the versions that clients have read stale. It panics if there is no such agent.
func (s *Service) SetPersonality(agentID, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustAgent(agentID).library.soul.write(content, s.now())
}

// SetWorkflow is like [Service.SetPersonality] for the agent's WORKFLOW.md.
func (s *Service) SetWorkflow(agentID, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustAgent(agentID).library.workflow.write(content, s.now())
}

type rule struct {
	name, content string
	updated       time.Time
}

func (r *rule) ident() string { return r.name }

func (r *rule) wire() any {
	return object{"name": r.name, "content": r.content, "updatedAt": wireTime(r.updated)}
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
	f := c.fields()
	content := f.present("content")
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
	f := c.fields()
	secrets := f.allTexts()
	if f.err != nil {
		return response{}, f.err
	}
	l.secrets = secrets
	return noContent()
}
