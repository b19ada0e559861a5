package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/contract"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// schema reads a schema next to components that it can refer to.
func schema(t *testing.T, text string) *openapi3.Schema {
	t.Helper()
	doc, err := contract.Parse([]byte(fmt.Sprintf(`{"openapi":"3.1.0","info":{"title":"x","version":"1"},
		"paths":{"/x":{"post":{"requestBody":{"content":{"application/json":{"schema":%s}}}}}},
		"components":{"schemas":{
		"Name": {"type":"string","enum":["a","b"]},
		"Thing": {"type":"object","required":["id"],"properties":{"id":{"type":"string"},"name":{"$ref":"#/components/schemas/Name"}}},
		"Loop": {"allOf":[{"$ref":"#/components/schemas/Loop"}]},
		"Twin": {"oneOf":[{"$ref":"#/components/schemas/Twin"},{"$ref":"#/components/schemas/Twin"}]},
		"Tree": {"properties":{"children":{"items":{"$ref":"#/components/schemas/Tree"}},"name":{"type":"string"}}},
		"odd/~name": {"type":"integer"}
	}}}`, text)))
	require.NoError(t, err)
	return (&reader{}).schema(doc.Paths.Value("/x").Post.RequestBody.Value.Content["application/json"].Schema)
}

var schemaForms = map[string]struct {
	schema   string
	types    []string
	fields   []string
	required []string
	enum     []any
}{
	"a type":               {`{"type":"string"}`, []string{"string"}, nil, nil, nil},
	"types":                {`{"type":["string","null"]}`, []string{"null", "string"}, nil, nil, nil},
	"nullable":             {`{"type":"string","nullable":true}`, []string{"null", "string"}, nil, nil, nil},
	"nullable reference":   {`{"nullable":true,"allOf":[{"$ref":"#/components/schemas/Thing"}]}`, []string{"null", "object"}, []string{"id", "name"}, []string{"id"}, nil},
	"null in anyOf":        {`{"anyOf":[{"$ref":"#/components/schemas/Thing"},{"type":"null"}]}`, []string{"null", "object"}, []string{"id", "name"}, []string{"id"}, nil},
	"nothing":              {`{}`, nil, nil, nil, nil},
	"true":                 {`true`, nil, nil, nil, nil},
	"fields without type":  {`{"properties":{"a":{}}}`, []string{"object"}, []string{"a"}, nil, nil},
	"items without type":   {`{"items":{}}`, []string{"array"}, nil, nil, nil},
	"enum without type":    {`{"enum":["x"]}`, []string{"string"}, nil, nil, []any{"x"}},
	"enum with null":       {`{"type":["string","null"],"enum":["x",null]}`, []string{"null", "string"}, nil, nil, []any{"x"}},
	"known values":         {`{"type":"string","x-known-values":{"b":"","a":""}}`, []string{"string"}, nil, nil, []any{"a", "b"}},
	"reference":            {`{"$ref":"#/components/schemas/Thing"}`, []string{"object"}, []string{"id", "name"}, []string{"id"}, nil},
	"escaped reference":    {`{"$ref":"#/components/schemas/odd~1~0name"}`, []string{"integer"}, nil, nil, nil},
	"reference to nowhere": {`{"$ref":"#/components/schemas/None"}`, nil, nil, nil, nil},
	"another document":     {`{"$ref":"other.json#/Thing"}`, nil, nil, nil, nil},
	"part of itself":       {`{"$ref":"#/components/schemas/Loop"}`, nil, nil, nil, nil},
	"two of itself":        {`{"$ref":"#/components/schemas/Twin"}`, nil, nil, nil, nil},
	"tree":                 {`{"$ref":"#/components/schemas/Tree"}`, []string{"object"}, []string{"children", "name"}, nil, nil},
	"allOf": {`{"allOf":[{"$ref":"#/components/schemas/Thing"},{"required":["more"],"properties":{"more":{"type":"string"}}}]}`,
		[]string{"object"}, []string{"id", "more", "name"}, []string{"id", "more"}, nil},
	"rows in both":            {`{"allOf":[{"type":"array","items":{}},{"items":{"$ref":"#/components/schemas/Thing"}}]}`, []string{"array"}, nil, nil, nil},
	"oneOf of types":          {`{"oneOf":[{"type":"null"},{"type":"string"},{"type":"number"}]}`, []string{"null", "number", "string"}, nil, nil, nil},
	"oneOf of objects":        {`{"oneOf":[{"required":["a","b"],"properties":{"a":{}}},{"required":["b"],"properties":{"c":{}}}]}`, []string{"object"}, []string{"a", "c"}, []string{"b"}, nil},
	"object or its id":        {`{"oneOf":[{"type":"string"},{"$ref":"#/components/schemas/Thing"}]}`, []string{"object", "string"}, []string{"id", "name"}, []string{"id"}, nil},
	"enum or any text":        {`{"anyOf":[{"enum":["x"]},{"type":"string"}]}`, []string{"string"}, nil, nil, nil},
	"enum or an object":       {`{"oneOf":[{"$ref":"#/components/schemas/Name"},{"type":"object"}]}`, []string{"object", "string"}, nil, nil, []any{"a", "b"}},
	"anything in one":         {`{"oneOf":[{"type":"string"},{}]}`, nil, nil, nil, nil},
	"const":                   {`{"oneOf":[{"const":"x"},{"const":"y"}]}`, []string{"string"}, nil, nil, []any{"x", "y"}},
	"allOf narrows the type":  {`{"type":["string","null"],"allOf":[{"type":"string"}]}`, []string{"string"}, nil, nil, nil},
	"whole number":            {`{"type":"integer","allOf":[{"type":"number"}]}`, []string{"integer"}, nil, nil, nil},
	"what is only written":    {`{"required":["a","b"],"properties":{"a":{},"b":{"writeOnly":true}}}`, []string{"object"}, []string{"a"}, []string{"a"}, nil},
	"field of several oneOfs": {`{"oneOf":[{"properties":{"a":{"const":"x"}}},{"properties":{"a":{"const":"y"}}}]}`, []string{"object"}, []string{"a"}, nil, nil},
}

func TestSchemaHasOneForm(t *testing.T) {
	for name, tt := range schemaForms {
		t.Run(name, func(t *testing.T) {
			s := schema(t, tt.schema)
			types, fields := slices.Sorted(slices.Values(s.Type.Slice())), slices.Sorted(maps.Keys(s.Properties))
			require.Equal(t, tt.types, types)
			require.Equal(t, tt.fields, fields)
			require.ElementsMatch(t, tt.required, s.Required)
			require.ElementsMatch(t, tt.enum, s.Enum)
		})
	}
	rows := schema(t, `{"allOf":[{"type":"array","items":{}},{"items":{"$ref":"#/components/schemas/Thing"}}]}`).Items.Value
	require.Equal(t, []string{"id", "name"}, slices.Sorted(maps.Keys(rows.Properties)))
	require.ElementsMatch(t, []any{"text", "done"}, schema(t, `{"oneOf":[
		{"properties":{"type":{"type":"string","enum":["text"]},"content":{"type":"string"}}},
		{"properties":{"type":{"type":"string","enum":["done"]}}}
	]}`).Properties["type"].Value.Enum)
}

// TestSchemasReferToEachOther checks that recursive schemas are read as far as needed.
func TestSchemasReferToEachOther(t *testing.T) {
	d := ours(t)
	fields := object{}
	for i := range 12 {
		fields[fmt.Sprint("f", i)] = object{"$ref": fmt.Sprint("#/components/schemas/S", i)}
	}
	for i := range 12 {
		d.at("components", "schemas")[fmt.Sprint("S", i)] = object{"type": "object", "properties": fields}
	}
	d.fields("Agent")["relations"] = fields["f0"]
	require.Len(t, d.compare(t).Operations, len(route.All()))
}

func TestServers(t *testing.T) {
	tests := map[string]struct {
		servers string
		want    string
	}{
		"none":                   {`[]`, "/v1/agents"},
		"host only":              {`[{"url":"https://api.agento.host"}]`, "/v1/agents"},
		"the prefix again":       {`[{"url":"https://api.agento.host/v1/"}]`, "/v1/agents"},
		"relative":               {`[{"url":"/"}]`, "/v1/agents"},
		"elsewhere":              {`[{"url":"https://agento.host/api"}]`, "/api/v1/agents"},
		"variable without name":  {`[{"url":"https://{host}/api"}]`, "/api/v1/agents"},
		"variable of the scheme": {`[{"url":"{scheme}://agento.host/api"}]`, "/api/v1/agents"},
		"only a variable":        {`[{"url":"{server}/api"}]`, "/api/v1/agents"},
		"variable of the host":   {`[{"url":"{base}/x","variables":{"base":{"default":"https://agento.host/api"}}}]`, "/api/x/v1/agents"},
		"null":                   {`[null]`, "/v1/agents"},
		"the best of several":    {`[{"url":"/sandbox"},{"url":"https://api.agento.host:{port}","variables":{"port":{"default":"443"}}}]`, "/v1/agents"},
	}
	for name, tt := range tests {
		doc, err := contract.Parse([]byte(`{"openapi":"3.0.3","servers":` + tt.servers + `,"paths":{"/v1/agents":{"get":{}}}}`))
		require.NoError(t, err, name)
		require.Equal(t, tt.want, readDocument(doc, map[string]bool{"GET/v1/agents": true}).operations[0].path, name)
	}
}

// TestReferencesToOtherDocuments checks that such parts are reported as not checked.
func TestReferencesToOtherDocuments(t *testing.T) {
	d := ours(t)
	d.schema("Swarm")["properties"].(object)["agents"] = object{"$ref": "https://agento.host/models.json#/Agents"}
	d.at("paths")["/v1/account"] = object{"$ref": "account.yaml"}
	d.at("components", "responses")["Forbidden"] = object{"$ref": "#/components/responses/Nowhere"}
	d.at("components", "securitySchemes")["ApiKey"] = object{"$ref": "keys.json"}
	report := d.compare(t)
	require.False(t, report.Breaking())
	require.Equal(t, []string{"not checked: account.yaml"}, report.Operation("getAccount").Reasons)
	require.Contains(t, report.Operation("getSwarm").Reasons, "not checked: https://agento.host/models.json#/Agents")
	require.Equal(t, wirereport.Unknown, report.Operation("getSwarm").Verdict)
	require.Equal(t, wirereport.Difference{
		Kind: wirereport.NotChecked, Where: "account.yaml", Text: "it is not in the document", Operations: []string{"getAccount"},
	}, report.Differences[slices.IndexFunc(report.Differences, func(d wirereport.Difference) bool { return d.Where == "account.yaml" })])
}

// TestCodesByStatus reads a document that lists error codes for each status.
func TestCodesByStatus(t *testing.T) {
	d := ours(t)
	codes := map[string]string{"ValidationError": "validation_error", "Unauthorized": "unauthorized", "Forbidden": "forbidden", "NotFound": "agent_not_found",
		"DocumentConflict": "conflict", "SkillConflict": "conflict", "NotRunning": "conflict", "RateLimited": "rate_limit_exceeded", "InternalError": "internal_error"}
	for name, code := range codes {
		allowed := []any{code}
		switch name {
		case "Forbidden":
			allowed = append(allowed, "limit_reached")
		case "NotFound":
			allowed = append(allowed, "swarm_not_found", "skill_not_found", "chunk_not_found", "rule_not_found")
		}
		d.at("components", "responses", name)["content"] = object{"application/json": object{"schema": object{"properties": object{"error": object{
			"properties": object{"message": object{"type": "string"}, "code": object{"type": "string", "enum": allowed}}}}}}}
	}
	require.Empty(t, d.compare(t).Differences)
	d.at("components", "responses")["SkillConflict"] = d.at("components", "responses", "NotRunning")
	for _, name := range []string{"DocumentConflict", "NotRunning"} {
		d.at("components", "responses", name, "content", "application/json", "schema", "properties", "error", "properties", "code")["enum"] = []any{"version_conflict"}
	}
	report := d.compare(t)
	require.Len(t, report.Differences, 1)
	require.Equal(t, `!value gone: Error.code: the document has no value "conflict", but "version_conflict"`, mark(report.Differences[0]))
}

func TestByteOrderMarks(t *testing.T) {
	text := string(ours(t).json())
	utf16LE := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		utf16LE = binary.LittleEndian.AppendUint16(utf16LE, unit)
	}
	for _, data := range [][]byte{[]byte("\xef\xbb\xbf" + text), utf16LE, []byte("\n " + text)} {
		require.Equal(t, wirereport.Summary{Confirmed: len(route.All())}, compareText(t, data).Summary)
	}
}

func TestNotADocument(t *testing.T) {
	tests := map[string]struct{ text, says string }{
		"empty":          {" \n", "it is empty"},
		"HTML":           {"\n<!doctype html><html></html>", "it is HTML or XML"},
		"half a file":    {`{"openapi":"3.1.0","paths":{`, "it is not valid JSON"},
		"text":           {"Not found", "it is neither JSON nor an OpenAPI document in YAML"},
		"list":           {"[]", "it is neither JSON nor an OpenAPI document in YAML"},
		"error":          {`{"error":{"code":"unauthorized"}}`, `it is not an OpenAPI document of version 3: its version is ""`},
		"Swagger":        {`{"swagger":"2.0","paths":{"/a":{}}}`, "it is not an OpenAPI document of version 3"},
		"Swagger YAML":   {"swagger: '2.0'\npaths: {}\n", "it is not an OpenAPI document of version 3"},
		"version 4":      {`{"openapi":"4.0.0","paths":{"/a":{}}}`, `its version is "4.0.0"`},
		"no paths":       {`{"openapi":"3.1.0"}`, "it has no paths"},
		"another schema": {`{"openapi":"3.1.0","paths":{"/a":{"get":5}}}`, "it is not a valid OpenAPI document"},
	}
	for name, tt := range tests {
		_, err := contract.Parse([]byte(tt.text))
		require.ErrorContains(t, err, tt.says, name)
	}
}

func TestReportIsJSON(t *testing.T) {
	d := ours(t)
	nine(d)
	var out struct {
		Version     int
		Operations  []struct{ Name, To string }
		Differences []struct{ Kind, Where, From, To string }
	}
	text, err := json.Marshal(d.compare(t))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, 1, out.Version)
	require.Contains(t, out.Differences, struct{ Kind, Where, From, To string }{"path moved", "getAgentStatus", "GET /v1/agents/{id}/status", "GET /v1/agents/{id}/state"})
	require.Contains(t, out.Differences, struct{ Kind, Where, From, To string }{"field renamed", "Agent.image", "image", "imageRef"})
	require.Contains(t, out.Differences, struct{ Kind, Where, From, To string }{"value gone", "Message.role", "assistant", "agent"})
	require.Contains(t, out.Differences, struct{ Kind, Where, From, To string }{"form changed", "the response to sendMessage", "text/event-stream", "application/json"})
	require.Contains(t, out.Operations, struct{ Name, To string }{"updateSwarm", "PUT /v1/swarms/{id}"})
}
