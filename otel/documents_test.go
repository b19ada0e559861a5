package agentootel_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/documents"
)

// TestGoInDocuments runs the code blocks of documents that use this package.
func TestGoInDocuments(t *testing.T) {
	all, err := documents.All("..")
	require.NoError(t, err)
	blocks, _ := documents.Go(all, "agentootel")
	blocks = slices.DeleteFunc(blocks, func(b documents.Block) bool { return strings.HasPrefix(b.Text, "package main") }) // tested in examples/cli
	require.Len(t, blocks, 3)
	require.NoError(t, documents.Run(t.Context(), ".", blocks, map[string]string{
		"agentootel": "github.com/remsyshq/agento-go/otel",
		"attribute":  "go.opentelemetry.io/otel/attribute",
	}))
}

// TestDocumentListsAllNames checks that docs/telemetry.md contains every exported name.
func TestDocumentListsAllNames(t *testing.T) {
	doc, err := os.ReadFile("../docs/telemetry.md")
	require.NoError(t, err)
	run(t, []agentotest.Option{replyPrivate(), agentotest.WithRateLimit(5, time.Minute)}, nil, func(w *fixture) {
		w.chat()
		w.configure()
		w.failCalls()
		_, err := w.client.Account.Get(w.ctx, agento.WithBulk(true))
		require.NoError(t, err)
		names := w.names()
		require.Greater(t, len(names), 38)
		for name := range names {
			require.Contains(t, string(doc), "`"+name+"`")
		}
	})
}

// names returns the names of all exported attributes, events and metrics.
func (w *fixture) names() map[string]bool {
	names := map[string]bool{}
	for _, s := range w.exporter.GetSpans() {
		for _, a := range s.Attributes {
			names[string(a.Key)] = true
		}
		for _, e := range s.Events {
			names[e.Name] = true
			for _, a := range e.Attributes {
				names[string(a.Key)] = true
			}
		}
	}
	for _, scope := range w.metrics().ScopeMetrics {
		for _, m := range scope.Metrics {
			names[m.Name] = true
		}
	}
	return names
}
