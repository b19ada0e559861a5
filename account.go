package agento

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/remsyshq/agento-go/internal/route"
)

// AccountService reads the account, and the secrets, documents and rules that
// the guide puts under it.
type AccountService struct {
	core    *core
	editing keyedLock[editKey]
}

// Account is the account that the key belongs to. That there is a plan and a
// usage is documented; the fields' names and forms are inferred.
type Account struct {
	ID    string           `json:"id"`
	Email string           `json:"email"`
	Name  string           `json:"name"`
	Plan  Plan             `json:"plan"`
	Usage map[string]Usage `json:"usage"` // counters by name, such as agents
}

// UnmarshalJSON reads an account. A usage that is no object stays empty, and does
// not hide the rest.
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

// Plan is the plan of an account. A name alone and an object are both read.
type Plan struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON reads a name or an object. What it cannot read stays empty.
func (p *Plan) UnmarshalJSON(data []byte) error {
	*p = Plan{}
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &p.Name)
	}
	var fields struct{ ID, Name json.RawMessage }
	_ = json.Unmarshal(data, &fields)
	p.ID, p.Name = text(fields.ID), text(fields.Name)
	return nil
}

// Usage is one counter. A number alone and an object with used and limit are
// both read. What is told in another form stays zero; [WithResponse] has it.
type Usage struct {
	Used  float64  `json:"used"`
	Limit *float64 `json:"limit"` // nil where none is told
}

// UnmarshalJSON reads a number or an object. A service that counts in another way
// some day must not hide the account.
func (u *Usage) UnmarshalJSON(data []byte) error {
	*u = Usage{}
	fields := struct{ Used, Limit json.RawMessage }{Used: data}
	if bytes.HasPrefix(data, []byte("{")) {
		fields.Used = nil
		_ = json.Unmarshal(data, &fields)
	}
	_ = json.Unmarshal(fields.Used, &u.Used)
	var limit *float64
	if json.Unmarshal(fields.Limit, &limit) == nil { // else the pointer is to what was not read
		u.Limit = limit
	}
	return nil
}

// Get returns the account, its plan and its usage.
//
// GET /v1/account, documented. Scope: none, any valid key will do. Errors: those
// of every call.
func (s *AccountService) Get(ctx context.Context, opts ...Option) (*Account, error) {
	return do[Account](ctx, s.core, request{route: route.GetAccount}, opts)
}
