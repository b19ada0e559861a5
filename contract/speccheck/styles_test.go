package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// nine makes nine changes that affect the SDK.
func nine(d tree) {
	rename(d.at("paths"), route.AgentStatus.Path, "/v1/agents/{id}/state")
	rename(d.path(route.UpdateSwarm.Path), "patch", "put")
	delete(d.path(route.DeleteSkill.Path), "delete")
	rename(d.fields("Agent"), "image", "imageRef")
	d.schema("Agent")["required"] = []any{"id", "name", "status", "region", "imageRef", "createdAt"}
	d.fields("CreateSwarmParams")["plan"] = object{"type": "string"}
	d.schema("CreateSwarmParams")["required"] = []any{"name", "plan"}
	d.fields("AgentStatus")["running"] = object{"type": "string"}
	d.fields("Message")["role"] = object{"type": "string", "enum": []any{"user", "agent"}}
	d.at("components", "parameters", "SessionFilter")["name"] = "session"
	rename(d.at("components", "responses", "ChatStreamResponse", "content"), "text/event-stream", "application/json")
}

var nineDifferences = []string{
	"!path moved: getAgentStatus: GET /v1/agents/{}/status is GET /v1/agents/{}/state",
	"!method changed: updateSwarm: PATCH /v1/swarms/{} is PUT",
	"!operation gone: deleteSkill: the document has no DELETE /v1/skills/{}",
	"!field renamed: Agent.image: it is probably imageRef in the document",
	"!field required: CreateSwarmParams.plan: the document requires it, and the SDK does not know it",
	"!type changed: AgentStatus.running: the SDK reads boolean, the document has string",
	`!value gone: Message.role: the document has no value "assistant", but "agent"`,
	"!field renamed: listMessages?" + jsonname.Of[agento.Message]("SessionID") + ": it is probably session in the document",
	"!form changed: the response to sendMessage: the SDK reads text/event-stream, the document has application/json",
}

// styles are other ways to write the same API.
var styles = map[string]func(d tree) []byte{
	"YAML": func(d tree) []byte {
		text, err := yaml.Marshal(map[string]any(d))
		if err != nil {
			panic(err)
		}
		return regexp.MustCompile(`"(\d{3})":`).ReplaceAll(text, []byte("$1:"))
	},
	"byte order mark": func(d tree) []byte { return append([]byte("\xef\xbb\xbf"), d.json()...) },
	"server with the prefix": func(d tree) []byte {
		d["servers"] = []any{object{"url": "https://api.agento.host/v1/"}}
		d.cutPaths(func(object) {})
		return d.json()
	},
	"servers with variables": func(d tree) []byte {
		d["servers"] = []any{
			object{"url": "https://sandbox.agento.host/sandbox"},
			object{"url": "https://{region}.agento.host:{port}/{version}", "variables": object{
				"region": object{"default": "eu"}, "port": object{"default": "443"},
				"version": object{"default": "v2", "enum": []any{"v1", "v2"}},
			}},
		}
		d.cutPaths(func(object) {})
		return d.json()
	},
	"servers of paths and operations": func(d tree) []byte {
		n := 0
		d["servers"] = []any{object{"url": "https://agento.host/elsewhere"}}
		d.cutPaths(func(item object) {
			servers := []any{object{"url": "/v1"}}
			if n++; n%2 == 0 {
				item["servers"] = servers
				return
			}
			for _, op := range operationsIn(item) {
				op["servers"] = servers
			}
		})
		return d.json()
	},
	"everything inline": func(d tree) []byte {
		d["paths"] = d.inline(d["paths"])
		d["components"] = object{"securitySchemes": d.at("components", "securitySchemes")}
		return d.json()
	},
	"everything a component": func(d tree) []byte {
		d.edit(func(o object) {
			if schema, ok := o["schema"].(object); ok && schema["$ref"] == nil {
				name := fmt.Sprintf("Model%d", len(d.at("components", "schemas")))
				d.at("components", "schemas")[name] = schema
				o["schema"] = object{"$ref": "#/components/schemas/" + name}
			}
		})
		return d.json()
	},
	"allOf": func(d tree) []byte {
		for name, schema := range d.at("components", "schemas") {
			d.at("components", "schemas")[name] = split(schema.(object))
		}
		d.edit(func(o object) {
			for key, value := range o {
				if ref, ok := value.(object); ok && strings.HasPrefix(fmt.Sprint(ref["$ref"]), "#/components/schemas/") {
					o[key] = object{"description": "as referred to", "allOf": []any{ref}}
				}
			}
		})
		return d.json()
	},
	"default responses": func(d tree) []byte {
		d.eachOperation(func(_, _ string, op object) {
			responses := object{}
			for status, response := range op["responses"].(object) {
				switch {
				case status == "204": // like 200
				case status < "4":
					responses["2XX"] = response
				default:
					responses["default"] = object{"$ref": "#/components/responses/InternalError"}
				}
			}
			op["responses"] = responses
		})
		return d.json()
	},
	"FastAPI":     fastAPI,
	"OpenAPI 3.0": openAPI30,
	"parameters of media types": func(d tree) []byte {
		d.edit(func(o object) {
			if content, ok := o["content"].(object); ok {
				for name := range maps.Clone(content) {
					rename(content, name, strings.Replace(name, "json", "JSON", 1)+"; charset=utf-8")
				}
			}
		})
		return d.json()
	},
	"other names": func(d tree) []byte {
		d.eachOperation(func(path, method string, op object) {
			op["operationId"] = fmt.Sprintf("Controller_%s_%d", method, len(path))
			op["summary"], op["tags"] = "", []any{"Public"}
		})
		text := string(d.json())
		text = regexp.MustCompile(`\{(id|name|chunkId|skillId)\}`).ReplaceAllString(text, "{${1}_key}")
		return []byte(regexp.MustCompile(`"in":"path","name":"(\w+)"`).ReplaceAllString(text, `"in":"path","name":"${1}_key"`))
	},
}

// fastAPI writes a document as FastAPI does.
func fastAPI(d tree) []byte {
	d.eachOperation(func(path, method string, op object) {
		op["operationId"] = strings.Trim(regexp.MustCompile(`\W+`).ReplaceAllString(fmt.Sprint(op["operationId"], path, method), "_"), "_")
		responses := object{"422": object{"description": "Validation Error", "content": object{"application/json": object{"schema": object{
			"title": "HTTPValidationError", "type": "object", "properties": object{"detail": object{"type": "array", "items": object{}}}}}}}}
		for status, response := range op["responses"].(object) {
			if status < "4" {
				responses[status] = response
			}
		}
		op["responses"] = responses
	})
	for _, item := range d.at("paths") {
		for _, method := range []string{"head", "options"} {
			item.(object)[method] = object{"operationId": method, "responses": object{"200": object{"description": "Successful Response"}}}
		}
	}
	d.edit(func(o object) {
		if types, ok := o["type"].([]any); ok && len(types) == 2 {
			other := maps.Clone(o)
			clear(o)
			other["type"] = types[0]
			o["title"], o["anyOf"] = "Title", []any{other, object{"type": "null"}}
		}
	})
	return d.json()
}

// openAPI30 writes null and schemas as in OpenAPI 3.0.
func openAPI30(d tree) []byte {
	d["openapi"] = "3.0.3"
	d.edit(func(o object) {
		if list, ok := o["type"].([]any); ok && slices.Contains(list, any("null")) {
			o["type"], o["nullable"] = list[0], true
		}
		if list, ok := o["oneOf"].([]any); ok {
			rest := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v.(object)["type"] == "null" })
			if len(rest) < len(list) {
				o["oneOf"], o["nullable"] = rest, true
			}
		}
		if ref := o["$ref"]; ref != nil {
			clear(o)
			o["$ref"] = ref
		}
	})
	return d.json()
}

// split moves half of an object's fields into a separate part.
func split(schema object) object {
	fields, _ := schema["properties"].(object)
	names := slices.Sorted(maps.Keys(fields))
	if len(names) < 2 {
		return schema
	}
	half := object{}
	for _, name := range names[:len(names)/2] {
		half[name] = fields[name]
		delete(fields, name)
	}
	return object{"allOf": []any{schema, object{"type": "object", "properties": half}}}
}

func (d tree) json() []byte {
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return text
}

func (d tree) eachOperation(do func(path, method string, op object)) {
	for path, item := range d.at("paths") {
		for method, op := range operationsIn(item.(object)) {
			do(path, method, op)
		}
	}
}

func operationsIn(item object) map[string]object {
	operations := map[string]object{}
	for method, op := range item {
		if op, ok := op.(object); ok {
			operations[method] = op
		}
	}
	return operations
}

// cutPaths removes the version from the paths.
func (d tree) cutPaths(edit func(item object)) {
	for _, path := range slices.Sorted(maps.Keys(d.at("paths"))) {
		edit(d.path(path))
		rename(d.at("paths"), path, strings.TrimPrefix(path, "/v1"))
	}
}

// edit changes each object in the document, inner ones first.
func (d tree) edit(change func(o object)) {
	var visit func(node any)
	visit = func(node any) {
		switch node := node.(type) {
		case object:
			for _, value := range maps.Clone(node) {
				visit(value)
			}
			change(node)
		case []any:
			for _, value := range node {
				visit(value)
			}
		}
	}
	visit(object(d))
}

// inline returns a part of the document with references replaced.
func (d tree) inline(node any) any {
	switch node := node.(type) {
	case object:
		if ref, ok := node["$ref"].(string); ok {
			return d.inline(d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
		}
		out := object{}
		for key, value := range node {
			out[key] = d.inline(value)
		}
		return out
	case []any:
		out := make([]any, len(node))
		for i, value := range node {
			out[i] = d.inline(value)
		}
		return out
	}
	return node
}

// TestStyles checks that the same changes are reported in each style.
func TestStyles(t *testing.T) {
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := compareText(t, style(ours(t)))
			require.Empty(t, report.Differences)
			require.Equal(t, wirereport.Summary{Confirmed: len(route.All())}, report.Summary, "%+v", report.Operations)

			d := ours(t)
			nine(d)
			var got []string
			for _, difference := range compareText(t, style(d)).Differences {
				text := strings.NewReplacer("probably moved", "path moved", "is probably GET", "is GET").Replace(mark(difference))
				got = append(got, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(text, "{}"))
			}
			require.ElementsMatch(t, nineDifferences, got)
		})
	}
}
