// Package agentootel records the calls and streams of an Agento client as OpenTelemetry
// spans and metrics:
//
//	client, err := agento.New(os.Getenv("AGENTO_API_KEY"), agentootel.Instrument())
//
// # Spans
//
// Each call has a span of kind internal, named after its operation. Each attempt has a
// child span of kind client that follows the semantic conventions for HTTP. The span
// of a chat message is instead of kind client, is named chat, and follows the conventions
// for generative AI. The span of a stream ends when the stream ends, which for a log may take days. A call with
// an invalid argument has no span.
//
// # Private data
//
// Spans and metrics do not contain the key, secrets, the content of messages and
// answers, the service's error messages, or the query of a URL. The only header is the
// request ID. IDs are on spans, but not on metrics.
//
// docs/telemetry.md in the SDK's repository lists all names.
package agentootel

import (
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	agento "github.com/remsyshq/agento-go"
)

const scopeName = "github.com/remsyshq/agento-go/otel"

// Option configures [Instrument] and [NewObserver].
type Option func(*config)

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	attrs   []attribute.KeyValue
}

// WithTracerProvider sets the provider of the spans. The default is the global provider,
// which may be set later. A nil provider has no effect.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) {
		if p != nil {
			c.tracers = p
		}
	}
}

// WithMeterProvider sets the provider of the metrics. The default is the global
// provider, which may be set later. A nil provider has no effect.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) {
		if p != nil {
			c.meters = p
		}
	}
}

// WithAttributes adds attributes to every span and every metric, for example to
// distinguish two clients. The attributes should have few distinct values. If
// WithAttributes is used more than once, all attributes are added.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attrs = append(c.attrs, attrs...) }
}

// Instrument returns an option for [agento.New] that records spans and metrics. It calls
// [agento.WithObserver], and a client has only one observer. To combine it with your own
// observer, use [NewObserver].
func Instrument(opts ...Option) agento.Option {
	return agento.WithObserver(NewObserver(opts...))
}

// NewObserver returns the observer that [Instrument] uses. A program with its own
// [agento.Observer] can call the functions of this observer from its own. Its own Start must
// return the context from this observer's Start, which contains the span. Errors in creating
// instruments go to OpenTelemetry's error handler.
func NewObserver(opts ...Option) agento.Observer {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	h := &hooks{
		tracer: c.tracers.Tracer(scopeName, trace.WithInstrumentationVersion(agento.Version), trace.WithSchemaURL(semconv.SchemaURL)),
		meters: newMeters(c.meters.Meter(scopeName, metric.WithInstrumentationVersion(agento.Version), metric.WithSchemaURL(semconv.SchemaURL))),
		attrs:  slices.Clip(c.attrs),
	}
	return agento.Observer{
		Start:      h.start,
		Wait:       h.wait,
		Attempt:    h.attempt,
		Response:   h.response,
		Retry:      h.retry,
		CallEnd:    h.callEnd,
		FirstEvent: h.firstEvent,
		Reconnect:  h.reconnect,
		StreamEnd:  h.streamEnd,
		Drift:      h.drift,
	}
}
