package spec

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// schema reads a schema, beside components that it can refer to.
func schema(t *testing.T, text string) Schema {
	t.Helper()
	d := &Document{}
	require.NoError(t, json.Unmarshal([]byte(`{"components":{"schemas":{
		"Name": {"type":"string","enum":["a","b"]},
		"Thing": {"type":"object","required":["id"],"properties":{"id":{"type":"string"},"name":{"$ref":"#/components/schemas/Name"}}},
		"Loop": {"allOf":[{"$ref":"#/components/schemas/Loop"}]},
		"Ring": {"$ref":"#/components/schemas/Ring"},
		"Twin": {"oneOf":[{"$ref":"#/components/schemas/Twin"},{"$ref":"#/components/schemas/Twin"}]},
		"odd/~name": {"type":"integer"}
	}}}`), &d.root))
	var node any
	require.NoError(t, json.Unmarshal([]byte(text), &node))
	return Schema{d, node}
}

func TestView(t *testing.T) {
	tests := map[string]struct {
		schema   string
		types    []string
		fields   []string
		required []string
		enum     []string
	}{
		"a type":               {`{"type":"string"}`, []string{"string"}, nil, nil, nil},
		"types":                {`{"type":["string","null"]}`, []string{"null", "string"}, nil, nil, nil},
		"nullable":             {`{"type":"string","nullable":true}`, []string{"null", "string"}, nil, nil, nil},
		"nothing":              {`{}`, nil, nil, nil, nil},
		"true":                 {`true`, nil, nil, nil, nil},
		"fields without type":  {`{"properties":{"a":{}}}`, []string{"object"}, []string{"a"}, nil, nil},
		"items without type":   {`{"items":{}}`, []string{"array"}, nil, nil, nil},
		"enum without type":    {`{"enum":["x"]}`, []string{"string"}, nil, nil, []string{"x"}},
		"enum with null":       {`{"type":["string","null"],"enum":["x",null]}`, []string{"null", "string"}, nil, nil, []string{"x"}},
		"reference":            {`{"$ref":"#/components/schemas/Thing"}`, []string{"object"}, []string{"id", "name"}, []string{"id"}, nil},
		"escaped reference":    {`{"$ref":"#/components/schemas/odd~1~0name"}`, []string{"integer"}, nil, nil, nil},
		"reference to nowhere": {`{"$ref":"#/components/schemas/None"}`, nil, nil, nil, nil},
		"another document":     {`{"$ref":"other.json#/Thing"}`, nil, nil, nil, nil},
		"reference to itself":  {`{"$ref":"#/components/schemas/Ring"}`, nil, nil, nil, nil},
		"part of itself":       {`{"$ref":"#/components/schemas/Loop"}`, nil, nil, nil, nil},
		"two of itself":        {`{"$ref":"#/components/schemas/Twin"}`, nil, nil, nil, nil},
		"allOf": {`{"allOf":[{"$ref":"#/components/schemas/Thing"},{"required":["more"],"properties":{"more":{"type":"string"}}}]}`,
			[]string{"object"}, []string{"id", "more", "name"}, []string{"id", "more"}, nil},
		"oneOf of types":         {`{"oneOf":[{"type":"null"},{"type":"string"},{"type":"number"}]}`, []string{"null", "number", "string"}, nil, nil, nil},
		"oneOf of objects":       {`{"oneOf":[{"required":["a","b"],"properties":{"a":{}}},{"required":["b"],"properties":{"c":{}}}]}`, []string{"object"}, []string{"a", "c"}, []string{"b"}, nil},
		"object or its id":       {`{"oneOf":[{"type":"string"},{"$ref":"#/components/schemas/Thing"}]}`, []string{"object", "string"}, []string{"id", "name"}, []string{"id"}, nil},
		"enum or any text":       {`{"anyOf":[{"enum":["x"]},{"type":"string"}]}`, []string{"string"}, nil, nil, nil},
		"enum or an object":      {`{"oneOf":[{"$ref":"#/components/schemas/Name"},{"type":"object"}]}`, []string{"object", "string"}, nil, nil, []string{"a", "b"}},
		"anything in one":        {`{"oneOf":[{"type":"string"},{}]}`, nil, nil, nil, nil},
		"const":                  {`{"oneOf":[{"const":"x"},{"const":"y"}]}`, nil, nil, nil, []string{"x", "y"}},
		"allOf narrows the type": {`{"type":["string","null"],"allOf":[{"type":"string"}]}`, []string{"string"}, nil, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := schema(t, tt.schema).View()
			var types, fields []string
			for _, of := range v.Types {
				types = append(types, of.Name)
			}
			for field := range v.Properties {
				fields = append(fields, field)
			}
			slices.Sort(types)
			slices.Sort(fields)
			require.Equal(t, tt.types, types)
			require.Equal(t, tt.fields, fields)
			require.ElementsMatch(t, tt.required, v.Required)
			require.ElementsMatch(t, tt.enum, v.Enum)
		})
	}
}

// A field that several alternatives have, as each of them has it.
func TestFieldOfAlternatives(t *testing.T) {
	v := schema(t, `{"oneOf":[
		{"properties":{"type":{"type":"string","enum":["text"]},"content":{"type":"string"}}},
		{"properties":{"type":{"type":"string","enum":["done"]}}}
	]}`).View()
	require.ElementsMatch(t, []string{"text", "done"}, v.Properties["type"].View().Enum)
	both := schema(t, `{"properties":{"a":{"type":["string","null"]}},"allOf":[{"properties":{"a":{"type":"string"}}}]}`).View()
	require.Equal(t, []Type{{Name: "string"}}, both.Properties["a"].View().Types)
}

func TestMoreOfAView(t *testing.T) {
	v := schema(t, `{"additionalProperties":{"type":"integer"}}`).View()
	require.Equal(t, []Type{{Name: "integer"}}, v.Values.View().Types)
	require.True(t, schema(t, `{"type":"object","additionalProperties":false}`).View().Closed)
	require.False(t, schema(t, `{"type":"object","additionalProperties":true}`).View().Closed)
	require.Equal(t, []Type{{"string", "date-time"}}, schema(t, `{"type":"string","format":"date-time"}`).View().Types)
	require.Equal(t, []string{"a", "b"}, schema(t, `{"type":"string","x-known-values":{"b":"","a":""}}`).View().Known)
}

func TestParse(t *testing.T) {
	d, err := Parse([]byte(`{
		"openapi": "3.0.3",
		"servers": [{"url": "https://api.example.com/v1/"}],
		"paths": {
			"/things/{key}": {
				"parameters": [{"in":"path","name":"key","required":true}, {"in":"query","name":"a","required":true}],
				"get": {
					"operationId": "thing", "tags": ["T"], "summary": "Read",
					"parameters": [{"in":"query","name":"a","schema":{"type":"string"}}, {"$ref":"#/components/parameters/B"}],
					"responses": {"200": {"content": {"application/json; charset=utf-8": {"schema": {"type":"object"}}}}, "204": {}}
				},
				"post": {"requestBody": {"$ref":"#/components/requestBodies/P"}, "responses": {"default": {"$ref":"#/components/responses/E"}}}
			},
			"/v1/stream": {"get": {"responses": {"200": {"content": {"text/event-stream": {"itemSchema": {"type":"object"}}}}}}},
			"/events": {"get": {"responses": {"200": {"content": {"text/event-stream": {"schema": {"properties": {"type": {}}}}}}}}},
			"/text": {"get": {"responses": {"200": {"content": {"text/event-stream": {"schema": {"type":"string"}}}}}}}
		},
		"components": {
			"parameters": {"B": {"in":"query","name":"b","content":{"application/json":{"schema":{"type":"integer"}}}}},
			"requestBodies": {"P": {"content": {"text/plain": {}, "application/merge-patch+json": {"schema": {"properties":{"x":{}}}}}}},
			"responses": {"E": {"content": {"application/json": {}}}},
			"securitySchemes": {"K": {"type":"apiKey","in":"header","name":"X-Api-Key"}, "B": {"type":"http","scheme":"bearer"}}
		}
	}`))
	require.NoError(t, err)
	byPath := map[string]Operation{}
	for _, op := range d.Operations {
		byPath[op.Method+" "+op.Path] = op
	}
	require.Len(t, byPath, 5)
	get := byPath["GET /v1/things/{key}"]
	require.Equal(t, []any{"thing", "Read", []string{"T"}}, []any{get.ID, get.Summary, get.Tags})
	names := map[string]bool{}
	for _, p := range get.Parameters {
		names[p.In+" "+p.Name] = p.Required
	}
	require.Equal(t, map[string]bool{"query a": false, "query b": false, "path key": true}, names, "an operation's own wins")
	require.Equal(t, []Type{{Name: "integer"}}, get.Parameters[1].Schema.View().Types)
	require.Nil(t, get.Body)
	require.Equal(t, "200", get.Responses[0].Status)
	require.True(t, get.Responses[0].Media["application/json"].View().Has("object"))
	require.Empty(t, get.Responses[1].Media)
	post := byPath["POST /v1/things/{key}"]
	require.True(t, post.Body.View().HasFields())
	require.Contains(t, post.Responses[0].Media, "application/json")
	require.Nil(t, post.Responses[0].Media["application/json"])
	require.NotNil(t, byPath["GET /v1/stream"].Responses[0].Events)
	require.NotNil(t, byPath["GET /v1/events"].Responses[0].Events)
	require.Nil(t, byPath["GET /v1/text"].Responses[0].Events)
	headers, described := d.KeyHeaders()
	require.Equal(t, []any{[]string{"X-Api-Key"}, true}, []any{headers, described})
}
