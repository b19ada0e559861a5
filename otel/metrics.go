package agentootel

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	agento "github.com/remsyshq/agento-go"
)

// meters are the instruments of a client.
type meters struct {
	request     httpconv.ClientRequestDuration
	chat        genaiconv.ClientOperationDuration
	firstChunk  genaiconv.ClientOperationTimeToFirstChunk
	call        metric.Float64Histogram
	queueWait   metric.Float64Histogram
	openStreams metric.Int64UpDownCounter
	streamEnds  metric.Int64Counter
	retries     metric.Int64Counter
	reconnects  metric.Int64Counter
	drifts      metric.Int64Counter
	rateLimit   metric.Int64Gauge
	remaining   metric.Int64Gauge
}

var (
	// chatBuckets are defined by the conventions for generative AI.
	chatBuckets = metric.WithExplicitBucketBoundaries(
		0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
	// waitBuckets range from a short queue to several windows of the rate limit.
	waitBuckets = metric.WithExplicitBucketBoundaries(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
)

func newMeters(m metric.Meter) meters {
	return meters{
		request:    handled(httpconv.NewClientRequestDuration(m)),
		chat:       handled(genaiconv.NewClientOperationDuration(m, chatBuckets)),
		firstChunk: handled(genaiconv.NewClientOperationTimeToFirstChunk(m, chatBuckets)),
		call: handled(m.Float64Histogram("agento.client.call.duration", metric.WithUnit("s"), waitBuckets,
			metric.WithDescription("Duration of a call, including all waits and attempts; for a stream, until it is open."))),
		queueWait: handled(m.Float64Histogram("agento.client.queue.wait", metric.WithUnit("s"), waitBuckets,
			metric.WithDescription("Waits of at least a millisecond for permission to send."))),
		openStreams: handled(m.Int64UpDownCounter("agento.client.open_streams", metric.WithUnit("{stream}"),
			metric.WithDescription("Open streams."))),
		streamEnds: handled(m.Int64Counter("agento.client.stream.end", metric.WithUnit("{stream}"),
			metric.WithDescription("Streams that have ended, by reason."))),
		retries: handled(m.Int64Counter("agento.client.retries", metric.WithUnit("{retry}"),
			metric.WithDescription("Retries, by the error of the previous attempt."))),
		reconnects: handled(m.Int64Counter("agento.client.reconnects", metric.WithUnit("{reconnect}"),
			metric.WithDescription("Reconnects of log streams, by the error that ended the previous connection."))),
		drifts: handled(m.Int64Counter("agento.client.drift", metric.WithUnit("{field}"),
			metric.WithDescription("Response fields that differ from what the SDK expects; each is counted once."))),
		rateLimit: handled(m.Int64Gauge("agento.client.rate_limit.limit", metric.WithUnit("{request}"),
			metric.WithDescription("Requests allowed per window by the key's rate limit."))),
		remaining: handled(m.Int64Gauge("agento.client.rate_limit.remaining", metric.WithUnit("{request}"),
			metric.WithDescription("Requests left in the window, as of the newest response."))),
	}
}

// handled passes an error to OpenTelemetry's error handler. The instrument can be used
// even if there is an error.
func handled[T any](instrument T, err error) T {
	if err != nil {
		otel.Handle(err)
	}
	return instrument
}

// callAttrs returns the attributes of the SDK's own metrics and those in more. An empty kind
// is omitted.
func (h *hooks) callAttrs(info agento.CallInfo, kind string, more ...attribute.KeyValue) metric.MeasurementOption {
	return h.withAttrs(kind, append(more, keyOperation.String(operation(info))))
}

func (h *hooks) withAttrs(kind string, attrs []attribute.KeyValue) metric.MeasurementOption {
	all := make([]attribute.KeyValue, 0, len(h.attrs)+len(attrs)+1)
	all = append(append(all, h.attrs...), attrs...)
	if kind != "" {
		all = append(all, semconv.ErrorTypeKey.String(kind))
	}
	return metric.WithAttributeSet(attribute.NewSet(all...))
}

func (h *hooks) recordRequest(ctx context.Context, info agento.CallInfo, server []attribute.KeyValue, r agento.ResponseInfo, kind string) {
	if !h.meters.request.Enabled(ctx) {
		return
	}
	attrs := append(slices.Clip(server), method(info))
	if info.Route != "" {
		attrs = append(attrs, semconv.URLTemplate(info.Route))
	}
	if r.StatusCode != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(r.StatusCode))
	}
	h.meters.request.Float64Histogram.Record(ctx, r.Took.Seconds(), h.withAttrs(kind, attrs))
}

func (h *hooks) recordRateLimit(ctx context.Context, limit agento.RateLimit) {
	if limit.Known {
		attrs := h.withAttrs("", nil)
		h.meters.rateLimit.Record(ctx, int64(limit.Limit), attrs)
		h.meters.remaining.Record(ctx, int64(limit.Remaining), attrs)
	}
}

func (h *hooks) recordCall(ctx context.Context, info agento.CallInfo, took time.Duration, kind string) {
	if h.meters.call.Enabled(ctx) {
		h.meters.call.Record(ctx, took.Seconds(), h.callAttrs(info, kind))
	}
}

func (h *hooks) recordWait(ctx context.Context, info agento.CallInfo, waited time.Duration) {
	h.meters.queueWait.Record(ctx, waited.Seconds(), h.callAttrs(info, ""))
}

func (h *hooks) recordRetry(ctx context.Context, info agento.CallInfo, kind string) {
	h.meters.retries.Add(ctx, 1, h.callAttrs(info, kind))
}

func (h *hooks) recordOpen(ctx context.Context, info agento.CallInfo) {
	h.meters.openStreams.Add(ctx, 1, h.callAttrs(info, ""))
}

func (h *hooks) recordStreamEnd(ctx context.Context, info agento.CallInfo, reason agento.StreamEndReason, kind string) {
	h.meters.openStreams.Add(ctx, -1, h.callAttrs(info, ""))
	h.meters.streamEnds.Add(ctx, 1, h.callAttrs(info, kind, keyStreamEnd.String(string(reason))))
}

func (h *hooks) recordReconnect(ctx context.Context, info agento.CallInfo, kind string) {
	h.meters.reconnects.Add(ctx, 1, h.callAttrs(info, kind))
}

func (h *hooks) recordFirstChunk(ctx context.Context, server []attribute.KeyValue, after time.Duration) {
	h.meters.firstChunk.Float64Histogram.Record(ctx, after.Seconds(), h.withAttrs("", chatAttrs(server)))
}

func (h *hooks) recordChat(ctx context.Context, server []attribute.KeyValue, took time.Duration, kind string) {
	h.meters.chat.Float64Histogram.Record(ctx, took.Seconds(), h.withAttrs(kind, chatAttrs(server)))
}

func chatAttrs(server []attribute.KeyValue) []attribute.KeyValue {
	return append(slices.Clip(chatAttributes), server...)
}
