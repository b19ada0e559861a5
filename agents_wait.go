package agento

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

const (
	pollMin = time.Second
	pollMax = 5 * time.Second
)

// WaitUntil asks for an agent's status until it is the one that is wanted, and
// returns it. It asks at once, then after pauses that grow from 1 s to 5 s, as
// bulk calls. An agent that gets into the state error while another is wanted
// ends the wait with an error that has the agent's own; so does the context, with
// an error that tells the last status that was seen.
//
// GET /v1/agents/{id}/status, inferred from the title. Scope: agents:read.
// Errors: those of [AgentsService.Status]; the context's. [WithResponse] does not
// fit, since it makes several calls.
func (s *AgentsService) WaitUntil(ctx context.Context, id string, want Status, opts ...Option) (*AgentStatus, error) {
	if want == "" {
		return nil, errs.Argument("want", "is empty")
	}
	opts, err := severalCalls("Agents.WaitUntil", opts)
	if err != nil {
		return nil, err
	}
	var seen *AgentStatus
	for pause := pollMin; ; pause = min(pause*2, pollMax) {
		st, err := s.Status(ctx, id, opts...)
		switch {
		case err != nil && seen != nil && errors.Is(err, ctx.Err()): // it ended while we asked
			return seen, notYet(id, seen, want, err)
		case err != nil:
			return nil, err
		case st.Status == want:
			return st, nil
		case st.Status == StatusError:
			return st, fmt.Errorf("agento: agent %s is in the state error, not %s: %s", errs.Line(id), errs.Line(string(want)), errs.Line(st.LastError))
		}
		if !sleep(ctx, pause) {
			return st, notYet(id, st, want, errs.Context(ctx))
		}
		seen = st
	}
}

// notYet is the error of a wait that ended too early, and why.
func notYet(id string, seen *AgentStatus, want Status, why error) error {
	return fmt.Errorf("agento: agent %s is %s, not yet %s: %w", errs.Line(id), errs.Line(string(seen.Status)), errs.Line(string(want)), why)
}
