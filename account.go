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

// Plan is the plan of an account. A name alone and an object are both read.
type Plan struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON reads a name or an object.
func (p *Plan) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		*p = Plan{}
		return json.Unmarshal(data, &p.Name)
	}
	type plain Plan
	return json.Unmarshal(data, (*plain)(p))
}

// Usage is one counter. A number alone and an object with used and limit are
// both read.
type Usage struct {
	Used  float64  `json:"used"`
	Limit *float64 `json:"limit"` // nil where none is told
}

// UnmarshalJSON reads a number or an object.
func (u *Usage) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("{")) {
		type plain Usage
		return json.Unmarshal(data, (*plain)(u))
	}
	*u = Usage{}
	return json.Unmarshal(data, &u.Used)
}

// Get returns the account, its plan and its usage.
//
// GET /v1/account, documented. Scope: none, any valid key will do. Errors: those
// of every call.
func (s *AccountService) Get(ctx context.Context, opts ...Option) (*Account, error) {
	return do[Account](ctx, s.core, request{route: route.GetAccount}, opts)
}
