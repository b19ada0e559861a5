package agento_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// requireSent compares what the calls send with a golden file. To write the file:
//
//	go test . -run Bodies -update
func requireSent(t *testing.T, golden string, calls []func(*agento.Client) error) {
	t.Helper()
	var sent strings.Builder
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(&sent, "%s %s %s\n", r.Method, r.URL.Path, body)
		return harness.Respond(200, `{"data":{"id":"x","ingested":2}}`), err
	}))
	for _, call := range calls {
		require.NoError(t, call(client))
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(sent.String()), 0o644))
		return
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), sent.String(), "run: go test . -run Bodies -update")
}

// Each field of each PATCH is left out, set, set to its zero value, and cleared.
func TestUpdateBodies(t *testing.T) {
	agent := func(p agento.UpdateAgentParams) func(*agento.Client) error {
		return func(c *agento.Client) error {
			_, err := c.Agents.Update(t.Context(), "a1", p)
			return err
		}
	}
	swarm := func(p agento.UpdateSwarmParams) func(*agento.Client) error {
		return func(c *agento.Client) error {
			_, err := c.Swarms.Update(t.Context(), "s1", p)
			return err
		}
	}
	text, empty, clear := agento.Set("v"), agento.Set(""), agento.Clear[string]()
	requireSent(t, "testdata/requests/update.txt", []func(*agento.Client) error{
		agent(agento.UpdateAgentParams{}),
		agent(agento.UpdateAgentParams{Name: text}),
		agent(agento.UpdateAgentParams{Name: empty}),
		agent(agento.UpdateAgentParams{Name: clear}),
		agent(agento.UpdateAgentParams{Description: text}),
		agent(agento.UpdateAgentParams{Description: empty}),
		agent(agento.UpdateAgentParams{Description: clear}),
		agent(agento.UpdateAgentParams{Region: text}),
		agent(agento.UpdateAgentParams{Region: empty}),
		agent(agento.UpdateAgentParams{Region: clear}),
		agent(agento.UpdateAgentParams{Image: text}),
		agent(agento.UpdateAgentParams{Image: empty}),
		agent(agento.UpdateAgentParams{Image: clear}),
		agent(agento.UpdateAgentParams{SwarmID: text}),
		agent(agento.UpdateAgentParams{SwarmID: empty}),
		agent(agento.UpdateAgentParams{SwarmID: clear}),
		agent(agento.UpdateAgentParams{SharedMode: agento.Set(true)}),
		agent(agento.UpdateAgentParams{SharedMode: agento.Set(false)}),
		agent(agento.UpdateAgentParams{SharedMode: agento.Clear[bool]()}),
		agent(agento.UpdateAgentParams{Name: text, Description: clear, SwarmID: clear, SharedMode: agento.Set(false)}),
		swarm(agento.UpdateSwarmParams{}),
		swarm(agento.UpdateSwarmParams{Name: text}),
		swarm(agento.UpdateSwarmParams{Name: empty}),
		swarm(agento.UpdateSwarmParams{Name: clear}),
		swarm(agento.UpdateSwarmParams{Description: text}),
		swarm(agento.UpdateSwarmParams{Description: empty}),
		swarm(agento.UpdateSwarmParams{Description: clear}),
		swarm(agento.UpdateSwarmParams{Secrets: agento.Secrets{"k": "v"}}),
		swarm(agento.UpdateSwarmParams{Name: text, Description: clear, Secrets: agento.Secrets{"k": "v"}}),
	})
	sent, err := os.ReadFile("testdata/requests/update.txt")
	require.NoError(t, err)
	for _, params := range []reflect.Type{reflect.TypeFor[agento.UpdateAgentParams](), reflect.TypeFor[agento.UpdateSwarmParams]()} {
		for i := range params.NumField() {
			require.Contains(t, string(sent), `"`+jsonname.In(params, params.Field(i).Name)+`"`, "every field is here")
		}
	}
}

func TestCreateBodies(t *testing.T) {
	requireSent(t, "testdata/requests/create.txt", []func(*agento.Client) error{
		func(c *agento.Client) error {
			_, err := c.Swarms.Create(t.Context(), agento.CreateSwarmParams{Name: "n"})
			return err
		},
		func(c *agento.Client) error {
			_, err := c.Swarms.Create(t.Context(), agento.CreateSwarmParams{Name: "n", Description: "d", Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk"}})
			return err
		},
		func(c *agento.Client) error {
			_, err := c.Chat.CreateSession(t.Context(), "a1", agento.CreateSessionParams{})
			return err
		},
		func(c *agento.Client) error {
			_, err := c.Chat.CreateSession(t.Context(), "a1", agento.CreateSessionParams{Title: "t", PeerID: "p"})
			return err
		},
		func(c *agento.Client) error {
			_, err := c.Knowledge.Ingest(t.Context(), agento.ForSwarm("s1"), agento.IngestParams{Chunks: []agento.ChunkParams{
				{Content: "c"}, {Content: "c", Title: "t", Source: "s", Metadata: map[string]any{"k": 1}},
			}})
			return err
		},
		func(c *agento.Client) error {
			return c.Account.SetSecrets(t.Context(), agento.ForAgent("a1"), agento.Secrets{agento.AnthropicAPIKey: "sk"})
		},
		func(c *agento.Client) error {
			return c.Account.PutRule(t.Context(), agento.ForAgent("a1"), "tone.md", "")
		},
		func(c *agento.Client) error {
			_, err := c.Skills.Upload(t.Context(), agento.UploadSkillParams{Name: "n", Version: "1.0.0", Files: map[string]string{"SKILL.md": "x"}})
			return err
		},
		func(c *agento.Client) error {
			_, err := c.Skills.Install(t.Context(), "a1", agento.InstallSkillParams{SkillID: "k1", Version: "1.0.0"})
			return err
		},
		func(c *agento.Client) error {
			_, err := c.Skills.Install(t.Context(), "a1", agento.InstallSkillParams{GitHubURL: "https://github.com/owner/repo"})
			return err
		},
	})
}
