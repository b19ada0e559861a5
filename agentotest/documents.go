package agentotest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

type documentWire struct {
	Content   string   `json:"content"`
	Version   string   `json:"version"`
	UpdatedAt wireTime `json:"updatedAt"`
}

func (d *document) show() any {
	return documentWire{d.content, d.versionText(), wireTime(d.updated)}
}

func soulOf(l *library) *document     { return &l.soul }
func workflowOf(l *library) *document { return &l.workflow }

func (s *Service) getPersonality(c *call) (answer, error)    { return s.getDocument(c, soulOf) }
func (s *Service) updatePersonality(c *call) (answer, error) { return s.updateDocument(c, soulOf) }
func (s *Service) getWorkflow(c *call) (answer, error)       { return s.getDocument(c, workflowOf) }
func (s *Service) updateWorkflow(c *call) (answer, error)    { return s.updateDocument(c, workflowOf) }

func (s *Service) getDocument(c *call, which func(*library) *document) (answer, error) {
	l, err := s.libraryOf(c)
	if err != nil {
		return answer{}, err
	}
	return ok(which(l).show())
}

// updateDocument checks the version if the request has one.
func (s *Service) updateDocument(c *call, which func(*library) *document) (answer, error) {
	l, err := s.libraryOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	content := f.text("content")
	if !content.set {
		f.complain("%s is required", "content")
	}
	version := f.version()
	if f.err != nil {
		return answer{}, f.err
	}
	d := which(l)
	if version.set && version.value != d.versionText() {
		return answer{}, conflict("the document has changed: its version is %s, not %q", d.versionText(), version.value)
	}
	d.write(content.value, s.now())
	return ok(d.show())
}

// version reads the version that the client has read: text, or the number that
// it took it for.
func (f *fields) version() field[string] {
	if number := (json.Number)(""); json.Unmarshal(f.raw["version"], &number) == nil && number != "" {
		return field[string]{value: number.String(), set: true}
	}
	return f.text("version")
}

// SetPersonality writes an agent's SOUL.md, as the agent itself does at times,
// and makes the versions that clients have read stale. It panics if there is no
// such agent.
func (s *Service) SetPersonality(agentID, content string) { s.setDocument(agentID, content, soulOf) }

// SetWorkflow writes an agent's WORKFLOW.md likewise.
func (s *Service) SetWorkflow(agentID, content string) { s.setDocument(agentID, content, workflowOf) }

func (s *Service) setDocument(agentID, content string, which func(*library) *document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	which(&s.mustAgent(agentID).library).write(content, s.now())
}

type rule struct {
	name, content string
	updated       time.Time
}

type ruleWire struct {
	Name      string   `json:"name"`
	Content   string   `json:"content"`
	UpdatedAt wireTime `json:"updatedAt"`
}

func (r *rule) show() any { return ruleWire{r.name, r.content, wireTime(r.updated)} }

func (s *Service) listRules(c *call) (answer, error) {
	l, err := s.libraryOf(c)
	if err != nil {
		return answer{}, err
	}
	return list(s, c, l.rules, (*rule).show)
}

// ruleOf finds the rule that the path names; -1 where there is none.
func (s *Service) ruleOf(c *call) (l *library, i int, err error) {
	l, err = s.libraryOf(c)
	if err != nil {
		return nil, 0, err
	}
	name := c.values["name"]
	if strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
		return nil, 0, invalid("name must be a file name, without a path")
	}
	return l, slices.IndexFunc(l.rules, func(r *rule) bool { return r.name == name }), nil
}

func (s *Service) getRule(c *call) (answer, error) {
	l, i, err := s.ruleOf(c)
	if err != nil {
		return answer{}, err
	}
	if i < 0 {
		return answer{}, notFound("rule")
	}
	return ok(l.rules[i].show())
}

func (s *Service) putRule(c *call) (answer, error) {
	l, i, err := s.ruleOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	content := f.text("content")
	if !content.set {
		f.complain("%s is required", "content")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	if i < 0 {
		i = len(l.rules)
		l.rules = append(l.rules, &rule{name: c.values["name"]})
	}
	l.rules[i].content, l.rules[i].updated = content.value, s.now()
	return ok(l.rules[i].show())
}

func (s *Service) deleteRule(c *call) (answer, error) {
	l, i, err := s.ruleOf(c)
	if err != nil {
		return answer{}, err
	}
	if i < 0 {
		return answer{}, notFound("rule")
	}
	l.rules = slices.Delete(l.rules, i, i+1)
	return noContent()
}

// setSecrets replaces the whole set.
func (s *Service) setSecrets(c *call) (answer, error) {
	l, err := s.libraryOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	secrets := f.allTexts()
	if f.err != nil {
		return answer{}, f.err
	}
	l.secrets = secrets
	return noContent()
}
