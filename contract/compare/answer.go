package compare

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/contract/sdk"
	"github.com/remsyshq/agento-go/contract/spec"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// answer compares what the SDK reads.
func (c *comparison) answer(op sdk.Operation, there spec.Operation) {
	form, t := op.Answer()
	if form == sdk.Nothing {
		return
	}
	if form == sdk.Events {
		c.events(op, there, t)
		return
	}
	described := false
	for _, r := range there.Responses {
		if !strings.HasPrefix(r.Status, "2") {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(r.Media)) {
			if schema := r.Media[name]; spec.IsJSON(name) && schema != nil {
				described = true
				c.unary(op, form, t, *schema)
			}
		}
	}
	if !described {
		c.tellsNot("the answer")
	}
}

func (c *comparison) unary(op sdk.Operation, form sdk.Form, t reflect.Type, schema spec.Schema) {
	where := "the answer to " + op.Name
	c.envelope(where, schema, "data", func(data spec.Schema) {
		if form == sdk.Object {
			c.reads(t.Name(), t, data)
			return
		}
		v := data.View()
		switch {
		case len(v.Types) > 0 && !v.Has("array"):
			c.add(wirereport.TypeChanged, where, true, "the SDK reads a list, the document has %s", typeNames(v))
		case v.Items != nil:
			c.reads(t.Name(), t, *v.Items)
		default:
			c.tellsNot("the rows of the answer")
		}
	})
	if form == sdk.Page {
		if v := schema.View(); v.HasFields() {
			c.pagination(where, v)
		}
	}
}

func (c *comparison) pagination(where string, v spec.View) {
	block, ok := v.Properties["pagination"]
	if !ok {
		c.add(wirereport.FieldGone, where, true, "the document has no pagination in it")
		return
	}
	c.reads("Pagination", reflect.TypeFor[agento.Pagination](), block)
}

// events compares what is in a stream.
func (c *comparison) events(op sdk.Operation, there spec.Operation, t reflect.Type) {
	for _, r := range there.Responses {
		if !strings.HasPrefix(r.Status, "2") || len(r.Media) == 0 {
			continue
		}
		if _, ok := r.Media["text/event-stream"]; !ok {
			c.add(wirereport.FormChanged, op.Name, true, "the document has no text/event-stream, but %s",
				strings.Join(slices.Sorted(maps.Keys(r.Media)), ", "))
			return
		}
		if r.Events != nil {
			c.reads(t.Name(), t, *r.Events)
			return
		}
	}
	c.tellsNot("the events of the stream")
}

// reads compares a type that the SDK decodes into with the schema of what comes.
func (c *comparison) reads(where string, t reflect.Type, schema spec.Schema) {
	v := schema.View()
	for _, kind := range v.Types {
		whole, ok := accepts(t, kind)
		switch {
		case !ok:
			c.add(wirereport.TypeChanged, where, true, "the SDK reads %s, the document has %s", typeName(t), describe(kind))
			return
		case !whole:
			c.add(wirereport.TypeChanged, where, false, "the SDK reads whole numbers only, the document has %s", kind.Name)
		}
	}
	c.enumeration(where, t, v)
	if fields := wirereport.Fields(t); fields != nil {
		c.readsObject(where, fields, v)
		return
	}
	switch u := wirereport.Element(t); u.Kind() {
	case reflect.Slice:
		if v.Items != nil {
			c.reads(elementName(where, u.Elem()), u.Elem(), *v.Items)
		}
	case reflect.Map:
		for name, property := range v.Properties {
			c.reads(elementName(where+"."+name, u.Elem()), u.Elem(), property)
		}
		if v.Values != nil {
			c.reads(elementName(where+".*", u.Elem()), u.Elem(), *v.Values)
		}
	}
}

// elementName is where a value is: in a type of its own, if it has one.
func elementName(where string, t reflect.Type) string {
	if t := wirereport.Element(t); wirereport.Fields(t) != nil {
		return t.Name()
	}
	return where
}

func (c *comparison) readsObject(where string, fields []wirereport.Field, v spec.View) {
	if !v.HasFields() {
		if len(v.Types) == 0 || v.Has("object") {
			c.tellsNot("the fields of " + where)
		}
		return
	}
	ours := map[string]wirereport.Field{}
	for _, f := range fields {
		ours[f.Name] = f
	}
	names := namesOf(ours, v.Properties)
	names.ours = slices.DeleteFunc(names.ours, func(name string) bool { return hasAlternative(ours[name], fields, v) })
	names.pair(func(from, to string) bool { return fitsAll(ours[from].Type, v.Properties[to].View()) })
	for from, to := range names.renamed {
		c.add(wirereport.FieldRenamed, where+"."+from, true, "it is %s in the document", to)
	}
	for _, name := range names.ours {
		c.add(wirereport.FieldGone, where+"."+name, true, "the SDK reads it, and the document has no such field")
	}
	for _, name := range names.theirs {
		c.add(wirereport.FieldUnknown, where+"."+name, false, "the SDK does not know it")
	}
	for _, name := range names.both {
		c.reads(elementName(where+"."+name, ours[name].Type), ours[name].Type, v.Properties[name])
	}
}

// hasAlternative reports whether the document has another field that serves.
func hasAlternative(f wirereport.Field, all []wirereport.Field, v spec.View) bool {
	return f.Group != "" && slices.ContainsFunc(all, func(other wirereport.Field) bool {
		_, ok := v.Properties[other.Name]
		return ok && other.Group == f.Group
	})
}

func fitsAll(t reflect.Type, v spec.View) bool {
	return !slices.ContainsFunc(v.Types, func(kind spec.Type) bool {
		_, ok := accepts(t, kind)
		return !ok
	})
}

// enumeration compares the values that the SDK knows with those of the document.
func (c *comparison) enumeration(where string, t reflect.Type, v spec.View) {
	ours := sdk.Values(t)
	theirs := v.Enum
	if len(theirs) == 0 {
		theirs = v.Known
	}
	if len(theirs) == 0 {
		return
	}
	if ours == nil {
		if wirereport.Element(t).Kind() == reflect.String {
			c.unknownValues(where, nil, v.Enum)
		}
		return
	}
	c.unknownValues(where, ours, slices.DeleteFunc(slices.Clone(theirs), func(value string) bool { return isNotFound(t, value) }))
	for _, value := range ours {
		if !slices.Contains(theirs, value) {
			c.add(wirereport.ValueGone, where, false, "the document has no value %q", value)
		}
	}
}

// unknownValues tells which values of the document's the SDK has no constants for.
func (c *comparison) unknownValues(where string, ours, theirs []string) {
	if ours == nil && theirs != nil {
		c.add(wirereport.ValueUnknown, where, false, "the document has the values %s, the SDK has none", strings.Join(theirs, ", "))
		return
	}
	for _, value := range theirs {
		if !slices.Contains(ours, value) {
			c.add(wirereport.ValueUnknown, where, false, "the SDK does not know the value %q", value)
		}
	}
}

// isNotFound: the SDK knows codes of this family by their ending.
func isNotFound(t reflect.Type, value string) bool {
	return t == reflect.TypeFor[agento.Code]() && strings.HasSuffix(value, "_not_found")
}

// accepts reports whether the SDK's type takes a JSON value of a type, and
// whether all of them: whole is false for numbers of which it takes the integers.
func accepts(t reflect.Type, kind spec.Type) (whole, ok bool) {
	t = wirereport.Element(t)
	switch kind.Name {
	case "object":
		return true, wirereport.Fields(t) != nil || t.Kind() == reflect.Map || t.Kind() == reflect.Interface || decodes(t, `{}`)
	case "array":
		return true, decodes(t, `[]`)
	case "number":
		return decodes(t, `1.5`), decodes(t, `1.5`) || decodes(t, `1`)
	case "string":
		return true, acceptsString(t, kind.Format)
	}
	example := map[string]string{"integer": `1`, "boolean": `true`, "null": `null`}[kind.Name]
	return true, example == "" || decodes(t, example)
}

func acceptsString(t reflect.Type, format string) bool {
	switch format {
	case "date-time":
		return decodes(t, `"2026-01-15T10:30:00.000Z"`)
	case "date":
		return decodes(t, `"2026-01-15"`)
	}
	// A string of no format may still be a time.
	return decodes(t, `"x"`) || decodes(t, `"2026-01-15T10:30:00.000Z"`)
}

func decodes(t reflect.Type, value string) bool {
	return json.Unmarshal([]byte(value), reflect.New(t).Interface()) == nil
}

func describe(kind spec.Type) string {
	if kind.Format != "" {
		return kind.Name + " (" + kind.Format + ")"
	}
	return kind.Name
}

// typeName is what the SDK reads, for people.
func typeName(t reflect.Type) string {
	t = wirereport.Element(t)
	switch {
	case t.PkgPath() == "time":
		return "a time"
	case wirereport.Fields(t) != nil:
		return "an object"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "an object"
	}
	return t.String()
}
