package agentootel_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	agentootel "github.com/remsyshq/agento-go/otel"
)

// fixture is an in-memory service and an instrumented client.
type fixture struct {
	t        *testing.T
	ctx      context.Context
	server   *agentotest.Server
	client   *agento.Client
	agent    string
	exporter *tracetest.InMemoryExporter
	reader   *metric.ManualReader
	tracers  *trace.TracerProvider
	meters   *metric.MeterProvider
	begun    time.Time
}

// run runs a test in virtual time.
func run(t *testing.T, service []agentotest.Option, opts []agentootel.Option, test func(w *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &fixture{t: t, ctx: t.Context(), exporter: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
		w.server = agentotest.NewServer(append(service, agentotest.WithInMemory())...)
		defer w.server.Close()
		w.agent = w.server.AddAgent(agentotest.AgentSeed{Name: "Support"})
		w.tracers = trace.NewTracerProvider(trace.WithSyncer(w.exporter))
		w.meters = metric.NewMeterProvider(metric.WithReader(w.reader))
		w.client = w.server.Client(agentootel.Instrument(append(opts, w.providers()...)...))
		w.begun = time.Now()
		test(w)
	})
}

func (w *fixture) providers() []agentootel.Option {
	return []agentootel.Option{agentootel.WithTracerProvider(w.tracers), agentootel.WithMeterProvider(w.meters)}
}

// reset deletes the exported spans and restarts the clock of the golden text.
func (w *fixture) reset() {
	w.exporter.Reset()
	w.begun = time.Now()
}

func (w *fixture) metrics() metricdata.ResourceMetrics {
	var rm metricdata.ResourceMetrics
	require.NoError(w.t, w.reader.Collect(context.Background(), &rm))
	return rm
}

// span returns the only span with the given name.
func (w *fixture) span(name string) tracetest.SpanStub {
	w.t.Helper()
	var found []tracetest.SpanStub
	for _, s := range w.exporter.GetSpans() {
		if s.Name == name {
			found = append(found, s)
		}
	}
	require.Len(w.t, found, 1, "spans named %s", name)
	return found[0]
}

// attributes returns the attributes of a span by name.
func attributes(s tracetest.SpanStub) map[string]any {
	m := make(map[string]any)
	for _, a := range s.Attributes {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}
