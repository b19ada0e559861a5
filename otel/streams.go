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
	c.recordResumed()
	c.span.AddEvent(eventFirstEvent)
	c.span.SetAttributes(seconds(keyFirstEvent, after))
	if isChat(info) {
		c.span.SetAttributes(genai.GenAIResponseTimeToFirstChunk(after.Seconds()))
		h.recordFirstChunk(ctx, c.server, after)
	}
}

func (h *hooks) reconnect(ctx context.Context, info agento.CallInfo, r agento.ReconnectInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	c.recordResumed()
	c.reconnects++
	if c.gapSince.IsZero() {
		c.gapSince = time.Now()
	}
	kind := errorType(r.Err)
	c.span.AddEvent(eventReconnect, trace.WithAttributes(
		keyReconnectTry.Int(r.Attempt), seconds(keyReconnectWait, r.Wait), semconv.ErrorTypeKey.String(kind)))
	h.recordReconnect(ctx, info, kind)
}

// recordResumed records that a log stream has reconnected. It is not called for the response
// itself, which may not be a stream, but at the next step of the stream.
func (c *call) recordResumed() {
	if c.resumedAt.IsZero() {
		return
	}
	c.span.AddEvent(eventResumed, trace.WithTimestamp(c.resumedAt), trace.WithAttributes(seconds(keyGap, c.resumedAt.Sub(c.gapSince))))
	c.gapSince, c.resumedAt = time.Time{}, time.Time{}
}

// notStream reports whether a stream ended because a response was not a stream. Errors
// within a stream have no status code.
func notStream(err error) bool {
	var e *agento.Error
	return errors.As(err, &e) && e.StatusCode != 0
}

func (h *hooks) streamEnd(ctx context.Context, info agento.CallInfo, e agento.StreamEndInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	if !notStream(e.Err) {
		c.recordResumed()
	}
	c.span.SetAttributes(keyStreamEnd.String(string(e.Reason)), keyStreamEvents.Int(e.Events))
	if c.reconnects > 0 {
		c.span.SetAttributes(keyReconnects.Int(c.reconnects))
	}
	kind := errorType(e.Err)
	h.recordStreamEnd(ctx, info, e.Reason, kind)
	if isChat(info) {
		h.recordChat(ctx, c.server, e.Took, kind)
	}
	c.end(e.Err)
}

func (h *hooks) drift(ctx context.Context, info agento.CallInfo, d agento.DriftInfo) {
	kind, field := keyDriftKind.String(string(d.Kind)), keyDriftField.String(clean(d.Field))
	if c := callOf(ctx); c != nil {
		c.span.AddEvent(eventDrift, trace.WithAttributes(kind, field))
	}
	h.meters.drifts.Add(ctx, 1, h.callAttrs(info, "", kind))
}
