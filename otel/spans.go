package agentootel

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	genai "go.opentelemetry.io/otel/semconv/v1.41.0"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	agento "github.com/remsyshq/agento-go"
)

// hooks implements the functions of the observer.
type hooks struct {
	tracer trace.Tracer
	meters meters
	attrs  []attribute.KeyValue // of every span and metric
}

// call is an active call or stream. Its hooks are called sequentially.
type call struct {
	span       trace.Span
	attempt    trace.Span // current attempt
	server     []attribute.KeyValue
	attempts   int // including those of reconnects
	waited     time.Duration
	reconnects int
	gapSince   time.Time // when a log stream lost its connection; zero if lines arrive
	resumedAt  time.Time // when a reconnect got a response; zero once it is recorded
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

func (h *hooks) start(ctx context.Context, info agento.CallInfo) context.Context {
	c := &call{server: server(info.BaseURL)}
	name, kind := operation(info), trace.SpanKindInternal
	attrs := make([]attribute.KeyValue, 0, 8+len(h.attrs))
	attrs = append(attrs, h.attrs...)
	attrs = append(attrs, keyOperation.String(name))
	attrs = append(attrs, c.server...)
	if isChat(info) {
		name, kind = "chat", trace.SpanKindClient
		attrs = append(attrs, chatAttributes...)
		attrs = append(attrs, genai.GenAIRequestStream(true))
	}
	if info.SessionID != "" {
		attrs = append(attrs, genai.GenAIConversationID(clean(info.SessionID)))
	}
	if info.AgentID != "" {
		attrs = append(attrs, genai.GenAIAgentID(clean(info.AgentID)))
	}
	if info.SwarmID != "" {
		attrs = append(attrs, keySwarmID.String(clean(info.SwarmID)))
	}
	if info.Bulk {
		attrs = append(attrs, keyBulk.Bool(true))
	}
	ctx, c.span = h.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	return context.WithValue(ctx, callKey{}, c)
}

func (h *hooks) wait(ctx context.Context, info agento.CallInfo, w agento.WaitInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	c.waited += w.Waited
	c.span.AddEvent(eventQueueWait, trace.WithAttributes(seconds(keyQueueWait, w.Waited)))
	h.recordWait(ctx, info, w.Waited)
}

func (h *hooks) attempt(ctx context.Context, info agento.CallInfo, _ int) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	attrs := make([]attribute.KeyValue, 0, 8+len(h.attrs))
	attrs = append(attrs, h.attrs...)
	attrs = append(attrs, c.server...)
	attrs = append(attrs, method(info), fullURL(info))
	if info.Route != "" {
		attrs = append(attrs, semconv.URLTemplate(info.Route))
	}
	if c.attempts > 0 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(c.attempts))
	}
	c.attempts++
	_, c.attempt = h.tracer.Start(ctx, attemptName(info), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
}

func (h *hooks) response(ctx context.Context, info agento.CallInfo, r agento.ResponseInfo) {
	c := callOf(ctx)
	if c == nil || c.attempt == nil {
		return
	}
	kind := attemptType(r.StatusCode, r.Err)
	c.attempt.SetAttributes(responseAttrs(r.StatusCode, r.RequestID)...)
	if kind != "" {
		c.attempt.SetAttributes(semconv.ErrorTypeKey.String(kind))
		description := kind
		if r.StatusCode != 0 {
			description = "" // the status code is an attribute
		}
		c.attempt.SetStatus(codes.Error, description)
	}
	c.attempt.End()
	c.attempt = nil
	h.recordRequest(ctx, info, c.server, r, kind)
	h.recordRateLimit(ctx, r.RateLimit)
	if !c.gapSince.IsZero() && kind == "" && r.StatusCode != http.StatusNoContent {
		c.resumedAt = time.Now()
	}
}

// responseAttrs returns the attributes of a response.
func responseAttrs(status int, requestID string) []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 2)
	if status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(status))
	}
	if requestID != "" {
		attrs = append(attrs, keyRequestID.String(clean(requestID)))
	}
	return attrs
}

func (h *hooks) retry(ctx context.Context, info agento.CallInfo, r agento.RetryInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	kind := attemptType(r.StatusCode, r.Err)
	c.span.AddEvent(eventRetry, trace.WithAttributes(seconds(keyRetryWait, r.Wait), semconv.ErrorTypeKey.String(kind)))
	h.recordRetry(ctx, info, kind)
}

func (h *hooks) callEnd(ctx context.Context, info agento.CallInfo, r agento.CallEndInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	c.span.SetAttributes(responseAttrs(r.StatusCode, r.RequestID)...)
	c.span.SetAttributes(keyAttempts.Int(r.Attempts))
	kind := errorType(r.Err)
	h.recordCall(ctx, info, r.Took, kind)
	if info.Stream && r.Err == nil {
		h.recordOpen(ctx, info)
		return
	}
	if isChat(info) {
		h.recordChat(ctx, c.server, r.Took, kind)
	}
	c.end(r.Err)
}

// end ends the span of a call or a stream.
func (c *call) end(err error) {
	if c.waited > 0 {
		c.span.SetAttributes(seconds(keyQueueWait, c.waited))
	}
	if err != nil {
		setError(c.span, err)
	}
	c.span.End()
}
