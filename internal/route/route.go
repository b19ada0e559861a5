// Package route is the table of the Agento API's operations.
//
// The SDK, the fake service in agentotest, the contract checks and the documentation
// tests all use it, so a path is corrected in one line.
package route

import (
	"net/http"
	"slices"
	"strings"
)

// Evidence is the source of an operation's path.
type Evidence string

const (
	// Documented means that Agento's public guides state the path.
	Documented Evidence = "documented"
	// TitleOnly means that the public reference lists only the operation's title, and
	// the path is inferred.
	TitleOnly Evidence = "title"
)

// Scope is a permission of an API key.
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
	Name     string // unique ID, such as "getAgent"
	Call     string // method of the SDK, such as "Agents.Get"
	Method   string // HTTP method
	Path     string // path template, with placeholders in braces
	Scope    Scope
	Evidence Evidence
	Stream   bool // the response is an event stream
	Summary  string
}

var (
	ListAgents   = &Route{"listAgents", "Agents.List", get, "/v1/agents", AgentsRead, Documented, false, "List agents, newest first"}
	CreateAgent  = &Route{"createAgent", "Agents.Create", post, "/v1/agents", AgentsWrite, Documented, false, "Create an agent and start it"}
	GetAgent     = &Route{"getAgent", "Agents.Get", get, "/v1/agents/{id}", AgentsRead, TitleOnly, false, "Read an agent"}
	UpdateAgent  = &Route{"updateAgent", "Agents.Update", patch, "/v1/agents/{id}", AgentsWrite, TitleOnly, false, "Update an agent"}
	DeleteAgent  = &Route{"deleteAgent", "Agents.Delete", del, "/v1/agents/{id}", AgentsWrite, TitleOnly, false, "Delete an agent"}
	StartAgent   = &Route{"startAgent", "Agents.Start", post, "/v1/agents/{id}/start", AgentsWrite, TitleOnly, false, "Start an agent"}
	StopAgent    = &Route{"stopAgent", "Agents.Stop", post, "/v1/agents/{id}/stop", AgentsWrite, TitleOnly, false, "Stop an agent"}
	RestartAgent = &Route{"restartAgent", "Agents.Restart", post, "/v1/agents/{id}/restart", AgentsWrite, Documented, false, "Restart an agent, which loads changed skills, mode and documents"}
	AgentStatus  = &Route{"getAgentStatus", "Agents.Status", get, "/v1/agents/{id}/status", AgentsRead, TitleOnly, false, "Read an agent's live status"}

	GetAccount        = &Route{"getAccount", "Account.Get", get, "/v1/account", NoScope, Documented, false, "Read account, plan and usage"}
	SetSecrets        = &Route{"setAgentSecrets", "Account.SetSecrets", put, "/v1/agents/{id}/secrets", AgentsWrite, TitleOnly, false, "Set an agent's secrets"}
	GetPersonality    = &Route{"getPersonality", "Account.Personality", get, "/v1/agents/{id}/personality", AgentsRead, TitleOnly, false, "Read the personality (SOUL.md)"}
	UpdatePersonality = &Route{"updatePersonality", "Account.UpdatePersonality", put, "/v1/agents/{id}/personality", AgentsWrite, TitleOnly, false, "Update the personality (SOUL.md)"}
	GetWorkflow       = &Route{"getWorkflow", "Account.Workflow", get, "/v1/agents/{id}/workflow", AgentsRead, TitleOnly, false, "Read the workflow (WORKFLOW.md)"}
	UpdateWorkflow    = &Route{"updateWorkflow", "Account.UpdateWorkflow", put, "/v1/agents/{id}/workflow", AgentsWrite, TitleOnly, false, "Update the workflow (WORKFLOW.md)"}
	ListRules         = &Route{"listRules", "Account.Rules", get, "/v1/agents/{id}/rules", AgentsRead, TitleOnly, false, "List an agent's rules"}
	GetRule           = &Route{"getRule", "Account.Rule", get, "/v1/agents/{id}/rules/{name}", AgentsRead, TitleOnly, false, "Read a rule"}
	PutRule           = &Route{"putRule", "Account.PutRule", put, "/v1/agents/{id}/rules/{name}", AgentsWrite, TitleOnly, false, "Create or replace a rule"}
	DeleteRule        = &Route{"deleteRule", "Account.DeleteRule", del, "/v1/agents/{id}/rules/{name}", AgentsWrite, TitleOnly, false, "Delete a rule"}

	SendMessage   = &Route{"sendMessage", "Chat.Send", post, "/v1/agents/{id}/chat/messages", Chat, Documented, true, "Send a message, the answer is streamed"}
	ListMessages  = &Route{"listMessages", "Chat.History", get, "/v1/agents/{id}/chat/messages", Chat, TitleOnly, false, "Read the message history"}
	ListSessions  = &Route{"listSessions", "Chat.Sessions", get, "/v1/agents/{id}/chat/sessions", Chat, TitleOnly, false, "List chat sessions"}
	CreateSession = &Route{"createSession", "Chat.CreateSession", post, "/v1/agents/{id}/chat/sessions", Chat, TitleOnly, false, "Create a chat session"}

	IngestAgentKnowledge = &Route{"ingestAgentKnowledge", "Knowledge.Ingest", post, "/v1/agents/{id}/knowledge", KnowledgeWrite, TitleOnly, false, "Ingest chunks into an agent's knowledge base"}
	ListAgentKnowledge   = &Route{"listAgentKnowledge", "Knowledge.List", get, "/v1/agents/{id}/knowledge", KnowledgeRead, TitleOnly, false, "List the chunks of an agent's knowledge base"}
	DeleteAgentKnowledge = &Route{"deleteAgentKnowledge", "Knowledge.Delete", del, "/v1/agents/{id}/knowledge/{chunkId}", KnowledgeWrite, TitleOnly, false, "Delete a chunk from an agent's knowledge base"}
	IngestSwarmKnowledge = &Route{"ingestSwarmKnowledge", "Knowledge.Ingest", post, "/v1/swarms/{id}/knowledge", KnowledgeWrite, TitleOnly, false, "Ingest chunks into a swarm's knowledge base"}
	ListSwarmKnowledge   = &Route{"listSwarmKnowledge", "Knowledge.List", get, "/v1/swarms/{id}/knowledge", KnowledgeRead, TitleOnly, false, "List the chunks of a swarm's knowledge base"}
	DeleteSwarmKnowledge = &Route{"deleteSwarmKnowledge", "Knowledge.Delete", del, "/v1/swarms/{id}/knowledge/{chunkId}", KnowledgeWrite, TitleOnly, false, "Delete a chunk from a swarm's knowledge base"}

	RecentLogs = &Route{"recentLogs", "Logs.Recent", get, "/v1/agents/{id}/logs", Logs, TitleOnly, false, "Read an agent's recent log lines"}
	StreamLogs = &Route{"streamLogs", "Logs.Stream", get, "/v1/agents/{id}/logs/stream", Logs, TitleOnly, true, "Follow an agent's log"}

	BrowseSkills    = &Route{"browseSkills", "Skills.Browse", get, "/v1/skills", Skills, TitleOnly, false, "Browse the marketplace, or the account's custom skills"}
	GetSkill        = &Route{"getSkill", "Skills.Get", get, "/v1/skills/{id}", Skills, TitleOnly, false, "Read a skill"}
	UploadSkill     = &Route{"uploadSkill", "Skills.Upload", post, "/v1/skills", Skills, Documented, false, "Upload a custom skill, or a new version of it"}
	DeleteSkill     = &Route{"deleteSkill", "Skills.Delete", del, "/v1/skills/{id}", Skills, TitleOnly, false, "Delete a custom skill"}
	InstalledSkills = &Route{"listInstalledSkills", "Skills.Installed", get, "/v1/agents/{id}/skills", Skills, TitleOnly, false, "List the skills installed on an agent"}
	InstallSkill    = &Route{"installSkill", "Skills.Install", post, "/v1/agents/{id}/skills", Skills, Documented, false, "Install a skill on an agent"}
	UninstallSkill  = &Route{"uninstallSkill", "Skills.Uninstall", del, "/v1/agents/{id}/skills/{skillId}", Skills, TitleOnly, false, "Uninstall a skill from an agent"}

	ListSwarms  = &Route{"listSwarms", "Swarms.List", get, "/v1/swarms", SwarmsRead, TitleOnly, false, "List swarms"}
	CreateSwarm = &Route{"createSwarm", "Swarms.Create", post, "/v1/swarms", SwarmsWrite, TitleOnly, false, "Create a swarm"}
	GetSwarm    = &Route{"getSwarm", "Swarms.Get", get, "/v1/swarms/{id}", SwarmsRead, TitleOnly, false, "Read a swarm"}
	UpdateSwarm = &Route{"updateSwarm", "Swarms.Update", patch, "/v1/swarms/{id}", SwarmsWrite, TitleOnly, false, "Update a swarm"}
	DeleteSwarm = &Route{"deleteSwarm", "Swarms.Delete", del, "/v1/swarms/{id}", SwarmsWrite, TitleOnly, false, "Delete a swarm"}
)

const (
	get   = http.MethodGet
	post  = http.MethodPost
	put   = http.MethodPut
	patch = http.MethodPatch
	del   = http.MethodDelete
)

// Prefixes of the paths of operations on an agent and on a swarm.
const (
	OfAgent = "/v1/agents/{id}"
	OfSwarm = "/v1/swarms/{id}"
)

// All returns all operations, ordered by group.
func All() []*Route { return slices.Clone(table) }

var table = []*Route{
	ListAgents, CreateAgent, GetAgent, UpdateAgent, DeleteAgent, StartAgent, StopAgent, RestartAgent, AgentStatus,
	GetAccount, SetSecrets, GetPersonality, UpdatePersonality, GetWorkflow, UpdateWorkflow, ListRules, GetRule, PutRule, DeleteRule,
	SendMessage, ListMessages, ListSessions, CreateSession,
	IngestAgentKnowledge, ListAgentKnowledge, DeleteAgentKnowledge, IngestSwarmKnowledge, ListSwarmKnowledge, DeleteSwarmKnowledge,
	RecentLogs, StreamLogs,
	BrowseSkills, GetSkill, UploadSkill, DeleteSkill, InstalledSkills, InstallSkill, UninstallSkill,
	ListSwarms, CreateSwarm, GetSwarm, UpdateSwarm, DeleteSwarm,
}

// Group returns the group of the operation, such as "Agents".
func (r *Route) Group() string {
	group, _, _ := strings.Cut(r.Call, ".")
	return group
}
