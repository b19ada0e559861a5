package agentotest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
)

func TestDocumentVersions(t *testing.T) {
	for _, r := range []*route.Route{route.UpdatePersonality, route.UpdateWorkflow} {
		t.Run(r.Name, func(t *testing.T) {
			s := start(t)
			id, _ := seeded(s.Service)
			path := pathOf(r, id)
			require.Equal(t, "1", ask(t, s, "GET", path, "").want(200, "").text("data", "version"))
			require.Equal(t, "2", ask(t, s, "PUT", path, `{"content":"b","version":"1"}`).want(200, "").text("data", "version"))

			g := ask(t, s, "PUT", path, `{"content":"c","version":"1"}`).want(409, "conflict")
			require.Equal(t, `document has changed: version is 2, not "1"`, g.text("error", "message"))
			ask(t, s, "PUT", path, `{"content":"c","version":"two"}`).want(409, "conflict")
			ask(t, s, "PUT", path, `{"content":"c","version":""}`).want(409, "conflict")
			require.Equal(t, "b", ask(t, s, "GET", path, "").text("data", "content"))

			ask(t, s, "PUT", path, `{"content":"c","version":2}`).want(200, "")
			ask(t, s, "PUT", path, `{"content":"d"}`).want(200, "")
			ask(t, s, "PUT", path, `{"content":"e","version":null}`).want(200, "")
			require.Equal(t, "5", ask(t, s, "GET", path, "").text("data", "version"))

			for _, body := range []string{`{}`, `{"content":null}`} {
				g = ask(t, s, "PUT", path, body).want(400, "validation_error")
				require.Equal(t, "content is required", g.text("error", "message"))
			}
			ask(t, s, "PUT", path, `{"content":["x"]}`).want(400, "validation_error")
			ask(t, s, "PUT", path, `{"content":"x","version":{}}`).want(400, "validation_error")
		})
	}
}

func TestSetPersonalityAndWorkflow(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	s.SetPersonality(id, "by the agent")
	s.SetWorkflow(id, "likewise")
	ask(t, s, "PUT", pathOf(route.UpdatePersonality, id), `{"content":"mine","version":"1"}`).want(409, "conflict")
	ask(t, s, "PUT", pathOf(route.UpdateWorkflow, id), `{"content":"mine","version":"1"}`).want(409, "conflict")
	a := s.Agent(id)
	require.Equal(t, Document{"by the agent", "2"}, a.Soul)
	require.Equal(t, Document{"likewise", "2"}, a.Workflow)
}

func TestRules(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/rules"
	require.Empty(t, ask(t, s, "GET", path, "").want(200, "").at("data"))
	ask(t, s, "PUT", path+"/a.md", `{"content":"1"}`).want(200, "")
	ask(t, s, "PUT", path+"/b%20%25.md", `{"content":"2"}`).want(200, "")
	ask(t, s, "PUT", path+"/a.md", `{"content":""}`).want(200, "")
	require.Equal(t, []any{"b %.md", "a.md"}, ask(t, s, "GET", path, "").column("name"))
	require.Equal(t, map[string]string{"a.md": "", "b %.md": "2"}, s.Agent(id).Rules)
	require.Equal(t, []any{"a.md"}, ask(t, s, "GET", path+"?limit=1&offset=1", "").column("name"))

	ask(t, s, "GET", path+"/c.md", "").want(404, "rule_not_found")
	ask(t, s, "DELETE", path+"/c.md", "").want(404, "rule_not_found")
	for _, name := range []string{"a%2Fb", "%2e%2e", `a%5Cb`} {
		g := ask(t, s, "PUT", path+"/"+name, `{"content":"x"}`).want(400, "validation_error")
		require.Contains(t, g.text("error", "message"), "name")
		ask(t, s, "GET", path+"/"+name, "").want(400, "validation_error")
		ask(t, s, "DELETE", path+"/"+name, "").want(400, "validation_error")
	}
	g := ask(t, s, "PUT", path+"/a.md", `{}`).want(400, "validation_error")
	require.Equal(t, "content is required", g.text("error", "message"))
	ask(t, s, "DELETE", path+"/a.md", "").want(204, "")
	ask(t, s, "GET", path+"/a.md", "").want(404, "rule_not_found")
}

func TestSetSecretsReplaces(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{Secrets: map[string]string{"anthropicApiKey": "a", "old": "b"}})
	ask(t, s, "PUT", "/v1/agents/"+id+"/secrets", `{"openaiApiKey":"c"}`).want(204, "")
	require.Equal(t, []string{"openaiApiKey"}, s.Agent(id).Secrets)
	g := ask(t, s, "PUT", "/v1/agents/"+id+"/secrets", `{"openaiApiKey":null}`).want(400, "validation_error")
	require.Equal(t, "openaiApiKey must be a string", g.text("error", "message"))
	require.Equal(t, []string{"openaiApiKey"}, s.Agent(id).Secrets)
}

// Operations without an agent in their path use the documents of the account.
func TestAccountDocuments(t *testing.T) {
	s := New()
	do := func(r *route.Route, body string) response {
		c := &call{service: s, account: s.Account, values: map[string]string{"name": "x"}, body: []byte(body)}
		return c.do(handlers[r])
	}
	r := do(route.UpdatePersonality, `{"content":"ours","version":"1"}`)
	require.Equal(t, 200, r.status, string(r.body))
	r = do(route.GetPersonality, "")
	require.Contains(t, string(r.body), `"content":"ours"`)
	require.Contains(t, string(r.body), `"version":"2"`)
	r = do(route.PutRule, `{"content":"c"}`)
	require.Equal(t, 200, r.status, string(r.body))
}
