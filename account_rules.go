package agento

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
	"unicode"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// Rule is a file of rules that an agent follows. Its fields are inferred.
type Rule struct {
	Name      string     `json:"name"` // a file name
	Content   string     `json:"content"`
	UpdatedAt *time.Time `json:"updatedAt"`
}

func ruleKey(r *Rule) string { return r.Name }

// ruleRequest makes the request of an operation on one rule. A name is one
// segment of a path, and must be so on the agent's disk as well.
func ruleRequest(r *route.Route, t Target, name string) (request, error) {
	if strings.ContainsAny(name, `/\`) || strings.ContainsFunc(name, unicode.IsControl) {
		return request{}, errs.Argument("name", "is not a file name: %q", name)
	}
	return t.request(r, nil, pathArg{"name", "name", name})
}

// Rules returns a page of an agent's rules.
//
// GET /v1/agents/{id}/rules, inferred from the title. Scope: agents:read (the
// scope is inferred too). Errors: those of every call; [ErrNotFound].
func (s *AccountService) Rules(ctx context.Context, t Target, p *ListParams, opts ...Option) (*Page[Rule], error) {
	r, err := t.request(route.ListRules, nil)
	if err != nil {
		return nil, err
	}
	if r.query, err = p.query(); err != nil {
		return nil, err
	}
	return list[Rule](ctx, s.core, r, opts)
}

// AllRules iterates over an agent's rules, page by page; Limit is the size of a
// page. It ends with [ErrListIncomplete] if it cannot know whether it saw all.
//
// GET /v1/agents/{id}/rules, inferred from the title. Scope: agents:read (the scope
// is inferred too). Errors: those of [AccountService.Rules].
func (s *AccountService) AllRules(ctx context.Context, t Target, p *ListParams, opts ...Option) iter.Seq2[Rule, error] {
	first := orZero(p)
	return iterate("Account.AllRules", first.Offset, ruleKey, opts, func(offset int, opts []Option) (*Page[Rule], error) {
		return s.Rules(ctx, t, &ListParams{Limit: first.Limit, Offset: offset}, opts...)
	})
}

// Rule returns one rule of an agent.
//
// GET /v1/agents/{id}/rules/{name}, inferred from the title. Scope: agents:read
// (the scope is inferred too). Errors: those of every call; [ErrNotFound].
func (s *AccountService) Rule(ctx context.Context, t Target, name string, opts ...Option) (*Rule, error) {
	r, err := ruleRequest(route.GetRule, t, name)
	if err != nil {
		return nil, err
	}
	return do[Rule](ctx, s.core, r, opts)
}

// PutRule creates a rule of an agent or replaces its content. The name is that
// of a file, without a path. Whether a running agent follows it before
// [AgentsService.Restart] is not documented; restart it to be sure.
//
// PUT /v1/agents/{id}/rules/{name}, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost; putting the same rule again is then harmless.
func (s *AccountService) PutRule(ctx context.Context, t Target, name, content string, opts ...Option) error {
	r, err := ruleRequest(route.PutRule, t, name)
	if err != nil {
		return err
	}
	r.body = ruleBody{content}
	err = exec(ctx, s.core, r, opts)
	if errors.Is(err, ErrConflict) && errors.Is(err, ErrOutcomeUnknown) {
		// Repeated after a lost answer, and refused: by the first time, or by another's.
		if s.hasRule(ctx, t, name, content, opts) {
			return nil
		}
	}
	return err
}

// hasRule reads a rule back. Where it is as it should be, the caller's WithResponse
// tells of that answer; otherwise it keeps telling of the write.
func (s *AccountService) hasRule(ctx context.Context, t Target, name, content string, opts []Option) bool {
	own, err := s.core.settings.with(opts)
	if err != nil {
		return false
	}
	var response Response
	now, err := s.Rule(ctx, t, name, append(asRead(opts), WithResponse(&response))...)
	if err != nil || now.Content != content {
		return false
	}
	if own.response != nil {
		*own.response = response
	}
	return true
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
	r, err := ruleRequest(route.DeleteRule, t, name)
	if err != nil {
		return err
	}
	return exec(ctx, s.core, r, opts)
}
