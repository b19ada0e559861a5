package agento

import (
	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// Target is what an operation is about: an agent or a swarm. Make one with
// [ForAgent] or [ForSwarm]. An operation that has no such target says so in an
// error, before any network.
type Target struct {
	kind targetKind
	id   string
}

type targetKind uint8

const (
	noTarget targetKind = iota
	agentTarget
	swarmTarget
)

// ForAgent is the agent with this id.
func ForAgent(id string) Target { return Target{agentTarget, id} }

// ForSwarm is the swarm with this id.
func ForSwarm(id string) Target { return Target{swarmTarget, id} }

// request makes the request of an operation on a target. forSwarm is nil where
// the operation has agents only.
func (t Target) request(forAgent, forSwarm *route.Route, more ...pathArg) (request, error) {
	r := forAgent
	switch t.kind {
	case noTarget:
		return request{}, errs.Argument("target", "is empty; use ForAgent or ForSwarm")
	case swarmTarget:
		r = forSwarm
	}
	if r == nil {
		return request{}, errs.Argument("target", "is a swarm, and %s takes agents only; use ForAgent", forAgent.Call)
	}
	path := pathArgs{{"id", "target", t.id}}
	copy(path[1:], more)
	return request{route: r, path: path}, nil
}
