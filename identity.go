package agento

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/wire"
)

// identified is a result that a response must identify, so that a response of another
// form is never taken for an object without values. One of the fields must be there,
// and not null; only contents may be empty.
type identified interface {
	// identity reports whether one of the fields has a value. row is set for a row of
	// a list.
	identity(row bool) (known bool, fields string)
}

func (a *Agent) identity(bool) (bool, string)   { return a.ID != "", "id" }
func (s *Swarm) identity(bool) (bool, string)   { return s.ID != "", "id" }
func (s *Session) identity(bool) (bool, string) { return s.ID != "", "id" }

func (s *Skill) identity(row bool) (bool, string) {
	if row {
		return s.ID != "" || s.Name != "", "id name"
	}
	return s.ID != "", "id"
}

func (s *InstalledSkill) identity(bool) (bool, string) {
	return s.ID != "" || s.SkillID != "", "id skillId"
}

func (a *Account) identity(bool) (bool, string) {
	return a.ID != "" || a.Email != "", "plan usage id email"
}

func (s *AgentStatus) identity(bool) (bool, string) {
	return s.Status != "" || s.Running, "status running"
}

func (d *Document) identity(bool) (bool, string) {
	return d.Content != "", "content soulMd workflowMd"
}

func (r *Rule) identity(row bool) (bool, string) {
	if row {
		return r.Name != "", "name"
	}
	return r.Content != "", "content"
}

func (m *Message) identity(bool) (bool, string) { return m.Content != "", "content" }
func (c *Chunk) identity(bool) (bool, string)   { return c.ID != "" || c.Content != "", "id content" }

func (r *IngestResult) identity(bool) (bool, string) {
	return r.Ingested > 0 || r.Duplicates > 0, "ingested duplicates ids"
}

func (e *LogEntry) identity(bool) (bool, string) { return e.raw != "null", "line" }

// contents are the fields that identify a result also when they are empty.
var contents = []string{"content", "soulMd", "workflowMd"}

// checkIdentity returns an error if a response does not identify a result, which is a
// row of a list unless row is negative. raw is what the body has, once it is needed.
func checkIdentity(result any, row int, body []byte, raw *[]map[string]json.RawMessage) error {
	r, ok := result.(identified)
	if !ok {
		return nil
	}
	known, fields := r.identity(row >= 0)
	if known {
		return nil
	}
	if *raw == nil {
		*raw = wire.Objects(body)
	}
	names := strings.Fields(fields)
	hasValue := func(name string) bool {
		if i := max(row, 0); i < len(*raw) {
			value := string((*raw)[i][name])
			return value != "" && value != "null" && (value != `""` || slices.Contains(contents, name))
		}
		return false
	}
	switch {
	case slices.ContainsFunc(names, hasValue):
		return nil
	case row >= 0:
		return fmt.Errorf("row %d of the list has no %s", row, strings.Join(names, " or "))
	}
	return fmt.Errorf("the response has no %s", strings.Join(names, " or "))
}
