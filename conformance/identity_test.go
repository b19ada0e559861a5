package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// results contains the operations that return an object.
var results = map[string]func(context.Context, *agento.Client) (any, error){
	"Agents.Get":    func(ctx context.Context, c *agento.Client) (any, error) { return c.Agents.Get(ctx, "a1") },
	"Agents.Status": func(ctx context.Context, c *agento.Client) (any, error) { return c.Agents.Status(ctx, "a1") },
	"Agents.Create": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Agents.Create(ctx, agento.CreateAgentParams{Name: "n"})
	},
	"Account.Get": func(ctx context.Context, c *agento.Client) (any, error) { return c.Account.Get(ctx) },
	"Account.Personality": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Account.Personality(ctx, agento.ForAgent("a1"))
	},
	"Account.Workflow": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Account.Workflow(ctx, agento.ForAgent("a1"))
	},
	"Account.Rule": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Account.Rule(ctx, agento.ForAgent("a1"), "r")
	},
	"Chat.CreateSession": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Chat.CreateSession(ctx, "a1", agento.CreateSessionParams{})
	},
	"Knowledge.Ingest": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Knowledge.Ingest(ctx, agento.ForAgent("a1"), agento.IngestParams{Chunks: []agento.ChunkParams{{Content: "c"}}})
	},
	"Skills.Get": func(ctx context.Context, c *agento.Client) (any, error) { return c.Skills.Get(ctx, "s1") },
	"Skills.Upload": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Skills.Upload(ctx, agento.UploadSkillParams{Name: "n", Version: "1.0.0", Files: map[string]string{"SKILL.md": "---\nname: n\ndescription: d\n---\n"}})
	},
	"Skills.Install": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Skills.Install(ctx, "a1", agento.InstallSkillParams{SkillID: "s1"})
	},
	"Swarms.Get": func(ctx context.Context, c *agento.Client) (any, error) { return c.Swarms.Get(ctx, "w1") },
	"Swarms.Create": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Swarms.Create(ctx, agento.CreateSwarmParams{Name: "n"})
	},
	"Client.Do": func(ctx context.Context, c *agento.Client) (any, error) {
		var a *agento.Agent
		out := agento.Agent{}
		err := c.Do(ctx, "GET", "/v1/agents/a1", nil, &out)
		if err == nil {
			a = &out
		}
		return a, err
	},
	"Agents.Update": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Agents.Update(ctx, "a1", agento.UpdateAgentParams{Name: agento.Set("n")})
	},
	"Swarms.Update": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Swarms.Update(ctx, "w1", agento.UpdateSwarmParams{Name: agento.Set("n")})
	},
	"Account.UpdatePersonality": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Account.UpdatePersonality(ctx, agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "c"})
	},
	"Account.UpdateWorkflow": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Account.UpdateWorkflow(ctx, agento.ForAgent("a1"), agento.UpdateDocumentParams{Content: "c"})
	},
}

// rowResults contains the operations that return a list.
var rowResults = map[string]func(context.Context, *agento.Client) (any, error){
	"Agents.List": func(ctx context.Context, c *agento.Client) (any, error) { return c.Agents.List(ctx, nil) },
	"Account.Rules": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Account.Rules(ctx, agento.ForAgent("a1"), nil)
	},
	"Chat.History":  func(ctx context.Context, c *agento.Client) (any, error) { return c.Chat.History(ctx, "a1", nil) },
	"Chat.Sessions": func(ctx context.Context, c *agento.Client) (any, error) { return c.Chat.Sessions(ctx, "a1", nil) },
	"Knowledge.List": func(ctx context.Context, c *agento.Client) (any, error) {
		return c.Knowledge.List(ctx, agento.ForAgent("a1"), nil)
	},
	"Skills.Browse":    func(ctx context.Context, c *agento.Client) (any, error) { return c.Skills.Browse(ctx, nil) },
	"Skills.Custom":    func(ctx context.Context, c *agento.Client) (any, error) { return c.Skills.Custom(ctx, nil) },
	"Skills.Installed": func(ctx context.Context, c *agento.Client) (any, error) { return c.Skills.Installed(ctx, "a1") },
	"Swarms.List":      func(ctx context.Context, c *agento.Client) (any, error) { return c.Swarms.List(ctx, nil) },
}

// shapes are responses without the expected object.
var shapes = map[string]string{
	"empty data":    `{"data":{}}`,
	"null data":     `{"data":null}`,
	"success flag":  `{"data":{"success":true}}`,
	"no data":       `{"success":true}`,
	"nested object": `{"data":{"agent":{"id":"a1","content":"c","status":"running","plan":"p"}}}`,
	"job":           `{"data":{"jobId":"j"}}`,
	"null fields":   `{"data":{"id":null,"skillId":null,"content":null,"status":null,"plan":null,"usage":null,"ids":null}}`,
	"blank id":      `{"data":{"id":"","skillId":"","status":"","email":"","version":1}}`,
	"renamed id":    `{"data":{"agentId":"a1","uuid":"u"}}`,
	"success false": `{"success":false,"data":{"id":"a1","content":"c","status":"running","ingested":1}}`,
}

// rowShapes are responses without the expected rows.
var rowShapes = map[string]string{
	"null row":      `{"data":[null],"pagination":{"total":1}}`,
	"empty row":     `{"data":[{}],"pagination":{"total":1}}`,
	"second row":    `{"data":[{"id":"a1","name":"n","content":"c"},{}],"pagination":{"total":2}}`,
	"blank ids":     `{"data":[{"id":"","name":"","skillId":""}],"pagination":{"total":1}}`,
	"renamed":       `{"data":[{"agentId":"a1","label":"n","text":"c"}],"pagination":{"total":1}}`,
	"success false": `{"success":false,"data":[]}`,
	"no data":       `{"success":true}`,
	"one object":    `{"data":{"id":"a1"}}`,
}

func respond(body string) http.RoundTripper {
	return harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(200, body, "X-Request-Id", "req-1"), nil
	})
}

// A response without the identity of its result is an error that contains the response.
func TestResponseWithoutIdentity(t *testing.T) {
	run := func(name string, call func(context.Context, *agento.Client) (any, error), shape, body string) {
		t.Run(name+"/"+shape, func(t *testing.T) {
			client := harness.Client(t, respond(body), agento.WithMaxRetries(0))
			result, err := call(t.Context(), client)
			require.Error(t, err, "%+v", result)
			require.True(t, reflect.ValueOf(result).IsNil(), "the object is nil")
			var e *agento.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, 200, e.StatusCode)
			require.Contains(t, err.Error(), "req-1")
			if !strings.HasPrefix(name, "Client.") {
				require.Contains(t, err.Error(), "WithResponse", "names the option to use")
			}
			isWrite := e.Method != "GET"
			require.Equal(t, isWrite, errors.Is(err, agento.ErrOutcomeUnknown), "%v", err)
			if !strings.Contains(name, "Update") {
				require.JSONEq(t, body, string(e.Body))
			}
		})
	}
	for name, call := range results {
		for shape, body := range shapes {
			run(name, call, shape, body)
		}
	}
	for name, call := range rowResults {
		for shape, body := range rowShapes {
			run(name, call, shape, body)
		}
	}
}

// An empty value is not missing.
func TestResponseWithEmptyContent(t *testing.T) {
	for name, body := range map[string]string{
		"Account.Personality": `{"data":{"content":""}}`,
		"Account.Workflow":    `{"data":{"workflowMd":""}}`,
		"Account.Rule":        `{"data":{"content":""}}`,
		"Agents.Status":       `{"data":{"running":false}}`,
		"Knowledge.Ingest":    `{"data":{"ingested":0}}`,
		"Account.Get":         `{"data":{"usage":{}}}`,
	} {
		_, err := results[name](t.Context(), harness.Client(t, respond(body)))
		require.NoError(t, err, name)
	}
	for name, body := range map[string]string{
		"Chat.History": `{"data":[{"content":""}],"pagination":{"total":1}}`,
		"Agents.List":  `{"data":[]}`, "Swarms.List": `{"data":null}`,
		"Skills.Browse": `{"data":[{"name":"n"}],"pagination":{"total":1}}`,
	} {
		_, err := rowResults[name](t.Context(), harness.Client(t, respond(body)))
		require.NoError(t, err, name)
	}
}

// confirmations contains the operations whose response is not decoded.
var confirmations = map[string]func(context.Context, *agento.Client) error{
	"Agents.Delete":  func(ctx context.Context, c *agento.Client) error { return c.Agents.Delete(ctx, "a1") },
	"Agents.Start":   func(ctx context.Context, c *agento.Client) error { return c.Agents.Start(ctx, "a1") },
	"Agents.Stop":    func(ctx context.Context, c *agento.Client) error { return c.Agents.Stop(ctx, "a1") },
	"Agents.Restart": func(ctx context.Context, c *agento.Client) error { return c.Agents.Restart(ctx, "a1") },
	"Account.SetSecrets": func(ctx context.Context, c *agento.Client) error {
		return c.Account.SetSecrets(ctx, agento.ForAgent("a1"), agento.Secrets{"name": "value"})
	},
	"Account.PutRule": func(ctx context.Context, c *agento.Client) error {
		return c.Account.PutRule(ctx, agento.ForAgent("a1"), "r", "c")
	},
	"Account.DeleteRule": func(ctx context.Context, c *agento.Client) error {
		return c.Account.DeleteRule(ctx, agento.ForAgent("a1"), "r")
	},
	"Knowledge.Delete": func(ctx context.Context, c *agento.Client) error {
		return c.Knowledge.Delete(ctx, agento.ForAgent("a1"), "c1")
	},
	"Skills.Delete":    func(ctx context.Context, c *agento.Client) error { return c.Skills.Delete(ctx, "s1") },
	"Skills.Uninstall": func(ctx context.Context, c *agento.Client) error { return c.Skills.Uninstall(ctx, "a1", "s1") },
	"Swarms.Delete":    func(ctx context.Context, c *agento.Client) error { return c.Swarms.Delete(ctx, "w1") },
	"Client.Do":        func(ctx context.Context, c *agento.Client) error { return c.Do(ctx, "POST", "/v1/things", nil, nil) },
}

func TestResponseReportsFailure(t *testing.T) {
	for name, call := range confirmations {
		for _, body := range []string{
			`{"success":false}`, `{"data":{"success":false}}`, `{"error":{"code":"conflict","message":"m"}}`, `{"error":"down"}`,
			`{"error":{"detail":"d"}}`, `<html>`,
		} {
			err := call(t.Context(), harness.Client(t, respond(body), agento.WithMaxRetries(0)))
			require.Error(t, err, "%s: %s", name, body)
		}
		for _, body := range []string{"", `{}`, `{"success":true}`, `{"data":{"status":"stopping"}}`, `{"data":null}`, `{"error":null}`} {
			err := call(t.Context(), harness.Client(t, respond(body), agento.WithMaxRetries(0)))
			require.NoError(t, err, "%s: %s", name, body)
		}
	}
}

// A field in another form is decoded if its meaning is clear. Otherwise the error names
// the field and its value.
func TestFieldForms(t *testing.T) {
	for body, field := range map[string]string{
		`{"data":[{"id":"a1","stoppedAt":"","createdAt":""}],"pagination":{"total":2.0,"limit":1e2}}`: "",
		`{"data":[{"id":"a1","stoppedAt":1767323045}]}`:                                               "data[0].stoppedAt is 1767323045",
		`{"data":[{"id":"a0"},{"id":"a1","createdAt":"2026-01-02 03:04:05"}]}`:                        `data[1].createdAt is "2026-01-02 03:04:05"`,
		`{"data":[{"id":7}]}`:                                       "data[0].id is 7",
		`{"data":[{"id":"a1","name":{"en":"x"}}]}`:                  `data[0].name is {"en":"x"}`,
		`{"data":[{"id":"a1","sharedMode":"yes"}]}`:                 `data[0].sharedMode is "yes"`,
		`{"data":[{"id":"a1"}],"pagination":{"total":"many"}}`:      `pagination.total is "many"`,
		`{"data":[{"id":"a1"}],"pagination":{"total":1.5}}`:         `pagination.total is 1.5`,
		`{"data":[{"id":"a1"}],"pagination":{"total":1e999999999}}`: `pagination.total is 1e999999999`,
		`{"data":["a1"]}`: `data[0] is "a1"`,
	} {
		var response agento.Response
		page, err := harness.Client(t, respond(body)).Agents.List(t.Context(), nil, agento.WithResponse(&response))
		require.Equal(t, body, string(response.Body))
		if field == "" {
			require.NoError(t, err)
			require.Equal(t, agento.Pagination{Total: 2, Limit: 100}, page.Pagination)
			require.Nil(t, page.Data[0].StoppedAt)
			continue
		}
		require.ErrorContains(t, err, field)
	}
}

func TestMetadataIntegersExact(t *testing.T) {
	for _, other := range []string{`"createdAt":"2026-01-15T10:30:00Z"`, `"createdAt":""`} { // the second has another form
		checkMetadata(t, other)
	}
	const body = `{"data":[{"id":"c1","metadata":{"n":9007199254740993}}]}garbage`
	_, err := harness.Client(t, respond(body)).Knowledge.List(t.Context(), agento.ForAgent("a1"), nil)
	require.Error(t, err)
}

func checkMetadata(t *testing.T, other string) {
	t.Helper()
	body := `{"data":[{"id":"c1",` + other + `,"metadata":{"n":9007199254740993,"m":[-9223372036854775809],"small":3,"half":0.5}}],"pagination":{"total":1}}`
	page, err := harness.Client(t, respond(body)).Knowledge.List(t.Context(), agento.ForAgent("a1"), nil)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"n": json.Number("9007199254740993"), "m": []any{json.Number("-9223372036854775809")}, "small": 3.0, "half": 0.5,
	}, page.Data[0].Metadata)
}

// An edit does not write back text that the decoder has replaced.
func TestEditDocumentInvalidUTF8(t *testing.T) {
	for content, valid := range map[string]bool{
		"\"a\xffb\"": false, `"a\ud83d"`: false, `"\ude00\ufffd"`: false, `"a\ufffd\uFFFD"`: true, "\"\ufffd\"": true, `"\ud83d\ude00"`: true,
	} {
		writes := 0
		client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != "GET" {
				writes++
			}
			return harness.Respond(200, `{"data":{"version":1,"content":`+content+`}}`), nil
		}))
		_, err := client.Account.EditPersonality(t.Context(), agento.ForAgent("a1"), func(old string) (string, error) { return old + "!", nil })
		if valid {
			require.NoError(t, err, content)
			require.Equal(t, 1, writes)
		} else {
			require.ErrorContains(t, err, "UTF-8", content)
			require.Zero(t, writes)
		}
	}
}

// Every operation has a row in one of the tables, except those that return text.
func TestResponseTablesComplete(t *testing.T) {
	for _, op := range route.All() {
		_, isObject := results[op.Call]
		_, isList := rowResults[op.Call]
		_, isConfirmed := confirmations[op.Call]
		isText := op.Stream || op == route.RecentLogs
		require.True(t, isObject || isList || isConfirmed || isText, "%s has no row in conformance/identity_test.go", op.Call)
	}
}
