// Package contract checks both sides of the Agento API against openapi.json: the
// requests of the SDK and the responses of a service.
//
// It is a separate module, so that the SDK does not depend on the tools that it needs.
// Its package speccheck compares openapi.json with the document that the live service
// publishes.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"go.yaml.in/yaml/v4"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Document is an OpenAPI document in the form of openapi.json.
type Document struct {
	doc    *openapi3.T
	router routers.Router
	// closed allows only known fields in the bodies of requests.
	closed *Document
}

// Load reads and validates a document.
func Load(path string) (*Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := load(data)
	if err == nil {
		d.closed, err = load(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	closeRequests(d.closed.doc)
	return d, nil
}

func load(data []byte) (*Document, error) {
	doc, err := Parse(data)
	if err != nil {
		return nil, err
	}
	doc.OpenAPI = "3.2.0" // the first version with a schema for events
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	doc.Servers = nil // so that requests match for any host
	router, err := gorillamux.NewRouter(doc)
	return &Document{doc: doc, router: router}, err
}

// closeRequests disallows additional properties in each schema of a request body that
// names properties and does not mention others.
func closeRequests(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Value.Content {
				_ = media.Schema.WalkSubtree(func(_ string, ref *openapi3.SchemaRef) error {
					if more := &ref.Value.AdditionalProperties; len(ref.Value.Properties) > 0 && more.Has == nil && more.Schema == nil {
						more.Has = new(bool)
					}
					return nil
				})
			}
		}
	}
}

// Parse reads an OpenAPI document in JSON or YAML.
func Parse(data []byte) (*openapi3.T, error) {
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), data)
	if err != nil {
		return nil, err
	}
	doc := &openapi3.T{}
	switch text = bytes.TrimSpace(text); {
	case len(text) == 0:
		return nil, errors.New("it is empty")
	case text[0] == '<':
		return nil, errors.New("it is HTML or XML, not an OpenAPI document")
	case text[0] != '{':
		if err := yaml.Unmarshal(text, doc); err != nil {
			return nil, fmt.Errorf("it is neither JSON nor an OpenAPI document in YAML: %w", err)
		}
		if text, err = doc.MarshalJSON(); err != nil {
			return nil, err
		}
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("it is not valid JSON: %w", err)
	}
	if version, _ := root["openapi"].(string); !strings.HasPrefix(version, "3.") {
		return nil, fmt.Errorf("it is not an OpenAPI document of version 3: its version is %q", version)
	}
	replaceReferences(root, root)
	if text, err = json.Marshal(root); err != nil {
		return nil, err
	}
	doc = &openapi3.T{}
	if err = doc.UnmarshalJSON(text); err == nil {
		err = openapi3.NewLoader().ResolveRefsIn(doc, nil)
	}
	if err == nil && doc.Paths.Len() == 0 {
		err = errors.New("it has no paths")
	}
	if err != nil {
		return nil, fmt.Errorf("it is not a valid OpenAPI document: %w", err)
	}
	return doc, nil
}

// NotChecked is the extension that replaces a reference that cannot be resolved.
const NotChecked = "x-not-checked"

// replaceReferences replaces references to other documents and broken references, so
// that the rest can be parsed. It moves the schema of a stream's events to its place in
// OpenAPI 3.2.
func replaceReferences(root map[string]any, node any) {
	switch node := node.(type) {
	case map[string]any:
		if ref, ok := node["$ref"].(string); ok && !leads(root, ref) {
			clear(node)
			node[NotChecked] = ref
		}
		if schema, ok := node["x-event-schema"]; ok {
			node["itemSchema"] = schema
		}
		for _, value := range node {
			replaceReferences(root, value)
		}
	case []any:
		for _, value := range node {
			replaceReferences(root, value)
		}
	}
}

// leads reports whether a reference resolves to an object in the document.
func leads(root map[string]any, ref string) bool {
	node := root
	for i, key := range strings.Split(ref, "/") {
		if plain, err := url.PathUnescape(key); err == nil {
			key = plain
		}
		if i > 0 {
			node, _ = node[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)].(map[string]any)
		}
	}
	return strings.HasPrefix(ref, "#/") && node != nil
}
