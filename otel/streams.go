package agentootel

import (
	"context"
	"errors"
	"time"

	genai "go.opentelemetry.io/otel/semconv/v1.41.0"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	agento "github.com/remsyshq/agento-go"
)

func (h *hooks) firstEvent(ctx context.Context, info agento.CallInfo, after time.Duration) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	c.resumed()
	c.span.AddEvent(eventFirstEvent)
	c.span.SetAttributes(seconds(keyFirstEvent, after))
	if isChat(info) {
		c.span.SetAttributes(genai.GenAIResponseTimeToFirstChunk(after.Seconds()))
		h.began(ctx, c.server, after)
	}
}

func (h *hooks) reconnect(ctx context.Context, info agento.CallInfo, r agento.ReconnectInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	c.resumed()
	c.reconnects++
	if c.gapSince.IsZero() {
		c.gapSince = time.Now()
	}
	kind := errorType(r.Err)
	c.span.AddEvent(eventReconnect, trace.WithAttributes(
		keyReconnectTry.Int(r.Attempt), seconds(keyReconnectWait, r.Wait), semconv.ErrorTypeKey.String(kind)))
	h.reconnected(ctx, info, kind)
}

// resumed tells that a log stream has a connection again. It waits for what comes
// next: from its status alone an answer may yet turn out to be no stream.
func (c *call) resumed() {
	if c.back.IsZero() {
		return
	}
	c.span.AddEvent(eventResumed, trace.WithTimestamp(c.back), trace.WithAttributes(seconds(keyGap, c.back.Sub(c.gapSince))))
	c.gapSince, c.back = time.Time{}, time.Time{}
}

// refused reports whether a stream ended with an answer that was none: an error
// from inside of a stream has no status.
func refused(end error) bool {
	var e *agento.Error
	return errors.As(end, &e) && e.StatusCode != 0
}

func (h *hooks) streamEnd(ctx context.Context, info agento.CallInfo, e agento.StreamEndInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	if !refused(e.Err) {
		c.resumed()
	}
	c.span.SetAttributes(keyStreamEnd.String(string(e.Reason)), keyStreamEvents.Int(e.Events))
	if c.reconnects > 0 {
		c.span.SetAttributes(keyReconnects.Int(c.reconnects))
	}
	kind := errorType(e.Err)
	h.ended(ctx, info, e.Reason, kind)
	if isChat(info) {
		h.chatted(ctx, c.server, e.Took, kind)
	}
	c.end(e.Err)
}

// drift records a field of a response that differs from what the SDK expects.
func (h *hooks) drift(ctx context.Context, info agento.CallInfo, d agento.DriftInfo) {
	kind, field := keyDriftKind.String(string(d.Kind)), keyDriftField.String(clean(d.Field))
	if c := callOf(ctx); c != nil {
		c.span.AddEvent(eventDrift, trace.WithAttributes(kind, field))
	}
	h.meters.drifts.Add(ctx, 1, h.of(info, "", kind))
}
