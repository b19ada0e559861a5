package agentotest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/route"
)

// handlers has the operations by their row in the table. Paths and scopes stand
// there, so that a correction of the table needs no edit here.
var handlers = map[*route.Route]handler{
	route.ListAgents:   (*Service).listAgents,
	route.CreateAgent:  (*Service).createAgent,
	route.GetAgent:     (*Service).getAgent,
	route.UpdateAgent:  (*Service).updateAgent,
	route.DeleteAgent:  (*Service).deleteAgent,
	route.StartAgent:   (*Service).startAgent,
	route.StopAgent:    (*Service).stopAgent,
	route.RestartAgent: (*Service).restartAgent,
	route.AgentStatus:  (*Service).agentStatus,

	route.GetAccount:        (*Service).getAccount,
	route.SetSecrets:        (*Service).setSecrets,
	route.GetPersonality:    (*Service).getPersonality,
	route.UpdatePersonality: (*Service).updatePersonality,
	route.GetWorkflow:       (*Service).getWorkflow,
	route.UpdateWorkflow:    (*Service).updateWorkflow,
	route.ListRules:         (*Service).listRules,
	route.GetRule:           (*Service).getRule,
	route.PutRule:           (*Service).putRule,
	route.DeleteRule:        (*Service).deleteRule,

	route.SendMessage:   (*Service).sendMessage,
	route.ListMessages:  (*Service).listMessages,
	route.ListSessions:  (*Service).listSessions,
	route.CreateSession: (*Service).createSession,

	route.IngestAgentKnowledge: knowledgeHandler((*Service).agentKnowledge, (*Service).ingest),
	route.ListAgentKnowledge:   knowledgeHandler((*Service).agentKnowledge, (*Service).listKnowledge),
	route.DeleteAgentKnowledge: knowledgeHandler((*Service).agentKnowledge, (*Service).deleteKnowledge),
	route.IngestSwarmKnowledge: knowledgeHandler((*Service).swarmKnowledge, (*Service).ingest),
	route.ListSwarmKnowledge:   knowledgeHandler((*Service).swarmKnowledge, (*Service).listKnowledge),
	route.DeleteSwarmKnowledge: knowledgeHandler((*Service).swarmKnowledge, (*Service).deleteKnowledge),

	route.RecentLogs: (*Service).recentLogs,
	route.StreamLogs: (*Service).streamLogs,

	route.BrowseSkills:    (*Service).browseSkills,
	route.GetSkill:        (*Service).getSkill,
	route.UploadSkill:     (*Service).uploadSkill,
	route.DeleteSkill:     (*Service).deleteSkill,
	route.InstalledSkills: (*Service).listInstalled,
	route.InstallSkill:    (*Service).installSkill,
	route.UninstallSkill:  (*Service).uninstallSkill,

	route.ListSwarms:  (*Service).listSwarms,
	route.CreateSwarm: (*Service).createSwarm,
	route.GetSwarm:    (*Service).getSwarm,
	route.UpdateSwarm: (*Service).updateSwarm,
	route.DeleteSwarm: (*Service).deleteSwarm,
}

type endpoint struct {
	route    *route.Route
	segments []string
	handle   handler
}

// router finds the operation of a request. It matches on the escaped path, so
// that an id may hold a slash, and cleans nothing: "/v1/../v1" is no path.
type router []endpoint

func newRouter() router {
	var t router
	for _, r := range route.All() {
		if handle, ok := handlers[r]; ok {
			t = append(t, endpoint{r, strings.Split(r.Path, "/"), handle})
		}
	}
	return t
}

// match is what a request's path stands for. Without an endpoint, allow has the
// methods that the path knows.
type match struct {
	endpoint *endpoint
	values   map[string]string
	allow    []string
}

func (t router) find(method, escapedPath string) match {
	var m match
	best := -1
	segments := strings.Split(escapedPath, "/")
	for i := range t {
		values, literals, ok := t[i].match(segments)
		if !ok {
			continue
		}
		m.allow = append(m.allow, t[i].route.Method)
		if t[i].route.Method == method && literals > best {
			m.endpoint, m.values, best = &t[i], values, literals
		}
	}
	return m
}

// match compares a path with the endpoint's template. The more literal segments
// agree, the better the match.
func (e *endpoint) match(segments []string) (values map[string]string, literals int, ok bool) {
	if len(segments) != len(e.segments) {
		return nil, 0, false
	}
	values = map[string]string{}
	for i, segment := range segments {
		name, isValue := placeholder(e.segments[i])
		if !isValue {
			if segment != e.segments[i] {
				return nil, 0, false
			}
			literals++
			continue
		}
		value, err := url.PathUnescape(segment)
		if err != nil || value == "" {
			return nil, 0, false
		}
		values[name] = value
	}
	return values, literals, true
}

func placeholder(segment string) (name string, ok bool) {
	if len(segment) > 2 && segment[0] == '{' && segment[len(segment)-1] == '}' {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

// refusal answers a request that is no operation. The code does not end in
// _not_found: what is missing is the route, not a resource.
func (m match) refusal() error {
	if len(m.allow) == 0 {
		return &apiError{status: http.StatusNotFound, code: "unknown_route", message: "the service has no such path"}
	}
	allow := slices.Compact(slices.Sorted(slices.Values(m.allow)))
	return &apiError{
		status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "the path does not take this method",
		header: http.Header{"Allow": {strings.Join(allow, ", ")}},
	}
}
