package compare

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/remsyshq/agento-go/contract/sdk"
	"github.com/remsyshq/agento-go/contract/spec"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// ownHeaders are those that the SDK sends of itself.
var ownHeaders = []string{"x-api-key", "accept", "content-type", "user-agent", "last-event-id", "authorization"}

// parameters compares what stands in the query and in the header.
func (c *comparison) parameters(op sdk.Operation, there spec.Operation, sent []sdk.Request) {
	ours := map[string]string{} // a value of each
	always := map[string]int{}
	for _, r := range sent {
		for name, values := range r.Query {
			ours[name] = values[0]
			always[name]++
		}
	}
	theirs := map[string]spec.Parameter{}
	for _, p := range there.Parameters {
		switch {
		case p.In == "query":
			theirs[p.Name] = p
		case p.In == "header" && !slices.Contains(ownHeaders, strings.ToLower(p.Name)):
			c.unknownParameter(op.Name+" header "+p.Name, p)
		}
	}
	names := namesOf(ours, theirs)
	names.pair(func(_, _ string) bool { return true })
	for _, name := range names.ours {
		c.add(wirereport.FieldGone, op.Name+"?"+name, true, "the document has no such query parameter")
	}
	for _, name := range names.theirs {
		c.unknownParameter(op.Name+"?"+name, theirs[name])
	}
	for from, to := range names.renamed {
		c.add(wirereport.FieldRenamed, op.Name+"?"+from, true, "the query parameter is %s in the document", to)
	}
	for name, value := range ours {
		p, ok := theirs[name]
		if !ok {
			continue
		}
		if p.Required && always[name] < len(sent) {
			c.add(wirereport.FieldRequired, op.Name+"?"+name, true, "the document requires it, and the SDK lets a caller leave it out")
		}
		c.queryValue(op, name, value, p.Schema.View())
	}
}

func (c *comparison) unknownParameter(where string, p spec.Parameter) {
	if p.Required {
		c.add(wirereport.FieldRequired, where, true, "the document requires it, and the SDK does not know it")
		return
	}
	c.add(wirereport.FieldUnknown, where, false, "the SDK does not know it")
}

func (c *comparison) queryValue(op sdk.Operation, name, value string, v spec.View) {
	where := op.Name + "?" + name
	_, notNumber := strconv.ParseFloat(value, 64)
	fits := len(v.Types) == 0 || v.Has("string") || v.Has("array") || notNumber == nil && (v.Has("integer") || v.Has("number"))
	if !fits {
		c.add(wirereport.TypeChanged, where, true, "the SDK sends %q, the document has %s", value, typeNames(v))
		return
	}
	if len(v.Enum) == 0 {
		return
	}
	if !slices.Contains(v.Enum, value) {
		c.add(wirereport.ValueGone, where, true, "the document has no value %q", value)
	}
	c.unknownValues(where, op.FilterValues(name), v.Enum)
}

// body compares what stands in the body.
func (c *comparison) body(op sdk.Operation, there spec.Operation, sent []sdk.Request) {
	var bodies []any
	for _, r := range sent {
		if r.Body != nil {
			bodies = append(bodies, r.Body)
		}
	}
	switch {
	case bodies == nil && there.Body == nil:
		return
	case bodies == nil:
		if required := there.Body.View().Required; len(required) > 0 {
			c.add(wirereport.FieldRequired, op.Name+" body", true, "the document requires a body with %s, and the SDK sends none", strings.Join(required, ", "))
		}
		return
	case there.Body == nil:
		c.tellsNot("the body of the request")
		return
	}
	c.sends(op.BodyName(), bodies, *there.Body)
}

// sends compares values that the SDK sends at one place with the schema of that
// place.
func (c *comparison) sends(where string, values []any, schema spec.Schema) {
	v := schema.View()
	for _, value := range values {
		if t := typeOf(value); len(v.Types) > 0 && !v.Has(t) && !(t == "integer" && v.Has("number")) {
			c.add(wirereport.TypeChanged, where, true, "the SDK sends %s, the document has %s", t, typeNames(v))
			return
		}
	}
	switch values[0].(type) {
	case string:
		c.unknownValues(where, nil, v.Enum)
	case map[string]any:
		c.sendsObject(where, values, v)
	case []any:
		c.sendsList(where, values, v)
	}
}

func (c *comparison) sendsList(where string, values []any, v spec.View) {
	var rows []any
	for _, value := range values {
		rows = append(rows, value.([]any)...)
	}
	if len(rows) > 0 && v.Items != nil {
		c.sends(where+"[]", rows, *v.Items)
	}
}

func (c *comparison) sendsObject(where string, values []any, v spec.View) {
	if !v.HasFields() && v.Values == nil {
		return // any object
	}
	ours := map[string][]any{}
	for _, value := range values {
		for name, inner := range value.(map[string]any) {
			ours[name] = append(ours[name], inner)
		}
	}
	if ours[sdk.FreeForm] != nil {
		return
	}
	names := namesOf(ours, v.Properties)
	names.pair(func(from, to string) bool { return takes(v.Properties[to].View(), ours[from][0]) })
	for from, to := range names.renamed {
		c.add(wirereport.FieldRenamed, where+"."+from, true, "it is %s in the document", to)
	}
	for _, name := range names.ours {
		if v.Values != nil {
			c.sends(where+"."+name, ours[name], *v.Values)
		} else {
			c.add(wirereport.FieldGone, where+"."+name, true, "the SDK sends it, and the document has no such field")
		}
	}
	for _, name := range names.theirs {
		if slices.Contains(v.Required, name) {
			c.add(wirereport.FieldRequired, where+"."+name, true, "the document requires it, and the SDK does not know it")
		} else {
			c.add(wirereport.FieldUnknown, where+"."+name, false, "the SDK does not know it")
		}
	}
	for _, name := range names.both {
		if slices.Contains(v.Required, name) && len(ours[name]) < len(values) {
			c.add(wirereport.FieldRequired, where+"."+name, true, "the document requires it, and the SDK lets a caller leave it out")
		}
		c.sends(where+"."+name, ours[name], v.Properties[name])
	}
}

func takes(v spec.View, value any) bool {
	t := typeOf(value)
	return len(v.Types) == 0 || v.Has(t) || t == "integer" && v.Has("number")
}

// typeOf is the JSON type of a decoded value.
func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	}
	return "object"
}

func typeNames(v spec.View) string {
	names := make([]string, len(v.Types))
	for i, t := range v.Types {
		names[i] = t.Name
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), " or ")
}

// nameSets are the names that only we have, only they have, and both.
type nameSets struct {
	ours, theirs, both []string
	renamed            map[string]string // ours to theirs
}

func namesOf[A, B any](ours map[string]A, theirs map[string]B) *nameSets {
	s := &nameSets{renamed: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if _, ok := theirs[name]; ok {
			s.both = append(s.both, name)
		} else {
			s.ours = append(s.ours, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if _, ok := ours[name]; !ok {
			s.theirs = append(s.theirs, name)
		}
	}
	return s
}

// pair finds names that have become others: those with the same letters, and the
// only one on each side if one could be the other.
func (s *nameSets) pair(fits func(ours, theirs string) bool) {
	for _, from := range slices.Clone(s.ours) {
		for _, to := range slices.Clone(s.theirs) {
			if letters(from) == letters(to) {
				s.rename(from, to)
				break
			}
		}
	}
	if len(s.ours) == 1 && len(s.theirs) == 1 && fits(s.ours[0], s.theirs[0]) {
		s.rename(s.ours[0], s.theirs[0])
	}
}

func (s *nameSets) rename(from, to string) {
	s.renamed[from] = to
	s.ours = slices.DeleteFunc(s.ours, func(name string) bool { return name == from })
	s.theirs = slices.DeleteFunc(s.theirs, func(name string) bool { return name == to })
}
