package agento

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

const maxListed = 10_000 // rows of a list; one with more is considered endless

// WaitUntil polls an agent's status until it is the wanted one, and returns it. It polls
// at once, then after pauses that grow from 1 s to 5 s, with bulk calls. A 429, a 5xx or a
// network error does not end the wait. Any other error does. The wait also fails, with the
// last status in the error, if the context ends or an unwanted [StatusErrored] is read.
//
// After [AgentsService.Start] or [AgentsService.Restart] by this client, the service may
// still report the previous run. For 10 s, WaitUntil ignores running and error until the
// status changes or StartedAt is after that call. Later it ignores only running with an
// older StartedAt.
//
//   - API: GET /v1/agents/{id}/status (path inferred from the reference's title)
//   - Scope: agents:read
func (s *AgentsService) WaitUntil(ctx context.Context, id string, want Status, opts ...Option) (*AgentStatus, error) {
	if want == "" {
		return nil, errs.Argument("want", "is empty")
	}
	settings, err := s.core.settings.several("Agents.WaitUntil", opts)
	if err != nil {
		return nil, err
	}
	return s.await(ctx, &wait.Wait{ID: id, Want: string(want), Restart: s.restarts.Get(id)}, settings)
}

func (s *AgentsService) await(ctx context.Context, w *wait.Wait, settings *settings) (seen *AgentStatus, err error) {
	for pause := wait.PauseMin; ; pause = min(pause*2, wait.PauseMax) {
		now, err := doWith[AgentStatus](ctx, s.core, request{route: route.AgentStatus, path: pathID("id", w.ID)}, settings)
		passes, after := mayPass(ctx, err)
		if !passes {
			return nil, err
		}
		if err == nil {
			seen = now
			if over, err := w.Over(wait.State{Status: string(now.Status), StartedAt: now.StartedAt, LastError: now.LastError}); over {
				return now, err
			}
		}
		if !wait.Sleep(ctx, max(pause, after)) {
			return seen, w.Ended(ctx, err)
		}
	}
}

// mayPass reports whether err is nil or temporary, or ctx has ended, and returns RetryAfter.
func mayPass(ctx context.Context, err error) (bool, time.Duration) {
	var e *Error
	if !errors.As(err, &e) {
		return err == nil || ctx != nil && ctx.Err() != nil, 0
	}
	unreachable := e.StatusCode == 0 && e.Code == "" && !transport.Final(err)
	return ctx.Err() != nil || unreachable || e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests, e.RetryAfter
}

// RestartAndWait restarts an agent and waits, as [AgentsService.WaitUntil] does, until it
// runs again. If the response to the restart is lost and no status or StartedAt shows the
// restart within 10 s, the error matches [ErrOutcomeUnknown].
//
//   - API: GET /v1/agents/{id}/status (path inferred from the reference's title), and
//     POST /v1/agents/{id}/restart (documented)
//   - Scope: agents:read, agents:write
func (s *AgentsService) RestartAndWait(ctx context.Context, id string, opts ...Option) (*AgentStatus, error) {
	settings, err := s.core.settings.several("Agents.RestartAndWait", opts)
	if err != nil {
		return nil, err
	}
	status := request{route: route.AgentStatus, path: pathID("id", id)}
	before, err := doWith[AgentStatus](ctx, s.core, status, settings.forRead())
	if err != nil {
		return nil, err
	}
	return s.restartFrom(ctx, id, wait.State{Status: string(before.Status), StartedAt: before.StartedAt}, settings)
}

func (s *AgentsService) restartFrom(ctx context.Context, id string, before wait.State, settings *settings) (*AgentStatus, error) {
	r := wait.From(before)
	r.Lost = execWith(ctx, s.core, request{route: route.RestartAgent, path: pathID("id", id)}, settings)
	if r.Lost != nil && !errors.Is(r.Lost, ErrOutcomeUnknown) {
		return nil, r.Lost
	}
	return s.await(ctx, &wait.Wait{ID: id, Want: string(StatusRunning), Restart: r}, settings.forRead())
}

// WaitAll waits for many agents and yields each of them once, as soon as it has the wanted
// status. It yields an Agent with at least its ID, and an error, if an unwanted
// [StatusErrored] is read, the agent does not exist, the context ends or a call fails for good.
//
// WaitAll lists the agents immediately, then after pauses that grow from 1 s to 5 s, with
// bulk calls. It gets agents that are not in the list one by one. Like
// [AgentsService.WaitUntil], it continues after outages and ignores the run before a
// restart.
//
//   - API: GET /v1/agents (documented), and GET /v1/agents/{id} (path inferred from the
//     reference's title)
//   - Scope: agents:read
func (s *AgentsService) WaitAll(ctx context.Context, ids []string, want Status, opts ...Option) iter.Seq2[Agent, error] {
	return func(yield func(Agent, error) bool) {
		settings, err := s.core.settings.several("Agents.WaitAll", opts)
		if want == "" {
			err = errs.Argument("want", "is empty")
		}
		var waits []*wait.Wait
		for i, id := range ids {
			if problem := wire.CheckID(fmt.Sprintf("ids[%d]", i), id); problem != nil {
				err = problem
			}
			if slices.Index(ids, id) == i {
				waits = append(waits, &wait.Wait{ID: id, Want: string(want), Restart: s.restarts.Get(id)})
			}
		}
		if err != nil {
			yield(Agent{}, err)
			return
		}
		found := make(map[string]Agent)
		wait.All(ctx, waits, func(waits []*wait.Wait) (map[string]wait.Found, time.Duration, bool, error) {
			states, err := s.find(ctx, waits, found, settings)
			passes, pause := mayPass(ctx, err)
			return states, pause, !passes, err
		}, func(id string, err error) bool {
			agent := found[id]
			agent.ID = id
			return yield(agent, err)
		})
	}
}

// find reads the agents of waits into found: in one list, then one by one those that are
// not in it.
func (s *AgentsService) find(ctx context.Context, waits []*wait.Wait, found map[string]Agent, settings *settings) (map[string]wait.Found, error) {
	states := make(map[string]wait.Found, len(waits))
	isMissing := func(w *wait.Wait) bool { _, ok := states[w.ID]; return !ok }
	saw := func(a *Agent) {
		found[a.ID] = *a
		states[a.ID] = wait.Found{State: wait.State{Status: string(a.Status), StartedAt: a.StartedAt, LastError: a.LastError}}
	}
	list := request{route: route.ListAgents}
	for agent, err := range pages(0, agentKey, func(offset int) (*Page[Agent], error) {
		list.query.offset = offset
		return listWith[Agent](ctx, s.core, list, settings)
	}) {
		if err != nil && !errors.Is(err, ErrListIncomplete) {
			return states, err
		}
		if saw(&agent); len(states) == maxListed || !slices.ContainsFunc(waits, isMissing) {
			break
		}
	}
	for _, w := range waits {
		if !isMissing(w) {
			continue
		}
		agent, err := doWith[Agent](ctx, s.core, request{route: route.GetAgent, path: pathID("id", w.ID)}, settings)
		switch {
		case err == nil:
			saw(agent)
		case errors.Is(err, ErrNotFound):
			states[w.ID] = wait.Found{Gone: err}
		default:
			return states, err
		}
	}
	return states, nil
}
