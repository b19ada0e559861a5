package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// largeInteger matches integers that float64 may not represent exactly.
var largeInteger = regexp.MustCompile(`[0-9]{16}`)

// Decode is like json.Unmarshal but also accepts "" for a missing time and 2.0 for the
// integer 2. If a value has the wrong type, the error has the field and the value. Integers
// in metadata that float64 cannot represent exactly become a json.Number.
func Decode(body []byte, out any) error {
	if bytes.Contains(body, []byte(`"metadata"`)) && largeInteger.Match(body) {
		if decodeExact(body, out) == nil {
			return nil
		}
		reflect.ValueOf(out).Elem().SetZero()
	}
	if err := json.Unmarshal(body, out); err != nil {
		return decodeAgain(body, out, err)
	}
	return nil
}

// decodeAgain decodes a body for which json.Unmarshal returned an error.
func decodeAgain(body []byte, out any, err error) error {
	var value any
	if decodeNumbers(body, &value) != nil {
		return err
	}
	target := reflect.ValueOf(out).Elem()
	value, problem := convert(value, target.Type(), "")
	if problem != nil {
		return problem
	}
	converted, problem := json.Marshal(value)
	if problem != nil {
		return err
	}
	target.SetZero()
	return decodeExact(converted, out)
}

// decodeExact is like json.Unmarshal but keeps integers in untyped values exact.
func decodeExact(body []byte, out any) error {
	err := decodeNumbers(body, out)
	exactNumbers(reflect.ValueOf(out))
	return err
}

// decodeNumbers is like json.Unmarshal but decodes numbers in untyped values as
// json.Number.
func decodeNumbers(body []byte, out any) error {
	if !json.Valid(body) {
		return ErrNotJSON
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(out)
}

// convert converts a decoded value to the form that encoding/json expects for a type.
func convert(value any, t reflect.Type, path string) (any, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value == nil {
		return nil, nil
	}
	if t == reflect.TypeFor[time.Time]() {
		text, ok := value.(string)
		if text == "" && ok {
			return nil, nil
		}
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return nil, unexpected(path, value, "time")
		}
		return value, nil
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return value, nil
	}
	ok := true
	switch t.Kind() {
	case reflect.Struct:
		return convertFields(value, t, path)
	case reflect.Slice:
		var list []any
		if list, ok = value.([]any); ok {
			return value, convertAll(list, t.Elem(), path)
		}
	case reflect.Map:
		_, ok = value.(map[string]any)
	case reflect.String:
		_, ok = value.(string)
	case reflect.Bool:
		_, ok = value.(bool)
	case reflect.Int:
		n, _ := value.(json.Number)
		if _, err := n.Int64(); err == nil {
			return value, nil
		}
		f, err := n.Float64()
		if ok = err == nil && math.Abs(f) < 1<<53 && f == math.Trunc(f); ok {
			return json.Number(strconv.FormatFloat(f, 'f', 0, 64)), nil
		}
	}
	if !ok {
		return nil, unexpected(path, value, t.Kind().String())
	}
	return value, nil
}

func convertFields(value any, t reflect.Type, path string) (any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, unexpected(path, value, "object")
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if field, ok := object[name]; ok {
			converted, err := convert(field, t.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))
			if err != nil {
				return nil, err
			}
			object[name] = converted
		}
	}
	return object, nil
}

func convertAll(list []any, t reflect.Type, path string) error {
	for i := range list {
		converted, err := convert(list[i], t, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return err
		}
		list[i] = converted
	}
	return nil
}

// unexpected returns the error for a value of the wrong type.
func unexpected(path string, value any, want string) error {
	if path == "" {
		path = "the response"
	}
	got, _ := json.Marshal(value) // cannot fail: value was decoded from JSON
	return fmt.Errorf("%s is %s, not of type %s", path, Excerpt(got), want)
}

// exactNumbers finds each map[string]any in v and makes each json.Number in it a float64,
// except large integers.
func exactNumbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			exactNumbers(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			exactNumbers(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				exactNumbers(v.Field(i))
			}
		}
	case reflect.Map:
		if object, ok := v.Interface().(map[string]any); ok {
			exact(object)
		}
	}
}

func exact(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = exact(v[key])
		}
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case json.Number:
		f, err := v.Float64()
		n, notInteger := v.Int64()
		isInteger := notInteger == nil || strings.Trim(v.String(), "-0123456789") == ""
		if err == nil && (!isInteger || notInteger == nil && int64(f) == n && math.Abs(f) < 1<<63) {
			return f
		}
	}
	return value
}
