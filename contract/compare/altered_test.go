package compare

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/contract/spec"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// document is an OpenAPI document as JSON is decoded.
type document map[string]any

func ours(t *testing.T) document {
	t.Helper()
	data, err := os.ReadFile("../../openapi.json")
	require.NoError(t, err)
	var d document
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

// at returns the object at a path of keys.
func (d document) at(keys ...string) map[string]any {
	node := map[string]any(d)
	for _, key := range keys {
		next, ok := node[key].(map[string]any)
		if !ok {
			panic("the document has no " + strings.Join(keys, " → ") + ", at " + key)
		}
		node = next
	}
	return node
}

func (d document) path(path string) map[string]any { return d.at("paths", path) }

func (d document) schema(name string) map[string]any { return d.at("components", "schemas", name) }

func (d document) fields(schema string) map[string]any {
	return d.at("components", "schemas", schema, "properties")
}

// move gives what is under one key another.
func move(in map[string]any, from, to string) {
	value, ok := in[from]
	if !ok {
		panic("there is no " + from)
	}
	delete(in, from)
	in[to] = value
}

func (d document) compare(t *testing.T) *wirereport.Report {
	t.Helper()
	data, err := json.Marshal(d)
	require.NoError(t, err)
	doc, err := spec.Parse(data)
	require.NoError(t, err)
	report, err := With(doc, "a test")
	require.NoError(t, err)
	return report
}

// alteration changes a copy of the document in one thing.
type alteration struct {
	alter    func(d document)
	want     []string // the differences, those that break a caller with a "!"
	refuted  []string // the operations; nil where something breaks: all
	inEvents bool     // in what a document without our extension does not describe
}

type object = map[string]any

var ok = object{"200": object{"description": "ok"}}

var alterations = map[string]alteration{
	"path moved": {
		alter: func(d document) {
			move(d.at("paths"), route.GetPersonality.Path, "/v1/settings/personality")
			delete(d.path("/v1/settings/personality"), "parameters")
		},
		want: []string{
			"!path moved: getPersonality: GET " + route.GetPersonality.Path + " is GET /v1/settings/personality",
			"!path moved: updatePersonality: PUT " + route.UpdatePersonality.Path + " is PUT /v1/settings/personality",
		},
		refuted: []string{"getPersonality", "updatePersonality"},
	},
	"path and method changed": {
		alter: func(d document) {
			item := d.path(route.PutRule.Path)
			d.path(route.ListRules.Path)["post"] = item["put"]
			delete(item, "put")
		},
		want:    []string{"!path moved: putRule: PUT " + route.PutRule.Path + " is POST " + route.ListRules.Path},
		refuted: []string{"putRule"},
	},
	"method changed": {
		alter:   func(d document) { move(d.path(route.UpdateAgent.Path), "patch", "put") },
		want:    []string{"!method changed: updateAgent: PATCH " + route.UpdateAgent.Path + " is PUT"},
		refuted: []string{"updateAgent"},
	},
	"operation added": {
		alter: func(d document) {
			d.at("paths")["/v1/agents/{id}/metrics"] = object{"get": object{"operationId": "agentMetrics", "summary": "Read metrics", "responses": ok}}
		},
		want: []string{"operation added: GET /v1/agents/{id}/metrics: the SDK lacks it (Read metrics)"},
	},
	"operation gone": {
		alter:   func(d document) { delete(d.path(route.DeleteSkill.Path), "delete") },
		want:    []string{"!operation gone: deleteSkill: the document has no DELETE " + route.DeleteSkill.Path},
		refuted: []string{"deleteSkill"},
	},
	"one gone and another added": {
		alter: func(d document) {
			delete(d.at("paths"), route.StartAgent.Path)
			d.at("paths")["/v1/agents/{id}/clone"] = object{"post": object{"summary": "Copy an agent", "responses": ok}}
		},
		want: []string{
			"!operation gone: startAgent: the document has no POST " + route.StartAgent.Path,
			"operation added: POST /v1/agents/{id}/clone: the SDK lacks it (Copy an agent)",
		},
		refuted: []string{"startAgent"},
	},
	"field of an answer renamed": {
		alter: func(d document) {
			move(d.fields("Agent"), "image", "imageRef")
			d.schema("Agent")["required"] = []any{"id", "name", "status", "region", "imageRef", "createdAt"}
		},
		want:    []string{"!field renamed: Agent.image: it is imageRef in the document"},
		refuted: []string{"createAgent", "getAgent", "listAgents", "updateAgent"},
	},
	"fields of an answer in another case": {
		alter: func(d document) {
			for from, to := range map[string]string{"createdAt": "created_at", "updatedAt": "updated_at"} {
				move(d.fields("Session"), from, to)
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
		alter:   func(d document) { move(d.fields("CreateAgentParams"), "soulMd", "personality") },
		want:    []string{"!field renamed: CreateAgentParams.soulMd: it is personality in the document"},
		refuted: []string{"createAgent"},
	},
	"field of an answer gone": {
		alter:   func(d document) { delete(d.fields("AgentStatus"), "memory") },
		want:    []string{"!field gone: AgentStatus.memory: the SDK reads it, and the document has no such field"},
		refuted: []string{"getAgentStatus"},
	},
	"field of an answer added": {
		alter: func(d document) { d.fields("SwarmRef")["colour"] = object{"type": "string"} },
		want:  []string{"field unknown: SwarmRef.colour: the SDK does not know it"},
	},
	"one name of the content gone": {
		alter: func(d document) { delete(d.fields("Document"), "soulMd") },
	},
	"all names of the content gone": {
		alter: func(d document) {
			for _, name := range []string{"content", "soulMd", "workflowMd"} {
				delete(d.fields("Document"), name)
			}
			d.fields("Document")["markdown"] = object{"type": "number"}
		},
		want: []string{
			"!field gone: Document.content: the SDK reads it, and the document has no such field",
			"!field gone: Document.soulMd: the SDK reads it, and the document has no such field",
			"!field gone: Document.workflowMd: the SDK reads it, and the document has no such field",
			"field unknown: Document.markdown: the SDK does not know it",
		},
		refuted: []string{"getPersonality", "getWorkflow", "updatePersonality", "updateWorkflow"},
	},
	"type of an answer changed": {
		alter:   func(d document) { d.fields("AgentStatus")["running"] = object{"type": "string"} },
		want:    []string{"!type changed: AgentStatus.running: the SDK reads a boolean, the document has string"},
		refuted: []string{"getAgentStatus"},
	},
	"time in another form": {
		alter:   func(d document) { d.fields("Rule")["updatedAt"] = object{"type": "integer"} },
		want:    []string{"!type changed: Rule.updatedAt: the SDK reads a time, the document has integer"},
		refuted: []string{"getRule", "listRules"},
	},
	"whole numbers become numbers": {
		alter: func(d document) { d.fields("IngestResult")["ingested"] = object{"type": "number"} },
		want:  []string{"type changed: IngestResult.ingested: the SDK reads whole numbers only, the document has number"},
	},
	"type of a request changed": {
		alter:   func(d document) { d.fields("CreateAgentParams")["sharedMode"] = object{"type": "string"} },
		want:    []string{"!type changed: CreateAgentParams.sharedMode: the SDK sends boolean, the document has string"},
		refuted: []string{"createAgent"},
	},
	"files as a list": {
		alter: func(d document) {
			d.fields("UploadSkillParams")["files"] = object{"type": "array", "items": object{"type": "object"}}
		},
		want:    []string{"!type changed: UploadSkillParams.files: the SDK sends object, the document has array"},
		refuted: []string{"uploadSkill"},
	},
	"enum value added": {
		alter: func(d document) {
			d.schema("Status")["enum"] = []any{"creating", "running", "stopped", "error", "paused"}
		},
		want: []string{`value unknown: Agent.status: the SDK does not know the value "paused"`, `value unknown: AgentStatus.status: the SDK does not know the value "paused"`, `value unknown: SwarmAgent.status: the SDK does not know the value "paused"`},
	},
	"enum value gone": {
		alter: func(d document) { d.fields("LogEntry")["level"] = object{"enum": []any{"INFO", "ERROR"}} },
		want:  []string{`value gone: LogEntry.level: the document has no value "WARN"`},
	},
	"enum where the SDK has a text": {
		alter: func(d document) { d.fields("Agent")["region"].(object)["enum"] = []any{"eu", "us"} },
		want:  []string{"value unknown: Agent.region: the document has the values eu, us, the SDK has none"},
	},
	"enum of a filter": {
		alter: func(d document) {
			for _, p := range d.path(route.BrowseSkills.Path)["get"].(object)["parameters"].([]any) {
				if p := p.(object); p["name"] == "source" {
					p["schema"] = object{"type": "string", "enum": []any{"mine", "github"}}
				}
			}
		},
		want: []string{
			`!value gone: browseSkills?source: the document has no value "custom"`,
			`value unknown: browseSkills?source: the SDK does not know the value "mine"`,
		},
		refuted: []string{"browseSkills"},
	},
	"required field added": {
		alter: func(d document) {
			d.fields("CreateAgentParams")["plan"] = object{"type": "string"}
			d.schema("CreateAgentParams")["required"] = []any{"name", "plan"}
		},
		want:    []string{"!field required: CreateAgentParams.plan: the document requires it, and the SDK does not know it"},
		refuted: []string{"createAgent"},
	},
	"field becomes required": {
		alter: func(d document) { d.schema("CreateAgentParams")["required"] = []any{"name", "region"} },
		want: []string{
			"!field required: CreateAgentParams.region: the document requires it, and the SDK lets a caller leave it out",
		},
		refuted: []string{"createAgent"},
	},
	"field of a row becomes required": {
		alter: func(d document) { d.schema("ChunkInput")["required"] = []any{"content", "title"} },
		want: []string{
			"!field required: IngestParams.chunks[].title: the document requires it, and the SDK lets a caller leave it out",
		},
		refuted: []string{"ingestAgentKnowledge", "ingestSwarmKnowledge"},
	},
	"optional field of a request added": {
		alter: func(d document) { d.fields("SendMessageParams")["language"] = object{"type": "string"} },
		want:  []string{"field unknown: SendMessageParams.language: the SDK does not know it"},
	},
	"body where there was none": {
		alter: func(d document) {
			d.path(route.StartAgent.Path)["post"].(object)["requestBody"] = object{"content": object{
				"application/json": object{"schema": object{"type": "object", "required": []any{"reason"}, "properties": object{"reason": object{"type": "string"}}}}}}
		},
		want:    []string{"!field required: startAgent body: the document requires a body with reason, and the SDK sends none"},
		refuted: []string{"startAgent"},
	},
	"query parameter renamed": {
		alter: func(d document) {
			d.at("components", "parameters", "SessionFilter")["name"] = "session"
		},
		want:    []string{"!field renamed: listMessages?sessionId: the query parameter is session in the document"},
		refuted: []string{"listMessages"},
	},
	"query parameter required": {
		alter:   func(d document) { d.at("components", "parameters", "PeerFilter")["required"] = true },
		want:    []string{"!field required: listMessages?peerId: the document requires it, and the SDK lets a caller leave it out"},
		refuted: []string{"listMessages"},
	},
	"header required": {
		alter: func(d document) {
			d.path(route.CreateSwarm.Path)["post"].(object)["parameters"] = []any{object{"in": "header", "name": "Idempotency-Key", "required": true}}
		},
		want:    []string{"!field required: createSwarm header Idempotency-Key: the document requires it, and the SDK does not know it"},
		refuted: []string{"createSwarm"},
	},
	"no envelope": {
		alter: func(d document) {
			d.at("components", "responses", "AccountResponse", "content", "application/json")["schema"] = object{"$ref": "#/components/schemas/Account"}
		},
		want:    []string{`!form of the answer: the answer to getAccount: the document does not wrap it in "data"`},
		refuted: []string{"getAccount"},
	},
	"pages by cursor": {
		alter: func(d document) {
			delete(d.at("components", "responses", "SwarmListResponse", "content", "application/json", "schema", "properties"), "pagination")
		},
		want:    []string{"!field gone: the answer to listSwarms: the document has no pagination in it"},
		refuted: []string{"listSwarms"},
	},
	"form of errors": {
		alter: func(d document) { move(d.fields("ErrorEnvelope"), "error", "problem") },
		want:  []string{`!form of the answer: Error: the document does not wrap it in "error"`},
	},
	"code of errors": {
		alter: func(d document) { d.fields("Error")["code"] = object{"type": "integer"} },
		want:  []string{"!type changed: Error.code: the SDK reads a string, the document has integer"},
	},
	"no stream": {
		alter: func(d document) {
			move(d.at("components", "responses", "ChatStreamResponse", "content"), "text/event-stream", "application/json")
		},
		want:    []string{"!form of the answer: sendMessage: the document has no text/event-stream, but application/json"},
		refuted: []string{"sendMessage"},
	},
	"field of an event renamed": {
		alter:    func(d document) { move(d.fields("ChatEvent"), "content", "delta") },
		want:     []string{"!field renamed: ChatEvent.content: it is delta in the document"},
		refuted:  []string{"sendMessage"},
		inEvents: true,
	},
	"type of event added": {
		alter: func(d document) {
			d.fields("ChatEvent")["type"] = object{"type": "string", "enum": []any{"text", "done", "error", "tool", "usage"}}
		},
		want:     []string{`value unknown: ChatEvent.type: the SDK does not know the value "usage"`},
		inEvents: true,
	},
	"another key": {
		alter: func(d document) { d.at("components", "securitySchemes", "ApiKey")["name"] = "Authorization" },
		want:  []string{"!form of the API key: X-Api-Key: the document has no such header in its security schemes"},
	},
}

func TestOurDocumentIsConfirmed(t *testing.T) {
	report := ours(t).compare(t)
	require.Empty(t, report.Differences)
	require.Equal(t, wirereport.Summary{Confirmed: 43}, report.Summary)
	require.False(t, report.Breaking())
}

// Each alteration is named, and nothing else is.
func TestAlteredCopies(t *testing.T) {
	for name, a := range alterations {
		t.Run(name, func(t *testing.T) {
			d := ours(t)
			a.alter(d)
			a.check(t, d.compare(t), a.want)
		})
	}
}

func (a alteration) check(t *testing.T, report *wirereport.Report, want []string) {
	t.Helper()
	var got []string
	for _, difference := range report.Differences {
		text := difference.String()
		if difference.Breaking {
			text = "!" + text
		}
		got = append(got, text)
	}
	require.ElementsMatch(t, want, got)
	breaking := strings.Contains(strings.Join(want, "\n"), "!")
	require.Equal(t, breaking, report.Breaking())
	if a.refuted == nil && breaking { // what all operations share
		require.Equal(t, len(report.Operations), report.Summary.Refuted)
		return
	}
	var refuted []string
	for _, op := range report.Operations {
		if op.Verdict == wirereport.Refuted {
			refuted = append(refuted, op.Name)
		}
	}
	require.ElementsMatch(t, a.refuted, refuted)
}

// The same holds of a document that another has written another way.
func TestAlteredForeignCopies(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		report := foreign(ours(t)).compare(t)
		require.Empty(t, report.Differences)
		require.Equal(t, wirereport.Summary{Confirmed: 41, Unknown: 2}, report.Summary)
		require.Equal(t, []string{"the document does not describe the events of the stream"}, report.Operation("sendMessage").Reasons)
	})
	for name, a := range alterations {
		if a.inEvents {
			continue
		}
		t.Run(name, func(t *testing.T) {
			d := ours(t)
			a.alter(d)
			report := foreign(d).compare(t)
			for i := range report.Differences {
				d := &report.Differences[i]
				d.Where, d.Text = strings.ReplaceAll(d.Where, "Key}", "}"), strings.ReplaceAll(d.Text, "Key}", "}")
			}
			a.check(t, report, a.want)
		})
	}
}
