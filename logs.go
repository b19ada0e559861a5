package agento

import (
	"context"
	"net/url"

	"github.com/remsyshq/agento-go/internal/route"
)

// LogsService reads the logs of agents.
type LogsService struct{ core *core }

// LogsParams chooses what of a log to read.
type LogsParams struct {
	// Limit is the number of lines that Recent returns; 0 leaves it to the
	// service, whose default is 100. Inferred.
	Limit int
	// Tail is the number of lines that Stream begins with, from before it was
	// opened. Inferred.
	Tail int
}

// Recent returns the newest lines of an agent's log.
//
// GET /v1/agents/{id}/logs, inferred from the title. Scope: logs. Errors: those
// of every call; [ErrNotFound].
func (s *LogsService) Recent(ctx context.Context, agentID string, p *LogsParams, opts ...Option) ([]LogEntry, error) {
	query := url.Values{}
	if p != nil {
		if err := addNumber(query, "limit", p.Limit); err != nil {
			return nil, err
		}
	}
	page, err := list[LogEntry](ctx, s.core, request{route: route.RecentLogs, path: agentPath("agentID", agentID), query: query}, opts)
	if err != nil {
		return nil, err
	}
	return page.Data, nil
}

// Stream follows an agent's log until its context ends, it is closed, or the
// service says that there will be no more. A connection that drops, or is silent
// for longer than the idle timeout of 2 min, is replaced, with growing pauses; an
// entry with Reconnected then marks where lines may be missing. No line comes
// twice as far as the service's event ids, or the entries themselves, tell; the
// newest 1,000 are remembered for that.
//
// GET /v1/agents/{id}/logs/stream, inferred from the title. Scope: logs. Errors
// of opening it: those of every call; [ErrNotFound]. Once open, an answer at a
// reconnect that another attempt cannot mend ends it with that [*Error]: a 4xx but
// 408, 425 and 429, a redirect, a bad certificate, something else than a stream
// ([ErrNotEventStream]); so does a Retry-After, or a retry field of the stream,
// beyond [WithRetryAfterLimit].
func (s *LogsService) Stream(ctx context.Context, agentID string, p *LogsParams, opts ...Option) (*LogStream, error) {
	query := url.Values{}
	if p != nil {
		if err := addNumber(query, "tail", p.Tail); err != nil {
			return nil, err
		}
	}
	o, err := s.core.prepare(ctx, request{route: route.StreamLogs, path: agentPath("agentID", agentID), query: query}, opts)
	if err != nil {
		return nil, err
	}
	idle := o.settings.idleTimeoutOr(defaultLogIdle)
	w, out, err := o.open(idle)
	if err != nil {
		return nil, err
	}
	f := &feed[LogEntry]{kind: newFollower(o), watch: w, limit: idle, objects: true, typed: true} // "event: close" may have no data
	return &LogStream{Stream: f.start(o, out)}, nil
}

// LogStream is a log that is being followed.
type LogStream struct{ *Stream[LogEntry] }
