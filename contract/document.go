// Package contract holds both sides of the Agento API to openapi.json: what the
// SDK sends and what a service answers.
//
// It is a module of its own, so that the SDK does not depend on the tools that
// it needs. Package speccheck in it compares the SDK with the document that the
// live service publishes.
package contract

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Document is an OpenAPI document in the form of openapi.json.
type Document struct {
	doc        *openapi3.T
	operations []*operation
	// closed are the schemas of request bodies, without room for fields that
	// are not named.
	closed *Document
}

// operation is a row of the document.
type operation struct {
	id, method, path string
	pattern          *regexp.Regexp // matches an escaped path
	item             *openapi3.PathItem
	spec             *openapi3.Operation
}

// Load reads and checks a document.
func Load(path string) (*Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if d.closed, err = parse(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	closeRequests(d.closed.doc)
	return d, nil
}

func parse(data []byte) (*Document, error) {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	d := &Document{doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			d.operations = append(d.operations, &operation{
				id: spec.OperationID, method: method, path: path, pattern: pattern(path), item: item, spec: spec,
			})
		}
	}
	return d, nil
}

var placeholder = regexp.MustCompile(`\\\{\w+\\\}`)

// pattern makes a path template match escaped paths, one segment for each
// placeholder.
func pattern(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + placeholder.ReplaceAllString(regexp.QuoteMeta(template), "([^/]+)") + "$")
}

// Operations returns the ids of all operations.
func (d *Document) Operations() []string {
	ids := make([]string, len(d.operations))
	for i, op := range d.operations {
		ids[i] = op.id
	}
	return ids
}

// find returns the operation of a request, the one with the most literal path
// where several fit, or nil.
func (d *Document) find(method, escapedPath string) *operation {
	var best *operation
	for _, op := range d.operations {
		if op.method != method || !op.pattern.MatchString(escapedPath) {
			continue
		}
		if best == nil || strings.Count(op.path, "{") < strings.Count(best.path, "{") {
			best = op
		}
	}
	return best
}

var placeholderName = regexp.MustCompile(`\{(\w+)\}`)

// values returns what stands for the placeholders in a path that matches.
func (op *operation) values(escapedPath string) map[string]string {
	values := map[string]string{}
	found := op.pattern.FindStringSubmatch(escapedPath)
	for i, name := range placeholderName.FindAllStringSubmatch(op.path, -1) {
		value, err := url.PathUnescape(found[i+1])
		if err != nil {
			value = found[i+1]
		}
		values[name[1]] = value
	}
	return values
}

// closeRequests closes each schema that a request body reaches and that names
// properties, unless it says what else it takes.
func closeRequests(doc *openapi3.T) {
	seen := map[*openapi3.Schema]bool{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Value.Content {
				closeSchema(media.Schema, seen)
			}
		}
	}
}

func closeSchema(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties.Has = new(bool)
	}
	closeSchema(s.Items, seen)
	for _, property := range s.Properties {
		closeSchema(property, seen)
	}
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, part := range list {
			closeSchema(part, seen)
		}
	}
}
