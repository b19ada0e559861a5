package agentotest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKnowledge(t *testing.T) {
	for _, kind := range []string{"agents", "swarms"} {
		t.Run(kind, func(t *testing.T) {
			s := start(t)
			id, swarm := seeded(s.Service)
			if kind == "swarms" {
				id = swarm
			}
			path := "/v1/" + kind + "/" + id + "/knowledge"
			g := ask(t, s, "POST", path, `{"chunks":[{"content":"one","title":"T","source":"a.md","metadata":{"k":[1]}},
				{"content":"two"},{"content":"one"}]}`).want(201, "")
			require.EqualValues(t, []any{2.0, 1.0}, []any{g.at("data", "ingested"), g.at("data", "duplicates")})
			ids := g.at("data", "ids").([]any)
			require.Len(t, ids, 2)
			g = ask(t, s, "POST", path, `{"chunks":[{"content":"two","source":"b.md"},{"content":"three","source":"b.md"}]}`).want(201, "")
			require.EqualValues(t, []any{1.0, 1.0}, []any{g.at("data", "ingested"), g.at("data", "duplicates")})

			g = ask(t, s, "GET", path, "").want(200, "")
			require.Equal(t, []any{"three", "two", "one"}, g.column("content"))
			require.Equal(t, map[string]any{"k": []any{1.0}}, g.at("data", 2, "metadata"))
			require.Equal(t, []any{"one"}, ask(t, s, "GET", path+"?source=a.md", "").column("content"))
			require.Equal(t, []any{"two"}, ask(t, s, "GET", path+"?limit=1&offset=1", "").column("content"))
			require.Equal(t, Chunk{ID: ids[0].(string), Content: "one", Title: "T", Source: "a.md", Metadata: []byte(`{"k":[1]}`)}, s.Knowledge(id)[2])

			ask(t, s, "DELETE", path+"/"+ids[0].(string), "").want(204, "")
			ask(t, s, "DELETE", path+"/"+ids[0].(string), "").want(404, "chunk_not_found")
			g = ask(t, s, "POST", path, `{"chunks":[{"content":"one"}]}`)
			require.EqualValues(t, 1, g.at("data", "ingested"), "what was deleted is new again")
		})
	}
}

func TestIngestValidates(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	for body, message := range map[string]string{
		`{}`:                "chunks is required: a list with at least one chunk",
		`{"chunks":[]}`:     "chunks is required: a list with at least one chunk",
		`{"chunks":{}}`:     "chunks must be a list of objects",
		`{"chunks":["x"]}`:  "chunks must be a list of objects",
		`{"chunks":[null]}`: "chunks[0].content is required",
		`{"chunks":[{"content":"x"},{"content":" "}]}`:           "chunks[1].content is required",
		`{"chunks":[{"content":"x"},{"content":"y","title":1}]}`: "chunks[1].title must be a string",
		`{"chunks":[{"content":"x","metadata":[1]}]}`:            "chunks[0].metadata must be an object",
	} {
		g := ask(t, s, "POST", "/v1/agents/"+id+"/knowledge", body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"), body)
	}
	require.Empty(t, s.Knowledge(id))
	require.Len(t, s.AddKnowledge(id, Chunk{Content: "x"}, Chunk{Content: "x"}), 1)
}

func TestBrowseSkills(t *testing.T) {
	s := start(t)
	own := s.AddSkill(SkillSeed{Name: "own", Custom: true})
	require.Equal(t, []any{"order-status", "calendar", "web-search"}, ask(t, s, "GET", "/v1/skills", "").column("name"))
	require.Equal(t, []any{"calendar"}, ask(t, s, "GET", "/v1/skills?limit=1&offset=1", "").column("name"))
	require.Equal(t, []any{"own"}, ask(t, s, "GET", "/v1/skills?source=custom", "").column("name"))
	require.Equal(t, []any{"web-search"}, ask(t, s, "GET", "/v1/skills?q=THE%20WEB", "").column("name"))
	ask(t, s, "GET", "/v1/skills?source=github", "").want(400, "validation_error")
	require.Equal(t, "own", ask(t, s, "GET", "/v1/skills/"+own, "").text("data", "name"))
}

func TestUploadSkill(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	upload := func(version, md string) got {
		return ask(t, s, "POST", "/v1/skills", `{"name":"faq","version":"`+version+`","files":{"SKILL.md":"`+md+`","lib/a.py":"x"}}`)
	}
	id := upload("1.0.0", "a").want(201, "").text("data", "id")
	require.Equal(t, id, upload("1.0.0", "a").want(201, "").text("data", "id"), "the same again changes nothing")
	require.Equal(t, []string{"1.0.0"}, s.Skills()[0].Versions)
	upload("1.0.0", "b").want(409, "conflict")
	g := upload("1.1.0-rc.1+b.7", "b").want(201, "")
	require.Equal(t, []string{id, "1.1.0-rc.1+b.7", "custom"}, []string{g.text("data", "id"), g.text("data", "version"), g.text("data", "source")})
	skill := s.Skills()[0]
	require.Equal(t, []string{"1.0.0", "1.1.0-rc.1+b.7"}, skill.Versions)
	require.Equal(t, map[string]string{"SKILL.md": "b", "lib/a.py": "x"}, skill.Files)
	require.Len(t, s.Skills(), 4)

	files := `"files":{"SKILL.md":"x"}`
	for body, message := range map[string]string{
		`{"version":"1.0.0",` + files + `}`:                                      "name is required",
		`{"name":"faq",` + files + `}`:                                           "version is required",
		`{"name":"Faq","version":"1.0.0",` + files + `}`:                         "name must be of lower-case letters, digits and hyphens",
		`{"name":"a--b","version":"1.0.0",` + files + `}`:                        "name must be of lower-case letters, digits and hyphens",
		`{"name":"faq","version":"v1.0.0",` + files + `}`:                        "version must be a semantic version such as 1.0.0",
		`{"name":"faq","version":"1.0",` + files + `}`:                           "version must be a semantic version such as 1.0.0",
		`{"name":"faq","version":"1.0.0"}`:                                       "files must contain SKILL.md",
		`{"name":"faq","version":"1.0.0","files":{"docs/SKILL.md":"x"}}`:         "files must contain SKILL.md",
		`{"name":"faq","version":"1.0.0","files":{"SKILL.md":"x","../a":"x"}}`:   `files must have relative paths, unlike "../a"`,
		`{"name":"faq","version":"1.0.0","files":{"SKILL.md":"x","/etc/a":"x"}}`: `files must have relative paths, unlike "/etc/a"`,
		`{"name":"faq","version":"1.0.0","files":{"SKILL.md":{"content":"x"}}}`:  "files.SKILL.md must be a string",
	} {
		g := ask(t, s, "POST", "/v1/skills", body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"), body)
	}
	ask(t, s, "DELETE", "/v1/skills/"+id, "").want(204, "")
	ask(t, s, "DELETE", "/v1/skills/"+id, "").want(404, "skill_not_found")
	ask(t, s, "DELETE", "/v1/skills/"+s.Skills()[0].ID, "").want(403, "forbidden")
}

func TestInstallSkill(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/skills"
	skill := s.AddSkill(SkillSeed{Name: "own", Version: "1.0.0", Custom: true})
	s.AddSkill(SkillSeed{Name: "own", Version: "2.0.0", Custom: true})

	first := ask(t, s, "POST", path, `{"skillId":"`+skill+`","version":"1.0.0"}`).want(201, "")
	require.Equal(t, []string{"own", "1.0.0", "custom", skill},
		[]string{first.text("data", "name"), first.text("data", "version"), first.text("data", "source"), first.text("data", "skillId")})
	again := ask(t, s, "POST", path, `{"skillId":"`+skill+`","version":"1.0.0"}`).want(201, "")
	require.Equal(t, first.body, again.body, "what is there is left as it is")
	latest := ask(t, s, "POST", path, `{"skillId":"`+skill+`"}`).want(201, "")
	require.Equal(t, []string{first.text("data", "id"), "2.0.0"}, []string{latest.text("data", "id"), latest.text("data", "version")})
	require.Greater(t, latest.text("data", "installedAt"), first.text("data", "installedAt"))

	hub := ask(t, s, "POST", path, `{"githubUrl":"https://github.com/some-one/My.Repo/tree/v1"}`).want(201, "")
	require.Equal(t, []any{"my.repo", "github", nil}, []any{hub.at("data", "name"), hub.at("data", "source"), hub.at("data", "skillId")})
	require.Equal(t, []any{"my.repo", "own"}, ask(t, s, "GET", path, "").column("name"))

	ask(t, s, "POST", path, `{"skillId":"none"}`).want(404, "skill_not_found")
	ask(t, s, "POST", path, `{"skillId":"`+skill+`","version":"9.0.0"}`).want(404, "skill_version_not_found")
	for _, body := range []string{
		`{}`, `{"skillId":""}`, `{"skillId":7}`, `{"skillId":"` + skill + `","githubUrl":"https://github.com/a/b"}`,
		`{"version":"1.0.0","githubUrl":"https://github.com/a/b"}`,
		`{"githubUrl":"http://github.com/a/b"}`, `{"githubUrl":"https://github.com/a"}`, `{"githubUrl":"https://gitlab.com/a/b"}`,
		`{"githubUrl":"https://github.com/a/b?x=1"}`, `{"githubUrl":"https://github.com/a/b/tree/v1?x=1"}`, `{"githubUrl":"https://github.com.evil.com/a/b"}`,
	} {
		ask(t, s, "POST", path, body).want(400, "validation_error")
	}

	ask(t, s, "DELETE", "/v1/skills/"+skill, "").want(204, "")
	ask(t, s, "DELETE", path+"/"+skill, "").want(204, "")
	ask(t, s, "DELETE", path+"/"+skill, "").want(404, "skill_not_found")
	ask(t, s, "DELETE", path+"/"+hub.text("data", "id"), "").want(204, "")
	require.Empty(t, s.Agent(id).Installed)
}

func TestSwarms(t *testing.T) {
	s := start(t)
	id := ask(t, s, "POST", "/v1/swarms", `{"name":"Crew","description":"d","secrets":{"openaiApiKey":"sk-9"}}`).want(201, "").text("data", "id")
	agent := s.AddAgent(AgentSeed{Name: "Ada", SwarmID: id})
	g := ask(t, s, "GET", "/v1/swarms/"+id, "").want(200, "")
	require.Equal(t, []any{map[string]any{"id": agent, "name": "Ada", "status": "running"}}, g.at("data", "agents"))
	require.NotContains(t, g.body, "sk-9")
	require.NotContains(t, g.body, "openaiApiKey")

	patch := func(body string) Swarm {
		ask(t, s, "PATCH", "/v1/swarms/"+id, body).want(200, "")
		return s.Swarms()[0]
	}
	w := patch(`{}`)
	require.Equal(t, Swarm{ID: id, Name: "Crew", Description: "d", Agents: []string{agent}, Secrets: []string{"openaiApiKey"}, CreatedAt: w.CreatedAt}, w)
	w = patch(`{"name":"B","description":null,"secrets":{"a":"b"}}`)
	require.Equal(t, []any{"B", "", []string{"a"}}, []any{w.Name, w.Description, w.Secrets})
	require.Empty(t, patch(`{"secrets":null}`).Secrets)
	for body, message := range map[string]string{
		`{"name":null}`:        "name must not be empty",
		`{"description":1}`:    "description must be a string",
		`{"secrets":{"a":[]}}`: "secrets.a must be a string",
	} {
		g := ask(t, s, "PATCH", "/v1/swarms/"+id, body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"))
	}
	g = ask(t, s, "POST", "/v1/swarms", `{"name":""}`).want(400, "validation_error")
	require.Equal(t, "name is required", g.text("error", "message"))

	s.AddSwarm(SwarmSeed{Description: "e"})
	require.Equal(t, []any{"Test Swarm", "B"}, ask(t, s, "GET", "/v1/swarms", "").column("name"))
	require.Equal(t, []any{"B"}, ask(t, s, "GET", "/v1/swarms?offset=1", "").column("name"))
	ask(t, s, "DELETE", "/v1/swarms/"+id, "").want(204, "")
	ask(t, s, "GET", "/v1/swarms/"+id, "").want(404, "swarm_not_found")
	require.Empty(t, s.Agent(agent).SwarmID, "its agents stay, in no swarm")
}
