package agentotest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/route"
)

// handler performs an operation. It runs with Service.mu locked.
type handler func(c *call) (response, error)

// on returns a handler that performs an operation on the value that target finds.
func on[T any](target func(*call) (T, error), operation func(*call, T) (response, error)) handler {
	return func(c *call) (response, error) {
		found, err := target(c)
		if err != nil {
			return response{}, err
		}
		return operation(c, found)
	}
}

// part returns a function that finds a part of the value that target finds.
func part[T, P any](target func(*call) (T, error), of func(T) P) func(*call) (P, error) {
	return func(c *call) (P, error) {
		found, err := target(c)
		if err != nil {
			var zero P
			return zero, err
		}
		return of(found), nil
	}
}

// handlers contains the handler of each route. Paths and scopes are in package route.
var handlers = map[*route.Route]handler{
	route.ListAgents:   listAgents,
	route.CreateAgent:  createAgent,
	route.GetAgent:     on(agentOf, getResource[*agent]),
	route.UpdateAgent:  on(agentOf, updateAgent),
	route.DeleteAgent:  on(agentOf, deleteAgent),
	route.StartAgent:   on(agentOf, startAgent),
	route.StopAgent:    on(agentOf, stopAgent),
	route.RestartAgent: on(agentOf, restartAgent),
	route.AgentStatus:  on(agentOf, agentStatus),

	route.GetAccount:        getAccount,
	route.SetSecrets:        on(settingsOf, setSecrets),
	route.GetPersonality:    on(personalityOf, getResource[*document]),
	route.UpdatePersonality: on(personalityOf, updateDocument),
	route.GetWorkflow:       on(workflowOf, getResource[*document]),
	route.UpdateWorkflow:    on(workflowOf, updateDocument),
	route.ListRules:         on(settingsOf, listRules),
	route.GetRule:           on(settingsOf, getRule),
	route.PutRule:           on(settingsOf, putRule),
	route.DeleteRule:        on(settingsOf, deleteRule),

	route.SendMessage:   on(agentOf, sendMessage),
	route.ListMessages:  on(agentOf, listMessages),
	route.ListSessions:  on(agentOf, listSessions),
	route.CreateSession: on(agentOf, createSession),

	route.IngestAgentKnowledge: on(agentKnowledge, ingest),
	route.ListAgentKnowledge:   on(agentKnowledge, listKnowledge),
	route.DeleteAgentKnowledge: on(agentKnowledge, deleteChunk),
	route.IngestSwarmKnowledge: on(swarmKnowledge, ingest),
	route.ListSwarmKnowledge:   on(swarmKnowledge, listKnowledge),
	route.DeleteSwarmKnowledge: on(swarmKnowledge, deleteChunk),

	route.RecentLogs: on(agentOf, readLogs),
	route.StreamLogs: on(agentOf, streamLogs),

	route.BrowseSkills:    browseSkills,
	route.GetSkill:        on(skillOf, getResource[*skill]),
	route.UploadSkill:     uploadSkill,
	route.DeleteSkill:     on(skillOf, deleteSkill),
	route.InstalledSkills: on(agentOf, listInstalled),
	route.InstallSkill:    on(agentOf, installSkill),
	route.UninstallSkill:  on(agentOf, uninstallSkill),

	route.ListSwarms:  listSwarms,
	route.CreateSwarm: createSwarm,
	route.GetSwarm:    on(swarmOf, getResource[*swarm]),
	route.UpdateSwarm: on(swarmOf, updateSwarm),
	route.DeleteSwarm: on(swarmOf, deleteSwarm),
}

type endpoint struct {
	route    *route.Route
	segments []string
	handle   handler
}

var endpoints = func() (all []*endpoint) {
	for _, r := range route.All() {
		all = append(all, &endpoint{r, strings.Split(r.Path, "/"), handlers[r]})
	}
	return all
}()

// findEndpoint returns the operation of a request and the values in its path. It matches
// the escaped path, so an ID may contain a slash. Its error codes do not end in
// _not_found, which means that a resource does not exist.
func findEndpoint(method, escapedPath string) (*endpoint, map[string]string, error) {
	var allow []string
	segments := strings.Split(escapedPath, "/")
	for _, e := range endpoints {
		values, ok := e.match(segments)
		if ok && e.route.Method == method {
			return e, values, nil
		}
		if ok {
			allow = append(allow, e.route.Method)
		}
	}
	if allow == nil {
		return nil, nil, newError(http.StatusNotFound, "unknown_route", "unknown path")
	}
	slices.Sort(allow)
	err := newError(http.StatusMethodNotAllowed, "method_not_allowed", "method not allowed for this path")
	err.header = http.Header{"Allow": {strings.Join(allow, ", ")}}
	return nil, nil, err
}

func (e *endpoint) match(segments []string) (values map[string]string, ok bool) {
	if len(segments) != len(e.segments) {
		return nil, false
	}
	values = map[string]string{}
	for i, segment := range segments {
		name, isValue := strings.CutPrefix(e.segments[i], "{")
		if !isValue {
			if segment != e.segments[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segment)
		if err != nil || value == "" {
			return nil, false
		}
		values[strings.TrimSuffix(name, "}")] = value
	}
	return values, true
}
