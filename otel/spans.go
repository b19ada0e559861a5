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

// hooks is what a client tells of its calls.
type hooks struct {
	tracer trace.Tracer
	meters meters
	attrs  []attribute.KeyValue // of every span and metric
}

// call is one call or stream under way. Its hooks are called one after another.
type call struct {
	span       trace.Span
	trying     trace.Span // the attempt that is under way
	server     []attribute.KeyValue
	sent       int // attempts, those of later connections included
	waited     time.Duration
	reconnects int
	gapSince   time.Time // when the connection of a log stream broke; zero while there is one
	back       time.Time // when what may be a new one was answered; zero before, and once it is told
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
	h.queued(ctx, info, w.Waited)
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
	if c.sent > 0 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(c.sent))
	}
	c.sent++
	_, c.trying = h.tracer.Start(ctx, attemptName(info), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
}

func (h *hooks) response(ctx context.Context, info agento.CallInfo, r agento.ResponseInfo) {
	c := callOf(ctx)
	if c == nil || c.trying == nil {
		return
	}
	kind := attemptType(r.StatusCode, r.Err)
	c.trying.SetAttributes(answered(r.StatusCode, r.RequestID)...)
	if kind != "" {
		c.trying.SetAttributes(semconv.ErrorTypeKey.String(kind))
		description := kind
		if r.StatusCode != 0 {
			description = "" // the status says it
		}
		c.trying.SetStatus(codes.Error, description)
	}
	c.trying.End()
	c.trying = nil
	h.requested(ctx, info, c.server, r, kind)
	h.limited(ctx, r.RateLimit)
	if !c.gapSince.IsZero() && kind == "" && r.StatusCode != http.StatusNoContent {
		c.back = time.Now()
	}
}

// answered is what the head of an answer tells.
func answered(status int, requestID string) []attribute.KeyValue {
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
	h.retried(ctx, info, kind)
}

func (h *hooks) done(ctx context.Context, info agento.CallInfo, r agento.CallEndInfo) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	c.span.SetAttributes(answered(r.StatusCode, r.RequestID)...)
	c.span.SetAttributes(keyAttempts.Int(r.Attempts))
	kind := errorType(r.Err)
	h.called(ctx, info, r.Took, kind)
	if info.Stream && r.Err == nil {
		h.opened(ctx, info)
		return
	}
	if isChat(info) {
		h.chatted(ctx, c.server, r.Took, kind)
	}
	c.end(r.Err)
}

// end ends the span of a call or a stream, with what it has summed up.
func (c *call) end(err error) {
	if c.waited > 0 {
		c.span.SetAttributes(seconds(keyQueueWait, c.waited))
	}
	if err != nil {
		failed(c.span, err)
	}
	c.span.End()
}
