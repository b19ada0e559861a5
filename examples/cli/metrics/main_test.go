package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	client_golang "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
	agentootel "github.com/remsyshq/agento-go/otel"
)

func document(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/telemetry.md")
	require.NoError(t, err)
	return string(page)
}

func TestDocumentHasProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(program), "package main\n")
	require.True(t, strings.Contains(document(t), "```go\npackage main\n"+code+"```\n"), "copy main.go to docs/telemetry.md")
}

func TestMetricsPage(t *testing.T) {
	service := agentotest.NewServer()
	defer service.Close()
	page := scrape(t, service)
	require.NotContains(t, page, service.Key())

	host, port, _ := strings.Cut(strings.TrimPrefix(service.URL, "http://"), ":")
	page = strings.NewReplacer(host, "api.agento.host", port, "443").Replace(page)
	_, shown, _ := strings.Cut(document(t), "the page contains:\n\n```text\n")
	shown, _, _ = strings.Cut(shown, "```")
	require.Equal(t, 4, strings.Count(shown, "\n"))
	for line := range strings.Lines(shown) {
		require.Contains(t, page, "\n"+line)
	}
}

// scrape runs the program against a service and returns its metrics page.
func scrape(t *testing.T, service *agentotest.Server) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "metrics")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	command := exec.CommandContext(t.Context(), program)
	command.Env = append(os.Environ(), "AGENTO_API_KEY="+service.Key(), "AGENTO_BASE_URL="+service.URL, "METRICS_ADDR=localhost:0")
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	resp, err := http.Get(strings.TrimSpace(address))
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(page)
}

// The table of metrics contains the Prometheus name of every metric.
func TestDocumentHasPrometheusNames(t *testing.T) {
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `[a-z_.]+` \\|.*\\| `([a-z_]+)` \\|$").FindAllStringSubmatch(document(t), -1) {
		documented = append(documented, m[1])
	}
	registry := client_golang.NewRegistry()
	exporter, err := prometheus.New(prometheus.WithoutScopeInfo(), prometheus.WithoutTargetInfo(), prometheus.WithRegisterer(registry))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		recordAll(t, metric.NewMeterProvider(metric.WithReader(exporter)))
	})
	families, err := registry.Gather()
	require.NoError(t, err)
	var exported []string
	for _, family := range families {
		exported = append(exported, family.GetName())
	}
	require.ElementsMatch(t, exported, documented)
}

// recordAll makes calls that record every metric.
func recordAll(t *testing.T, meters *metric.MeterProvider) {
	server := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithRateLimit(3, time.Minute))
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{Name: "Support"})
	client := server.Client(agentootel.Instrument(agentootel.WithMeterProvider(meters)))
	_, err := client.Chat.Ask(t.Context(), agent, agento.SendMessageParams{Message: "Hello"})
	require.NoError(t, err)
	server.Next("getAgent", 1, agentotest.Fail(503, "internal_error"))
	server.Next("getAgent", 1, agentotest.Answer(agentotest.Raw{Status: 200, Body: []byte(`{"data":{"id":"a1","new_field":1}}`)}))
	_, err = client.Agents.Get(t.Context(), agent)
	require.NoError(t, err)
	stream, err := client.Logs.Stream(t.Context(), agent, nil) // waits for the rate limit
	require.NoError(t, err)
	server.AppendLog(agent, "INFO", "a line")
	<-stream.Events()
	server.DropLogStreams()
	<-stream.Events() // the event that marks the reconnect
	require.NoError(t, stream.Close())
}
