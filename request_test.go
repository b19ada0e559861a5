package agento_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// The error names the argument, and nothing is sent.
func TestServicesInvalidArguments(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.ErrUnsupported
	}))
	agent, swarm, ctx := agento.ForAgent("a1"), agento.ForSwarm("s1"), t.Context()
	account, knowledge, skills, chat, swarms := client.Account, client.Knowledge, client.Skills, client.Chat, client.Swarms
	last := func(_ any, err error) error { return err }
	good := agento.UploadSkillParams{Name: "n", Version: "1.0.0", Files: map[string]string{"SKILL.md": "x"}}
	upload := func(change func(*agento.UploadSkillParams)) error {
		p := good
		p.Files = map[string]string{"SKILL.md": "x"}
		change(&p)
		return last(skills.Upload(ctx, p))
	}
	install := func(p agento.InstallSkillParams) error { return last(skills.Install(ctx, "a1", p)) }
	chunks := func(c ...agento.ChunkParams) agento.IngestParams { return agento.IngestParams{Chunks: c} }

	for _, tt := range []struct {
		names string
		err   error
	}{
		{"target is empty", account.SetSecrets(ctx, agento.Target{}, agento.Secrets{"k": "v"})},
		{"target is empty", account.SetSecrets(ctx, agento.ForAgent(""), agento.Secrets{"k": "v"})},
		{"Account.SetSecrets is for agents", account.SetSecrets(ctx, swarm, agento.Secrets{"k": "v"})},
		{"Secrets are empty", account.SetSecrets(ctx, agent, nil)},
		{"empty name", account.SetSecrets(ctx, agent, agento.Secrets{"": "v"})},
		{"empty value for k", account.SetSecrets(ctx, agent, agento.Secrets{"k": ""})},

		{"Account.Rules is for agents", last(account.Rules(ctx, swarm, nil))},
		{"limit", last(account.Rules(ctx, agent, &agento.ListParams{Limit: -1}))},
		{"name is empty", last(account.Rule(ctx, agent, ""))},
		{"name is not a file name", last(account.Rule(ctx, agent, "a/b"))},
		{"name is not a file name", account.PutRule(ctx, agent, `a\b`, "x")},
		{"name is not a file name", account.PutRule(ctx, agent, "a\nb", "x")},
		{"name is not a file name", account.DeleteRule(ctx, agent, "a\x00")},
		{`name is ".."`, account.DeleteRule(ctx, agent, "..")},
		{`name is "."`, account.DeleteRule(ctx, agent, ".")},
		{"Account.DeleteRule is for agents", account.DeleteRule(ctx, swarm, "x")},

		{"agentID", last(chat.History(ctx, "", nil))},
		{"offset", last(chat.History(ctx, "a1", &agento.HistoryParams{Offset: -1}))},
		{"agentID", last(chat.Sessions(ctx, "..", nil))},
		{"limit", last(chat.Sessions(ctx, "a1", &agento.ListParams{Limit: -1}))},
		{"agentID", last(chat.CreateSession(ctx, "", agento.CreateSessionParams{}))},

		{"Chunks are empty", last(knowledge.Ingest(ctx, agent, agento.IngestParams{}))},
		{"at index 1", last(knowledge.Ingest(ctx, agent, chunks(agento.ChunkParams{Content: "x"}, agento.ChunkParams{Title: "t"})))},
		{"body", last(knowledge.Ingest(ctx, agent, chunks(agento.ChunkParams{Content: "x", Metadata: map[string]any{"f": func() {}}})))},
		{"target", last(knowledge.Ingest(ctx, agento.Target{}, chunks(agento.ChunkParams{Content: "x"})))},
		{"target", last(knowledge.List(ctx, agento.ForSwarm(""), nil))},
		{"limit", last(knowledge.List(ctx, swarm, &agento.KnowledgeListParams{Limit: -1}))},
		{"chunkID", knowledge.Delete(ctx, swarm, "")},
		{"target", knowledge.Delete(ctx, agento.Target{}, "c1")},

		{"offset", last(skills.Browse(ctx, &agento.BrowseParams{Offset: -1}))},
		{"Source is github", last(skills.Custom(ctx, &agento.BrowseParams{Source: agento.SourceGitHub}))},
		{"id is empty", last(skills.Get(ctx, ""))},
		{"id is empty", skills.Delete(ctx, "")},
		{"agentID", last(skills.Installed(ctx, ""))},
		{"skillID", skills.Uninstall(ctx, "a1", "")},
		{"agentID", skills.Uninstall(ctx, "", "k1")},
		{"Name must be of lower-case", upload(func(p *agento.UploadSkillParams) { p.Name = "" })},
		{"Name must be of lower-case", upload(func(p *agento.UploadSkillParams) { p.Name = "Invoices" })},
		{"Version must be a semantic version", upload(func(p *agento.UploadSkillParams) { p.Version = "1.0" })},
		{"Version must be a semantic version", upload(func(p *agento.UploadSkillParams) { p.Version = "" })},
		{"no SKILL.md", upload(func(p *agento.UploadSkillParams) { p.Files = nil })},
		{"no SKILL.md", upload(func(p *agento.UploadSkillParams) { p.Files = map[string]string{"skill.md": "x"} })},
		{"skill file ../x", upload(func(p *agento.UploadSkillParams) { p.Files["../x"] = "x" })},
		{"skill file /etc/passwd", upload(func(p *agento.UploadSkillParams) { p.Files["/etc/passwd"] = "x" })},
		{"skill file a/.env is hidden", upload(func(p *agento.UploadSkillParams) { p.Files["a/.env"] = "x" })},
		{`skill file a\\b`, upload(func(p *agento.UploadSkillParams) { p.Files[`a\b`] = "x" })},
		{"skill file logo.png is not UTF-8 text", upload(func(p *agento.UploadSkillParams) { p.Files["logo.png"] = "\x89PNG\xff" })},
		{"skill file nul is not UTF-8 text", upload(func(p *agento.UploadSkillParams) { p.Files["nul"] = "a\x00b" })},
		{"skill file big is larger than 1 MiB", upload(func(p *agento.UploadSkillParams) { p.Files["big"] = strings.Repeat("x", 1<<20+1) })},
		{"larger than 4 MiB", upload(func(p *agento.UploadSkillParams) {
			for _, name := range []string{"a", "b", "c", "d"} {
				p.Files[name] = strings.Repeat("x", 1<<20)
			}
		})},
		{"201 files", upload(func(p *agento.UploadSkillParams) {
			for i := range 200 {
				p.Files[strings.Repeat("x", i+1)] = "x"
			}
		})},
		{"SkillID or GitHubURL", install(agento.InstallSkillParams{})},
		{"SkillID or GitHubURL", install(agento.InstallSkillParams{SkillID: "k", GitHubURL: "https://github.com/o/r"})},
		{"Version is for SkillID", install(agento.InstallSkillParams{Version: "1.0.0", GitHubURL: "https://github.com/o/r"})},
		{"Version must be a semantic version", install(agento.InstallSkillParams{Version: "v1", SkillID: "k"})},
		{"GitHubURL is not of the form", install(agento.InstallSkillParams{GitHubURL: "github.com/o/r"})},

		{"Name is empty", last(swarms.Create(ctx, agento.CreateSwarmParams{}))},
		{"empty value", last(swarms.Create(ctx, agento.CreateSwarmParams{Name: "n", Secrets: agento.Secrets{"k": ""}}))},
		{"empty name", last(swarms.Update(ctx, "s1", agento.UpdateSwarmParams{Secrets: agento.Secrets{"": "v"}}))},
		{"id is empty", last(swarms.Update(ctx, "", agento.UpdateSwarmParams{}))},
		{"id is empty", last(swarms.Get(ctx, ""))},
		{"id is empty", swarms.Delete(ctx, "")},
		{"limit", last(swarms.List(ctx, &agento.ListParams{Limit: -1}))},
	} {
		require.ErrorIs(t, tt.err, agento.ErrValidation, tt.names)
		require.ErrorContains(t, tt.err, tt.names)
	}
}

func TestDoInvalidArguments(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return harness.Respond(200, `{"data":{}}`), nil
	}))
	var page *agento.Page[agento.Agent]
	for name, call := range map[string]func() error{
		"out":                        func() error { return client.Do(t.Context(), "GET", "/v1/x", nil, page) },
		"out, no pointer":            func() error { return client.Do(t.Context(), "POST", "/v1/x", nil, agento.Agent{}) },
		"path, a query with a space": func() error { return client.Do(t.Context(), "GET", "/v1/skills?q=two words", nil, nil) },
		"body, bytes":                func() error { return client.Do(t.Context(), "POST", "/v1/x", []byte(`{"a":1}`), nil) },
		"body, a reader":             func() error { return client.Do(t.Context(), "POST", "/v1/x", strings.NewReader("{}"), nil) },
		"body, bytes for a stream": func() error {
			_, err := client.Stream(t.Context(), "POST", "/v1/x", []byte("{}"))
			return err
		},
		"body, a buffer for a stream": func() error {
			_, err := client.Stream(t.Context(), "POST", "/v1/x", bytes.NewBufferString("{}"))
			return err
		},
		"Context, bytes": func() error {
			_, err := client.Chat.Send(t.Context(), "a1", agento.SendMessageParams{Message: "m", Context: []byte("{}")})
			return err
		},
		"Context, a reader": func() error {
			_, err := client.Chat.Ask(t.Context(), "a1", agento.SendMessageParams{Message: "m", Context: strings.NewReader("{}")})
			return err
		},
		"WithExtra": func() error {
			return client.Do(t.Context(), "POST", "/v1/x", map[string]any(nil), nil, agento.WithExtra("a", 1))
		},
	} {
		err := call()
		require.ErrorIs(t, err, agento.ErrValidation, name)
		argument, _, _ := strings.Cut(name, ",")
		require.ErrorContains(t, err, argument)
	}
}

// The error names the argument, and nothing is sent.
func TestCallsInvalidArguments(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, io.EOF
	}))
	ctx := context.Background()
	var noContext context.Context
	cases := map[string]struct {
		names string
		call  func() error
	}{
		"empty id":       {"id", func() error { _, err := client.Agents.Get(ctx, ""); return err }},
		"id .":           {"id", func() error { return client.Agents.Delete(ctx, ".") }},
		"id ..":          {"id", func() error { return client.Agents.Start(ctx, "..") }},
		"empty agent id": {"agentID", func() error { _, err := client.Logs.Recent(ctx, "", nil); return err }},
		"empty message": {"Message", func() error {
			_, err := client.Chat.Send(ctx, "a", agento.SendMessageParams{})
			return err
		}},
		"message of bytes": {"Message", func() error {
			_, err := client.Chat.Send(ctx, "a", agento.SendMessageParams{Message: "x\xff"})
			return err
		}},
		"session id of bytes": {"SessionID", func() error {
			_, err := client.Chat.Ask(ctx, "a", agento.SendMessageParams{Message: "x", SessionID: "\xff"})
			return err
		}},
		"peer id of bytes": {"PeerID", func() error {
			_, err := client.Chat.Send(ctx, "a", agento.SendMessageParams{Message: "x", PeerID: "p\xc8"})
			return err
		}},
		"peer id of bytes of a session": {"PeerID", func() error {
			_, err := client.Chat.CreateSession(ctx, "a", agento.CreateSessionParams{PeerID: "p\xc8"})
			return err
		}},
		"title of bytes": {"Title", func() error {
			_, err := client.Chat.CreateSession(ctx, "a", agento.CreateSessionParams{Title: "\xed\xa0\x80"})
			return err
		}},
		"nil context": {"ctx", func() error {
			_, err := client.Agents.List(noContext, nil)
			return err
		}},
		"nil context of a stream": {"ctx", func() error {
			_, err := client.Chat.Send(noContext, "a", agento.SendMessageParams{Message: "x"})
			return err
		}},
		"empty name":      {"Name", func() error { _, err := client.Agents.Create(ctx, agento.CreateAgentParams{}); return err }},
		"negative limit":  {"limit", func() error { _, err := client.Agents.List(ctx, &agento.ListParams{Limit: -1}); return err }},
		"negative offset": {"offset", func() error { _, err := client.Agents.List(ctx, &agento.ListParams{Offset: -1}); return err }},
		"negative tail":   {"Tail", func() error { _, err := client.Logs.Stream(ctx, "a", &agento.LogsParams{Tail: -1}); return err }},
		"no status":       {"want", func() error { _, err := client.Agents.WaitUntil(ctx, "a", ""); return err }},
		"context that is no JSON": {"body", func() error {
			_, err := client.Chat.Send(ctx, "a", agento.SendMessageParams{Message: "x", Context: func() {}})
			return err
		}},
		"option of New": {"WithPacing", func() error { _, err := client.Agents.List(ctx, nil, agento.WithPacing(false)); return err }},
		"nil response":  {"WithResponse", func() error { _, err := client.Agents.List(ctx, nil, agento.WithResponse(nil)); return err }},
		"extra on a read": {"WithExtra", func() error {
			_, err := client.Agents.Get(ctx, "a", agento.WithExtra("x", 1))
			return err
		}},
		"response of several calls": {"WithResponse", func() error {
			for _, err := range client.Agents.All(ctx, nil, agento.WithResponse(&agento.Response{})) {
				return err
			}
			return nil
		}},
		"raw path":              {"path", func() error { return client.Do(ctx, "GET", "/admin", nil, nil) }},
		"raw path climbing":     {"path", func() error { return client.Do(ctx, "GET", "/v1/../admin", nil, nil) }},
		"raw path, escaped":     {"path", func() error { return client.Do(ctx, "GET", "/v1/%2e%2e/admin", nil, nil) }},
		"raw path, line break":  {"path", func() error { return client.Do(ctx, "GET", "/v1/a\r\nb", nil, nil) }},
		"raw path, space":       {"path", func() error { return client.Do(ctx, "GET", "/v1/a b", nil, nil) }},
		"raw query, space":      {"path", func() error { return client.Do(ctx, "GET", "/v1/skills?q=two words", nil, nil) }},
		"raw query, line break": {"path", func() error { return client.Do(ctx, "GET", "/v1/skills?q=a\r\nX: b", nil, nil) }},
		"raw query, NUL":        {"path", func() error { return client.Do(ctx, "GET", "/v1/skills?q=\x00", nil, nil) }},
		"raw query, DEL":        {"path", func() error { return client.Do(ctx, "GET", "/v1/skills?q=\x7f", nil, nil) }},
		"raw query of a stream": {"path", func() error {
			_, err := client.Stream(ctx, "GET", "/v1/logs?q=two words", nil)
			return err
		}},
		"raw path, absolute": {"path", func() error { return client.Do(ctx, "GET", "https://evil.example/v1/", nil, nil) }},
		"raw method":         {"method", func() error { return client.Do(ctx, "GET /", "/v1/a", nil, nil) }},
		"nil pointer body":   {"body", func() error { return client.Do(ctx, "POST", "/v1/a", (*agento.ListParams)(nil), nil) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.call()
			require.ErrorContains(t, err, c.names)
			require.ErrorIs(t, err, agento.ErrValidation)
		})
	}
}

// An ID is one segment of the path, whatever its characters.
func TestIDsEscaped(t *testing.T) {
	for id, want := range map[string]string{
		"plain":         "/v1/agents/plain",
		"a/b":           "/v1/agents/a%2Fb",
		"../../admin?x": "/v1/agents/..%2F..%2Fadmin%3Fx",
		"a:b:c":         "/v1/agents/a:b:c",
		"%2e%2e":        "/v1/agents/%252e%252e",
		"#x":            "/v1/agents/%23x",
		"a b\r\n\x00":   "/v1/agents/a%20b%0D%0A%00",
		"{id}":          "/v1/agents/%7Bid%7D",
		"...":           "/v1/agents/...",
	} {
		var got string
		client := harness.Client(t, harness.RoundTripper(func(req *http.Request) (*http.Response, error) {
			got = req.URL.RequestURI()
			return harness.Respond(200, harness.AgentJSON), nil
		}))
		_, err := client.Agents.Get(context.Background(), id)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// requireConfirmed checks the error of a confirmed change whose result could not be
// read: it has the response to the change, and is not of a kind that means nothing was
// done.
func requireConfirmed(t *testing.T, err error, status int) {
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
	if !errors.Is(err, context.Canceled) {
		require.Equal(t, "unreadable_response", e.Kind())
	}
	require.Zero(t, e.RetryAfter)
	require.NotContains(t, err.Error(), "\n")
}

// If a confirmed change cannot be read, the error has the message of the failed read.
func TestUpdateConfirmedReadFails(t *testing.T) {
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
				requireConfirmed(t, err, 204)
				require.ErrorContains(t, err, "says the read")
				require.ErrorContains(t, err, "req_read")
				var e *agento.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, "req_change", e.RequestID)
			})
		}
	}
}

// If the context ends the read, the error has its cause.
func TestUpdateConfirmedContextEnds(t *testing.T) {
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
	requireConfirmed(t, err, 204)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, left)
}
