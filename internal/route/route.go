// Package route is the one table of the operations that the Agento API has.
//
// The services of the SDK, the fake service in agentotest, the contract checks
// and the tables in the documentation all read it, so that a path which turns
// out to be different is corrected in one line here.
package route

import (
	"net/http"
	"slices"
	"strings"
)

// Evidence says how well the wire form of an operation is known.
type Evidence string

const (
	// Documented: the operation's path is stated by Agento's public guides.
	Documented Evidence = "documented"
	// TitleOnly: the public reference lists the operation by its title; the
	// path is inferred.
	TitleOnly Evidence = "title"
)

// Scope is what a key must be allowed to do.
type Scope string

const (
	NoScope        Scope = ""
	AgentsRead     Scope = "agents:read"
	AgentsWrite    Scope = "agents:write"
	Chat           Scope = "chat"
	KnowledgeRead  Scope = "knowledge:read"
	KnowledgeWrite Scope = "knowledge:write"
	Logs           Scope = "logs"
	Skills         Scope = "skills"
	SwarmsRead     Scope = "swarms:read"
	SwarmsWrite    Scope = "swarms:write"
)

// Route is one operation.
type Route struct {
	Name     string // the operation's id, unique: "getAgent"
	Group    string // the group of the guide: "Agents"
	Call     string // the method of the SDK: "Agents.Get"
	Method   string // the HTTP method
	Path     string // the path template, with placeholders in braces
	Scope    Scope
	Evidence Evidence
	Stream   bool // the answer is an event stream
	Summary  string
}

var (
	ListAgents   = add("listAgents", "Agents.List", get, "/v1/agents", AgentsRead, Documented, "List agents, newest first")
	CreateAgent  = add("createAgent", "Agents.Create", post, "/v1/agents", AgentsWrite, Documented, "Create an agent and start it")
	GetAgent     = add("getAgent", "Agents.Get", get, "/v1/agents/{id}", AgentsRead, TitleOnly, "Read an agent")
	UpdateAgent  = add("updateAgent", "Agents.Update", patch, "/v1/agents/{id}", AgentsWrite, TitleOnly, "Update an agent")
	DeleteAgent  = add("deleteAgent", "Agents.Delete", del, "/v1/agents/{id}", AgentsWrite, TitleOnly, "Delete an agent")
	StartAgent   = add("startAgent", "Agents.Start", post, "/v1/agents/{id}/start", AgentsWrite, TitleOnly, "Start an agent")
	StopAgent    = add("stopAgent", "Agents.Stop", post, "/v1/agents/{id}/stop", AgentsWrite, TitleOnly, "Stop an agent")
	RestartAgent = add("restartAgent", "Agents.Restart", post, "/v1/agents/{id}/restart", AgentsWrite, Documented, "Restart an agent, which loads changed skills, mode and documents")
	AgentStatus  = add("getAgentStatus", "Agents.Status", get, "/v1/agents/{id}/status", AgentsRead, TitleOnly, "Read an agent's live status")

	GetAccount        = add("getAccount", "Account.Get", get, "/v1/account", NoScope, Documented, "Read account, plan and usage")
	SetSecrets        = add("setAgentSecrets", "Account.SetSecrets", put, "/v1/agents/{id}/secrets", AgentsWrite, TitleOnly, "Set an agent's secrets")
	GetPersonality    = add("getPersonality", "Account.Personality", get, "/v1/agents/{id}/personality", AgentsRead, TitleOnly, "Read the personality (SOUL.md)")
	UpdatePersonality = add("updatePersonality", "Account.UpdatePersonality", put, "/v1/agents/{id}/personality", AgentsWrite, TitleOnly, "Update the personality (SOUL.md)")
	GetWorkflow       = add("getWorkflow", "Account.Workflow", get, "/v1/agents/{id}/workflow", AgentsRead, TitleOnly, "Read the workflow (WORKFLOW.md)")
	UpdateWorkflow    = add("updateWorkflow", "Account.UpdateWorkflow", put, "/v1/agents/{id}/workflow", AgentsWrite, TitleOnly, "Update the workflow (WORKFLOW.md)")
	ListRules         = add("listRules", "Account.Rules", get, "/v1/agents/{id}/rules", AgentsRead, TitleOnly, "List an agent's rules")
	GetRule           = add("getRule", "Account.Rule", get, "/v1/agents/{id}/rules/{name}", AgentsRead, TitleOnly, "Read a rule")
	PutRule           = add("putRule", "Account.PutRule", put, "/v1/agents/{id}/rules/{name}", AgentsWrite, TitleOnly, "Create or replace a rule")
	DeleteRule        = add("deleteRule", "Account.DeleteRule", del, "/v1/agents/{id}/rules/{name}", AgentsWrite, TitleOnly, "Delete a rule")

	SendMessage   = stream(add("sendMessage", "Chat.Send", post, "/v1/agents/{id}/chat/messages", Chat, Documented, "Send a message, the answer is streamed"))
	ListMessages  = add("listMessages", "Chat.History", get, "/v1/agents/{id}/chat/messages", Chat, TitleOnly, "Read the message history")
	ListSessions  = add("listSessions", "Chat.Sessions", get, "/v1/agents/{id}/chat/sessions", Chat, TitleOnly, "List chat sessions")
	CreateSession = add("createSession", "Chat.CreateSession", post, "/v1/agents/{id}/chat/sessions", Chat, TitleOnly, "Create a chat session")

	IngestAgentKnowledge = add("ingestAgentKnowledge", "Knowledge.Ingest", post, "/v1/agents/{id}/knowledge", KnowledgeWrite, TitleOnly, "Ingest chunks into an agent's knowledge base")
	ListAgentKnowledge   = add("listAgentKnowledge", "Knowledge.List", get, "/v1/agents/{id}/knowledge", KnowledgeRead, TitleOnly, "List the chunks of an agent's knowledge base")
	DeleteAgentKnowledge = add("deleteAgentKnowledge", "Knowledge.Delete", del, "/v1/agents/{id}/knowledge/{chunkId}", KnowledgeWrite, TitleOnly, "Delete a chunk from an agent's knowledge base")
	IngestSwarmKnowledge = add("ingestSwarmKnowledge", "Knowledge.Ingest", post, "/v1/swarms/{id}/knowledge", KnowledgeWrite, TitleOnly, "Ingest chunks into a swarm's knowledge base")
	ListSwarmKnowledge   = add("listSwarmKnowledge", "Knowledge.List", get, "/v1/swarms/{id}/knowledge", KnowledgeRead, TitleOnly, "List the chunks of a swarm's knowledge base")
	DeleteSwarmKnowledge = add("deleteSwarmKnowledge", "Knowledge.Delete", del, "/v1/swarms/{id}/knowledge/{chunkId}", KnowledgeWrite, TitleOnly, "Delete a chunk from a swarm's knowledge base")

	RecentLogs = add("recentLogs", "Logs.Recent", get, "/v1/agents/{id}/logs", Logs, TitleOnly, "Read an agent's recent log lines")
	StreamLogs = stream(add("streamLogs", "Logs.Stream", get, "/v1/agents/{id}/logs/stream", Logs, TitleOnly, "Follow an agent's log"))

	BrowseSkills    = add("browseSkills", "Skills.Browse", get, "/v1/skills", Skills, TitleOnly, "Browse the marketplace, or the account's custom skills")
	GetSkill        = add("getSkill", "Skills.Get", get, "/v1/skills/{id}", Skills, TitleOnly, "Read a skill")
	UploadSkill     = add("uploadSkill", "Skills.Upload", post, "/v1/skills", Skills, Documented, "Upload a custom skill, or a new version of it")
	DeleteSkill     = add("deleteSkill", "Skills.Delete", del, "/v1/skills/{id}", Skills, TitleOnly, "Delete a custom skill")
	InstalledSkills = add("listInstalledSkills", "Skills.Installed", get, "/v1/agents/{id}/skills", Skills, TitleOnly, "List the skills installed on an agent")
	InstallSkill    = add("installSkill", "Skills.Install", post, "/v1/agents/{id}/skills", Skills, Documented, "Install a skill on an agent")
	UninstallSkill  = add("uninstallSkill", "Skills.Uninstall", del, "/v1/agents/{id}/skills/{skillId}", Skills, TitleOnly, "Uninstall a skill from an agent")

	ListSwarms  = add("listSwarms", "Swarms.List", get, "/v1/swarms", SwarmsRead, TitleOnly, "List swarms")
	CreateSwarm = add("createSwarm", "Swarms.Create", post, "/v1/swarms", SwarmsWrite, TitleOnly, "Create a swarm")
	GetSwarm    = add("getSwarm", "Swarms.Get", get, "/v1/swarms/{id}", SwarmsRead, TitleOnly, "Read a swarm")
	UpdateSwarm = add("updateSwarm", "Swarms.Update", patch, "/v1/swarms/{id}", SwarmsWrite, TitleOnly, "Update a swarm")
	DeleteSwarm = add("deleteSwarm", "Swarms.Delete", del, "/v1/swarms/{id}", SwarmsWrite, TitleOnly, "Delete a swarm")
)

const (
	get   = http.MethodGet
	post  = http.MethodPost
	put   = http.MethodPut
	patch = http.MethodPatch
	del   = http.MethodDelete
)

// All returns every operation, in the order of the guide's groups.
func All() []*Route { return slices.Clone(table) }

var table []*Route

func add(name, call, method, path string, scope Scope, evidence Evidence, summary string) *Route {
	group, _, _ := strings.Cut(call, ".")
	r := &Route{
		Name: name, Group: group, Call: call, Method: method, Path: path,
		Scope: scope, Evidence: evidence, Summary: summary,
	}
	table = append(table, r)
	return r
}

func stream(r *Route) *Route {
	r.Stream = true
	return r
}
