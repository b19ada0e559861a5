package agento_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// sentBy returns the body that a call sends. The answer to it is any object.
func sentBy(t *testing.T, call func(*agento.Client) error) string {
	t.Helper()
	var sent []byte
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		var err error
		sent, err = io.ReadAll(r.Body)
		return harness.Respond(200, `{"data":{"id":"x"}}`), err
	}))
	require.NoError(t, call(client))
	return string(sent)
}

// Each field of each PATCH, left, set, set to its zero value and cleared. The
// JSON is compared as text.
func TestUpdatesSendExactly(t *testing.T) {
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

func TestCreatesSendExactly(t *testing.T) {
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

// Bodies with secrets print without them, also inside of other values.
func TestSecretsInParamsDoNotPrint(t *testing.T) {
	const secret = "sk-made-up-0001"
	secrets := agento.Secrets{"anthropicApiKey": secret}
	type job struct {
		Params any
		Create agento.CreateSwarmParams
		Update *agento.UpdateSwarmParams
		Agent  *agento.CreateAgentParams
	}
	agent := agento.CreateAgentParams{Name: "n", Secrets: secrets}
	update := agento.UpdateSwarmParams{Secrets: secrets}
	create := agento.CreateSwarmParams{Name: "n", Secrets: secrets}
	for _, v := range []any{create, update, &create, &update, []any{create}, job{update, create, &update, &agent}, agent, &agent} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			require.Contains(t, fmt.Sprintf(verb, v), "anthropicApiKey", verb)
			require.NotContains(t, fmt.Sprintf(verb, v), secret, verb)
			require.NotContains(t, fmt.Sprintf(verb, v), fmt.Sprintf("%x", secret))
		}
		encoded, err := json.Marshal(v)
		require.Error(t, err, "%s", encoded)
	}
}

// requireMade expects the error of a change that was made and could not be read:
// it is of the change, and not of the kinds that would say that nothing was done.
func requireMade(t *testing.T, err error, status int) {
	t.Helper()
	require.ErrorContains(t, err, "the change was confirmed, but reading the result failed")
	require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
	for _, kind := range []error{
		agento.ErrConflict, agento.ErrRateLimited, agento.ErrNotFound, agento.ErrNoRoute, agento.ErrForbidden,
		agento.ErrUnauthorized, agento.ErrValidation, agento.ErrInternal,
	} {
		require.NotErrorIs(t, err, kind)
	}
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.StatusCode)
	require.NotEqual(t, http.MethodGet, e.Method)
	require.Zero(t, e.RetryAfter)
	require.NotContains(t, err.Error(), "\n")
}

// A change that is confirmed, and whose object cannot be read, keeps what the
// read says as text.
func TestChangeThatCannotBeRead(t *testing.T) {
	refused := map[string]int{"conflict": 409, "rate_limit_exceeded": 429, "agent_not_found": 404, "forbidden": 403, "internal_error": 500}
	for code, status := range refused {
		for name, call := range map[string]func(*agento.Client) error{
			"agent": func(c *agento.Client) error {
				_, err := c.Agents.Update(t.Context(), "x", agento.UpdateAgentParams{})
				return err
			},
			"swarm": func(c *agento.Client) error {
				_, err := c.Swarms.Update(t.Context(), "x", agento.UpdateSwarmParams{})
				return err
			},
			"document": func(c *agento.Client) error {
				_, err := c.Account.UpdateWorkflow(t.Context(), agento.ForAgent("x"), agento.UpdateDocumentParams{Content: "new", Version: "1"})
				return err
			},
		} {
			t.Run(code+", "+name, func(t *testing.T) {
				var methods []string
				answer := harness.Respond(status, `{"error":{"code":"`+code+`","message":"says the read"}}`, "X-Request-Id", "req_read")
				client := harness.Client(t, harness.InOrder(t, &methods, harness.Respond(204, "", "X-Request-Id", "req_change"), answer), agento.WithMaxRetries(0))
				err := call(client)
				require.Len(t, methods, 2)
				requireMade(t, err, 204)
				require.ErrorContains(t, err, "says the read")
				require.ErrorContains(t, err, "req_read")
				var e *agento.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, "req_change", e.RequestID)
			})
		}
	}
}

// When it is the context that ends the read, the error says so.
func TestContextEndsBeforeAChangeIsRead(t *testing.T) {
	left := errors.New("the user left")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPatch {
			return harness.Respond(204, ""), nil
		}
		cancel(left)
		return nil, r.Context().Err()
	}))
	_, err := client.Agents.Update(ctx, "x", agento.UpdateAgentParams{})
	requireMade(t, err, 204)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, left)
}
