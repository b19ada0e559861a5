// Package agentootel gives the calls and streams of an Agento client
// OpenTelemetry spans and metrics:
//
//	client, err := agento.New(os.Getenv("AGENTO_API_KEY"), agentootel.Instrument())
//
// The package is not called otel, so that a file which sets up OpenTelemetry can
// import both under their own names.
//
// # Spans
//
// A call is a span of kind internal, named after its operation, and each of its
// attempts a child of kind client by the semantic conventions of HTTP. A chat is
// a span of kind client by those of generative AI. The span of a stream ends
// when the stream ends, which for a log may be days after its begin. A call that
// the SDK refuses for its arguments has no span.
//
// # What is not told
//
// No span and no metric holds the key, a secret, the content of a message or of
// an answer, a header, the service's error messages, or the query of a URL. Ids
// are on spans and never on metrics.
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

// Option changes what [Instrument] and [NewObserver] do.
type Option func(*config)

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	attrs   []attribute.KeyValue
}

// WithTracerProvider makes the spans with p. The default is the global provider,
// which may be set later. Nil leaves the default.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) {
		if p != nil {
			c.tracers = p
		}
	}
}

// WithMeterProvider makes the metrics with p. The default is the global
// provider, which may be set later. Nil leaves the default.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) {
		if p != nil {
			c.meters = p
		}
	}
}

// WithAttributes adds attributes to every span and every metric, for example to
// tell the clients of two keys apart. They should have few values. It adds up.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attrs = append(c.attrs, attrs...) }
}

// Instrument is the option for [agento.New]. It is an [agento.WithObserver], of
// which a client has one: to listen besides, see [NewObserver].
func Instrument(opts ...Option) agento.Option {
	return agento.WithObserver(NewObserver(opts...))
}

// NewObserver returns what [Instrument] gives to the client, for programs that
// listen with an [agento.Observer] of their own too: call its functions from
// yours. Start must be called and its context returned, since it holds the span.
// Errors of the meter go to OpenTelemetry's error handler.
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
		CallEnd:    h.done,
		FirstEvent: h.firstEvent,
		Reconnect:  h.reconnect,
		StreamEnd:  h.streamEnd,
		Drift:      h.drift,
	}
}
