package agentotest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

func TestAccountIsolation(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	acme := s.AddAccount("acme")
	ask := func(key, method, path, body string) got {
		t.Helper()
		g, err := askAs(t, s, key, method, path, body)
		require.NoError(t, err)
		return g
	}
	swarm := acme.AddSwarm(SwarmSeed{Name: "Crew"})
	agent := acme.AddAgent(AgentSeed{Name: "Ada", SwarmID: swarm})
	skill := acme.AddSkill(SkillSeed{Name: "own", Custom: true})
	chunk := s.AddKnowledge(agent, Chunk{Content: "fact"})[0]
	s.AddKnowledge(swarm, Chunk{Content: "fact"})
	other := s.AddAgent(AgentSeed{Name: "Bob"})

	require.Equal(t, []any{"Ada"}, ask(acme.Key(), "GET", "/v1/agents", "").column("name"))
	require.Equal(t, []any{"Bob"}, ask(s.Key(), "GET", "/v1/agents", "").column("name"))
	require.Empty(t, ask(s.Key(), "GET", "/v1/swarms", "").column("name"))
	require.Equal(t, []any{"own"}, ask(acme.Key(), "GET", "/v1/skills?source=custom", "").column("name"))
	require.Empty(t, ask(s.Key(), "GET", "/v1/skills?source=custom", "").column("name"))
	require.Len(t, ask(acme.Key(), "GET", "/v1/skills", "").column("name"), 3, "all accounts share the marketplace")
	require.Equal(t, 1.0, ask(acme.Key(), "GET", "/v1/account", "").at("data", "usage", "agents"))
	require.Equal(t, "acme", ask(acme.Key(), "GET", "/v1/account", "").text("data", "name"))

	for _, r := range route.All() {
		id, code := agent, "agent_not_found"
		switch {
		case r == route.InstallSkill || !strings.Contains(r.Path, "{"):
			continue
		case r.Path[:len("/v1/s")] == "/v1/s" && r.Group() == "Skills":
			id, code = skill, "skill_not_found"
		case r.Path[:len("/v1/s")] == "/v1/s":
			id, code = swarm, "swarm_not_found"
		}
		path := populatedServer{agent: id, swarm: id, skill: id, agentChunks: []string{chunk}, swarmChunks: []string{chunk}}.path(r, "x")
		ask(s.Key(), r.Method, path, operations[r].body).want(404, code)
	}
	ask(s.Key(), "POST", "/v1/agents/"+other+"/skills", bodyOf[agento.InstallSkillParams](object{"SkillID": skill})).want(404, "skill_not_found")
	ask(s.Key(), "PATCH", "/v1/agents/"+other, `{"swarmId":"`+swarm+`"}`).want(404, "swarm_not_found")
	require.Equal(t, "Ada", s.Agent(agent).Name, "Agent finds agents of all accounts")
	require.Equal(t, agent, acme.Agents()[0].ID)
	require.Equal(t, other, s.Agents()[0].ID)
	require.Len(t, acme.Swarms(), 1)
	require.Empty(t, s.Swarms())
	require.Len(t, s.Skills(), 3)
}

func TestRequestAccount(t *testing.T) {
	s := start(t)
	acme := s.AddAccount("acme")
	narrow := acme.AddKey("chat")
	for _, key := range []string{s.Key(), acme.Key(), narrow, "ak_live_ffffffffffffffffffffffffffffffff"} {
		_, err := askAs(t, s, key, "GET", "/v1/agents", "")
		require.NoError(t, err)
	}
	var names []string
	var statuses []int
	for _, r := range s.Requests() {
		names, statuses = append(names, r.Account), append(statuses, r.Status)
	}
	require.Equal(t, []string{"Test Account", "acme", "acme", ""}, names)
	require.Equal(t, []int{200, 200, 403, 401}, statuses)
	recorded, err := json.Marshal(s.Requests())
	require.NoError(t, err)
	for _, key := range []string{s.Key(), acme.Key(), narrow} {
		require.NotContains(t, string(recorded), key[len("ak_live_"):])
	}
}

func TestRequestDecode(t *testing.T) {
	s := start(t)
	ask(t, s, "POST", "/v1/agents", createBody).want(201, "")
	ask(t, s, "POST", "/v1/agents", "{").want(400, "validation_error")
	ask(t, s, "POST", "/v1/nowhere", "").want(404, "unknown_route")
	var body struct{ Name string }
	require.NoError(t, s.Requests()[0].Decode(&body))
	require.Equal(t, "a", body.Name)
	require.EqualError(t, s.Requests()[1].Decode(&body), "agentotest: decode the body of createAgent: unexpected end of JSON input")
	require.ErrorContains(t, s.Requests()[2].Decode(&body), "agentotest: decode the body of POST /v1/nowhere: ")
}

func TestAPIKeys(t *testing.T) {
	const given = "ak_live_0123456789abcdef0123456789abcdef"
	s := start(t, WithKey(given, "agents:read"))
	require.Regexp(t, "^ak_live_[0-9a-f]{32}$", s.Key())
	require.NotEqual(t, s.Key(), New().Key())
	added := s.AddKey("logs")
	require.Regexp(t, "^ak_live_[0-9a-f]{32}$", added)

	as := func(key, method, path string) got {
		g, err := askAs(t, s, key, method, path, "")
		require.NoError(t, err)
		return g
	}
	for _, key := range []string{"", "ak_live_ffffffffffffffffffffffffffffffff", given + " "} {
		g := as(key, "GET", "/v1/account")
		if key == given+" " { // HTTP trims the trailing space
			g.want(200, "")
			continue
		}
		require.NotContains(t, g.want(401, "unauthorized").header, "X-Ratelimit-Limit")
	}
	as(given, "GET", "/v1/agents").want(200, "")
	g := as(given, "POST", "/v1/agents").want(403, "forbidden")
	require.NotContains(t, g.header, "X-Ratelimit-Limit")
	require.NotEmpty(t, g.header.Get("X-Request-Id"))
	as(added, "GET", "/v1/account").want(200, "")
	s.RevokeKey(added)
	as(added, "GET", "/v1/account").want(401, "unauthorized")
}

func TestAllScopes(t *testing.T) {
	require.Equal(t, []string{
		"agents:read", "agents:write", "chat", "knowledge:read", "knowledge:write", "logs", "skills", "swarms:read", "swarms:write",
	}, AllScopes())
}

// The order is 401, 403, 429, and then the operation.
func TestCheckOrder(t *testing.T) {
	s := start(t, WithRateLimit(1, 1<<40))
	narrow := s.AddKey("chat")
	as := func(key, method, path string) got {
		g, err := askAs(t, s, key, method, path, "{")
		require.NoError(t, err)
		return g
	}
	as("none", "POST", "/v1/agents").want(401, "unauthorized")
	as("none", "GET", "/nowhere").want(401, "unauthorized")
	as(narrow, "POST", "/v1/agents").want(403, "forbidden")
	as(narrow, "POST", "/v1/agents").want(403, "forbidden") // does not count against the rate limit
	as(s.Key(), "POST", "/v1/agents").want(400, "validation_error")
	as(s.Key(), "POST", "/v1/agents").want(429, "rate_limit_exceeded")
	as(s.Key(), "GET", "/nowhere").want(429, "rate_limit_exceeded")
	as(narrow, "GET", "/nowhere").want(404, "unknown_route")
}
