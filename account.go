package agento

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"time"
	"unicode"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

// AccountService reads the account, and the secrets, documents and rules that
// the guide puts under it.
type AccountService struct {
	core    *core
	editing wait.Locks // edits of one document, so that they do not waste their rounds
}

// editKey is a document of a target.
type editKey struct {
	file *route.Route
	id   string
}

// Account is the account that the key belongs to. That there is a plan and a
// usage is documented; the fields' names and forms are inferred.
type Account struct {
	ID    string           `json:"id"`
	Email string           `json:"email"`
	Name  string           `json:"name,omitempty"`
	Plan  Plan             `json:"plan"`
	Usage map[string]Usage `json:"usage"` // counters by name, such as agents
}

// UnmarshalJSON reads an account. A usage that is not an object stays empty.
func (a *Account) UnmarshalJSON(data []byte) error {
	type fields Account
	answer := struct {
		*fields
		Usage json.RawMessage `json:"usage"`
	}{fields: (*fields)(a)}
	*a = Account{}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	if json.Unmarshal(answer.Usage, &a.Usage) != nil {
		a.Usage = nil
	}
	return nil
}

func (a *Account) identity(bool) (bool, string) {
	return a.ID != "" || a.Email != "", "plan usage id email"
}

// Plan is the plan of an account. A name alone and an object are both read.
type Plan struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON reads a name or an object. Unreadable fields stay empty.
func (p *Plan) UnmarshalJSON(data []byte) error {
	p.ID, p.Name = wire.Named(data)
	return nil
}

// Usage is one counter. A number alone and an object with used and limit are
// both read. What is told in another form stays zero; [WithResponse] has it.
type Usage struct {
	Used  float64  `json:"used"`
	Limit *float64 `json:"limit"` // nil where none is told
}

// UnmarshalJSON reads a number or an object. Unreadable fields stay empty.
func (u *Usage) UnmarshalJSON(data []byte) error {
	u.Used, u.Limit = wire.Counter(data)
	return nil
}

// Get returns the account, its plan and its usage.
//
// GET /v1/account, documented. Scope: none, any valid key will do. Errors: those
// of every call.
func (s *AccountService) Get(ctx context.Context, opts ...Option) (*Account, error) {
	return do[Account](ctx, s.core, request{route: route.GetAccount}, opts)
}

// SetSecrets sets an agent's secrets. There is no way to read them back. It may
// replace the whole set, so that a secret which is left out is lost: give all of
// them. Whether a running agent sees them before [AgentsService.Restart] is not
// documented; restart it to be sure.
//
// PUT /v1/agents/{id}/secrets, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost; setting the same secrets again is then harmless.
func (s *AccountService) SetSecrets(ctx context.Context, t Target, secrets Secrets, opts ...Option) error {
	r := t.request(route.SetSecrets, nil)
	r.body, r.err = secrets, cmp.Or(r.err, secrets.check())
	if len(secrets) == 0 {
		r.err = errs.Argument("Secrets", "are empty; the call may replace the whole set")
	}
	return exec(ctx, s.core, r, opts)
}

// Rule is a file of rules that an agent follows. Its fields are inferred.
type Rule struct {
	Name      string     `json:"name"` // a file name
	Content   string     `json:"content"`
	UpdatedAt *time.Time `json:"updatedAt"`
}

func (r *Rule) identity(row bool) (bool, string) {
	if row {
		return r.Name != "", "name"
	}
	return r.Content != "", "content"
}

func ruleKey(r *Rule) string { return r.Name }

// ruleRequest makes the request of an operation on one rule. A name is one
// segment of a path, and must be so on the agent's disk as well.
func ruleRequest(op *route.Route, t Target, name string) request {
	r := t.request(op, nil)
	r.path[1] = wire.Arg{Placeholder: "name", Name: "name", Value: name}
	if strings.ContainsAny(name, `/\`) || strings.ContainsFunc(name, unicode.IsControl) {
		r.err = errs.Argument("name", "is not a file name: %q", name)
	}
	return r
}

// Rules returns a page of an agent's rules.
//
// GET /v1/agents/{id}/rules, inferred from the title. Scope: agents:read (the
// scope is inferred too). Errors: those of every call; [ErrNotFound].
func (s *AccountService) Rules(ctx context.Context, t Target, p *ListParams, opts ...Option) (*Page[Rule], error) {
	r := t.request(route.ListRules, nil)
	r.query = p.query()
	return list[Rule](ctx, s.core, r, opts)
}

// AllRules iterates over an agent's rules, page by page; Limit is the size of a
// page. It ends with [ErrListIncomplete] if it cannot know whether it saw all.
//
// GET /v1/agents/{id}/rules, inferred from the title. Scope: agents:read (the scope
// is inferred too). Errors: those of [AccountService.Rules].
func (s *AccountService) AllRules(ctx context.Context, t Target, p *ListParams, opts ...Option) iter.Seq2[Rule, error] {
	r := t.request(route.ListRules, nil)
	r.query = p.query()
	return iterate(ctx, s.core, r, ruleKey, opts)
}

// Rule returns one rule of an agent.
//
// GET /v1/agents/{id}/rules/{name}, inferred from the title. Scope: agents:read
// (the scope is inferred too). Errors: those of every call; [ErrNotFound].
func (s *AccountService) Rule(ctx context.Context, t Target, name string, opts ...Option) (*Rule, error) {
	return do[Rule](ctx, s.core, ruleRequest(route.GetRule, t, name), opts)
}

// PutRule creates a rule of an agent or replaces its content. The name is that
// of a file, without a path. Whether a running agent follows it before
// [AgentsService.Restart] is not documented; restart it to be sure.
//
// PUT /v1/agents/{id}/rules/{name}, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost; putting the same rule again is then harmless.
func (s *AccountService) PutRule(ctx context.Context, t Target, name, content string, opts ...Option) error {
	r := ruleRequest(route.PutRule, t, name)
	r.body = ruleBody{content}
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return err
	}
	err = execWith(ctx, s.core, r, settings)
	if !errors.Is(err, ErrConflict) || !errors.Is(err, ErrOutcomeUnknown) {
		return err
	}
	// A retry after a lost response was refused: either the first attempt wrote the
	// rule, or somebody else did.
	read := request{route: route.GetRule, path: r.path}
	applied := func(now *Rule) bool { return now.Content == content }
	if now, problem := readBack(ctx, s.core, read, settings, applied); problem == nil && applied(now) {
		return nil
	}
	return err
}

type ruleBody struct {
	Content string `json:"content"`
}

// DeleteRule deletes a rule of an agent. One that is gone when the deletion is
// repeated after a lost answer counts as deleted. Whether a running agent forgets
// it before [AgentsService.Restart] is not documented.
//
// DELETE /v1/agents/{id}/rules/{name}, inferred from the title. Scope:
// agents:write. Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown]
// when the answer is lost.
func (s *AccountService) DeleteRule(ctx context.Context, t Target, name string, opts ...Option) error {
	return exec(ctx, s.core, ruleRequest(route.DeleteRule, t, name), opts)
}
