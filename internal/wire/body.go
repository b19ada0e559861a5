package wire

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Encode encodes a request body and adds extra fields to it. It returns nil if there is
// no body.
func Encode(method string, body any, extra map[string]any) (encoded []byte, err error) {
	if body != nil {
		if encoded, err = Marshal(body); err != nil {
			return nil, errs.Argument("body", "cannot be sent as JSON: %v", err)
		}
	}
	if len(extra) == 0 {
		return encoded, nil
	}
	if body == nil && (method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete) {
		return nil, errs.Argument("WithExtra", "cannot be used with a %s request, which has no body", method)
	}
	return addFields(encoded, extra)
}

// addFields adds fields to a JSON object.
func addFields(object []byte, extra map[string]any) ([]byte, error) {
	fields := make(map[string]json.RawMessage)
	if object != nil && (json.Unmarshal(object, &fields) != nil || fields == nil) { // nil is JSON null
		return nil, errs.Argument("WithExtra", "requires a body that is a JSON object")
	}
	for key, value := range extra {
		if err := Text("WithExtra", key); err != nil {
			return nil, err
		}
		encoded, err := Marshal(value)
		if err != nil {
			return nil, errs.Argument("WithExtra", "has a value for %q that cannot be sent as JSON: %v", key, err)
		}
		fields[key] = encoded
	}
	return json.Marshal(fields)
}

// Marshal is like json.Marshal but rejects invalid UTF-8 instead of replacing it.
func Marshal(v any) ([]byte, error) {
	encoded, err := json.Marshal(v)
	replaced := bytes.Contains(encoded, []byte("\ufffd")) || bytes.Contains(encoded, []byte(`\ufffd`))
	if !utf8.Valid(encoded) || replaced && !validText(reflect.ValueOf(v)) {
		return nil, errors.New("a string is not valid UTF-8")
	}
	return encoded, err
}

// validText reports whether the strings that json.Marshal reads from v are valid UTF-8.
func validText(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		return v.IsNil() || validText(v.Elem())
	}
	if v.CanAddr() {
		v = v.Addr() // json.Marshal also calls methods of the pointer
	}
	switch m := v.Interface().(type) {
	case json.Marshaler:
		return true // Marshal checks the output, which json.Marshal copies unchanged
	case encoding.TextMarshaler:
		text, err := m.MarshalText()
		return err != nil || utf8.Valid(text)
	}
	switch v = reflect.Indirect(v); v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !validText(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			if !validText(entry.Key()) || !validText(entry.Value()) {
				return false
			}
		}
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if field, err := v.FieldByIndexErr(f.Index); err == nil && f.IsExported() && f.Tag.Get("json") != "-" && !validText(field) {
				return false
			}
		}
	}
	return v.Kind() != reflect.String || utf8.ValidString(v.String())
}

// Value rejects byte slices and readers, which json.Marshal would encode as base64 or {}.
func Value(name string, v any) error {
	switch v.(type) {
	case nil, json.Marshaler, encoding.TextMarshaler:
		return nil
	}
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 || reflect.PointerTo(t).Implements(reflect.TypeFor[io.Reader]()) {
		return errs.Argument(name, "is a %T, which cannot be sent; pass a value to encode, or JSON as json.RawMessage", v)
	}
	return nil
}

// PackageOf returns the path of the package that declares the type of v or, if v is a
// pointer, of its element.
func PackageOf(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath()
}

// Text rejects invalid UTF-8.
func Text(name, text string) error {
	if !utf8.ValidString(text) {
		return errs.Argument(name, "is not valid UTF-8")
	}
	return nil
}

// Replaced reports whether decoding a JSON string replaced invalid text: invalid UTF-8,
// or half of a surrogate pair.
func Replaced(literal []byte, text string) bool {
	sent := bytes.Count(literal, []byte("\ufffd")) + bytes.Count(bytes.ToLower(literal), []byte(`\ufffd`))
	return strings.Count(text, "\ufffd") > sent
}
