package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// foreign rewrites a document as another generator would have written it: of
// OpenAPI 3.0, without our extensions and our names, with references resolved or
// made in other places, and with the version in the server's URL.
func foreign(d document) document {
	f := foreigner{d}
	out := document{
		"openapi": "3.0.3",
		"info":    d["info"],
		"servers": []any{object{"url": "https://api.agento.host/v1"}},
	}
	paths := object{}
	for path, item := range d.at("paths") {
		path = strings.NewReplacer("{", "{", "}", "Key}").Replace(strings.TrimPrefix(path, "/v1"))
		paths[path] = f.item(path, item.(object))
	}
	schemas := object{}
	for name, schema := range d.at("components", "schemas") {
		schemas[name+"Dto"] = split(f.rewrite(schema).(object))
	}
	out["paths"] = paths
	out["components"] = object{"schemas": schemas, "securitySchemes": d.at("components", "securitySchemes")}
	return out
}

type foreigner struct{ d document }

// item rewrites a path's operations, with the parameters of the path in each.
func (f foreigner) item(path string, item object) object {
	out := object{}
	shared, _ := item["parameters"].([]any)
	for method, op := range item {
		if method == "parameters" {
			continue
		}
		op := maps.Clone(op.(object))
		own, _ := op["parameters"].([]any)
		op["parameters"] = slices.Concat(shared, own)
		op["operationId"] = fmt.Sprintf("Controller_%s_%d", method, len(path))
		out[method] = f.rewrite(op)
	}
	return out
}

// rewrite drops extensions, resolves references but those to schemas, and writes
// null as OpenAPI 3.0 does.
func (f foreigner) rewrite(node any) any {
	switch node := node.(type) {
	case []any:
		out := make([]any, len(node))
		for i, value := range node {
			out[i] = f.rewrite(value)
		}
		return out
	case object:
		if ref, ok := node["$ref"].(string); ok {
			return f.reference(ref)
		}
		out := object{}
		for key, value := range node {
			if !strings.HasPrefix(key, "x-") {
				out[key] = f.rewrite(value)
			}
		}
		withoutNull(out)
		return out
	}
	return node
}

func (f foreigner) reference(ref string) any {
	keys := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	if keys[1] == "schemas" {
		return object{"allOf": []any{object{"$ref": ref + "Dto"}}, "description": "as referred to"}
	}
	return f.rewrite(f.d.at(keys...))
}

// withoutNull turns a type of null into the word that OpenAPI 3.0 has for it.
func withoutNull(schema object) {
	if list, ok := schema["type"].([]any); ok && slices.Contains(list, any("null")) {
		rest := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == "null" })
		schema["type"], schema["nullable"] = rest[0], true
	}
	if list, ok := schema["oneOf"].([]any); ok {
		rest := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v.(object)["type"] == "null" })
		if len(rest) < len(list) {
			schema["oneOf"], schema["nullable"] = rest, true
		}
	}
}

// split puts half of an object's fields into a part of its own.
func split(schema object) object {
	fields, _ := schema["properties"].(object)
	if len(fields) < 2 || schema["oneOf"] != nil {
		return schema
	}
	names := slices.Sorted(maps.Keys(fields))
	half := object{}
	for _, name := range names[:len(names)/2] {
		half[name] = fields[name]
		delete(fields, name)
	}
	part := object{"type": "object", "properties": half}
	return object{"allOf": []any{schema, part}}
}
