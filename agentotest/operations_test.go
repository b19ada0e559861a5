package agentotest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

const skillBody = `{"name":"faq","version":"1.0.0","description":"Answers","files":{"SKILL.md":"---\nname: faq\n---\n"}}`

// operations contains a request and the expected response of every operation, for a
// service with one agent and one swarm.
var operations = map[*route.Route]struct {
	last   string // value of the path's {name}
	body   string
	status int
	has    string // substring of the response body
}{
	route.ListAgents:   {status: 200, has: `"pagination":{"total":1,"limit":1,"offset":0}`},
	route.CreateAgent:  {body: `{"name":"Bob","secrets":{"geminiApiKey":"k"}}`, status: 201, has: `"name":"Bob"`},
	route.GetAgent:     {status: 200, has: `"swarm":{"id":`},
	route.UpdateAgent:  {body: `{"name":"Eve"}`, status: 200, has: `"name":"Eve"`},
	route.DeleteAgent:  {status: 204},
	route.StartAgent:   {status: 200, has: `"status":"running"`},
	route.StopAgent:    {status: 200, has: `"status":"stopped"`},
	route.RestartAgent: {status: 200, has: `"status":"running"`},
	route.AgentStatus:  {status: 200, has: `"memory":"212MB / 8GB"`},

	route.GetAccount:        {status: 200, has: `"usage":{"agents":1,"runningAgents":1,"swarms":1}`},
	route.SetSecrets:        {body: `{"anthropicApiKey":"new"}`, status: 204},
	route.GetPersonality:    {status: 200, has: `"content":"# Soul"`},
	route.UpdatePersonality: {body: `{"content":"# New","version":"1"}`, status: 200, has: `"version":"2"`},
	route.GetWorkflow:       {status: 200, has: `"content":"# Work"`},
	route.UpdateWorkflow:    {body: `{"content":""}`, status: 200, has: `"content":""`},
	route.ListRules:         {status: 200, has: `"name":"tone.md"`},
	route.GetRule:           {last: "tone.md", status: 200, has: `"content":"Be kind."`},
	route.PutRule:           {last: "new.md", body: `{"content":"x"}`, status: 200, has: `"name":"new.md"`},
	route.DeleteRule:        {last: "tone.md", status: 204},

	route.SendMessage:   {body: `{"message":"Hi"}`, status: 200, has: `data: {"type":"done"}`},
	route.ListMessages:  {status: 200, has: `"data":[]`},
	route.ListSessions:  {status: 200, has: `"` + jsonname.Of[agento.Session]("PeerID") + `":"pia"`},
	route.CreateSession: {body: `{"title":"T"}`, status: 201, has: `"title":"T"`},

	route.IngestAgentKnowledge: {body: `{"chunks":[{"content":"c"}]}`, status: 201, has: `{"duplicates":0,"ids":["`},
	route.ListAgentKnowledge:   {status: 200, has: `"content":"agent fact"`},
	route.DeleteAgentKnowledge: {last: "CHUNK", status: 204},
	route.IngestSwarmKnowledge: {body: `{"chunks":[{"content":"swarm fact"}]}`, status: 201, has: `{"duplicates":1,"ids":[],"ingested":0}`},
	route.ListSwarmKnowledge:   {status: 200, has: `"content":"swarm fact"`},
	route.DeleteSwarmKnowledge: {last: "CHUNK", status: 204},

	route.RecentLogs: {status: 200, has: `"message":"agent running"`},
	route.StreamLogs: {status: 200},

	route.BrowseSkills:    {status: 200, has: `"name":"web-search"`},
	route.GetSkill:        {status: 200, has: `"source":"custom"`},
	route.UploadSkill:     {body: skillBody, status: 201, has: `"name":"faq"`},
	route.DeleteSkill:     {status: 204},
	route.InstalledSkills: {status: 200, has: `"data":[]`},
	route.InstallSkill:    {body: bodyOf[agento.InstallSkillParams](object{"GitHubURL": "https://github.com/o/Repo"}), status: 201, has: `"name":"repo"`},
	route.UninstallSkill:  {last: "SKILL", status: 404, has: `"code":"skill_not_found"`},

	route.ListSwarms:  {status: 200, has: `"pagination":{"total":1,"limit":1,"offset":0}`},
	route.CreateSwarm: {body: `{"name":"New"}`, status: 201, has: `"agents":[]`},
	route.GetSwarm:    {status: 200, has: `"status":"running"`},
	route.UpdateSwarm: {body: `{"description":"d"}`, status: 200, has: `"description":"d"`},
	route.DeleteSwarm: {status: 204},
}

// populatedServer is a server with one resource of each kind.
type populatedServer struct {
	*Server
	agent, swarm, skill      string
	agentChunks, swarmChunks []string
}

func startPopulated(t *testing.T, opts ...Option) populatedServer {
	w := populatedServer{Server: start(t, opts...)}
	w.agent, w.swarm = seeded(w.Service)
	w.skill = w.AddSkill(SkillSeed{Name: "own", Custom: true})
	w.agentChunks = w.AddKnowledge(w.agent, Chunk{Content: "agent fact", Source: "a.md"})
	w.swarmChunks = w.AddKnowledge(w.swarm, Chunk{Content: "swarm fact"})
	w.AddSession(w.agent, "", "pia")
	ask(t, w.Server, http.MethodPut, "/v1/agents/"+w.agent+"/rules/tone.md", `{"content":"Be kind."}`).want(200, "")
	return w
}

// path expands a route's path template.
func (w populatedServer) path(r *route.Route, last string) string {
	id, chunks := w.agent, w.agentChunks
	switch r.Group() {
	case "Swarms":
		id = w.swarm
	case "Skills":
		if !strings.Contains(r.Path, "/agents/") {
			id = w.skill
		}
	}
	if strings.Contains(r.Path, "/swarms/") {
		id, chunks = w.swarm, w.swarmChunks
	}
	return strings.NewReplacer("{id}", id, "{name}", last, "{chunkId}", chunks[0], "{skillId}", w.skill).Replace(r.Path)
}

// pathOf expands a route's path template with an ID.
func pathOf(r *route.Route, id string) string { return strings.Replace(r.Path, "{id}", id, 1) }

func TestEveryOperation(t *testing.T) {
	for _, r := range route.All() {
		t.Run(r.Name, func(t *testing.T) {
			row, ok := operations[r]
			require.True(t, ok, "no test row for %s", r.Name)
			w := startPopulated(t)
			path := w.path(r, row.last)
			if r == route.StreamLogs {
				block := openStream(t, w.Server, path+"?tail=1", nil).block()
				require.Contains(t, block, `"message":"agent running"`)
				return
			}
			g := ask(t, w.Server, r.Method, path, row.body)
			require.Equal(t, row.status, g.status, g.body)
			require.Contains(t, g.body, row.has)
			require.Equal(t, row.status == 204, g.body == "")
			require.Regexp(t, `^req_\d{6}$`, g.header.Get("X-Request-Id"))
			require.Equal(t, "120", g.header.Get("X-RateLimit-Limit"))
			require.Equal(t, "118", g.header.Get("X-RateLimit-Remaining"))
		})
	}
}

func TestHandlersComplete(t *testing.T) {
	for _, r := range route.All() {
		require.Contains(t, handlers, r, "no handler for %s", r.Name)
	}
	require.Len(t, handlers, len(route.All()))
}

func TestOperationScopes(t *testing.T) {
	w := startPopulated(t, WithRateLimit(0, 0))
	for _, r := range route.All() {
		t.Run(r.Name, func(t *testing.T) {
			if r.Scope == route.NoScope {
				g, err := askAs(t, w.Server, w.AddKey(), r.Method, w.path(r, "x"), operations[r].body)
				require.NoError(t, err)
				g.want(200, "")
				return
			}
			var others []string
			for _, scope := range AllScopes() {
				if scope != string(r.Scope) {
					others = append(others, scope)
				}
			}
			require.Len(t, others, len(AllScopes())-1)
			g, err := askAs(t, w.Server, w.AddKey(others...), r.Method, w.path(r, "x"), operations[r].body)
			require.NoError(t, err)
			require.Contains(t, g.want(403, "forbidden").body, string(r.Scope))

			g, err = askAs(t, w.Server, w.AddKey(string(r.Scope)), r.Method, "/v1/none/"+r.Path, "")
			require.NoError(t, err)
			g.want(404, "unknown_route")
		})
	}
}

func TestOperationsNotFound(t *testing.T) {
	w := startPopulated(t, WithRateLimit(0, 0))
	for _, r := range route.All() {
		if !strings.Contains(r.Path, "{id}") {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			code := "agent_not_found"
			switch {
			case strings.HasPrefix(r.Path, "/v1/swarms"):
				code = "swarm_not_found"
			case strings.HasPrefix(r.Path, "/v1/skills"):
				code = "skill_not_found"
			}
			path := strings.Replace(r.Path, "{id}", "nobody", 1)
			ask(t, w.Server, r.Method, path, operations[r].body).want(404, code)
		})
	}
}

func TestBodyNotObject(t *testing.T) {
	w := startPopulated(t, WithRateLimit(0, 0))
	for _, r := range route.All() {
		if operations[r].body == "" {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for _, body := range []string{"", "[]", "null", `"x"`, "{", `{} {}`} {
				g := ask(t, w.Server, r.Method, w.path(r, "x.md"), body)
				require.Equal(t, "the body must be a JSON object", g.want(400, "validation_error").text("error", "message"))
			}
		})
	}
}
