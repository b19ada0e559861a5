package agento_test

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// sentBy returns the body that a call sends.
func sentBy(t *testing.T, call func(*agento.Client) error) string {
	t.Helper()
	var sent []byte
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		var err error
		sent, err = io.ReadAll(r.Body)
		return harness.Respond(200, `{"data":{"id":"x","ingested":2}}`), err
	}))
	require.NoError(t, call(client))
	return string(sent)
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
	golden := []struct {
		call func(*agento.Client) error
		want string
	}{
		{agent(agento.UpdateAgentParams{}), `{}`},
		{agent(agento.UpdateAgentParams{Name: text}), `{"name":"v"}`},
		{agent(agento.UpdateAgentParams{Name: empty}), `{"name":""}`},
		{agent(agento.UpdateAgentParams{Name: clear}), `{"name":null}`},
		{agent(agento.UpdateAgentParams{Description: text}), `{"description":"v"}`},
		{agent(agento.UpdateAgentParams{Description: empty}), `{"description":""}`},
		{agent(agento.UpdateAgentParams{Description: clear}), `{"description":null}`},
		{agent(agento.UpdateAgentParams{Region: text}), `{"region":"v"}`},
		{agent(agento.UpdateAgentParams{Region: empty}), `{"region":""}`},
		{agent(agento.UpdateAgentParams{Region: clear}), `{"region":null}`},
		{agent(agento.UpdateAgentParams{Image: text}), `{"image":"v"}`},
		{agent(agento.UpdateAgentParams{Image: empty}), `{"image":""}`},
		{agent(agento.UpdateAgentParams{Image: clear}), `{"image":null}`},
		{agent(agento.UpdateAgentParams{SwarmID: text}), `{"swarmId":"v"}`},
		{agent(agento.UpdateAgentParams{SwarmID: empty}), `{"swarmId":""}`},
		{agent(agento.UpdateAgentParams{SwarmID: clear}), `{"swarmId":null}`},
		{agent(agento.UpdateAgentParams{SharedMode: agento.Set(true)}), `{"sharedMode":true}`},
		{agent(agento.UpdateAgentParams{SharedMode: agento.Set(false)}), `{"sharedMode":false}`},
		{agent(agento.UpdateAgentParams{SharedMode: agento.Clear[bool]()}), `{"sharedMode":null}`},
		{
			agent(agento.UpdateAgentParams{Name: text, Description: clear, SwarmID: clear, SharedMode: agento.Set(false)}),
			`{"name":"v","description":null,"swarmId":null,"sharedMode":false}`,
		},
		{swarm(agento.UpdateSwarmParams{}), `{}`},
		{swarm(agento.UpdateSwarmParams{Name: text}), `{"name":"v"}`},
		{swarm(agento.UpdateSwarmParams{Name: empty}), `{"name":""}`},
		{swarm(agento.UpdateSwarmParams{Name: clear}), `{"name":null}`},
		{swarm(agento.UpdateSwarmParams{Description: text}), `{"description":"v"}`},
		{swarm(agento.UpdateSwarmParams{Description: empty}), `{"description":""}`},
		{swarm(agento.UpdateSwarmParams{Description: clear}), `{"description":null}`},
		{swarm(agento.UpdateSwarmParams{Secrets: agento.Secrets{"k": "v"}}), `{"secrets":{"k":"v"}}`},
		{
			swarm(agento.UpdateSwarmParams{Name: text, Description: clear, Secrets: agento.Secrets{"k": "v"}}),
			`{"name":"v","description":null,"secrets":{"k":"v"}}`,
		},
	}
	for _, tt := range golden {
		t.Run(tt.want, func(t *testing.T) { require.Equal(t, tt.want, sentBy(t, tt.call)) })
	}
	t.Run("every field is here", func(t *testing.T) {
		var all strings.Builder
		for _, tt := range golden {
			all.WriteString(tt.want)
		}
		for _, params := range []reflect.Type{reflect.TypeFor[agento.UpdateAgentParams](), reflect.TypeFor[agento.UpdateSwarmParams]()} {
			for i := range params.NumField() {
				name := strings.ToLower(params.Field(i).Name)
				require.Contains(t, strings.ToLower(all.String()), `"`+name+`"`)
			}
		}
	})
}

func TestCreateBodies(t *testing.T) {
	for _, tt := range []struct {
		want string
		call func(*agento.Client) error
	}{
		{`{"name":"n"}`, func(c *agento.Client) error {
			_, err := c.Swarms.Create(t.Context(), agento.CreateSwarmParams{Name: "n"})
			return err
		}},
		{`{"name":"n","description":"d","secrets":{"anthropicApiKey":"sk"}}`, func(c *agento.Client) error {
			_, err := c.Swarms.Create(t.Context(), agento.CreateSwarmParams{Name: "n", Description: "d", Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk"}})
			return err
		}},
		{`{}`, func(c *agento.Client) error {
			_, err := c.Chat.CreateSession(t.Context(), "a1", agento.CreateSessionParams{})
			return err
		}},
		{`{"title":"t","peerId":"p"}`, func(c *agento.Client) error {
			_, err := c.Chat.CreateSession(t.Context(), "a1", agento.CreateSessionParams{Title: "t", PeerID: "p"})
			return err
		}},
		{`{"chunks":[{"content":"c"},{"content":"c","title":"t","source":"s","metadata":{"k":1}}]}`, func(c *agento.Client) error {
			_, err := c.Knowledge.Ingest(t.Context(), agento.ForSwarm("s1"), agento.IngestParams{Chunks: []agento.ChunkParams{
				{Content: "c"}, {Content: "c", Title: "t", Source: "s", Metadata: map[string]any{"k": 1}},
			}})
			return err
		}},
		{`{"anthropicApiKey":"sk"}`, func(c *agento.Client) error {
			return c.Account.SetSecrets(t.Context(), agento.ForAgent("a1"), agento.Secrets{agento.AnthropicAPIKey: "sk"})
		}},
		{`{"content":""}`, func(c *agento.Client) error {
			return c.Account.PutRule(t.Context(), agento.ForAgent("a1"), "tone.md", "")
		}},
		{`{"name":"n","version":"1.0.0","files":{"SKILL.md":"x"}}`, func(c *agento.Client) error {
			_, err := c.Skills.Upload(t.Context(), agento.UploadSkillParams{Name: "n", Version: "1.0.0", Files: map[string]string{"SKILL.md": "x"}})
			return err
		}},
		{`{"skillId":"k1","version":"1.0.0"}`, func(c *agento.Client) error {
			_, err := c.Skills.Install(t.Context(), "a1", agento.InstallSkillParams{SkillID: "k1", Version: "1.0.0"})
			return err
		}},
		{`{"githubUrl":"https://github.com/owner/repo"}`, func(c *agento.Client) error {
			_, err := c.Skills.Install(t.Context(), "a1", agento.InstallSkillParams{GitHubURL: "https://github.com/owner/repo"})
			return err
		}},
	} {
		t.Run(tt.want, func(t *testing.T) { require.Equal(t, tt.want, sentBy(t, tt.call)) })
	}
}
