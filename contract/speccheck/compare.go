package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"

	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// comparison compares the SDK's document with another one.
type comparison struct {
	report  *wirereport.Report
	op      *operation // the current operation of the SDK; may be nil
	lacking []string   // parts of it that the document does not describe
	err     error
}

// compare reports how a document differs from the SDK's.
func compare(ours *document, other *openapi3.T, source string) (*wirereport.Report, error) {
	known := map[string]bool{}
	for _, op := range ours.operations {
		known[op.method+shape(op.path)] = true
	}
	theirs := readDocument(other, known)
	c := &comparison{report: wirereport.New(source)}
	m := match(ours.operations, theirs.operations)
	for _, op := range ours.operations {
		c.op, c.lacking = op, nil
		switch there, ref := m.pairs[op], theirs.elsewhere[shape(op.path)]; {
		case there != nil:
			c.place(m, there)
			c.operation(there)
		case ref != "":
			c.notChecked(ref)
		default:
			c.add(wirereport.OperationGone, op.id, true, "the document has no %s %s", op.method, op.path)
		}
		if theirs.keys != nil && !slices.Contains(theirs.keys, "header x-api-key") {
			c.add(wirereport.KeyChanged, "X-Api-Key", true, "the document has no such header in its security schemes")
		}
		verdict := wirereport.Confirmed
		if c.lacking != nil {
			verdict = wirereport.Unknown
		}
		c.report.Note(op.id, verdict, c.lacking...)
	}
	c.op = nil
	for _, op := range m.theirs {
		c.add(wirereport.OperationAdded, op.method+" "+op.path, false, "%s", strings.TrimSuffix("the SDK lacks it: "+op.summary, ": "))
	}
	return c.report, c.err
}

func (c *comparison) add(kind wirereport.Kind, where string, breaking bool, format string, args ...any) {
	c.addChange(kind, where, "", "", breaking, format, args...)
}

// addChange adds a difference in which From became To.
func (c *comparison) addChange(kind wirereport.Kind, where, from, to string, breaking bool, format string, args ...any) {
	d := wirereport.Difference{Kind: kind, Where: where, From: from, To: to, Text: fmt.Sprintf(format, args...), Breaking: breaking}
	if c.op != nil {
		d.Operations = []string{c.op.id}
	}
	c.report.Add(d)
}

// place compares the method and path of an operation.
func (c *comparison) place(m *matching, there *operation) {
	op := c.op
	from, to := op.method+" "+op.path, there.method+" "+there.path
	samePath, sameMethod := shape(op.path) == shape(there.path), op.method == there.method
	switch {
	case samePath && sameMethod:
		return
	case samePath:
		c.addChange(wirereport.MethodChanged, op.id, from, to, true, "%s is %s", from, there.method)
	case sameMethod && m.below(op) == shape(there.path):
		c.addChange(wirereport.PathMoved, m.prefix.from, m.prefix.from, m.prefix.to, true, "paths begin with %q", m.prefix.to)
	case m.likely[op]:
		c.addChange(wirereport.ProbablyMoved, op.id, from, to, true, "%s is probably %s", from, to)
	default:
		c.addChange(wirereport.PathMoved, op.id, from, to, true, "%s is %s", from, to)
	}
	c.report.Operation(op.id).To = to
}

// operation compares an operation with the document's.
func (c *comparison) operation(there *operation) {
	op := c.op
	c.notChecked(there.notChecked...)
	c.pair(op.parameters, there.parameters, side{op.id, sends})
	c.body(op.body, there.body, side{op.id + " body", sends})
	response := side{"the response to " + op.id, reads}
	switch {
	case op.response.streams() && there.response.events != nil:
		c.pair(op.response.events, there.response.events, response)
	case op.response.streams():
		if there.response.undescribed() || c.has(there.response, eventStream, response) {
			c.lacks("the document does not describe the events of the stream")
		}
	case describes(op.response.json.Properties["data"].Value): // otherwise the SDK does not read it
		c.envelope(op.response, there.response, "data", response)
	}
	if there.failure.media != nil {
		c.envelope(op.failure, there.failure, "error", side{"the error response", reads})
	}
}

// notChecked adds references that could not be resolved.
func (c *comparison) notChecked(refs ...string) {
	for _, ref := range refs {
		c.add(wirereport.NotChecked, ref, false, "it is not in the document")
		c.lacks("not checked: %s", ref)
	}
}

// lacks records a part that the document does not describe.
func (c *comparison) lacks(format string, args ...any) {
	c.lacking = append(c.lacking, fmt.Sprintf(format, args...))
}

func (c *comparison) body(ours, theirs content, at side) {
	required := theirs.required || theirs.json != nil && len(theirs.json.Required) > 0
	switch {
	case ours.json == nil && required:
		c.add(wirereport.FieldRequired, at.name, true, "the document requires a body, and the SDK sends none")
	case ours.json == nil:
	case theirs.undescribed():
		c.lacks("the document does not describe the body of the request")
	case c.has(theirs, jsonType, at):
		c.pair(ours.json, theirs.json, at)
	}
}

// has reports whether a body has a media type. If not, it adds the difference.
func (c *comparison) has(body content, media string, at side) bool {
	if slices.Contains(body.media, media) {
		return true
	}
	to := strings.Join(body.media, ", ")
	c.addChange(wirereport.FormChanged, at.name, media, to, true, "the SDK %s %s, the document has %s", at.does, media, to)
	return false
}

// envelope compares a response in which one field wraps the data. Differences in the
// envelope are reported once for all operations.
func (c *comparison) envelope(ours, theirs content, field string, at side) {
	where, _, _ := strings.Cut(at.name, " to ")
	switch {
	case theirs.undescribed():
		c.lacks("the document does not describe %s", at.name)
	case !c.has(theirs, jsonType, at):
	case theirs.json.Properties[field] == nil:
		c.add(wirereport.FormChanged, where, true, "the document does not wrap it in %q", field)
	default:
		c.pair(ours.json, theirs.json, side{where, reads})
	}
}

// pair compares two schemas. A schema is nil if the document does not describe it.
func (c *comparison) pair(ours, theirs *openapi3.Schema, at side) {
	alone := func(s *openapi3.Schema) *openapi3.T {
		return &openapi3.T{Components: &openapi3.Components{Schemas: openapi3.Schemas{"": s.NewRef()}}}
	}
	if theirs == nil {
		theirs = &openapi3.Schema{}
	}
	found, err := diff.Get(diff.NewConfig(), alone(ours), alone(theirs))
	if err != nil {
		c.err = err
	} else if found != nil && found.ComponentsDiff != nil && found.ComponentsDiff.SchemasDiff != nil {
		c.schema(found.ComponentsDiff.SchemasDiff.Modified[""], at)
	}
}

// side describes the position of a schema.
type side struct {
	name string
	does string // what the SDK does with it: sends or reads
}

const (
	sends = "sends"
	reads = "reads"
)

// in returns the position of a part. Names of parameters begin with their kind.
func (s side) in(name string) side {
	if strings.IndexAny(name, "?[ ") != 0 {
		name = "." + name
	}
	return side{s.name + name, s.does}
}

// describes reports whether a schema describes more than an object.
func describes(s *openapi3.Schema) bool {
	return len(s.Properties) > 0 || s.AdditionalProperties.Schema != nil || s.Items != nil ||
		slices.ContainsFunc(s.Type.Slice(), func(t string) bool { return t != openapi3.TypeObject && t != openapi3.TypeNull })
}

// schema adds the differences that oasdiff found between two schemas.
func (c *comparison) schema(d *diff.SchemaDiff, at side) {
	if d == nil || d.Base == nil || d.Revision == nil {
		return
	}
	if d.Base.Title != "" {
		at.name = d.Base.Title
	}
	isAny := !describes(d.Revision) && (d.Revision.Type == nil || d.Base.Type.Includes(openapi3.TypeObject))
	switch {
	case isAny && len(d.Base.Properties) > 0 && at.does == reads:
		c.lacks("the document does not describe the fields of %s", at.name)
	case isAny:
	case c.types(d, at):
		c.values(d, at)
		c.fields(d, at)
		c.schema(d.ItemsDiff, at.in("[]"))
		c.schema(d.AdditionalPropertiesDiff, at.in("*"))
	}
}

// types compares the types. It reports whether the contents can be compared.
func (c *comparison) types(d *diff.SchemaDiff, at side) bool {
	ours, theirs := d.Base.Type.Slice(), d.Revision.Type.Slice()
	if ours == nil || theirs == nil {
		return true
	}
	from, to := typeNames(d.Base), typeNames(d.Revision)
	switch {
	case strings.Contains(at.name, "?") && (slices.Contains(theirs, openapi3.TypeString) || slices.Contains(theirs, openapi3.TypeArray)):
		return true // every value is text in a query
	case at.does == sends && !slices.ContainsFunc(ours, func(t string) bool { return accepts(theirs, t) }),
		at.does == reads && slices.ContainsFunc(theirs, func(t string) bool { return t != openapi3.TypeNull && !accepts(ours, t) }),
		at.does == reads && d.Base.Format == "date-time" && d.Revision.Format != "" && d.Revision.Format != d.Base.Format:
		c.addChange(wirereport.TypeChanged, at.name, from, to, true, "the SDK %s %s, the document has %s", at.does, from, to)
		return false
	case at.does == sends && slices.Contains(ours, openapi3.TypeNull) && !slices.Contains(theirs, openapi3.TypeNull):
		c.addChange(wirereport.TypeChanged, at.name, from+" or null", to, true, "the SDK sends null to clear it, the document has %s", to)
	case at.does == reads && slices.Contains(theirs, openapi3.TypeNumber) && !slices.Contains(ours, openapi3.TypeNumber):
		c.addChange(wirereport.TypeChanged, at.name, from, to, false, "the SDK reads whole numbers only, the document has %s", to)
	}
	return true
}

// accepts reports whether types include t. A number may be an integer.
func accepts(types []string, t string) bool {
	number := func(t string) string { return strings.Replace(t, openapi3.TypeInteger, openapi3.TypeNumber, 1) }
	return slices.ContainsFunc(types, func(other string) bool { return number(other) == number(t) })
}

func typeNames(s *openapi3.Schema) string {
	text := strings.Join(slices.DeleteFunc(slices.Clone(s.Type.Slice()), func(t string) bool { return t == openapi3.TypeNull }), " or ")
	if strings.HasPrefix(s.Format, "date") {
		text += " (" + s.Format + ")"
	}
	return text
}

// values compares enumerations. The SDK has constants for the values of its own
// document, except for regions.
func (c *comparison) values(d *diff.SchemaDiff, at side) {
	if d.EnumDiff == nil || len(d.Revision.Enum) == 0 {
		return
	}
	breaking := !strings.HasSuffix(at.name, ".region")
	f := names{renamed: map[string]string{}}
	for _, value := range d.EnumDiff.Deleted {
		f.gone = append(f.gone, fmt.Sprint(value))
	}
	for _, value := range d.EnumDiff.Added {
		f.added = append(f.added, fmt.Sprint(value))
	}
	f.added = slices.Compact(slices.Sorted(slices.Values(f.added)))
	f.pair(func(string, string) bool { return true })
	for _, from := range slices.Sorted(maps.Keys(f.renamed)) {
		to := f.renamed[from]
		c.addChange(wirereport.ValueGone, at.name, from, to, breaking, "the document has no value %q, but %q", from, to)
	}
	for _, name := range f.gone {
		c.add(wirereport.ValueGone, at.name, breaking, "the document has no value %q", name)
	}
	for _, name := range f.added {
		if !strings.HasSuffix(name, "_not_found") { // the SDK recognizes codes by this suffix
			c.add(wirereport.ValueUnknown, at.name, false, "the SDK does not know the value %q", name)
		}
	}
}

// names are the names that only one of two sides has.
type names struct {
	gone, added []string
	renamed     map[string]string
}

// pair finds renamed fields: those with the same letters, and those that fit only one
// name of the other side.
func (n *names) pair(fits func(from, to string) bool) {
	sameLetters := func(from, to string) bool { return letters(from) == letters(to) }
	for _, same := range []func(from, to string) bool{sameLetters, fits} {
		for _, from := range slices.Clone(n.gone) {
			to := slices.DeleteFunc(slices.Clone(n.added), func(name string) bool { return !same(from, name) })
			if len(to) == 1 && !slices.ContainsFunc(n.gone, func(other string) bool { return other != from && same(other, to[0]) }) {
				n.renamed[from] = to[0]
				n.gone = slices.DeleteFunc(n.gone, func(name string) bool { return name == from })
				n.added = slices.DeleteFunc(n.added, func(name string) bool { return name == to[0] })
			}
		}
	}
}

// alternatives are fields of which the SDK reads whichever is present.
var alternatives = map[string][]string{"Document": {"content", "soulMd", "workflowMd"}, "ChatEvent": {"error", "message"}}

// fields compares the fields of an object.
func (c *comparison) fields(d *diff.SchemaDiff, at side) {
	ours, theirs := d.Base.Properties, d.Revision.Properties
	f := names{renamed: map[string]string{}}
	if d.PropertiesDiff != nil {
		f.gone, f.added = slices.Clone(d.PropertiesDiff.Deleted), slices.Clone(d.PropertiesDiff.Added)
		for _, name := range slices.Sorted(maps.Keys(d.PropertiesDiff.Modified)) {
			c.schema(d.PropertiesDiff.Modified[name], at.in(name))
		}
	}
	if group := alternatives[d.Base.Title]; group != nil {
		has := slices.ContainsFunc(group, func(name string) bool { return theirs[name] != nil })
		f.gone = slices.DeleteFunc(f.gone, func(name string) bool { return slices.Contains(group, name) && (has || name != group[0]) })
	}
	f.pair(func(from, to string) bool {
		a, b := ours[from].Value.Type.Slice(), theirs[to].Value.Type.Slice()
		return a == nil || b == nil || slices.ContainsFunc(b, func(t string) bool { return accepts(a, t) && t != openapi3.TypeNull })
	})
	for _, from := range slices.Sorted(maps.Keys(f.renamed)) {
		to, is := f.renamed[from], "is"
		if letters(from) != letters(to) {
			is = "is probably"
		}
		c.addChange(wirereport.FieldRenamed, at.in(from).name, strings.TrimLeft(from, "? "), strings.TrimLeft(to, "? "), true, "it %s %s in the document", is, strings.TrimLeft(to, "? "))
		c.pair(ours[from].Value, theirs[to].Value, at.in(from))
	}
	for _, name := range f.gone {
		if more := d.Revision.AdditionalProperties; more.Schema != nil {
			c.pair(ours[name].Value, more.Schema.Value, at.in(name))
		} else if more.Has == nil || !*more.Has {
			c.add(wirereport.FieldGone, at.in(name).name, true, "the SDK %s it, and the document does not have it", at.does)
		}
	}
	for _, name := range f.added {
		if more := d.Base.AdditionalProperties.Schema; more != nil {
			c.pair(more.Value, theirs[name].Value, at.in("*"))
		} else if at.does == reads || !slices.Contains(d.Revision.Required, name) {
			c.add(wirereport.FieldUnknown, at.in(name).name, false, "the SDK does not know it")
		}
	}
	if at.does == reads || d.RequiredDiff == nil {
		return
	}
	for _, name := range d.RequiredDiff.Added {
		switch {
		case slices.Contains(slices.Collect(maps.Values(f.renamed)), name): // already reported
		case ours[name] != nil:
			c.add(wirereport.FieldRequired, at.in(name).name, true, "the document requires it, and the SDK lets a caller leave it out")
		default:
			c.add(wirereport.FieldRequired, at.in(name).name, true, "the document requires it, and the SDK does not know it")
		}
	}
}
