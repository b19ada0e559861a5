// Package replay tests the example of go-vcr in docs/testing.md.
package replay

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	vcr "gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestReplayWithVCR(t *testing.T) {
	server := agentotest.NewServer() // in your test: the real service, for the first run
	id := server.AddAgent(agentotest.AgentSeed{Name: "Support"})
	file := t.TempDir() + "/agent" // in your test: "testdata/agent"; go-vcr adds ".yaml"
	for _, run := range []string{"record", "replay"} {
		t.Run(run, func(t *testing.T) {
			client := server.Client(agento.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				cassette, err := vcr.New(file, vcr.WithRealTransport(next))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = cassette.Stop() }) // writes the file
				return cassette
			}))
			if agent, err := client.Agents.Get(t.Context(), id); err != nil || agent.Name != "Support" {
				t.Errorf("%+v, %v", agent, err)
			}
		})
		server.Close() // replay needs no service
	}
}

func TestDocumentHasTest(t *testing.T) {
	page, err := os.ReadFile("../../../docs/testing.md")
	require.NoError(t, err)
	own, err := os.ReadFile("replay_test.go")
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(own), "\nfunc TestReplayWithVCR")
	code, _, _ = strings.Cut(code, "\n}\n")
	block := "```go\nfunc TestReplayWithVCR" + code + "\n}\n```\n"
	require.True(t, strings.Contains(string(page), block), "copy TestReplayWithVCR to docs/testing.md")
}
