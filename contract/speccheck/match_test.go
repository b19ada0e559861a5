package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// byTopic moves up to 25 operations.
var byTopic = elsewhere(map[string]string{
	"getPersonality": "GET /v1/account/personality", "updatePersonality": "PUT /v1/account/personality",
	"getWorkflow": "GET /v1/account/workflow", "updateWorkflow": "PUT /v1/account/workflow", "setAgentSecrets": "PUT /v1/account/secrets",
	"listRules": "GET /v1/policies/{agent}", "getRule": "GET /v1/policies/{agent}/{rule}",
	"putRule": "PUT /v1/policies/{agent}/{rule}", "deleteRule": "DELETE /v1/policies/{agent}/{rule}",
	"sendMessage": "POST /v1/conversations/{agent}/turns", "listMessages": "GET /v1/conversations/{agent}/turns",
	"listSessions": "GET /v1/conversations/{agent}/sessions", "createSession": "POST /v1/conversations/{agent}/sessions",
	"ingestAgentKnowledge": "POST /v1/knowledge/agents/{agent}", "listAgentKnowledge": "GET /v1/knowledge/agents/{agent}",
	"deleteAgentKnowledge": "DELETE /v1/knowledge/agents/{agent}/{chunk}",
	"ingestSwarmKnowledge": "POST /v1/knowledge/swarms/{swarm}", "listSwarmKnowledge": "GET /v1/knowledge/swarms/{swarm}",
	"deleteSwarmKnowledge": "DELETE /v1/knowledge/swarms/{swarm}/{chunk}",
	"recentLogs":           "GET /v1/telemetry/{agent}/logs", "streamLogs": "GET /v1/telemetry/{agent}/tail",
	"startAgent": "POST /v1/agents/{agent}:start", "stopAgent": "POST /v1/agents/{agent}:stop",
	"restartAgent": "POST /v1/agents/{agent}:restart", "getAgentStatus": "GET /v1/agents/{agent}/state",
})

// elsewhere returns the moves that change the method or path of an operation.
func elsewhere(moves map[string]string) map[string]string {
	for _, r := range route.All() {
		if moves[r.Name] == r.Method+" "+r.Path {
			delete(moves, r.Name)
		}
	}
	return moves
}

// renamed returns moves that replace parts of all paths.
func renamed(pairs ...string) map[string]string {
	moves := map[string]string{}
	for _, r := range route.All() {
		if path := strings.NewReplacer(pairs...).Replace(r.Path); path != r.Path {
			moves[r.Name] = r.Method + " " + path
		}
	}
	return moves
}

// decoys are operations that the SDK lacks, each similar to one that it has.
var decoys = map[string]string{
	"POST /v1/swarms/{id}/chat/messages": "sendMessage", "GET /v1/agents/{id}/versions": "listAgents",
	"GET /v1/agents/{id}/memory": "getPersonality", "PUT /v1/agents/{id}/memory": "updatePersonality",
	"POST /v1/agents/{id}/clone": "startAgent", "DELETE /v1/agents/{id}/cache": "deleteAgent", "GET /v1/swarms/{id}/logs": "recentLogs",
	"GET /v1/audit": "listSwarms", "POST /v1/swarms/{id}/restart": "restartAgent", "GET /v1/swarms/{id}/status": "getAgentStatus",
}

// relocate moves operations and removes everything that names them.
func (d tree) relocate(moves, added map[string]string) {
	at := map[string]object{}
	for _, r := range route.All() {
		op := d.path(r.Path)[strings.ToLower(r.Method)].(object)
		for place, like := range added {
			if like == r.Name {
				at[place] = op
			}
		}
		place := r.Method + " " + r.Path
		if to, ok := moves[r.Name]; ok {
			place = to
		}
		at[place] = op
	}
	parameters := map[string]any{}
	for path, item := range d.at("paths") {
		parameters[path] = item.(object)["parameters"]
	}
	d["paths"] = object{}
	for place, op := range at {
		for _, name := range []string{"operationId", "summary", "description", "tags", "x-scope", "x-evidence"} {
			delete(op, name)
		}
		method, path, _ := strings.Cut(place, " ")
		item, ok := d.at("paths")[path].(object)
		if !ok {
			item = object{}
			d.at("paths")[path] = item
		}
		item[strings.ToLower(method)] = op
	}
}

func TestMovedOperations(t *testing.T) {
	tests := map[string]struct {
		moves  map[string]string
		missed int
	}{
		"by topic":        {byTopic, 0},
		"another word":    {renamed("/agents", "/assistants"), 0},
		"two other words": {renamed("/agents", "/assistants", "/swarms", "/teams"), 0},
		"all other words": {renamed("/agents", "/assistants", "/swarms", "/teams", "/skills", "/tools", "/knowledge", "/documents",
			"chat/messages", "messages", "chat/sessions", "threads"), 0},
		"other methods": {map[string]string{
			"startAgent": "PUT " + route.StartAgent.Path, "updateAgent": "PUT " + route.UpdateAgent.Path, "updateSwarm": "POST " + route.UpdateSwarm.Path,
			"updatePersonality": "PATCH " + route.UpdatePersonality.Path, "putRule": "POST " + route.PutRule.Path,
		}, 0},
		"the same end twice": {map[string]string{ // deleteSkill is similar to the new uninstallSkill
			"uninstallSkill": "DELETE /v1/{agent}/skills/{skill}", "deleteSkill": "DELETE /v1/catalog/{skill}",
		}, 2},
		"nothing in common": {map[string]string{ // similar to each other
			"getPersonality": "GET /v1/agents/{id}/soul", "getWorkflow": "GET /v1/agents/{id}/plan",
			"startAgent": "POST /v1/agents/{id}/on", "stopAgent": "POST /v1/agents/{id}/off",
		}, 4},
	}
	for name, tt := range tests {
		for suffix, added := range map[string]map[string]string{"": nil, " and others added": decoys} {
			t.Run(name+suffix, func(t *testing.T) {
				t.Parallel()
				d := ours(t)
				d.relocate(tt.moves, added)
				report := d.compare(t)
				right := 0
				for _, op := range report.Operations {
					if op.To != "" {
						require.Equal(t, shape(tt.moves[op.Name]), shape(op.To), op.Name)
						right++
					}
				}
				t.Logf("%d of %d moved operations are paired correctly, none incorrectly", right, len(tt.moves))
				require.Equal(t, len(tt.moves)-tt.missed, right)
			})
		}
	}
}

// TestMoveIsProbable checks the report of a move that was found by similarity.
func TestMoveIsProbable(t *testing.T) {
	require.GreaterOrEqual(t, len(byTopic), 20)
	d := ours(t)
	d.relocate(byTopic, nil)
	report := d.compare(t)
	require.Len(t, report.Differences, len(byTopic))
	moved := map[string]wirereport.Difference{}
	for _, difference := range report.Differences {
		moved[difference.Where] = difference
	}
	require.Equal(t, wirereport.Difference{
		Kind: wirereport.ProbablyMoved, Where: "sendMessage", Breaking: true, Operations: []string{"sendMessage"},
		From: "POST /v1/agents/{id}/chat/messages", To: "POST /v1/conversations/{agent}/turns",
		Text: "POST /v1/agents/{id}/chat/messages is probably POST /v1/conversations/{agent}/turns",
	}, moved["sendMessage"])
}

// TestCommonPrefix checks that a common prefix is reported once.
func TestCommonPrefix(t *testing.T) {
	for name, moves := range map[string]map[string]string{"/api/v2": renamed("/v1", "/api/v2"), "": renamed("/v1", ""), "/v1/workspaces/{w}": renamed("/v1", "/v1/workspaces/{w}")} {
		d := ours(t)
		moves["getAccount"] = "GET /me"
		d.relocate(moves, nil)
		var got []string
		for _, difference := range d.compare(t).Differences {
			if difference.Kind != wirereport.OperationAdded {
				got = append(got, mark(difference))
				require.True(t, len(difference.Operations) == 42 || difference.Where == "getAccount", difference)
			}
		}
		prefix := placeholder.ReplaceAllString(name, "{}")
		require.ElementsMatch(t, []string{`!path moved: /v1: paths begin with "` + prefix + `"`, "!probably moved: getAccount: GET /v1/account is probably GET /me"}, got)
	}
	some := maps.Clone(renamed("/v1/agents", "/v2/agents"))
	d := ours(t)
	d.relocate(some, nil)
	report := d.compare(t)
	require.Len(t, report.Differences, 1)
	require.Len(t, report.Differences[0].Operations, len(some))
	require.Equal(t, len(route.All())-len(some), report.Summary.Confirmed)
}
