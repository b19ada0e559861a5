package agentotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fields reads a JSON object field by field and keeps the first complaint,
// which names the field.
type fields struct {
	raw    map[string]json.RawMessage
	prefix string // before the names in complaints
	err    error
}

// fieldsOf reads an object; a body that is none is the first complaint.
func fieldsOf(body []byte) *fields {
	f := &fields{}
	if err := json.Unmarshal(body, &f.raw); err != nil || f.raw == nil {
		f.err = invalid("the body must be a JSON object")
	}
	return f
}

// field is one field of an object: set or not, and then perhaps null.
type field[T any] struct {
	value T
	set   bool // there and not null
	null  bool
}

// or returns the value, or fallback where none was given.
func (f field[T]) or(fallback T) T {
	if f.set {
		return f.value
	}
	return fallback
}

// change applies an update: a field that was left out keeps old, null gives cleared.
func (f field[T]) change(old, cleared T) T {
	if f.null {
		return cleared
	}
	return f.or(old)
}

// pointer applies an update of what may be null.
func (f field[T]) pointer(old *T) *T {
	switch {
	case f.null:
		return nil
	case f.set:
		return &f.value
	}
	return old
}

func read[T any](f *fields, name, kind string) field[T] {
	var out field[T]
	raw, there := f.raw[name]
	switch {
	case !there:
	case isNull(raw):
		out.null = true
	case json.Unmarshal(raw, &out.value) != nil:
		f.complain("%s must be %s", name, kind)
	default:
		out.set = true
	}
	return out
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

func (f *fields) text(name string) field[string] { return read[string](f, name, "a string") }

func (f *fields) flag(name string) field[bool] { return read[bool](f, name, "true or false") }

// required reads a string that must hold more than white space.
func (f *fields) required(name string) string {
	t := f.text(name)
	if strings.TrimSpace(t.value) == "" {
		f.complain("%s is required", name)
	}
	return t.value
}

// kept reads a string that may be left out, but neither null nor empty.
func (f *fields) kept(name string) field[string] {
	t := f.text(name)
	if t.null || t.set && strings.TrimSpace(t.value) == "" {
		f.complain("%s must not be empty", name)
	}
	return t
}

// texts reads an object of strings, such as secrets.
func (f *fields) texts(name string) field[map[string]string] {
	raw := read[map[string]json.RawMessage](f, name, "an object of strings")
	out := field[map[string]string]{set: raw.set, null: raw.null}
	if raw.set {
		inner := &fields{raw: raw.value, prefix: f.prefix + name + "."}
		out.value = inner.allTexts()
		if f.err == nil {
			f.err = inner.err
		}
	}
	return out
}

// allTexts reads every field as a string.
func (f *fields) allTexts() map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.raw)) {
		t := f.text(name)
		if t.null {
			f.complain("%s must be a string", name)
		}
		out[name] = t.value
	}
	return out
}

// objects reads a list of objects.
func (f *fields) objects(name string) []*fields {
	var out []*fields
	for i, raw := range read[[]map[string]json.RawMessage](f, name, "a list of objects").value {
		out = append(out, &fields{raw: raw, prefix: fmt.Sprintf("%s%s[%d].", f.prefix, name, i)})
	}
	return out
}

// complain takes a format whose first verb is for the field's name.
func (f *fields) complain(format, name string, args ...any) {
	if f.err == nil {
		f.err = invalid(format, append([]any{f.prefix + name}, args...)...)
	}
}
