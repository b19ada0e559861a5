// Package jsonname returns the JSON names of struct fields. The fake service and tests use
// it, so that the names are only defined in the SDK's types.
package jsonname

import (
	"fmt"
	"reflect"
	"strings"
)

// Of returns the JSON name of a field of T. It panics if T has no such field or the field
// has no JSON name.
func Of[T any](field string) string { return In(reflect.TypeFor[T](), field) }

// In is like [Of] for a type that is not known at compile time.
func In(t reflect.Type, field string) string {
	f, _ := t.FieldByName(field)
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		panic(fmt.Sprintf("%v has no field %s with a JSON name", t, field))
	}
	return name
}
