package agentotest

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

const credentials = `"secrets":{"anthropicApiKey":"sk-1"}`

func TestAgentWireForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		defer s.Close()
		g := ask(t, s, "POST", "/v1/agents", `{"name":"Bob",`+credentials+`}`).want(201, "")
		require.JSONEq(t, `{"data":{
			"id":"`+g.text("data", "id")+`","name":"Bob","description":null,"status":"running","region":"eu",
			"image":"openclaw/openclaw:latest","swarm":null,"sharedMode":false,"lastError":null,
			"createdAt":"2000-01-01T00:00:00.000Z","startedAt":"2000-01-01T00:00:00.000Z","stoppedAt":null,
			"updatedAt":"2000-01-01T00:00:00.000Z"}}`, g.body)
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`, g.text("data", "id"))
		require.NotContains(t, g.body, "sk-1")

		time.Sleep(90 * time.Second)
		g = ask(t, s, "GET", "/v1/agents/"+g.text("data", "id")+"/status", "").want(200, "")
		require.JSONEq(t, `{"data":{"status":"running","running":true,"cpu":"3%","memory":"212MB / 8GB","uptime":"1m30s",
			"startedAt":"2000-01-01T00:00:00.000Z","lastError":null}}`, g.body)
	})
}

func TestCreateAgentInvalid(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	poor := s.AddSwarm(SwarmSeed{Name: "poor"})
	rich := s.AddSwarm(SwarmSeed{Name: "rich", Secrets: map[string]string{"openaiApiKey": "k"}})
	for body, message := range map[string]string{
		`{}`:                                          "name is required",
		`{"name":null,` + credentials + `}`:           "name is required",
		`{"name":" ",` + credentials + `}`:            "name is required",
		`{"name":1,` + credentials + `}`:              "name must be a string",
		`{"name":"a"}`:                                "secrets must contain an LLM credential: one of anthropicApiKey, openaiApiKey, geminiApiKey",
		`{"name":"a","secrets":{"other":"k"}}`:        "secrets must contain an LLM credential: one of anthropicApiKey, openaiApiKey, geminiApiKey",
		`{"name":"a","secrets":["k"]}`:                "secrets must be an object of strings",
		`{"name":"a","secrets":{"b":1,"a":2}}`:        "secrets.a must be a string",
		`{"name":"a","secrets":{"a":null}}`:           "secrets.a must be a string",
		`{"name":"a","sharedMode":"yes"}`:             "sharedMode must be true or false",
		`{"name":"a","region":""}`:                    "region must not be empty",
		`{"name":"a","swarmId":"` + poor + `"}`:       "secrets must contain an LLM credential: one of anthropicApiKey, openaiApiKey, geminiApiKey",
		`{"name":"a","soulMd":7,` + credentials + `}`: "soulMd must be a string",
	} {
		g := ask(t, s, "POST", "/v1/agents", body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"), body)
	}
	ask(t, s, "POST", "/v1/agents", `{"name":"a","swarmId":"none",`+credentials+`}`).want(404, "swarm_not_found")
	require.Empty(t, s.Agents())

	g := ask(t, s, "POST", "/v1/agents", `{"name":"a","region":"us","image":"i","swarmId":"`+rich+`","sharedMode":true,
		"description":"d","soulMd":"S","workflowMd":"W","unknown":{"field":1}}`).want(201, "")
	require.Equal(t, map[string]any{"id": rich, "name": "rich"}, g.at("data", "swarm"))
	a := s.Agent(g.text("data", "id"))
	require.Equal(t, []any{"us", "i", rich, true, "d", "S", "W"},
		[]any{a.Region, a.Image, a.SwarmID, a.SharedMode, a.Description, a.Soul.Content, a.Workflow.Content})
}

func TestListAgents(t *testing.T) {
	s := start(t)
	for i := range 5 {
		s.AddAgent(AgentSeed{Name: fmt.Sprint(i)})
	}
	page := func(query string) (names []any, pagination any) {
		g := ask(t, s, "GET", "/v1/agents"+query, "").want(200, "")
		raw, err := json.Marshal(g.at("pagination"))
		require.NoError(t, err)
		return g.column("name"), string(raw)
	}
	for query, want := range map[string][2]any{
		"":                  {[]any{"4", "3", "2", "1", "0"}, `{"limit":5,"offset":0,"total":5}`},
		"?limit=2":          {[]any{"4", "3"}, `{"limit":2,"offset":0,"total":5}`},
		"?limit=2&offset=3": {[]any{"1", "0"}, `{"limit":2,"offset":3,"total":5}`},
		"?limit=9&offset=4": {[]any{"0"}, `{"limit":9,"offset":4,"total":5}`},
		"?limit=2&offset=7": {[]any{}, `{"limit":2,"offset":7,"total":5}`},
	} {
		names, pagination := page(query)
		require.Equal(t, want, [2]any{names, pagination}, query)
	}
	for query, message := range map[string]string{
		"?limit=0":   "limit must be an integer of at least 1",
		"?limit=two": "limit must be an integer of at least 1",
		"?offset=-1": "offset must be an integer of at least 0",
	} {
		g := ask(t, s, "GET", "/v1/agents"+query, "").want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"))
	}
}

func TestMaxPage(t *testing.T) {
	s := start(t, WithMaxPage(2))
	for range 3 {
		s.AddAgent(AgentSeed{})
	}
	g := ask(t, s, "GET", "/v1/agents?limit=100", "").want(200, "")
	require.Len(t, g.at("data"), 2)
	require.EqualValues(t, 2, g.at("pagination", "limit"))
}

func TestUpdateAgent(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	_, swarm := seeded(s.Service)
	id := s.AddAgent(AgentSeed{Name: "A", Description: "d", Region: "us", Image: "i", SwarmID: swarm, SharedMode: true})
	patch := func(body string) Agent {
		ask(t, s, "PATCH", "/v1/agents/"+id, body).want(200, "")
		return s.Agent(id)
	}
	before := s.Agent(id)
	require.Equal(t, before, patch(`{}`))

	a := patch(`{"name":"B","description":"","region":"ap","image":"j","sharedMode":false}`)
	require.Equal(t, []any{"B", "", "ap", "j", false, swarm}, []any{a.Name, a.Description, a.Region, a.Image, a.SharedMode, a.SwarmID})
	patch(`{"sharedMode":true}`)
	a = patch(`{"description":null,"region":null,"image":null,"swarmId":null,"sharedMode":null}`)
	require.Equal(t, []any{"", "eu", "openclaw/openclaw:latest", false, ""}, []any{a.Description, a.Region, a.Image, a.SharedMode, a.SwarmID})
	g := ask(t, s, "GET", "/v1/agents/"+id, "")
	require.Nil(t, g.at("data", "description"))
	require.Nil(t, g.at("data", "swarm"))

	for body, message := range map[string]string{
		`{"name":null}`:       "name must not be empty",
		`{"name":""}`:         "name must not be empty",
		`{"description":1}`:   "description must be a string",
		`{"sharedMode":"no"}`: "sharedMode must be true or false",
	} {
		g := ask(t, s, "PATCH", "/v1/agents/"+id, body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"))
	}
	ask(t, s, "PATCH", "/v1/agents/"+id, `{"name":"C","swarmId":"none"}`).want(404, "swarm_not_found")
	require.Equal(t, "B", s.Agent(id).Name, "a rejected update changes nothing")
}

func TestDeleteAgent(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	id, swarm := seeded(s.Service)
	ask(t, s, "DELETE", "/v1/agents/"+id, "").want(204, "")
	require.Empty(t, ask(t, s, "GET", "/v1/agents", "").at("data"))
	require.Empty(t, ask(t, s, "GET", "/v1/swarms/"+swarm, "").at("data", "agents"))
	for _, request := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"GET", "/status"}, {"POST", "/start"}, {"GET", "/chat/sessions"}} {
		ask(t, s, request[0], "/v1/agents/"+id+request[1], "").want(404, "agent_not_found")
	}
}

func TestStartDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithStartDelay(5*time.Second))
		defer s.Close()
		g := ask(t, s, "POST", "/v1/agents", `{"name":"a",`+credentials+`}`).want(201, "")
		require.Equal(t, "creating", g.text("data", "status"))
		require.Nil(t, g.at("data", "startedAt"))
		path := "/v1/agents/" + g.text("data", "id")
		ask(t, s, "POST", path+"/chat/messages", `{"message":"Hi"}`).want(409, "conflict")

		time.Sleep(5*time.Second - time.Nanosecond)
		require.Equal(t, "creating", ask(t, s, "GET", path+"/status", "").text("data", "status"))
		time.Sleep(time.Nanosecond)
		require.Equal(t, "running", ask(t, s, "GET", path+"/status", "").text("data", "status"))
		require.Equal(t, "2000-01-01T00:00:05.000Z", ask(t, s, "GET", path, "").text("data", "startedAt"))

		g = ask(t, s, "POST", path+"/restart", "").want(200, "")
		require.Equal(t, "creating", g.text("data", "status"))
		require.Nil(t, g.at("data", "startedAt"))
		time.Sleep(time.Second)
		require.Equal(t, "stopped", ask(t, s, "POST", path+"/stop", "").text("data", "status"))
		time.Sleep(time.Minute)
		g = ask(t, s, "GET", path, "")
		require.Equal(t, "stopped", g.text("data", "status"), "the start delay does not start a stopped agent")
		require.Equal(t, "2000-01-01T00:00:06.000Z", g.text("data", "stoppedAt"))
		require.False(t, ask(t, s, "GET", path+"/status", "").at("data", "running").(bool))
	})
}

func TestStartOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithStartDelay(OnDemand))
		defer s.Close()
		id := ask(t, s, "POST", "/v1/agents", `{"name":"a",`+credentials+`}`).want(201, "").text("data", "id")
		time.Sleep(24 * time.Hour)
		require.Equal(t, "creating", s.Agent(id).Status)
		s.SetStatus(id, "running", "")
		require.Equal(t, "running", s.Agent(id).Status)
		s.SetStatus(id, "error", "out of memory")
		g := ask(t, s, "GET", "/v1/agents/"+id+"/status", "")
		require.Equal(t, "error", g.text("data", "status"))
		require.Equal(t, "out of memory", g.text("data", "lastError"))
		s.SetStatus(id, "hibernating", "")
		require.Equal(t, "hibernating", ask(t, s, "GET", "/v1/agents/"+id, "").text("data", "status"))
	})
}

func TestStartAndStopTwice(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	running := s.Agent(id)
	ask(t, s, "POST", "/v1/agents/"+id+"/start", "").want(200, "")
	require.Equal(t, running, s.Agent(id))
	ask(t, s, "POST", "/v1/agents/"+id+"/stop", "").want(200, "")
	stopped := s.Agent(id)
	require.True(t, stopped.StoppedAt.After(stopped.StartedAt))
	ask(t, s, "POST", "/v1/agents/"+id+"/stop", "").want(200, "")
	require.Equal(t, stopped, s.Agent(id))
	ask(t, s, "POST", "/v1/agents/"+id+"/start", "").want(200, "")
	again := s.Agent(id)
	require.Equal(t, 2, again.Starts)
	require.Zero(t, again.StoppedAt)
}

func TestPlanLimits(t *testing.T) {
	s := start(t, WithPlanLimits(2, 1))
	body := `{"name":"a",` + credentials + `}`
	first := ask(t, s, "POST", "/v1/agents", body).want(201, "").text("data", "id")
	ask(t, s, "POST", "/v1/agents", body).want(403, "limit_reached")
	ask(t, s, "POST", "/v1/agents/"+first+"/restart", "").want(200, "")
	ask(t, s, "POST", "/v1/agents/"+first+"/stop", "").want(200, "")
	ask(t, s, "POST", "/v1/agents", body).want(201, "")
	ask(t, s, "POST", "/v1/agents/"+first+"/start", "").want(403, "limit_reached")
	ask(t, s, "POST", "/v1/agents/"+first+"/restart", "").want(403, "limit_reached")
	g := ask(t, s, "POST", "/v1/agents", body).want(403, "limit_reached")
	require.Equal(t, "the plan allows 2 agents", g.text("error", "message"))
	require.JSONEq(t, `{"agents":{"used":2,"limit":2},"runningAgents":{"used":1,"limit":1},"swarms":0}`,
		string(encodeJSON(ask(t, s, "GET", "/v1/account", "").at("data", "usage"))))
}

func TestRestartLoadsChanges(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id
	require.Equal(t, "# Soul", s.Agent(id).Loaded.SoulMD)

	skill := ask(t, s, "POST", "/v1/skills", skillBody).want(201, "").text("data", "id")
	require.Empty(t, s.Agent(id).Installed, "an uploaded skill is not installed")
	ask(t, s, "POST", path+"/skills", bodyOf[agento.InstallSkillParams](object{"SkillID": skill})).want(201, "")
	ask(t, s, "PUT", pathOf(route.UpdatePersonality, id), `{"content":"new soul"}`).want(200, "")
	ask(t, s, "PUT", pathOf(route.UpdateWorkflow, id), `{"content":"new work"}`).want(200, "")
	ask(t, s, "PUT", path+"/rules/r.md", `{"content":"rule"}`).want(200, "")
	ask(t, s, "PUT", path+"/secrets", `{"anthropicApiKey":"a","token":"b"}`).want(204, "")
	ask(t, s, "PATCH", path, `{"sharedMode":true}`).want(200, "")
	a := s.Agent(id)
	require.Equal(t, []string{"anthropicApiKey", "token"}, a.Secrets)
	require.Equal(t, Loaded{
		SoulMD: "# Soul", WorkflowMD: "# Work", Secrets: []string{"anthropicApiKey"},
		Rules: map[string]string{}, Skills: map[string]string{},
	}, a.Loaded, "nothing is loaded before the restart")
	require.True(t, a.StartedAt.Before(a.Installed[0].InstalledAt))

	ask(t, s, "POST", path+"/restart", "").want(200, "")
	a = s.Agent(id)
	require.Equal(t, Loaded{
		SoulMD: "new soul", WorkflowMD: "new work", SharedMode: true, Secrets: []string{"anthropicApiKey", "token"},
		Rules: map[string]string{"r.md": "rule"}, Skills: map[string]string{"faq": "1.0.0"},
	}, a.Loaded)
	require.True(t, a.StartedAt.After(a.Installed[0].InstalledAt), "the skill was installed before the start")
}

func TestUnknownIDsPanic(t *testing.T) {
	s := New()
	for name, f := range map[string]func(){
		`no agent "x"`:          func() { s.Agent("x") },
		`no swarm "x"`:          func() { s.AddAgent(AgentSeed{SwarmID: "x"}) },
		`no agent or swarm "x"`: func() { s.Knowledge("x") },
		`no operation "x"`:      func() { s.Next("x", 1, Drop()) },
	} {
		require.PanicsWithValue(t, "agentotest: "+name, f)
	}
	require.Empty(t, s.Agents())
}

// Later changes to a seed's maps have no effect.
func TestSeedsCopied(t *testing.T) {
	s := New()
	secrets := map[string]string{"anthropicApiKey": "x"}
	files := map[string]string{"SKILL.md": "given"}
	agent, swarm := s.AddAgent(AgentSeed{Secrets: secrets}), s.AddSwarm(SwarmSeed{Secrets: secrets})
	skill := s.AddSkill(SkillSeed{Name: "given", Custom: true, Files: files})
	secrets["later"], files["SKILL.md"] = "y", "later"
	require.Equal(t, []string{"anthropicApiKey"}, s.Agent(agent).Secrets)
	require.Equal(t, []string{"anthropicApiKey"}, s.Swarms()[0].Secrets, swarm)
	require.Equal(t, skill, s.Skills()[0].ID)
	require.Equal(t, map[string]string{"SKILL.md": "given"}, s.Skills()[0].Files)
}
