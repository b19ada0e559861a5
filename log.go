package agento

import (
	"context"
	"log/slog"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// logObserver writes what it hears to a logger.
func logObserver(l *slog.Logger) *Observer {
	write := func(ctx context.Context, level slog.Level, message string, call CallInfo, attrs ...slog.Attr) {
		if !l.Enabled(ctx, level) {
			return
		}
		base := []slog.Attr{slog.String("method", call.Method), slog.String("path", errs.Line(call.Path))}
		if call.Operation != "" {
			base = append(base, slog.String("operation", call.Operation))
		}
		l.LogAttrs(ctx, level, message, append(base, attrs...)...)
	}
	return &Observer{
		Wait: func(ctx context.Context, call CallInfo, w WaitInfo) {
			write(ctx, slog.LevelWarn, "agento: waited for the rate limit", call,
				slog.Int("attempt", w.Attempt), slog.Duration("waited", w.Waited))
		},
		Retry: func(ctx context.Context, call CallInfo, r RetryInfo) {
			write(ctx, slog.LevelWarn, "agento: call is repeated", call,
				append(answer(r.StatusCode, r.RequestID, r.Err), slog.Int("attempt", r.Attempt), slog.Duration("wait", r.Wait))...)
		},
		Done: func(ctx context.Context, call CallInfo, r DoneInfo) {
			write(ctx, slog.LevelDebug, "agento: call", call,
				append(answer(r.StatusCode, r.RequestID, r.Err), slog.Int("attempts", r.Attempts), slog.Duration("took", r.Took))...)
		},
		FirstEvent: func(ctx context.Context, call CallInfo, after time.Duration) {
			write(ctx, slog.LevelDebug, "agento: first event", call, slog.Duration("after", after))
		},
		Reconnect: func(ctx context.Context, call CallInfo, r ReconnectInfo) {
			write(ctx, slog.LevelWarn, "agento: stream connects again", call,
				append(answer(0, "", r.Err), slog.Int("attempt", r.Attempt), slog.Duration("wait", r.Wait))...)
		},
		StreamEnd: func(ctx context.Context, call CallInfo, e StreamEndInfo) {
			write(ctx, slog.LevelDebug, "agento: stream ended", call,
				append(answer(0, e.RequestID, e.Err), slog.String("reason", string(e.Reason)),
					slog.Int("events", e.Events), slog.Duration("took", e.Took))...)
		},
	}
}

// answer is what an answer and an error tell, as far as there are any.
func answer(status int, requestID string, err error) []slog.Attr {
	attrs := make([]slog.Attr, 0, 8)
	if status != 0 {
		attrs = append(attrs, slog.Int("status", status))
	}
	if requestID != "" {
		attrs = append(attrs, slog.String("request_id", errs.Line(requestID)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", errs.Line(err.Error())))
	}
	return attrs
}

// joinObservers makes one observer of the caller's and the logger's; nil if there
// is neither.
func joinObservers(o, logging *Observer) *Observer {
	switch {
	case logging == nil:
		return o
	case o == nil:
		return logging
	}
	return &Observer{
		Start:      o.Start,
		Attempt:    o.Attempt,
		Response:   o.Response,
		Wait:       both(o.Wait, logging.Wait),
		Retry:      both(o.Retry, logging.Retry),
		Done:       both(o.Done, logging.Done),
		FirstEvent: both(o.FirstEvent, logging.FirstEvent),
		Reconnect:  both(o.Reconnect, logging.Reconnect),
		StreamEnd:  both(o.StreamEnd, logging.StreamEnd),
	}
}

func both[T any](first, second func(context.Context, CallInfo, T)) func(context.Context, CallInfo, T) {
	if first == nil {
		return second
	}
	return func(ctx context.Context, call CallInfo, info T) {
		first(ctx, call, info)
		second(ctx, call, info)
	}
}
