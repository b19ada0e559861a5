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
	// chatBuckets are those that the conventions of generative AI name.
	chatBuckets = metric.WithExplicitBucketBoundaries(
		0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
	// waitBuckets reach from a turn among a few callers to a window of the rate
	// limit and longer queues before it.
	waitBuckets = metric.WithExplicitBucketBoundaries(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
)

func newMeters(m metric.Meter) meters {
	return meters{
		request:    made(httpconv.NewClientRequestDuration(m)),
		chat:       made(genaiconv.NewClientOperationDuration(m, chatBuckets)),
		firstChunk: made(genaiconv.NewClientOperationTimeToFirstChunk(m, chatBuckets)),
		call: made(m.Float64Histogram("agento.client.call.duration", metric.WithUnit("s"), waitBuckets,
			metric.WithDescription("Time from a call of the SDK to its result, with all waits and attempts; for a stream, until it is open."))),
		queueWait: made(m.Float64Histogram("agento.client.queue.wait", metric.WithUnit("s"), waitBuckets,
			metric.WithDescription("Waits of at least a millisecond for a place in the rate limit."))),
		openStreams: made(m.Int64UpDownCounter("agento.client.open_streams", metric.WithUnit("{stream}"),
			metric.WithDescription("Streams that are open."))),
		streamEnds: made(m.Int64Counter("agento.client.stream.end", metric.WithUnit("{stream}"),
			metric.WithDescription("Streams that have ended, by how."))),
		retries: made(m.Int64Counter("agento.client.retries", metric.WithUnit("{retry}"),
			metric.WithDescription("Attempts that are followed by another one, by what went wrong."))),
		reconnects: made(m.Int64Counter("agento.client.reconnects", metric.WithUnit("{reconnect}"),
			metric.WithDescription("New connections of log streams, by what ended the last one."))),
		drifts: made(m.Int64Counter("agento.client.drift", metric.WithUnit("{field}"),
			metric.WithDescription("Fields of responses that differ from what the SDK expects, once each."))),
		rateLimit: made(m.Int64Gauge("agento.client.rate_limit.limit", metric.WithUnit("{request}"),
			metric.WithDescription("Requests that the rate limit of the key allows in a window."))),
		remaining: made(m.Int64Gauge("agento.client.rate_limit.remaining", metric.WithUnit("{request}"),
			metric.WithDescription("Requests that are left in the window, as of the newest response."))),
	}
}

// made reports an error where OpenTelemetry wants it. The instrument beside it
// can be used all the same.
func made[T any](instrument T, err error) T {
	if err != nil {
		otel.Handle(err)
	}
	return instrument
}

// of is the attributes of every metric of the SDK's own, and those given. An
// empty error type is left out.
func (h *hooks) of(info agento.CallInfo, kind string, more ...attribute.KeyValue) metric.MeasurementOption {
	return h.set(kind, append(more, keyOperation.String(operation(info))))
}

func (h *hooks) set(kind string, attrs []attribute.KeyValue) metric.MeasurementOption {
	all := make([]attribute.KeyValue, 0, len(h.attrs)+len(attrs)+1)
	all = append(append(all, h.attrs...), attrs...)
	if kind != "" {
		all = append(all, semconv.ErrorTypeKey.String(kind))
	}
	return metric.WithAttributeSet(attribute.NewSet(all...))
}

func (h *hooks) requested(ctx context.Context, info agento.CallInfo, server []attribute.KeyValue, r agento.ResponseInfo, kind string) {
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
	h.meters.request.Float64Histogram.Record(ctx, r.Took.Seconds(), h.set(kind, attrs))
}

// limited records the rate limit that a response reports.
func (h *hooks) limited(ctx context.Context, limit agento.RateLimit) {
	if limit.Known {
		attrs := h.set("", nil)
		h.meters.rateLimit.Record(ctx, int64(limit.Limit), attrs)
		h.meters.remaining.Record(ctx, int64(limit.Remaining), attrs)
	}
}

func (h *hooks) called(ctx context.Context, info agento.CallInfo, took time.Duration, kind string) {
	if h.meters.call.Enabled(ctx) {
		h.meters.call.Record(ctx, took.Seconds(), h.of(info, kind))
	}
}

func (h *hooks) queued(ctx context.Context, info agento.CallInfo, waited time.Duration) {
	h.meters.queueWait.Record(ctx, waited.Seconds(), h.of(info, ""))
}

func (h *hooks) retried(ctx context.Context, info agento.CallInfo, kind string) {
	h.meters.retries.Add(ctx, 1, h.of(info, kind))
}

func (h *hooks) opened(ctx context.Context, info agento.CallInfo) {
	h.meters.openStreams.Add(ctx, 1, h.of(info, ""))
}

func (h *hooks) ended(ctx context.Context, info agento.CallInfo, reason agento.StreamEndReason, kind string) {
	h.meters.openStreams.Add(ctx, -1, h.of(info, ""))
	h.meters.streamEnds.Add(ctx, 1, h.of(info, kind, keyStreamEnd.String(string(reason))))
}

func (h *hooks) reconnected(ctx context.Context, info agento.CallInfo, kind string) {
	h.meters.reconnects.Add(ctx, 1, h.of(info, kind))
}

func (h *hooks) began(ctx context.Context, server []attribute.KeyValue, after time.Duration) {
	h.meters.firstChunk.Float64Histogram.Record(ctx, after.Seconds(), h.set("", chatOf(server)))
}

func (h *hooks) chatted(ctx context.Context, server []attribute.KeyValue, took time.Duration, kind string) {
	h.meters.chat.Float64Histogram.Record(ctx, took.Seconds(), h.set(kind, chatOf(server)))
}

// chatOf is the attributes of the metrics of a chat.
func chatOf(server []attribute.KeyValue) []attribute.KeyValue {
	return append(slices.Clip(chatAttributes), server...)
}
