package agentotest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
	require.Empty(t, s.Agent(agent).SwarmID, "its agents stay and are in no swarm")
}
