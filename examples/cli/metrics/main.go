// Metrics makes a call and serves its metrics to Prometheus. docs/telemetry.md contains
// this program.
//
//	AGENTO_API_KEY=… go -C examples/cli run ./metrics
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	agento "github.com/remsyshq/agento-go"
	agentootel "github.com/remsyshq/agento-go/otel"
)

func main() {
	exporter, err := prometheus.New(prometheus.WithoutScopeInfo())
	if err != nil {
		log.Fatal(err)
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter))
	client, err := agento.NewFromEnv(agentootel.Instrument(agentootel.WithMeterProvider(meters)))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Account.Get(context.Background()); err != nil {
		log.Print(err)
	}

	http.Handle("GET /metrics", promhttp.Handler())
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("METRICS_ADDR"), "localhost:9464"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/metrics\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
