package agento

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

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
	name := "body"
	if w, ok := body.(wireBody); ok {
		if !ofThisPackage(body) {
			return nil, errs.Argument("body", "embeds a type that holds secrets, and only that would be sent; give it a name as a field")
		}
		name, body = bodyName(body), w.wire()
	}
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return nil, errs.Argument("body", "cannot be sent as JSON: %v", err)
		}
		if err = checkBody(name, body, encoded); err != nil {
			return nil, err
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
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, errs.Argument("WithExtra", "has a value for %q that cannot be sent as JSON: %v", key, err)
		}
		if err = cmp.Or(checkText("WithExtra", key), checkBody("WithExtra", value, encoded)); err != nil {
			return nil, err
		}
		fields[key] = encoded
	}
	return json.Marshal(fields)
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
