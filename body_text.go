package agento

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
)

// replaced is what encoding/json writes for an invalid byte of a text. A U+FFFD
// that the text really holds is written as it is.
var replaced = []byte(`\ufffd`)

// checkBody refuses text that JSON cannot carry: each invalid byte would arrive as
// U+FFFD, so that what is stored is not what was given. The error has the name of
// what holds it, and nothing of the text, which may be a secret. Only a body that
// looks as if it had some is gone through.
func checkBody(name string, body any, encoded []byte) error {
	valid := utf8.Valid(encoded)
	if valid && !bytes.Contains(encoded, replaced) {
		return nil
	}
	if where := invalidText(name, reflect.ValueOf(body)); where != "" {
		return errs.Argument(where, "is not valid UTF-8")
	}
	if !valid { // out of a MarshalJSON
		return errs.Argument(name, "is not valid UTF-8")
	}
	return nil
}

// bodyName is what the parts of a body are named after, for a caller who may not
// know it as a body.
func bodyName(body any) string {
	if _, ok := body.(Secrets); ok {
		return "Secrets"
	}
	return "body"
}

// invalidText names the first text in a value that is not valid, as
// encoding/json goes through it; "" if there is none. json.Marshal has returned
// before, so that what it goes through has an end.
func invalidText(name string, v reflect.Value) string {
	if text, is := ownText(v); is {
		return ifInvalid(name, text)
	}
	if o, ok := asOptional(v); ok {
		return invalidText(name, reflect.ValueOf(o.given()))
	}
	switch v.Kind() {
	case reflect.String:
		return ifInvalid(name, v.String())
	case reflect.Pointer, reflect.Interface:
		return invalidText(name, v.Elem())
	case reflect.Slice, reflect.Array:
		return invalidElement(name, v)
	case reflect.Map:
		return invalidEntry(name, v)
	case reflect.Struct:
		return invalidField(name, v)
	}
	return ""
}

func ifInvalid(name, text string) string {
	if utf8.ValidString(text) {
		return ""
	}
	return name
}

// ownText is what a value says itself that its text is. That of a MarshalJSON is
// not asked for again: it is in what was encoded.
func ownText(v reflect.Value) (text string, is bool) {
	if !v.IsValid() || !v.CanInterface() || v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false
	}
	own := v.Interface()
	if v.CanAddr() { // encoding/json asks the methods of the pointer then
		own = v.Addr().Interface()
	}
	switch own := own.(type) {
	case json.RawMessage:
		return string(own), true
	case *json.RawMessage:
		return string(*own), true
	case optionalText:
		return "", false
	case json.Marshaler:
		return "", true
	case encoding.TextMarshaler:
		written, err := own.MarshalText()
		return string(written), err == nil
	}
	return "", false
}

// optionalText is an [Optional], whose value is in a field that is not exported.
type optionalText interface{ given() any }

func asOptional(v reflect.Value) (optionalText, bool) {
	if v.Kind() != reflect.Struct || !v.CanInterface() {
		return nil, false
	}
	o, ok := v.Interface().(optionalText)
	return o, ok
}

func invalidElement(name string, v reflect.Value) string {
	if v.Type().Elem().Kind() == reflect.Uint8 { // it is sent as base64
		return ""
	}
	for i := range v.Len() {
		if where := invalidText(fmt.Sprintf("%s[%d]", name, i), v.Index(i)); where != "" {
			return where
		}
	}
	return ""
}

func invalidEntry(name string, v reflect.Value) string {
	for entries := v.MapRange(); entries.Next(); {
		if invalidText("a name", entries.Key()) != "" {
			return "a name in " + name
		}
		key := oneWord(fmt.Sprint(entries.Key()))
		if where := invalidText(name+"["+key+"]", entries.Value()); where != "" {
			return where
		}
	}
	return ""
}

// invalidField goes through the fields that are sent. They are named without the
// struct where that is the body: callers know them so.
func invalidField(name string, v reflect.Value) string {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("json") == "-" || !field.IsExported() && !(field.Anonymous && field.Type.Kind() == reflect.Struct) {
			continue
		}
		inner := field.Name
		if field.Anonymous {
			inner = name
		} else if name != "body" {
			inner = name + "." + field.Name
		}
		if where := invalidText(inner, v.Field(i)); where != "" {
			return where
		}
	}
	return ""
}
