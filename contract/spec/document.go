// Package spec reads OpenAPI documents with as few expectations as possible: of
// version 3.0 or 3.1, whoever wrote them, with whatever extensions. What it does
// not understand it leaves out.
package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Document is an OpenAPI document.
type Document struct {
	root       map[string]any
	Operations []Operation
}

// Operation is an operation of a document.
type Operation struct {
	ID, Method, Path, Summary string // the path with that of the server
	Tags                      []string
	Parameters                []Parameter
	Body                      *Schema // nil: none is described
	Responses                 []Response
}

// Parameter is a parameter of an operation.
type Parameter struct {
	In, Name string
	Required bool
	Schema   Schema
}

// Response is an answer of an operation.
type Response struct {
	Status string             // such as "200", "2XX" or "default"
	Media  map[string]*Schema // by media type; the schema is nil where none is given
	Events *Schema            // of the data of an event, where that is described
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Parse reads a document.
func Parse(data []byte) (*Document, error) {
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, errors.New("it is not a JSON object")
	}
	version, _ := root["openapi"].(string)
	if !strings.HasPrefix(version, "3.") {
		return nil, fmt.Errorf("it is not an OpenAPI document of version 3, but has openapi: %q", version)
	}
	paths := object(root["paths"])
	if len(paths) == 0 {
		return nil, errors.New("it has no paths")
	}
	d := &Document{root: root}
	prefix := d.serverPath()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := d.resolve(paths[path])
		for _, method := range methods {
			if op := d.resolve(item[method]); op != nil {
				d.Operations = append(d.Operations, d.operation(method, join(prefix, path), item, op))
			}
		}
	}
	return d, nil
}

// serverPath is the path of the first server's URL, below which all paths are.
func (d *Document) serverPath() string {
	servers, _ := d.root["servers"].([]any)
	if len(servers) == 0 {
		return ""
	}
	address, _ := object(servers[0])["url"].(string)
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

func join(prefix, path string) string {
	if strings.HasPrefix(path, prefix+"/") {
		return path
	}
	return prefix + path
}

func (d *Document) operation(method, path string, item, op map[string]any) Operation {
	out := Operation{
		ID: text(op["operationId"]), Method: strings.ToUpper(method), Path: path, Summary: text(op["summary"]),
	}
	for _, tag := range list(op["tags"]) {
		out.Tags = append(out.Tags, text(tag))
	}
	own := map[string]bool{}
	for _, source := range []any{op["parameters"], item["parameters"]} {
		for _, raw := range list(source) {
			p := d.parameter(d.resolve(raw))
			if key := p.In + " " + p.Name; !own[key] {
				own[key] = true
				out.Parameters = append(out.Parameters, p)
			}
		}
	}
	if body := d.resolve(op["requestBody"]); body != nil {
		out.Body = d.jsonOf(object(body["content"]))
	}
	responses := object(op["responses"])
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		out.Responses = append(out.Responses, d.response(status, d.resolve(responses[status])))
	}
	return out
}

func (d *Document) parameter(raw map[string]any) Parameter {
	required, _ := raw["required"].(bool)
	p := Parameter{In: text(raw["in"]), Name: text(raw["name"]), Required: required, Schema: Schema{d, raw["schema"]}}
	if schema := d.jsonOf(object(raw["content"])); schema != nil {
		p.Schema = *schema
	}
	return p
}

func (d *Document) response(status string, raw map[string]any) Response {
	r := Response{Status: status, Media: map[string]*Schema{}}
	for name, raw := range object(raw["content"]) {
		media := d.resolve(raw)
		r.Media[mediaType(name)] = d.schemaOf(media)
		if mediaType(name) == eventStream {
			r.Events = d.eventsOf(media)
		}
	}
	return r
}

const eventStream = "text/event-stream"

// eventsOf is the schema of the data of an event: that of our own extension, that
// of OpenAPI 3.2, or else that of the whole if it is of objects.
func (d *Document) eventsOf(media map[string]any) *Schema {
	for _, key := range []string{"x-event-schema", "itemSchema"} {
		if media[key] != nil {
			return &Schema{d, media[key]}
		}
	}
	if s := d.schemaOf(media); s != nil && s.View().HasFields() {
		return s
	}
	return nil
}

func (d *Document) schemaOf(media map[string]any) *Schema {
	if media["schema"] == nil {
		return nil
	}
	return &Schema{d, media["schema"]}
}

// jsonOf finds the JSON among media types.
func (d *Document) jsonOf(content map[string]any) *Schema {
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if IsJSON(mediaType(name)) {
			return d.schemaOf(d.resolve(content[name]))
		}
	}
	return nil
}

// IsJSON reports whether a media type is JSON.
func IsJSON(name string) bool {
	return name == "application/json" || strings.HasSuffix(name, "+json") || name == "*/*"
}

func mediaType(name string) string {
	name, _, _ = strings.Cut(name, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// KeyHeaders returns the names of the headers that a key goes in, and whether the
// document describes any way to authenticate.
func (d *Document) KeyHeaders() (headers []string, any bool) {
	schemes := object(object(d.root["components"])["securitySchemes"])
	for _, raw := range schemes {
		scheme := d.resolve(raw)
		if text(scheme["type"]) == "apiKey" && text(scheme["in"]) == "header" {
			headers = append(headers, text(scheme["name"]))
		}
	}
	slices.Sort(headers)
	return headers, len(schemes) > 0
}

const maxDepth = 64 // of references to references, and of schemas made of schemas

// resolve follows references until there is an object, or returns nil.
func (d *Document) resolve(node any) map[string]any {
	for range maxDepth {
		o := object(node)
		ref := text(o["$ref"])
		if ref == "" {
			return o
		}
		node = d.lookUp(ref)
	}
	return nil
}

// lookUp finds what a reference inside of the document leads to.
func (d *Document) lookUp(ref string) any {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	var node any = d.root
	for _, key := range strings.Split(path, "/") {
		if plain, err := url.PathUnescape(key); err == nil {
			key = plain
		}
		node = object(node)[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)]
	}
	return node
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
