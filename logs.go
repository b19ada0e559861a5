package agento

import (
	"context"
	"strconv"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wire"
)

// LogsService reads the logs of agents.
type LogsService struct{ core *core }

// LogsParams chooses what of a log to read.
type LogsParams struct {
	// Limit is the number of lines that Recent returns; 0 leaves it to the
	// service, whose default is 100. For Recent only. Inferred.
	Limit int
	// Tail is the number of lines that Stream begins with, from before it was
	// opened. For Stream only. Inferred.
	Tail int
	// After is the [LogEntry.ID] that Stream resumes after, for example from before
	// the program was restarted. For Stream only. Inferred.
	After string
}

// Recent returns the newest lines of an agent's log.
//
// GET /v1/agents/{id}/logs, inferred from the title. Scope: logs. Errors: those
// of every call; [ErrNotFound].
func (s *LogsService) Recent(ctx context.Context, agentID string, p *LogsParams, opts ...Option) ([]LogEntry, error) {
	r := request{route: route.RecentLogs, path: pathID("agentID", agentID)}
	if p != nil {
		r.query.limit = p.Limit
		if p.Tail != 0 || p.After != "" {
			r.err = errs.Argument("Tail", "and After are for Stream; Recent takes Limit")
		}
	}
	page, err := list[LogEntry](ctx, s.core, r, opts)
	if err != nil {
		return nil, err
	}
	return page.Data, nil
}

// Stream follows an agent's log until its context ends, it is closed, or the service
// says that there will be no more. A connection that drops, or that is silent for longer
// than the idle timeout of 2 min, is replaced, with pauses that grow to 60 s. Reconnects
// wait for the rate limit as bulk calls.
//
// A new connection resumes after the last event ID, or asks for as many lines of history
// as were delivered, at most 200. Leading lines equal to one of the newest 200 are skipped.
// An entry with Reconnected marks where lines may be missing.
//
// GET /v1/agents/{id}/logs/stream, inferred from the title. Scope: logs. Errors
// of opening it: those of every call; [ErrNotFound]. Once open, it ends with the error of
// a reconnect that a retry cannot change: a 4xx other than 408, 425 and 429, a redirect, a
// bad certificate, [ErrNotEventStream], or a wait beyond [WithRetryAfterLimit].
func (s *LogsService) Stream(ctx context.Context, agentID string, p *LogsParams, opts ...Option) (*LogStream, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	r := request{route: route.StreamLogs, path: pathID("agentID", agentID)}
	var params LogsParams
	if p != nil {
		params = *p
	}
	switch {
	case params.Limit != 0:
		r.err = errs.Argument("Limit", "is for Recent; Stream takes Tail")
	case params.Tail < 0:
		r.err = errs.Argument("Tail", "is negative: %d", params.Tail)
	case !wire.ValidHeaderValue(params.After):
		r.err = errs.Argument("After", "has a control character")
	case params.Tail > 0:
		r.query.filters[0] = filter("tail", strconv.Itoa(params.Tail))
	}
	call, err := s.core.prepare(ctx, r, settings)
	if err != nil {
		return nil, err
	}
	return openLog(call, params.After)
}
