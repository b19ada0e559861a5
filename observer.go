package agento

import (
	"context"
	"log/slog"
	"reflect"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Observer has optional functions that are called at each step of calls and streams. They
// must be safe for concurrent use, and fast: a call waits for them. They never receive the
// key or a secret. An error about an unreadable response or event quotes its content.
type Observer struct {
	// Start is called before a call. The request and the later functions get the context
	// that it returns; nil means ctx.
	Start func(ctx context.Context, call CallInfo) context.Context
	// Wait is called after an attempt has waited for the rate limit.
	Wait func(ctx context.Context, call CallInfo, w WaitInfo)
	// Attempt is called before an attempt is sent. The first is 1.
	Attempt func(ctx context.Context, call CallInfo, attempt int)
	// Response is called when an attempt has a response or has failed.
	Response func(ctx context.Context, call CallInfo, r ResponseInfo)
	// Retry is called before the wait for the next attempt.
	Retry func(ctx context.Context, call CallInfo, r RetryInfo)
	// CallEnd is called when a call has ended. A call of a stream ends when the stream is
	// open or could not be opened; its reconnects are not calls.
	CallEnd func(ctx context.Context, call CallInfo, r CallEndInfo)
	// FirstEvent is called at the first event of a stream, with the time since the start
	// of the call.
	FirstEvent func(ctx context.Context, call CallInfo, after time.Duration)
	// Reconnect is called before the wait for a reconnect of a log stream.
	Reconnect func(ctx context.Context, call CallInfo, r ReconnectInfo)
	// StreamEnd is called once, when an open stream has ended.
	StreamEnd func(ctx context.Context, call CallInfo, e StreamEndInfo)
	// Drift is called once for each operation, field and kind of difference between a
	// response and the SDK's types. The first 16 responses of an operation are compared,
	// then every 256th. Events of streams are not compared.
	Drift func(ctx context.Context, call CallInfo, d DriftInfo)
}

// CallInfo describes a call.
type CallInfo struct {
	Operation string // such as "getAgent"; empty for Client.Do and Client.Stream
	Method    string
	Route     string // the path template; empty for Client.Do and Client.Stream
	Path      string // the path as sent, with the query
	BaseURL   string // of the client
	AgentID   string // of an operation on an agent
	SwarmID   string // of an operation on a swarm
	SessionID string // of the message
	Bulk      bool
	Stream    bool

	evidence route.Evidence // of the operation; empty for Client.Do and Client.Stream
}

// WaitInfo describes a wait for the rate limit.
type WaitInfo struct {
	Attempt int // the attempt that waited
	Waited  time.Duration
}

// ResponseInfo describes the end of an attempt.
type ResponseInfo struct {
	Attempt    int
	StatusCode int // 0: no response
	RequestID  string
	RateLimit  RateLimit
	Took       time.Duration // since the attempt was sent
	Err        error         // no usable response: the network, a timeout, the origin check
}

// RetryInfo describes the reason for a retry and the wait before it.
type RetryInfo struct {
	Attempt    int // the attempt that failed
	StatusCode int
	RequestID  string
	Err        error
	Wait       time.Duration
}

// CallEndInfo describes the result of a call.
type CallEndInfo struct {
	StatusCode int
	RequestID  string
	Attempts   int
	Took       time.Duration
	Err        error // that the method returns
}

// ReconnectInfo describes the reason for a reconnect and the wait before it.
type ReconnectInfo struct {
	Attempt int // counted again from 1 after a connection of 10 s or more
	Err     error
	Wait    time.Duration
}

// DriftInfo describes a difference between a response and the SDK's types, without values.
type DriftInfo struct {
	Kind  DriftKind
	Field string // its name in JSON
}

// DriftKind is a kind of difference.
type DriftKind string

// The kinds of drift.
const (
	DriftAbsent  DriftKind = wire.Absent   // the response does not have a field
	DriftUnknown DriftKind = wire.Unknown  // the SDK does not have a field
	DriftValue   DriftKind = wire.NewValue // the SDK does not have the value of an enumeration
)

// StreamEndInfo describes the end of a stream.
type StreamEndInfo struct {
	Reason    StreamEndReason
	RequestID string
	Events    int           // delivered to the caller
	Took      time.Duration // since the start of the call
	Err       error         // that Stream.Err returns
}

// StreamEndReason is the reason for the end of a stream.
type StreamEndReason string

// The reasons for the end of a stream.
const (
	StreamComplete  StreamEndReason = "complete"
	StreamClosed    StreamEndReason = "closed" // by the caller
	StreamCanceled  StreamEndReason = "canceled"
	StreamTruncated StreamEndReason = "truncated"
	StreamIdle      StreamEndReason = "idle"
	StreamFailed    StreamEndReason = "failed"
)

// observerCall reports one call to the client's observer.
type observerCall struct {
	o     *Observer
	ctx   context.Context
	info  CallInfo
	begun time.Time
}

// observe starts to report a call.
func observe(ctx context.Context, o *Observer, info *CallInfo) (*observerCall, transport.Hooks) {
	oc := &observerCall{o: o, ctx: ctx, info: *info, begun: time.Now()}
	if o.Start != nil {
		if own := o.Start(ctx, *info); own != nil {
			oc.ctx = own
		}
	}
	return oc, oc
}

// Attempt is part of transport.Hooks, as are Response, Retry and Wait.
func (oc *observerCall) Attempt(attempt int) {
	if oc.o.Attempt != nil {
		oc.o.Attempt(oc.ctx, oc.info, attempt)
	}
}

func (oc *observerCall) Response(attempt int, out *transport.Outcome, took time.Duration) {
	i := &oc.info // redact again, with the key that the key source returned
	i.Path, i.AgentID, i.SwarmID = out.Redact(i.Path), out.Redact(i.AgentID), out.Redact(i.SwarmID)
	if oc.o.Response != nil {
		oc.o.Response(oc.ctx, oc.info, ResponseInfo{
			Attempt: attempt, StatusCode: out.StatusCode, RequestID: out.RequestID(),
			RateLimit: RateLimit(out.RateLimit), Took: took, Err: out.Err,
		})
	}
}

func (oc *observerCall) Retry(attempt int, out *transport.Outcome, wait time.Duration) {
	if oc.o.Retry != nil {
		oc.o.Retry(oc.ctx, oc.info, RetryInfo{
			Attempt: attempt, StatusCode: out.StatusCode, RequestID: out.RequestID(), Err: out.Err, Wait: wait,
		})
	}
}

func (oc *observerCall) Wait(attempt int, waited time.Duration) {
	if oc.o.Wait != nil {
		oc.o.Wait(oc.ctx, oc.info, WaitInfo{Attempt: attempt, Waited: waited})
	}
}

func (oc *observerCall) done(out *transport.Outcome, err error) {
	if oc.o.CallEnd == nil {
		return
	}
	oc.o.CallEnd(oc.ctx, oc.info, CallEndInfo{
		StatusCode: out.StatusCode, RequestID: out.RequestID(), Attempts: out.Attempts,
		Took: time.Since(oc.begun), Err: err,
	})
}

func (oc *observerCall) firstEvent() {
	if oc.o.FirstEvent != nil {
		oc.o.FirstEvent(oc.ctx, oc.info, time.Since(oc.begun))
	}
}

func (oc *observerCall) reconnect(r ReconnectInfo) {
	if oc.o.Reconnect != nil {
		oc.o.Reconnect(oc.ctx, oc.info, r)
	}
}

func (oc *observerCall) streamEnd(e StreamEndInfo) {
	if oc.o.StreamEnd != nil {
		e.Took = time.Since(oc.begun)
		oc.o.StreamEnd(oc.ctx, oc.info, e)
	}
}

// compare reports the differences between a response and the type of its result.
func (oc *observerCall) compare(d *wire.Drift, body []byte, result reflect.Type) {
	if oc.o.Drift == nil {
		return
	}
	for _, new := range d.Compare(oc.info.Operation, body, result, knownValues) {
		oc.o.Drift(oc.ctx, oc.info, DriftInfo{DriftKind(new.Kind), new.Field})
	}
}

// knownValues returns the values of an enumeration, nil for other types.
func knownValues(t reflect.Type) []string {
	if e, ok := reflect.Zero(t).Interface().(interface{ values() []string }); ok {
		return e.values()
	}
	return nil
}

// logObserver returns an observer that writes to a logger.
func logObserver(l *slog.Logger) *Observer {
	write := func(ctx context.Context, level slog.Level, message string, call CallInfo, attrs ...slog.Attr) {
		if !l.Enabled(ctx, level) {
			return
		}
		base := []slog.Attr{slog.String("method", call.Method), slog.String("path", errs.Line(call.Path))}
		for _, a := range [...]struct{ key, value string }{{"operation", call.Operation}, {"agent", call.AgentID}, {"swarm", call.SwarmID}} {
			if a.value != "" {
				base = append(base, slog.String(a.key, errs.Line(a.value)))
			}
		}
		l.LogAttrs(ctx, level, message, append(base, attrs...)...)
	}
	return &Observer{
		Wait: func(ctx context.Context, call CallInfo, w WaitInfo) {
			level := slog.LevelDebug
			if w.Waited >= time.Second {
				level = slog.LevelWarn
			}
			write(ctx, level, "agento: waited for the rate limit", call,
				slog.Int("attempt", w.Attempt), slog.Duration("waited", w.Waited))
		},
		Retry: func(ctx context.Context, call CallInfo, r RetryInfo) {
			write(ctx, slog.LevelWarn, "agento: retry", call,
				append(responseAttrs(r.StatusCode, r.RequestID, r.Err), slog.Int("attempt", r.Attempt), slog.Duration("wait", r.Wait))...)
		},
		CallEnd: func(ctx context.Context, call CallInfo, r CallEndInfo) {
			write(ctx, slog.LevelDebug, "agento: call", call,
				append(responseAttrs(r.StatusCode, r.RequestID, r.Err), slog.Int("attempts", r.Attempts), slog.Duration("took", r.Took))...)
		},
		FirstEvent: func(ctx context.Context, call CallInfo, after time.Duration) {
			write(ctx, slog.LevelDebug, "agento: first event", call, slog.Duration("after", after))
		},
		Reconnect: func(ctx context.Context, call CallInfo, r ReconnectInfo) {
			write(ctx, slog.LevelWarn, "agento: reconnect", call,
				append(responseAttrs(0, "", r.Err), slog.Int("attempt", r.Attempt), slog.Duration("wait", r.Wait))...)
		},
		Drift: func(ctx context.Context, call CallInfo, d DriftInfo) {
			write(ctx, slog.LevelInfo, "agento: response differs from what the SDK expects", call,
				slog.String("kind", string(d.Kind)), slog.String("field", errs.Line(d.Field)))
		},
		StreamEnd: func(ctx context.Context, call CallInfo, e StreamEndInfo) {
			write(ctx, slog.LevelDebug, "agento: stream ended", call,
				append(responseAttrs(0, e.RequestID, e.Err), slog.String("reason", string(e.Reason)),
					slog.Int("events", e.Events), slog.Duration("took", e.Took))...)
		},
	}
}

// responseAttrs returns the attributes of a response and an error.
func responseAttrs(status int, requestID string, err error) []slog.Attr {
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

// joinObservers joins the caller's observer, which may be nil, and the logger's.
func joinObservers(o, logging *Observer) *Observer {
	if o == nil {
		return logging
	}
	return &Observer{
		Start:      o.Start,
		Attempt:    o.Attempt,
		Response:   o.Response,
		Wait:       both(o.Wait, logging.Wait),
		Retry:      both(o.Retry, logging.Retry),
		CallEnd:    both(o.CallEnd, logging.CallEnd),
		FirstEvent: both(o.FirstEvent, logging.FirstEvent),
		Reconnect:  both(o.Reconnect, logging.Reconnect),
		StreamEnd:  both(o.StreamEnd, logging.StreamEnd),
		Drift:      both(o.Drift, logging.Drift),
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
