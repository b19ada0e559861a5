// Package jsonname finds the JSON names of fields, which the tags of the SDK's types
// define, for the fake service and for tests.
package jsonname

import (
	"fmt"
	"reflect"
	"strings"
)

// Of returns the JSON name of a field of a struct. It panics if there is none.
func Of[T any](field string) string { return In(reflect.TypeFor[T](), field) }

// In is [Of] for a type that is not known at compile time.
func In(t reflect.Type, field string) string {
	f, _ := t.FieldByName(field)
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		panic(fmt.Sprintf("%v has no field %s with a JSON name", t, field))
	}
	return name
}
