//go:build live

package live

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// document is the part of openapi.json that concerns responses. Its required fields, types
// and known values match the SDK's: the tests of module contract compare them.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas   map[string]*schema
		Responses map[string]response
	}
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema *schema
		Event  *schema `json:"x-event-schema"`
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       kinds
	Required   []string
	Properties map[string]*schema
	Items      *schema
	OneOf      []*schema
	Known      map[string]string `json:"x-known-values"`
	If         *condition
	Then       struct{ Required []string }
}

// condition is an if/then rule for required fields.
type condition struct {
	Required   []string
	Properties map[string]struct{ Const string }
	Not        *condition
	AnyOf      []condition
}

// kinds are the types that a value may have. The document has one type or a list.
type kinds []string

func (k *kinds) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(k))
}

func readDocument() (*document, error) {
	data, err := os.ReadFile("../openapi.json")
	if err != nil {
		return nil, err
	}
	d := new(document)
	return d, json.Unmarshal(data, d)
}

// result returns the schema of an operation's response, or of the events of its stream. It
// is nil if the SDK does not read the result.
func (d *document) result(op *route.Route) *schema {
	var operation struct{ Responses map[string]response }
	_ = json.Unmarshal(d.Paths[op.Path][strings.ToLower(op.Method)], &operation)
	for status, r := range operation.Responses {
		if status[0] != '2' {
			continue
		}
		if r.Ref != "" {
			r = d.Components.Responses[path.Base(r.Ref)]
		}
		for _, media := range r.Content {
			if media.Event != nil {
				return media.Event
			}
			if data, _ := d.resolve(media.Schema.Properties["data"]); data.Properties != nil || data.Items != nil {
				return media.Schema
			}
		}
	}
	return nil
}

func (d *document) resolve(s *schema) (resolved *schema, name string) {
	if s.Ref == "" {
		return s, ""
	}
	name = path.Base(s.Ref)
	return d.Components.Schemas[name], name
}

// check finds the differences between values and their schema. All values are in the same
// place of different rows, or the only one.
type check struct {
	*document
	operation string
	found     []wirereport.Difference
}

func (c *check) add(d wirereport.Difference) {
	d.Operations = []string{c.operation}
	same := func(o wirereport.Difference) bool { return o.String() == d.String() }
	if !slices.ContainsFunc(c.found, same) {
		c.found = append(c.found, d)
	}
}

func (c *check) breaking() bool {
	return slices.ContainsFunc(c.found, func(d wirereport.Difference) bool { return d.Breaking })
}

func (c *check) values(where string, s *schema, values []json.RawMessage) {
	s, name := c.resolve(s)
	alternatives := s.OneOf
	if alternatives == nil {
		alternatives = []*schema{s}
	}
	of := map[*schema][]json.RawMessage{}
	var want []string
	for _, value := range values {
		kind, fits := kindOf(value), false
		want = nil
		for _, alternative := range alternatives {
			alternative, _ := c.resolve(alternative)
			want = append(want, alternative.Type...)
			if slices.Contains(alternative.Type, kind) || kind == "number" && slices.Contains(alternative.Type, "integer") || alternative.Type == nil {
				of[alternative], fits = append(of[alternative], value), true
				break
			}
		}
		if !fits {
			c.add(wirereport.Difference{
				Kind: wirereport.TypeChanged, Where: where, From: strings.Join(want, " or "), To: kind,
				Text: kind + " instead of " + strings.Join(want, " or "), Breaking: true,
			})
		}
	}
	for _, alternative := range alternatives {
		alternative, own := c.resolve(alternative)
		switch values := of[alternative]; {
		case len(values) == 0:
		case alternative.Items != nil:
			var items []json.RawMessage
			for _, value := range values {
				var list []json.RawMessage
				_ = json.Unmarshal(value, &list)
				items = append(items, list...)
			}
			c.values(where+"[]", alternative.Items, items)
		case alternative.Properties != nil:
			c.objects(cmp.Or(own, name, where), alternative, values)
		case alternative.Known != nil:
			c.known(where, alternative, values)
		}
	}
}

func (c *check) objects(where string, s *schema, values []json.RawMessage) {
	var objects, some []map[string]json.RawMessage
	there := map[string][]json.RawMessage{}
	for _, value := range values {
		var object map[string]json.RawMessage
		_ = json.Unmarshal(value, &object)
		maps.DeleteFunc(object, func(name string, value json.RawMessage) bool {
			identifies := name == "id" || name == "name"
			return string(value) == "null" || identifies && string(value) == `""`
		})
		objects = append(objects, object)
		if s.If != nil && s.If.holds(object) {
			some = append(some, object)
		}
		for name, value := range object {
			there[name] = append(there[name], value)
		}
	}
	c.required(where, s.Required, objects)
	c.required(where, s.Then.Required, some)
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if property := s.Properties[name]; property != nil {
			c.values(where+"."+name, property, there[name])
			continue
		}
		c.add(wirereport.Difference{Kind: wirereport.FieldUnknown, Where: where + "." + name, Text: "the SDK does not know it"})
	}
}

// required finds the fields that all objects lack. An ID or a name must be in each object.
func (c *check) required(where string, names []string, objects []map[string]json.RawMessage) {
	for _, name := range names {
		lacking := 0
		for _, object := range objects {
			if object[name] == nil {
				lacking++
			}
		}
		d := wirereport.Difference{Kind: wirereport.FieldGone, Where: where + "." + name, Text: "the response does not have it", Breaking: true}
		switch {
		case lacking == 0:
			continue
		case lacking < len(objects):
			d.Text, d.Breaking = "some rows do not have it", name == "id" || name == "name"
		}
		c.add(d)
	}
}

// known finds values for which the SDK has no constant. Only for statuses and roles is that
// a breaking difference, because callers compare them.
func (c *check) known(where string, s *schema, values []json.RawMessage) {
	known := slices.Sorted(maps.Keys(s.Known))
	for _, value := range values {
		var text string
		_ = json.Unmarshal(value, &text)
		if !slices.Contains(known, text) {
			c.add(wirereport.Difference{
				Kind: wirereport.ValueUnknown, Where: where, Text: fmt.Sprintf("%s is not one of %s", excerpt(value), strings.Join(known, ", ")),
				Breaking: strings.HasSuffix(where, ".status") || strings.HasSuffix(where, ".role"),
			})
		}
	}
}

func (c condition) holds(object map[string]json.RawMessage) bool {
	for _, name := range c.Required {
		if object[name] == nil {
			return false
		}
	}
	for name, want := range c.Properties {
		if string(object[name]) != `"`+want.Const+`"` {
			return false
		}
	}
	if c.Not != nil && c.Not.holds(object) {
		return false
	}
	return c.AnyOf == nil || slices.ContainsFunc(c.AnyOf, func(one condition) bool { return one.holds(object) })
}

func kindOf(value json.RawMessage) string {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return "text that is not JSON"
	}
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
