package spec

import (
	"maps"
	"reflect"
	"slices"
)

// Schema is a schema of a document.
type Schema struct {
	doc  *Document
	node any
}

// View is what a schema says, of all of its alternatives together.
type View struct {
	Types      []Type // of which a value has one; empty: any
	Properties map[string]Schema
	Required   []string // in every alternative that is an object
	Values     *Schema  // of properties that are not named; nil: nothing is said
	Closed     bool     // there are no properties but those that are named
	Items      *Schema
	Enum       []string // the only strings; empty: any
	Known      []string // strings that are known, among others
}

// Type is a JSON type. An integer is not a number here.
type Type struct{ Name, Format string }

// HasFields reports whether the schema names fields.
func (v View) HasFields() bool { return len(v.Properties) > 0 }

// Has reports whether a value may be of a type.
func (v View) Has(name string) bool {
	return slices.ContainsFunc(v.Types, func(t Type) bool { return t.Name == name })
}

// View puts a schema together: references, allOf, and the alternatives.
func (s Schema) View() View {
	budget := maxSteps
	parts := s.alternatives(&budget, 0)
	var v View
	anything, open := false, false
	objects := 0
	for _, p := range parts {
		if len(p.Types) == 0 {
			anything = true
		}
		for _, t := range p.Types {
			if !slices.Contains(v.Types, t) {
				v.Types = append(v.Types, t)
			}
		}
		v.addObject(p, &objects)
		if v.Items == nil {
			v.Items = p.Items
		}
		// An alternative that takes any string makes all values possible.
		open = open || len(p.Enum) == 0 && (len(p.Types) == 0 || p.Has("string"))
		v.Enum, v.Known = union(v.Enum, p.Enum), union(v.Known, p.Known)
	}
	if anything {
		v.Types = nil
	}
	if open {
		v.Enum = nil
	}
	return v
}

// addObject takes in what an alternative says of objects.
func (v *View) addObject(p View, objects *int) {
	if !p.HasFields() && p.Values == nil && !p.Has("object") {
		return
	}
	if *objects++; *objects == 1 {
		v.Required, v.Closed = p.Required, p.Closed
	} else {
		v.Required = slices.DeleteFunc(slices.Clone(v.Required), func(name string) bool { return !slices.Contains(p.Required, name) })
		v.Closed = v.Closed && p.Closed
	}
	if v.Properties == nil {
		v.Properties = map[string]Schema{}
	}
	for name, property := range p.Properties {
		v.Properties[name] = joined("oneOf", v.Properties[name], property)
	}
	if v.Values == nil {
		v.Values = p.Values
	}
}

// joined is a schema of which each part holds ("allOf"), or one ("oneOf"). The
// first part may be the zero Schema.
func joined(how string, a, b Schema) Schema {
	if a.doc == nil || reflect.DeepEqual(a.node, b.node) {
		return b
	}
	return Schema{b.doc, map[string]any{how: []any{a.node, b.node}}}
}

// maxSteps bounds the work on one schema: schemas can be made of themselves, and
// of many parts that are made of many.
const maxSteps = 5_000

const maxForms = 256 // alternatives of one schema

// alternatives are the forms that a value may have, each as a view of its own.
func (s Schema) alternatives(budget *int, depth int) []View {
	node := s.doc.resolve(s.node)
	*budget--
	if node == nil || *budget < 0 || depth > maxDepth {
		return []View{{}}
	}
	forms := []View{s.doc.own(node)}
	for _, part := range list(node["allOf"]) {
		forms = product(forms, Schema{s.doc, part}.alternatives(budget, depth+1))
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		var choices []View
		for _, part := range list(node[key]) {
			choices = append(choices, Schema{s.doc, part}.alternatives(budget, depth+1)...)
		}
		if choices != nil {
			forms = product(forms, choices)
		}
	}
	return forms
}

// product combines each form with each choice.
func product(forms, choices []View) []View {
	var out []View
	for _, form := range forms {
		for _, choice := range choices {
			if len(out) == maxForms {
				return out
			}
			out = append(out, both(form, choice))
		}
	}
	return out
}

// both is what holds of a value for which a and b hold.
func both(a, b View) View {
	v := View{
		Types: a.Types, Properties: map[string]Schema{},
		Required: union(a.Required, b.Required), Values: a.Values, Closed: a.Closed || b.Closed, Items: a.Items,
		Enum: union(a.Enum, b.Enum), Known: union(a.Known, b.Known),
	}
	if len(a.Types) == 0 {
		v.Types = b.Types
	} else if len(b.Types) > 0 {
		v.Types = slices.DeleteFunc(slices.Clone(a.Types), func(t Type) bool { return !b.Has(t.Name) })
	}
	maps.Copy(v.Properties, a.Properties)
	for name, property := range b.Properties {
		v.Properties[name] = joined("allOf", v.Properties[name], property)
	}
	if v.Values == nil {
		v.Values = b.Values
	}
	if v.Items == nil {
		v.Items = b.Items
	}
	return v
}

// own is what a schema says besides its parts.
func (d *Document) own(node map[string]any) View {
	v := View{Properties: map[string]Schema{}, Types: types(node)}
	for name, property := range object(node["properties"]) {
		v.Properties[name] = Schema{d, property}
	}
	for _, name := range list(node["required"]) {
		v.Required = append(v.Required, text(name))
	}
	switch more := node["additionalProperties"].(type) {
	case bool:
		v.Closed = !more
	case map[string]any:
		v.Values = &Schema{d, more}
	}
	if node["items"] != nil {
		v.Items = &Schema{d, node["items"]}
	}
	for _, value := range append(list(node["enum"]), node["const"]) {
		if s := text(value); s != "" {
			v.Enum = append(v.Enum, s)
		}
	}
	v.Known = slices.Sorted(maps.Keys(object(node["x-known-values"])))
	return v
}

// types are the types that a schema names or that its other words imply.
func types(node map[string]any) []Type {
	var out []Type
	format := text(node["format"])
	add := func(name string) {
		t := Type{Name: name}
		if name == "string" {
			t.Format = format
		}
		out = append(out, t)
	}
	switch t := node["type"].(type) {
	case string:
		add(t)
	case []any:
		for _, name := range t {
			add(text(name))
		}
	default:
		switch {
		case node["properties"] != nil:
			add("object")
		case node["items"] != nil:
			add("array")
		case hasStrings(node["enum"]):
			add("string")
		}
	}
	if nullable, _ := node["nullable"].(bool); nullable && len(out) > 0 {
		add("null")
	}
	return out
}

func hasStrings(enum any) bool {
	return slices.ContainsFunc(list(enum), func(v any) bool { return text(v) != "" })
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
