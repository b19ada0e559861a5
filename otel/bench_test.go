package agentootel_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	agento "github.com/remsyshq/agento-go"
	agentootel "github.com/remsyshq/agento-go/otel"
)

// discard is a span processor that does nothing, so that a benchmark does not measure
// an exporter.
type discard struct{}

func (discard) OnStart(context.Context, trace.ReadWriteSpan) {}
func (discard) OnEnd(trace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error               { return nil }
func (discard) ForceFlush(context.Context) error             { return nil }

func instruments() map[string][]agento.Option {
	return map[string][]agento.Option{
		"none":         nil,
		"no providers": {agentootel.Instrument()},
		"sampled out": {agentootel.Instrument(
			agentootel.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(discard{}), trace.WithSampler(trace.NeverSample()))),
			agentootel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))))},
		"sdk": {agentootel.Instrument(
			agentootel.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(discard{}))),
			agentootel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))))},
	}
}

func benchmark(b *testing.B, contentType, body string, run func(*agento.Client) error) {
	for _, name := range []string{"none", "no providers", "sampled out", "sdk"} {
		b.Run(name, func(b *testing.B) {
			transport := roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}, "X-Request-Id": {"req_1"}},
					Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
			})
			opts := append(instruments()[name], agento.WithHTTPClient(&http.Client{Transport: transport}))
			client, err := agento.New("ak_live_0123456789abcdef0123456789abcdef", opts...)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := run(client); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	benchmark(b, "application/json", `{"data":{"id":"agt_1","name":"Support","status":"running"}}`, func(c *agento.Client) error {
		_, err := c.Agents.Get(context.Background(), "agt_1")
		return err
	})
}

func BenchmarkChat1000Events(b *testing.B) {
	answer := strings.Repeat("data: {\"type\":\"text\",\"content\":\"word \"}\n\n", 999) + "data: {\"type\":\"done\"}\n\n"
	benchmark(b, "text/event-stream", answer, func(c *agento.Client) error {
		_, err := c.Chat.Ask(context.Background(), "agt_1", agento.SendMessageParams{Message: "Hello"})
		return err
	})
}
