package agentotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// fields reads the fields of a JSON object. It keeps the first error.
type fields struct {
	of     reflect.Type // an SDK struct or a map
	raw    map[string]json.RawMessage
	prefix string // precedes field names in errors
	err    error
}

// name returns the JSON name of a field, from the struct tag if there is one.
func (f *fields) name(field string) string {
	if f.of.Kind() == reflect.Map {
		return field
	}
	return jsonname.In(f.of, field)
}

// fieldsOf parses a request body that the SDK encodes from a T.
func fieldsOf[T any](c *call) *fields {
	f := &fields{of: reflect.TypeFor[T]()}
	if err := json.Unmarshal(c.body, &f.raw); err != nil || f.raw == nil {
		f.err = invalid("the body must be a JSON object")
	}
	return f
}

// field is one field of an object.
type field[T any] struct {
	value T
	set   bool // present and not null
	null  bool
}

// or returns the value, or fallback if it is not set.
func (f field[T]) or(fallback T) T {
	if f.set {
		return f.value
	}
	return fallback
}

// update returns the value after an update: old if the field is absent, cleared if it is
// null.
func (f field[T]) update(old, cleared T) T {
	if f.null {
		return cleared
	}
	return f.or(old)
}

func read[T any](f *fields, name, kind string) field[T] {
	var out field[T]
	raw, ok := f.raw[f.name(name)]
	switch {
	case !ok:
	case isNull(raw):
		out.null = true
	case json.Unmarshal(raw, &out.value) != nil:
		f.fail(name, "must be "+kind)
	default:
		out.set = true
	}
	return out
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

func (f *fields) fail(name, problem string) {
	if f.err == nil {
		f.err = invalid("%s%s %s", f.prefix, f.name(name), problem)
	}
}

func (f *fields) text(name string) field[string] { return read[string](f, name, "a string") }

func (f *fields) flag(name string) field[bool] { return read[bool](f, name, "true or false") }

// present reads a required string that may be empty.
func (f *fields) present(name string) string {
	t := f.text(name)
	if !t.set {
		f.fail(name, "is required")
	}
	return t.value
}

// required reads a required string that must not be blank.
func (f *fields) required(name string) string {
	t := f.text(name)
	if strings.TrimSpace(t.value) == "" {
		f.fail(name, "is required")
	}
	return t.value
}

// notEmpty reads an optional string that must be neither null nor blank.
func (f *fields) notEmpty(name string) field[string] {
	t := f.text(name)
	if t.null || t.set && strings.TrimSpace(t.value) == "" {
		f.fail(name, "must not be empty")
	}
	return t
}

// texts reads an object of strings, such as secrets.
func (f *fields) texts(name string) field[map[string]string] {
	raw := read[map[string]json.RawMessage](f, name, "an object of strings")
	inner := &fields{of: reflect.TypeFor[map[string]string](), raw: raw.value, prefix: f.prefix + f.name(name) + "."}
	out := field[map[string]string]{value: inner.allTexts(), set: raw.set, null: raw.null}
	if f.err == nil {
		f.err = inner.err
	}
	return out
}

// allTexts reads every field as a string.
func (f *fields) allTexts() map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.raw)) {
		t := f.text(name)
		if t.null {
			f.fail(name, "must be a string")
		}
		out[name] = t.value
	}
	return out
}

// objects reads a list of objects that the SDK encodes from a T.
func objects[T any](f *fields, name string) []*fields {
	var out []*fields
	for i, raw := range read[[]map[string]json.RawMessage](f, name, "a list of objects").value {
		prefix := fmt.Sprintf("%s%s[%d].", f.prefix, f.name(name), i)
		out = append(out, &fields{of: reflect.TypeFor[T](), raw: raw, prefix: prefix})
	}
	return out
}
