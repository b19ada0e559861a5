package agento_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// Bad arguments are errors before the network, and the error names the argument.
func TestBadArguments(t *testing.T) {
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
		{"skill file logo.png is not text", upload(func(p *agento.UploadSkillParams) { p.Files["logo.png"] = "\x89PNG\xff" })},
		{"skill file nul is not text", upload(func(p *agento.UploadSkillParams) { p.Files["nul"] = "a\x00b" })},
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
		{"Version goes with SkillID", install(agento.InstallSkillParams{Version: "1.0.0", GitHubURL: "https://github.com/o/r"})},
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

func TestGitHubURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://github.com/owner/repo":                true,
		"https://github.com/owner/repo/":               true,
		"https://github.com/owner/repo.git":            true,
		"https://GitHub.com/Owner-1/my.repo_2":         true,
		"https://github.com/owner/repo/tree/main":      true,
		"https://github.com/owner/repo/tree/v1.2.0":    true,
		"https://github.com/owner/repo/tree/feature/x": true,
		"https://github.com/owner/repo/tree/%23weird":  true,
		"":                                                   false,
		"http://github.com/owner/repo":                       false,
		"https://github.com":                                 false,
		"https://github.com/owner":                           false,
		"https://github.com//repo":                           false,
		"https://github.com/owner//":                         false,
		"https://github.com/owner/..":                        false,
		"https://github.com/own%2Fer/repo":                   false,
		"https://github.com/owner/repo/blob/main":            false,
		"https://github.com/owner/repo/tree":                 false,
		"https://github.com/owner/repo/tree/":                false,
		"https://github.com/owner/repo/tree/a/../b":          false,
		"https://github.com/owner/repo?tab=readme":           false,
		"https://github.com/owner/repo#readme":               false,
		"https://github.com:443/owner/repo":                  false,
		"https://github.com.example.org/owner/repo":          false,
		"https://example.org/owner/repo":                     false,
		"https://user:ghp_secret@github.com/owner/repo":      false,
		"https://gist.github.com/owner/repo":                 false,
		"git@github.com:owner/repo.git":                      false,
		"https://github.com/owner/repo/tree/main\nX-Header:": false,
		"https://github.com/öwner/repo":                      false,
	} {
		sent := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return harness.Respond(201, `{"data":{"id":"i1"}}`), nil
		}))
		_, err := client.Skills.Install(t.Context(), "a1", agento.InstallSkillParams{GitHubURL: raw})
		require.Equal(t, ok, err == nil, "%q: %v", raw, err)
		require.Equal(t, ok, sent == 1, raw)
		if err != nil {
			require.NotContains(t, err.Error(), "ghp_secret")
		}
	}
}

func TestVersions(t *testing.T) {
	for version, ok := range map[string]bool{
		"0.0.0": true, "1.2.3": true, "10.20.30": true, "99999999999999999999.0.1": true,
		"1.0.0-rc.1": true, "1.0.0-0": true, "1.0.0-a-b.c": true, "1.0.0--": true, "1.0.0-0a": true, "1.0.0-x.0.y": true,
		"1.0.0+build": true, "1.0.0+001": true, "1.0.0-rc.1+exp.sha-5114f85": true, "1.0.0+a-b": true,
		"": false, "1": false, "1.0": false, "1.0.0.0": false, "v1.0.0": false, " 1.0.0": false, "1.0.0 ": false,
		"01.0.0": false, "1.00.0": false, "1.0.00": false, "1..0": false, "-1.0.0": false, "1.0.x": false, "1.0.0-": false,
		"1.0.0-01": false, "1.0.0-a..b": false, "1.0.0-a.": false, "1.0.0+": false, "1.0.0+a+b": false, "1.0.0+a..b": false,
		"1.0.0-ä": false, "1.0.0_1": false, "１.0.0": false, "latest": false, "1.0.0\n": false,
	} {
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			return harness.Respond(201, `{"data":{"id":"k1"}}`), nil
		}))
		_, err := client.Skills.Upload(t.Context(), agento.UploadSkillParams{Name: "n", Version: version, Files: map[string]string{"SKILL.md": "x"}})
		require.Equal(t, ok, err == nil, "%q: %v", version, err)
	}
}
