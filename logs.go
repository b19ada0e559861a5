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

// LogsParams selects lines of a log. The fields are inferred.
type LogsParams struct {
	// Limit is the maximum number of lines that Recent returns. For 0 the service
	// returns 100. For Recent only.
	Limit int
	// Tail is the number of older lines that Stream begins with. For Stream only.
	Tail int
	// After is the [LogEntry.ID] after which Stream resumes, for example one that was
	// stored before the program was restarted. An ID may be empty: store only IDs
	// that are not. With After, Tail is ignored. For Stream only.
	After string
}

// Recent returns the newest lines of an agent's log.
//
//   - API: GET /v1/agents/{id}/logs (path inferred from the reference's title)
//   - Scope: logs
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

// Stream follows an agent's log until its context ends, it is closed, or the service ends
// the log. If the connection drops, or receives no data for the idle timeout of 2 min, it
// reconnects after pauses that grow to 60 s. Reconnects are bulk calls.
//
// A new connection resumes after the last event ID. Without IDs, Stream requests up
// to 200 of the newest lines, or Tail again if no line has arrived. It skips those at the
// start that it has delivered. An entry with Reconnected marks where lines may be missing.
//
//   - API: GET /v1/agents/{id}/logs/stream (path inferred from the reference's title)
//   - Scope: logs
//   - Errors: the stream ends with the error of a reconnect that is not retried: a 4xx
//     other than 408, 425 and 429, a redirect, an invalid certificate,
//     [ErrNotEventStream], or a wait beyond [WithRetryAfterLimit]
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
	call, err := s.core.prepare(ctx, &r, settings)
	if err != nil {
		return nil, err
	}
	return openLog(call, params.After)
}
