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

// AccountService reads the account. It also has the operations of the guide's account
// group: secrets, documents and rules of agents.
type AccountService struct {
	core    *core
	editing wait.Locks // serializes the edits of one document
}

// editKey identifies a document for the lock of its edits.
type editKey struct {
	update *route.Route // writes the document
	id     string       // of the target
}

// Account is the account of the API key. Plan and usage are documented; the names and
// forms of the fields are inferred.
type Account struct {
	ID    string           `json:"id"`
	Email string           `json:"email"`
	Name  string           `json:"name,omitempty"`
	Plan  Plan             `json:"plan"`
	Usage map[string]Usage `json:"usage"` // counters by name, such as agents
}

// UnmarshalJSON decodes an account. It ignores a usage that is not an object.
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

// Plan is the plan of an account. A name and an object are both accepted.
type Plan struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON decodes a name or an object. It ignores fields of other types.
func (p *Plan) UnmarshalJSON(data []byte) error {
	p.ID, p.Name = wire.Named(data)
	return nil
}

// Usage is one counter. A number and an object with used and limit are both accepted;
// other forms stay zero, and [WithResponse] has them.
type Usage struct {
	Used  float64  `json:"used"`
	Limit *float64 `json:"limit"` // nil: not reported
}

// UnmarshalJSON decodes a number or an object. It ignores fields of other types.
func (u *Usage) UnmarshalJSON(data []byte) error {
	u.Used, u.Limit = wire.Counter(data)
	return nil
}

// Get returns the account, its plan and its usage.
//
//   - API: GET /v1/account (documented)
//   - Scope: none
func (s *AccountService) Get(ctx context.Context, opts ...Option) (*Account, error) {
	return do[Account](ctx, s.core, request{route: route.GetAccount}, opts)
}

// SetSecrets sets an agent's secrets. They cannot be read back. The call may replace all
// secrets of the agent, so pass all of them. Whether a running agent uses them before
// [AgentsService.Restart] is not documented.
//
//   - API: PUT /v1/agents/{id}/secrets (path inferred from the reference's title)
//   - Scope: agents:write
func (s *AccountService) SetSecrets(ctx context.Context, t Target, secrets Secrets, opts ...Option) error {
	r := t.request(route.SetSecrets, nil)
	r.body, r.err = secrets, cmp.Or(r.err, secrets.check())
	if len(secrets) == 0 {
		r.err = errs.Argument("Secrets", "are empty; the call may replace the whole set")
	}
	return exec(ctx, s.core, r, opts)
}

// Rule is a file of rules of an agent. Its fields are inferred.
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

// ruleRequest returns the request of an operation on one rule. The name becomes a file
// name on the agent's disk.
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
//   - API: GET /v1/agents/{id}/rules (path inferred from the reference's title)
//   - Scope: agents:read (inferred)
func (s *AccountService) Rules(ctx context.Context, t Target, p *ListParams, opts ...Option) (*Page[Rule], error) {
	r := t.request(route.ListRules, nil)
	r.query = p.query()
	return list[Rule](ctx, s.core, r, opts)
}

// AllRules iterates over an agent's rules. Limit is the page size. The iterator ends with
// [ErrListIncomplete] if rules may be missing.
//
//   - API: GET /v1/agents/{id}/rules (path inferred from the reference's title)
//   - Scope: agents:read (inferred)
func (s *AccountService) AllRules(ctx context.Context, t Target, p *ListParams, opts ...Option) iter.Seq2[Rule, error] {
	r := t.request(route.ListRules, nil)
	r.query = p.query()
	return iterate(ctx, s.core, r, ruleKey, opts)
}

// Rule returns one rule of an agent.
//
//   - API: GET /v1/agents/{id}/rules/{name} (path inferred from the reference's title)
//   - Scope: agents:read (inferred)
func (s *AccountService) Rule(ctx context.Context, t Target, name string, opts ...Option) (*Rule, error) {
	return do[Rule](ctx, s.core, ruleRequest(route.GetRule, t, name), opts)
}

// PutRule creates or replaces a rule of an agent. The name is a file name without a path.
// Whether a running agent uses the rule before [AgentsService.Restart] is not documented.
//
//   - API: PUT /v1/agents/{id}/rules/{name} (path inferred from the reference's title)
//   - Scope: agents:write
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
	// A conflict after a lost response: the first attempt or another client wrote the rule.
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

// DeleteRule deletes a rule of an agent. It succeeds if a retry finds that the rule does
// not exist. Whether a running agent uses the rule until [AgentsService.Restart] is not
// documented.
//
//   - API: DELETE /v1/agents/{id}/rules/{name} (path inferred from the reference's title)
//   - Scope: agents:write
func (s *AccountService) DeleteRule(ctx context.Context, t Target, name string, opts ...Option) error {
	return exec(ctx, s.core, ruleRequest(route.DeleteRule, t, name), opts)
}
