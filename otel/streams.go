package agentootel

import (
	"context"
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
	c.reconnects++
	if c.gapSince.IsZero() {
		c.gapSince = time.Now()
	}
	kind := errorType(r.Err)
	c.span.AddEvent(eventReconnect, trace.WithAttributes(
		keyReconnectTry.Int(r.Attempt), seconds(keyReconnectWait, r.Wait), semconv.ErrorTypeKey.String(kind)))
	h.reconnected(ctx, info, kind)
}

func (h *hooks) streamEnd(ctx context.Context, info agento.CallInfo, e agento.StreamEndInfo) {
	c := callOf(ctx)
	if c == nil {
		return
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
