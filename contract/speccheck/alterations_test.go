package main

import (
	"fmt"
	"strings"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// alteration makes one change to a copy of the document.
type alteration struct {
	alter   func(d tree)
	want    []string // the differences, with "!" if they break a caller
	refuted []string // the operations; nil if something breaks: all
}

type object = map[string]any

var ok = object{"200": object{"description": "ok"}}

var alterations = map[string]alteration{
	"path moved": {
		alter: func(d tree) {
			rename(d.at("paths"), route.GetPersonality.Path, "/v1/settings/personality")
			delete(d.path("/v1/settings/personality"), "parameters")
		},
		want: []string{
			"!path moved: getPersonality: GET " + route.GetPersonality.Path + " is GET /v1/settings/personality",
			"!path moved: updatePersonality: PUT " + route.UpdatePersonality.Path + " is PUT /v1/settings/personality",
		},
		refuted: []string{"getPersonality", "updatePersonality"},
	},
	"path and method changed": {
		alter: func(d tree) {
			item := d.path(route.PutRule.Path)
			d.path(route.ListRules.Path)["post"] = item["put"]
			delete(item, "put")
		},
		want:    []string{"!path moved: putRule: PUT " + route.PutRule.Path + " is POST " + route.ListRules.Path},
		refuted: []string{"putRule"},
	},
	"method changed": {
		alter:   func(d tree) { rename(d.path(route.UpdateAgent.Path), "patch", "put") },
		want:    []string{"!method changed: updateAgent: PATCH " + route.UpdateAgent.Path + " is PUT"},
		refuted: []string{"updateAgent"},
	},
	"operation added": {
		alter: func(d tree) {
			d.at("paths")["/v1/agents/{id}/metrics"] = object{"get": object{"operationId": "agentMetrics", "summary": "Read metrics", "responses": ok}}
		},
		want: []string{"operation added: GET /v1/agents/{id}/metrics: the SDK lacks it: Read metrics"},
	},
	"operation gone": {
		alter:   func(d tree) { delete(d.path(route.DeleteSkill.Path), "delete") },
		want:    []string{"!operation gone: deleteSkill: the document has no DELETE " + route.DeleteSkill.Path},
		refuted: []string{"deleteSkill"},
	},
	"one gone and another added": {
		alter: func(d tree) {
			delete(d.at("paths"), route.StartAgent.Path)
			d.at("paths")["/v1/agents/{id}/clone"] = object{"post": object{"summary": "Copy an agent", "responses": ok}}
		},
		want: []string{
			"!operation gone: startAgent: the document has no POST " + route.StartAgent.Path,
			"operation added: POST /v1/agents/{id}/clone: the SDK lacks it: Copy an agent",
		},
		refuted: []string{"startAgent"},
	},
	"field of a response renamed": {
		alter: func(d tree) {
			rename(d.fields("Agent"), "image", "imageRef")
			d.schema("Agent")["required"] = []any{"id", "name", "status", "region", "imageRef", "createdAt"}
		},
		want:    []string{"!field renamed: Agent.image: it is probably imageRef in the document"},
		refuted: []string{"createAgent", "getAgent", "listAgents", "updateAgent"},
	},
	"fields of a response in another case": {
		alter: func(d tree) {
			for from, to := range map[string]string{"createdAt": "created_at", "updatedAt": "updated_at"} {
				rename(d.fields("Session"), from, to)
			}
			d.schema("Session")["required"] = []any{"id"}
		},
		want: []string{
			"!field renamed: Session.createdAt: it is created_at in the document",
			"!field renamed: Session.updatedAt: it is updated_at in the document",
		},
		refuted: []string{"createSession", "listSessions"},
	},
	"field of a request renamed": {
		alter:   func(d tree) { rename(d.fields("CreateAgentParams"), "soulMd", "personality") },
		want:    []string{"!field renamed: CreateAgentParams.soulMd: it is probably personality in the document"},
		refuted: []string{"createAgent"},
	},
	"field of a response gone": {
		alter:   func(d tree) { delete(d.fields("AgentStatus"), "memory") },
		want:    []string{"!field gone: AgentStatus.memory: the SDK reads it, and the document does not have it"},
		refuted: []string{"getAgentStatus"},
	},
	"field of a response added": {
		alter: func(d tree) { d.fields("SwarmRef")["color"] = object{"type": "string"} },
		want:  []string{"field unknown: SwarmRef.color: the SDK does not know it"},
	},
	"one name of the content gone": {
		alter: func(d tree) { delete(d.fields("Document"), "soulMd") },
	},
	"all names of the content gone": {
		alter: func(d tree) {
			for _, name := range []string{"content", "soulMd", "workflowMd"} {
				delete(d.fields("Document"), name)
			}
			d.fields("Document")["markdown"] = object{"type": "number"}
		},
		want: []string{
			"!field gone: Document.content: the SDK reads it, and the document does not have it",
			"field unknown: Document.markdown: the SDK does not know it",
		},
		refuted: []string{"getPersonality", "getWorkflow", "updatePersonality", "updateWorkflow"},
	},
	"type of a response changed": {
		alter:   func(d tree) { d.fields("AgentStatus")["running"] = object{"type": "string"} },
		want:    []string{"!type changed: AgentStatus.running: the SDK reads boolean, the document has string"},
		refuted: []string{"getAgentStatus"},
	},
	"time in another form": {
		alter:   func(d tree) { d.fields("Rule")["updatedAt"] = object{"type": "integer"} },
		want:    []string{"!type changed: Rule.updatedAt: the SDK reads string (date-time), the document has integer"},
		refuted: []string{"getRule", "listRules"},
	},
	"whole numbers become numbers": {
		alter: func(d tree) { d.fields("IngestResult")["ingested"] = object{"type": "number"} },
		want:  []string{"type changed: IngestResult.ingested: the SDK reads whole numbers only, the document has number"},
	},
	"type of a request changed": {
		alter:   func(d tree) { d.fields("CreateAgentParams")["sharedMode"] = object{"type": "string"} },
		want:    []string{"!type changed: CreateAgentParams.sharedMode: the SDK sends boolean, the document has string"},
		refuted: []string{"createAgent"},
	},
	"files as a list": {
		alter: func(d tree) {
			d.fields("UploadSkillParams")["files"] = object{"type": "array", "items": object{"type": "object"}}
		},
		want:    []string{"!type changed: UploadSkillParams.files: the SDK sends object, the document has array"},
		refuted: []string{"uploadSkill"},
	},
	"enum value added": {
		alter: func(d tree) {
			d.schema("Status")["enum"] = []any{"creating", "running", "stopped", "error", "paused"}
		},
		want: []string{`value unknown: Agent.status: the SDK does not know the value "paused"`, `value unknown: AgentStatus.status: the SDK does not know the value "paused"`, `value unknown: SwarmAgent.status: the SDK does not know the value "paused"`},
	},
	"enum value gone": {
		alter:   func(d tree) { d.fields("LogEntry")["level"] = object{"enum": []any{"INFO", "ERROR"}} },
		want:    []string{`!value gone: LogEntry.level: the document has no value "WARN"`},
		refuted: []string{"recentLogs", "streamLogs"},
	},
	"enum where the SDK has a text": {
		alter: func(d tree) { d.fields("Agent")["region"].(object)["enum"] = []any{"eu", "us"} },
		want:  []string{`value unknown: Agent.region: the SDK does not know the value "us"`},
	},
	"enum of a filter": {
		alter: func(d tree) {
			for _, p := range d.path(route.BrowseSkills.Path)["get"].(object)["parameters"].([]any) {
				if p := p.(object); p["name"] == "source" {
					p["schema"] = object{"type": "string", "enum": []any{"mine", "github"}}
				}
			}
		},
		want: []string{
			`!value gone: browseSkills?source: the document has no value "custom"`,
			`value unknown: browseSkills?source: the SDK does not know the value "mine"`,
			`value unknown: browseSkills?source: the SDK does not know the value "github"`,
		},
		refuted: []string{"browseSkills"},
	},
	"required field added": {
		alter: func(d tree) {
			d.fields("CreateAgentParams")["plan"] = object{"type": "string"}
			d.schema("CreateAgentParams")["required"] = []any{"name", "plan"}
		},
		want:    []string{"!field required: CreateAgentParams.plan: the document requires it, and the SDK does not know it"},
		refuted: []string{"createAgent"},
	},
	"field becomes required": {
		alter: func(d tree) { d.schema("CreateAgentParams")["required"] = []any{"name", "region"} },
		want: []string{
			"!field required: CreateAgentParams.region: the document requires it, and the SDK lets a caller leave it out",
		},
		refuted: []string{"createAgent"},
	},
	"field of a row becomes required": {
		alter: func(d tree) { d.schema("ChunkInput")["required"] = []any{"content", "title"} },
		want: []string{
			"!field required: ChunkInput.title: the document requires it, and the SDK lets a caller leave it out",
		},
		refuted: []string{"ingestAgentKnowledge", "ingestSwarmKnowledge"},
	},
	"optional field of a request added": {
		alter: func(d tree) { d.fields("SendMessageParams")["language"] = object{"type": "string"} },
		want:  []string{"field unknown: SendMessageParams.language: the SDK does not know it"},
	},
	"body where there was none": {
		alter: func(d tree) {
			d.path(route.StartAgent.Path)["post"].(object)["requestBody"] = object{"content": object{
				"application/json": object{"schema": object{"type": "object", "required": []any{"reason"}, "properties": object{"reason": object{"type": "string"}}}}}}
		},
		want:    []string{"!field required: startAgent body: the document requires a body, and the SDK sends none"},
		refuted: []string{"startAgent"},
	},
	"query parameter renamed": {
		alter: func(d tree) {
			d.at("components", "parameters", "SessionFilter")["name"] = "session"
		},
		want:    []string{"!field renamed: listMessages?" + jsonname.Of[agento.Message]("SessionID") + ": it is probably session in the document"},
		refuted: []string{"listMessages"},
	},
	"query parameter as text": {
		alter: func(d tree) { d.at("components", "parameters", "Limit")["schema"] = object{"type": "string"} },
	},
	"query parameter of another type": {
		alter:   func(d tree) { d.at("components", "parameters", "PeerFilter")["schema"] = object{"type": "integer"} },
		want:    []string{"!type changed: listMessages?" + jsonname.Of[agento.Session]("PeerID") + ": the SDK sends string, the document has integer"},
		refuted: []string{"listMessages"},
	},
	"query parameter required": {
		alter:   func(d tree) { d.at("components", "parameters", "PeerFilter")["required"] = true },
		want:    []string{"!field required: listMessages?peerId: the document requires it, and the SDK lets a caller leave it out"},
		refuted: []string{"listMessages"},
	},
	"header required": {
		alter: func(d tree) {
			d.path(route.CreateSwarm.Path)["post"].(object)["parameters"] = []any{object{"in": "header", "name": "Idempotency-Key", "required": true}}
		},
		want:    []string{"!field required: createSwarm header Idempotency-Key: the document requires it, and the SDK does not know it"},
		refuted: []string{"createSwarm"},
	},
	"no envelope": {
		alter: func(d tree) {
			d.at("components", "responses", "AccountResponse", "content", "application/json")["schema"] = object{"$ref": "#/components/schemas/Account"}
		},
		want:    []string{`!form changed: the response: the document does not wrap it in "data"`},
		refuted: []string{"getAccount"},
	},
	"pages by cursor": {
		alter: func(d tree) {
			delete(d.at("components", "responses", "SwarmListResponse", "content", "application/json", "schema", "properties"), "pagination")
		},
		want:    []string{"!field gone: the response.pagination: the SDK reads it, and the document does not have it"},
		refuted: []string{"listSwarms"},
	},
	"form of errors": {
		alter: func(d tree) { rename(d.fields("ErrorEnvelope"), "error", "problem") },
		want:  []string{`!form changed: the error response: the document does not wrap it in "error"`},
	},
	"code of errors": {
		alter: func(d tree) { d.fields("Error")["code"] = object{"type": "integer"} },
		want:  []string{"!type changed: Error.code: the SDK reads string, the document has integer"},
	},
	"no stream": {
		alter: func(d tree) {
			rename(d.at("components", "responses", "ChatStreamResponse", "content"), "text/event-stream", "application/json")
		},
		want:    []string{"!form changed: the response to sendMessage: the SDK reads text/event-stream, the document has application/json"},
		refuted: []string{"sendMessage"},
	},
	"field of an event renamed": {
		alter:   func(d tree) { rename(d.fields("ChatEvent"), "content", "delta") },
		want:    []string{"!field renamed: ChatEvent.content: it is probably delta in the document"},
		refuted: []string{"sendMessage"},
	},
	"type of event added": {
		alter: func(d tree) {
			d.fields("ChatEvent")["type"] = object{"type": "string", "enum": []any{"text", "done", "error", "tool", "usage"}}
		},
		want: []string{`value unknown: ChatEvent.type: the SDK does not know the value "usage"`},
	},
	"values of a status renamed": {
		alter: func(d tree) {
			d.schema("Status")["enum"] = []any{"CREATING", "RUNNING", "STOPPED", "ERROR"}
			delete(d.fields("SwarmAgent"), "status")
			delete(d.fields("AgentStatus"), "status")
		},
		want: []string{
			`!value gone: Agent.status: the document has no value "creating", but "CREATING"`,
			`!value gone: Agent.status: the document has no value "running", but "RUNNING"`,
			`!value gone: Agent.status: the document has no value "stopped", but "STOPPED"`,
			`!value gone: Agent.status: the document has no value "error", but "ERROR"`,
			"!field gone: SwarmAgent.status: the SDK reads it, and the document does not have it",
			"!field gone: AgentStatus.status: the SDK reads it, and the document does not have it",
		},
		refuted: []string{"createAgent", "getAgent", "listAgents", "updateAgent", "getAgentStatus", "createSwarm", "getSwarm", "listSwarms", "updateSwarm"},
	},
	"value that nothing compares with gone": {
		alter: func(d tree) { d.fields("Agent")["region"].(object)["enum"] = []any{"europe"} },
		want:  []string{`value gone: Agent.region: the document has no value "eu", but "europe"`},
	},
	"body in another media type": {
		alter: func(d tree) {
			content := d.path(route.UploadSkill.Path)["post"].(object)["requestBody"].(object)["content"].(object)
			rename(content, "application/json", "multipart/form-data")
		},
		want:    []string{"!form changed: uploadSkill body: the SDK sends application/json, the document has multipart/form-data"},
		refuted: []string{"uploadSkill"},
	},
	"response in another media type": {
		alter: func(d tree) {
			rename(d.at("components", "responses", "AccountResponse", "content"), "application/json", "application/xml")
		},
		want:    []string{"!form changed: the response to getAccount: the SDK reads application/json, the document has application/xml"},
		refuted: []string{"getAccount"},
	},
	"errors in another media type": {
		alter: func(d tree) {
			for name, response := range d.at("components", "responses") {
				content, _ := response.(object)["content"].(object)
				if body, ok := content["application/json"].(object); ok && strings.Contains(fmt.Sprint(body["schema"]), "ErrorEnvelope") {
					d.at("components", "responses")[name] = object{"description": "no", "content": object{"text/plain": object{}}}
				}
			}
		},
		want: []string{"!form changed: the error response: the SDK reads application/json, the document has text/plain"},
	},
	"extension after a placeholder": {
		alter: func(d tree) { rename(d.at("paths"), route.GetRule.Path, route.GetRule.Path+".md") },
		want: []string{
			"!path moved: getRule: GET " + route.GetRule.Path + " is GET " + route.GetRule.Path + ".md",
			"!path moved: putRule: PUT " + route.GetRule.Path + " is PUT " + route.GetRule.Path + ".md",
			"!path moved: deleteRule: DELETE " + route.GetRule.Path + " is DELETE " + route.GetRule.Path + ".md",
		},
		refuted: []string{"getRule", "putRule", "deleteRule"},
	},
	"null no longer taken": {
		alter:   func(d tree) { d.fields("UpdateAgentParams")["description"] = object{"type": "string"} },
		want:    []string{"!type changed: UpdateAgentParams.description: the SDK sends null to clear it, the document has string"},
		refuted: []string{"updateAgent"},
	},
	"null in a response": {
		alter: func(d tree) { d.fields("Rule")["content"] = object{"type": []any{"string", "null"}} },
	},
	"secrets by any name": {
		alter: func(d tree) { d.schema("Secrets")["properties"] = object{} },
	},
	"usage by name": {
		alter: func(d tree) {
			d.fields("Account")["usage"] = object{"type": "object", "properties": object{"agents": object{"type": "string"}}}
		},
		want:    []string{"!type changed: Account.usage.*: the SDK reads number or object, the document has string"},
		refuted: []string{"getAccount"},
	},
	"two fields renamed": {
		alter: func(d tree) {
			rename(d.fields("IngestResult"), "ingested", "count")
			rename(d.fields("IngestResult"), "ids", "chunkIds")
		},
		want: []string{
			"!field renamed: IngestResult.ingested: it is probably count in the document",
			"!field renamed: IngestResult.ids: it is probably chunkIds in the document",
		},
		refuted: []string{"ingestAgentKnowledge", "ingestSwarmKnowledge"},
	},
	"fields that only the other side has": {
		alter: func(d tree) {
			d.fields("CreateSwarmParams")["id"] = object{"type": "string", "readOnly": true}
			d.schema("CreateSwarmParams")["required"] = []any{"name", "id"}
			d.fields("Swarm")["password"] = object{"type": "string", "writeOnly": true}
		},
	},
	"another key": {
		alter: func(d tree) { d.at("components", "securitySchemes", "ApiKey")["name"] = "Authorization" },
		want:  []string{"!form of the API key: X-Api-Key: the document has no such header in its security schemes"},
	},
}
