package main

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/remsyshq/agento-go/contract"
)

// document is an OpenAPI document in the form used for comparison.
type document struct {
	operations []*operation
	elsewhere  map[string]string // references to other documents, by the shape of the path
	keys       []string          // positions of credentials, such as "header x-api-key"
}

// operation is an operation of a document.
type operation struct {
	id, summary, method string
	path                string // including the server's path
	bases               []string
	parameters          *openapi3.Schema // as fields of an object
	body                content
	response, failure   content
	notChecked          []string // references that could not be resolved
}

// methods are the methods of an API. Frameworks add HEAD, OPTIONS and TRACE.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// readDocument converts a document to the form used for comparison. Of several servers
// it uses the one with which most methods and shapes are known.
func readDocument(doc *openapi3.T, known map[string]bool) *document {
	d := &document{elsewhere: map[string]string{}}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		if ref, ok := item.Extensions[contract.NotChecked].(string); ok {
			for _, base := range basePaths(doc.Servers) {
				d.elsewhere[shape(base+path)] = ref
			}
		}
		for _, method := range methods {
			if op := item.GetOperation(method); op != nil {
				servers := doc.Servers
				if item.Servers != nil {
					servers = item.Servers
				}
				if op.Servers != nil {
					servers = *op.Servers
				}
				o := readOperation(item, op)
				o.method, o.path, o.bases = method, path, basePaths(servers)
				d.operations = append(d.operations, o)
			}
		}
	}
	d.addBases(known)
	d.joinCodes()
	if doc.Components != nil {
		for _, scheme := range doc.Components.SecuritySchemes {
			if scheme.Value.Type != "" {
				d.keys = append(d.keys, strings.ToLower(scheme.Value.In+" "+scheme.Value.Name))
			}
		}
	}
	return d
}

// addBases adds the path of a server to each path that lacks it.
func (d *document) addBases(known map[string]bool) {
	count := map[string]int{}
	for _, op := range d.operations {
		for _, base := range op.bases {
			if known[op.method+shape(base+op.path)] {
				count[base]++
			}
		}
	}
	for _, op := range d.operations {
		base := slices.MaxFunc(op.bases, func(a, b string) int { return count[a] - count[b] })
		if known[op.method+shape(base+op.path)] || !strings.HasPrefix(op.path, base+"/") {
			op.path = base + op.path
		}
	}
}

// joinCodes gives all errors the codes of any of them, because a document may list
// different codes for each status. If one accepts any code, all do.
func (d *document) joinCodes() {
	var codes []*openapi3.Schema
	var all []any
	open := false
	for _, op := range d.operations {
		failure := op.failure.json
		if failure == nil || failure.Properties["error"] == nil || failure.Properties["error"].Value.Properties["code"] == nil {
			continue
		}
		code := failure.Properties["error"].Value.Properties["code"].Value
		codes, open = append(codes, code), open || code.Enum == nil
		all = append(all, slices.DeleteFunc(slices.Clone(code.Enum), func(value any) bool { return slices.Contains(all, value) })...)
	}
	for _, code := range codes {
		if code.Enum = all; open {
			code.Enum = nil
		}
	}
}

// authority matches the beginning of a server's URL, or a variable for it.
var authority = regexp.MustCompile(`^([^/]*//[^/]*|\{[^}]*\})`)

// basePaths returns the paths of servers without trailing slash, for every combination
// of the values of their variables.
func basePaths(servers openapi3.Servers) []string {
	var bases []string
	for _, server := range servers {
		server = cmp.Or(server, &openapi3.Server{})
		addresses := []string{server.URL}
		for name, variable := range server.Variables {
			variable = cmp.Or(variable, &openapi3.ServerVariable{})
			var next []string
			for _, value := range append([]string{variable.Default}, variable.Enum...) {
				for _, address := range addresses {
					next = append(next, strings.ReplaceAll(address, "{"+name+"}", value))
				}
			}
			addresses = next
		}
		for _, address := range addresses {
			bases = append(bases, strings.TrimRight(path.Join("/", authority.ReplaceAllString(address, "")), "/"))
		}
	}
	if bases == nil {
		return []string{""}
	}
	return bases
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// shape returns a path without the names of its placeholders.
func shape(path string) string {
	return placeholder.ReplaceAllString(strings.TrimRight(path, "/"), "{}")
}
