// Package documents_test has what the blocks of Go code in the documents take
// for granted; the blocks themselves are added when it is tested.
package documents_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/remsyshq/agento-go/internal/test/documents"
)

var (
	tracers *trace.TracerProvider
	meters  *metric.MeterProvider
)

var setups = map[string]func(*documents.Service){
	"telemetry_opentelemetry_2": func(s *documents.Service) {
		export(s)
		otel.SetTracerProvider(tracers)
		otel.SetMeterProvider(meters)
	},
	"telemetry_opentelemetry_3": export,
}

// export prints the spans and metrics of a block, and the attributes that it
// adds itself.
func export(s *documents.Service) {
	exporter, reader := tracetest.NewInMemoryExporter(), metric.NewManualReader()
	tracers = trace.NewTracerProvider(trace.WithSyncer(exporter))
	meters = metric.NewMeterProvider(metric.WithReader(reader))
	s.After = func() {
		for _, span := range exporter.GetSpans() {
			fmt.Print("span ", span.Name)
			for _, a := range span.Attributes {
				if a.Key == "app.key" {
					fmt.Printf(" %s=%s", a.Key, a.Value.AsString())
				}
			}
			fmt.Println()
		}
		var data metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &data); err != nil {
			panic(err)
		}
		for _, scope := range data.ScopeMetrics {
			for _, m := range scope.Metrics {
				fmt.Println("metric", m.Name)
			}
		}
	}
}
