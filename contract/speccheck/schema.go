package main

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/remsyshq/agento-go/contract"
)

// content is a body, or the common part of the responses with several statuses.
type content struct {
	media    []string         // media types, without parameters
	json     *openapi3.Schema // nil: not described
	events   *openapi3.Schema // of the data of an event; nil: not described
	required bool
}

const (
	jsonType    = "application/json"
	eventStream = "text/event-stream"
)

func (c content) streams() bool { return slices.Contains(c.media, eventStream) }

// undescribed reports whether the content is not described, except that it is JSON.
func (c content) undescribed() bool {
	return len(c.media) == 0 || slices.Contains(c.media, jsonType) && (c.json == nil || !describes(c.json))
}

// reader reads operations and normalizes their schemas: it replaces references, allOf,
// oneOf, anyOf, const and nullable by types, fields and values.
type reader struct {
	sent       bool     // a request: omit read-only fields; otherwise write-only ones
	open       []string // references that are being resolved
	count      int      // number of schemas
	notChecked []string
}

// maxSchemas limits the work for one operation, because schemas may refer to each other
// in many ways.
const maxSchemas = 20_000

func readOperation(item *openapi3.PathItem, op *openapi3.Operation) *operation {
	sent, received := &reader{sent: true}, &reader{}
	o := &operation{id: op.OperationID, summary: op.Summary, parameters: sent.parameters(slices.Concat(op.Parameters, item.Parameters))}
	if op.RequestBody != nil && op.RequestBody.Value != nil {
		sent.note(op.RequestBody.Value.Extensions)
		o.body = sent.content(op.RequestBody.Value.Content)
		o.body.required = op.RequestBody.Value.Required
	}
	o.response, o.failure = received.responses(op.Responses.Map())
	o.notChecked = append(sent.notChecked, received.notChecked...)
	return o
}

// ownHeaders are the headers that every client sends.
var ownHeaders = []string{"x-api-key", "accept", "content-type", "user-agent", "last-event-id", "authorization"}

// parameters returns the query parameters and headers as the fields of an object. An
// operation's own parameters come first and take precedence.
func (r *reader) parameters(parameters openapi3.Parameters) *openapi3.Schema {
	out := &openapi3.Schema{Properties: openapi3.Schemas{}}
	for _, ref := range parameters {
		p := ref.Value
		r.note(p.Extensions)
		name := "?" + p.Name
		switch {
		case p.In == openapi3.ParameterInHeader && !slices.Contains(ownHeaders, strings.ToLower(p.Name)):
			name = " header " + p.Name
		case p.In != openapi3.ParameterInQuery:
			continue
		}
		if out.Properties[name] == nil {
			out.Properties[name] = cmp.Or(r.content(p.Content).json, r.schema(p.Schema)).NewRef()
			if p.Required {
				out.Required = append(out.Required, name)
			}
		}
	}
	return out
}

// failures are the statuses of the API's errors. Frameworks add others, such as 422, in
// their own form.
var failures = []string{"400", "401", "403", "404", "409", "429", "4XX", "default"}

// responses returns the content of a success and of a failure.
func (r *reader) responses(responses map[string]*openapi3.ResponseRef) (success, failure content) {
	var good, bad []openapi3.Content
	for _, status := range slices.Sorted(maps.Keys(responses)) { // "default" is last
		r.note(responses[status].Value.Extensions)
		body := responses[status].Value.Content
		inJSON := r.content(body).json
		isError := inJSON != nil && inJSON.Properties["error"] != nil && inJSON.Properties["data"] == nil
		switch {
		case strings.HasPrefix(status, "2"), status == "default" && good == nil && !isError:
			good = append(good, body)
		case slices.Contains(failures, status), strings.HasPrefix(status, "5") && inJSON != nil:
			bad = append(bad, body)
		}
	}
	return r.content(good...), r.content(bad...)
}

var jsonTypes = regexp.MustCompile(`[/+]json$|/\*$`)

// content merges the bodies of several responses. All JSON media types are one.
func (r *reader) content(bodies ...openapi3.Content) content {
	var c content
	var inJSON, inEvents openapi3.SchemaRefs
	for _, body := range bodies {
		var first *openapi3.SchemaRef
		for _, name := range slices.Sorted(maps.Keys(body)) {
			media := cmp.Or(body[name], &openapi3.MediaType{})
			bare, _, _ := strings.Cut(strings.ToLower(name), ";")
			if bare = strings.TrimSpace(bare); jsonTypes.MatchString(bare) {
				bare = jsonType
			}
			c.media = append(c.media, bare)
			switch {
			case bare == jsonType && (first == nil || name == jsonType):
				first = media.Schema
			case bare != eventStream:
			case media.ItemSchema != nil:
				inEvents = append(inEvents, media.ItemSchema)
			case r.schema(media.Schema).Properties != nil:
				inEvents = append(inEvents, media.Schema)
			}
		}
		if first != nil {
			inJSON = append(inJSON, first)
		}
	}
	if slices.Sort(c.media); inJSON != nil {
		c.json = r.schema((&openapi3.Schema{OneOf: inJSON}).NewRef())
	}
	if inEvents != nil {
		c.events = r.schema((&openapi3.Schema{OneOf: inEvents}).NewRef())
	}
	c.media = slices.Compact(c.media)
	return c
}

// note records a reference that could not be resolved.
func (r *reader) note(extensions map[string]any) {
	if ref, ok := extensions[contract.NotChecked].(string); ok && !slices.Contains(r.notChecked, ref) {
		r.notChecked = append(r.notChecked, ref)
	}
}

// schema returns the normalized form of a schema and its parts. An empty schema stands for
// any value, and for a schema that contains itself.
func (r *reader) schema(ref *openapi3.SchemaRef) *openapi3.Schema {
	s := r.flat(ref)
	if ref != nil && ref.Ref != "" {
		r.open = append(r.open, ref.Ref)
		defer func() { r.open = r.open[:len(r.open)-1] }()
	}
	for name, field := range s.Properties {
		s.Properties[name] = r.schema(field).NewRef()
	}
	for _, inner := range []**openapi3.SchemaRef{&s.Items, &s.AdditionalProperties.Schema} {
		if *inner != nil {
			*inner = r.schema(*inner).NewRef()
		}
	}
	return s
}

// flat returns the normalized form of a schema, without normalizing its fields.
func (r *reader) flat(ref *openapi3.SchemaRef) *openapi3.Schema {
	if r.count++; ref == nil || ref.Value == nil || r.count > maxSchemas || slices.Contains(r.open, ref.Ref) {
		return &openapi3.Schema{}
	}
	if ref.Ref != "" {
		r.open = append(r.open, ref.Ref)
		defer func() { r.open = r.open[:len(r.open)-1] }()
	}
	r.note(ref.Value.Extensions)
	out := r.own(ref)
	for _, part := range ref.Value.AllOf {
		out = both(out, r.flat(part))
	}
	for _, choices := range []openapi3.SchemaRefs{ref.Value.OneOf, ref.Value.AnyOf} {
		if len(choices) > 0 {
			choice := r.flat(choices[0])
			for _, other := range choices[1:] {
				choice = either(choice, r.flat(other))
			}
			out = both(out, choice)
		}
	}
	if ref.Value.Nullable {
		out = either(out, &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeNull}})
	}
	return out
}

// own returns the schema's own constraints, without those of its parts.
func (r *reader) own(ref *openapi3.SchemaRef) *openapi3.Schema {
	s := ref.Value
	out := &openapi3.Schema{Type: s.Type, Format: s.Format, Required: s.Required, Items: s.Items, AdditionalProperties: s.AdditionalProperties}
	for _, value := range append(slices.Clone(s.Enum), s.Const) {
		if _, ok := value.(string); ok {
			out.Enum = append(out.Enum, value)
		}
	}
	if known, ok := s.Extensions["x-known-values"].(map[string]any); ok && out.Enum == nil {
		for _, value := range slices.Sorted(maps.Keys(known)) {
			out.Enum = append(out.Enum, value)
		}
	}
	if s.Properties != nil {
		out.Title = ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]
		out.Properties = openapi3.Schemas{}
	}
	for name, field := range s.Properties {
		if r.sent && field.Value.ReadOnly || !r.sent && field.Value.WriteOnly {
			out.Required = slices.DeleteFunc(slices.Clone(out.Required), func(required string) bool { return required == name })
			continue
		}
		out.Properties[name] = field
	}
	implied := map[string]bool{openapi3.TypeObject: s.Properties != nil, openapi3.TypeArray: s.Items != nil, openapi3.TypeString: out.Enum != nil}
	for name, is := range implied {
		if is && s.Type == nil {
			out.Type = &openapi3.Types{name}
		}
	}
	return out
}

// both returns a schema for values that match a and b.
func both(a, b *openapi3.Schema) *openapi3.Schema {
	out := join(a, b, func(parts openapi3.SchemaRefs) *openapi3.Schema { return &openapi3.Schema{AllOf: parts} })
	if out.Type = cmp.Or(a.Type, b.Type); a.Type != nil && b.Type != nil {
		types := slices.DeleteFunc(slices.Clone(*a.Type), func(t string) bool { return !accepts(*b.Type, t) })
		out.Type = (*openapi3.Types)(&types)
	}
	if out.Enum = a.Enum; a.Enum == nil {
		out.Enum = b.Enum
	}
	out.Required = slices.Concat(a.Required, b.Required)
	return out
}

// either returns a schema for values that match a or b.
func either(a, b *openapi3.Schema) *openapi3.Schema {
	out := join(a, b, func(parts openapi3.SchemaRefs) *openapi3.Schema { return &openapi3.Schema{OneOf: parts} })
	if a.Type != nil && b.Type != nil {
		types := slices.Compact(slices.Sorted(slices.Values(slices.Concat(*a.Type, *b.Type))))
		out.Type = (*openapi3.Types)(&types)
	}
	isText := func(s *openapi3.Schema) bool {
		return s.Enum == nil && (s.Type == nil || s.Type.Includes(openapi3.TypeString))
	}
	if !isText(a) && !isText(b) {
		out.Enum = slices.Concat(a.Enum, b.Enum)
	}
	switch {
	case b.Properties == nil:
		out.Required = a.Required
	case a.Properties == nil:
		out.Required = b.Required
	default:
		out.Required = slices.DeleteFunc(slices.Clone(a.Required), func(name string) bool { return !slices.Contains(b.Required, name) })
	}
	return out
}

// join merges two schemas, apart from types and values. Parts that are in both are merged
// by inner.
func join(a, b *openapi3.Schema, inner func(openapi3.SchemaRefs) *openapi3.Schema) *openapi3.Schema {
	one := func(a, b *openapi3.SchemaRef) *openapi3.SchemaRef {
		if a == nil || b == nil || reflect.DeepEqual(a, b) {
			return cmp.Or(a, b)
		}
		return inner(openapi3.SchemaRefs{a, b}).NewRef()
	}
	out := &openapi3.Schema{
		Title: cmp.Or(a.Title, b.Title), Format: cmp.Or(a.Format, b.Format), Items: one(a.Items, b.Items), Properties: maps.Clone(a.Properties),
		AdditionalProperties: openapi3.AdditionalProperties{
			Has:    cmp.Or(a.AdditionalProperties.Has, b.AdditionalProperties.Has),
			Schema: one(a.AdditionalProperties.Schema, b.AdditionalProperties.Schema),
		},
	}
	if a.Properties == nil && b.Properties != nil {
		out.Properties = openapi3.Schemas{}
	}
	for name, field := range b.Properties {
		out.Properties[name] = one(out.Properties[name], field)
	}
	return out
}
