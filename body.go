package agento

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
)

// wireBody is a request body whose wire form is not what encoding/json would
// make of it, because it holds secrets. Only encode asks for that form.
type wireBody interface {
	wire() any
	secrets() Secrets
}

// encode makes the JSON of a request body, once for all attempts.
func encode(body any, extra map[string]any, method string) ([]byte, error) {
	if isNilPointer(body) {
		return nil, errs.Argument("body", "is a nil pointer")
	}
	if w, ok := body.(wireBody); ok {
		if !ofThisPackage(body) {
			return nil, errs.Argument("body", "embeds a type that holds secrets, and only that would be sent; give it a name as a field")
		}
		body = w.wire()
	}
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = marshal(body); err != nil {
			return nil, errs.Argument("body", "cannot be sent as JSON: %v", err)
		}
	}
	if len(extra) == 0 {
		return encoded, nil
	}
	if body == nil && (method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete) {
		return nil, errs.Argument("WithExtra", "has no place in a %s request, which has no body", method)
	}
	return addFields(encoded, extra)
}

// addFields puts more fields into a JSON object.
func addFields(object []byte, extra map[string]any) ([]byte, error) {
	fields := make(map[string]json.RawMessage)
	if object != nil {
		if err := json.Unmarshal(object, &fields); err != nil {
			return nil, errs.Argument("WithExtra", "needs a body that is a JSON object")
		}
		if fields == nil { // the body is null
			return nil, errs.Argument("WithExtra", "needs a body that is a JSON object")
		}
	}
	for key, value := range extra {
		if err := checkText("WithExtra", key); err != nil {
			return nil, err
		}
		encoded, err := marshal(value)
		if err != nil {
			return nil, errs.Argument("WithExtra", "has a value for %q that cannot be sent as JSON: %v", key, err)
		}
		fields[key] = encoded
	}
	return json.Marshal(fields)
}

// marshal is json.Marshal, but rejects invalid UTF-8 instead of replacing it with U+FFFD.
func marshal(v any) ([]byte, error) {
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
		return true // its output is copied unchanged, so marshal sees it
	case encoding.TextMarshaler:
		text, err := m.MarshalText()
		return err != nil || utf8.Valid(text)
	}
	switch v = reflect.Indirect(v); v.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		for key, element := range v.Seq2() {
			if !validText(key) || !validText(element) {
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

// ofThisPackage reports whether a type is the SDK's own, and has its methods from
// nobody else.
func ofThisPackage(v any) bool {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == reflect.TypeFor[Option]().PkgPath()
}

func isNilPointer(v any) bool {
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Pointer && rv.IsNil()
}

var (
	errNoData  = errors.New("the answer has no data")
	errNotJSON = errors.New("the answer is not JSON")
)
