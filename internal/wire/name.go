package wire

import (
	"fmt"
	"reflect"
	"strings"
)

// Name returns the JSON name of a field of a struct. It panics if there is none.
func Name[T any](field string) string { return NameIn(reflect.TypeFor[T](), field) }

// NameIn is [Name] for a type that is not known at compile time.
func NameIn(t reflect.Type, field string) string {
	f, _ := t.FieldByName(field)
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		panic(fmt.Sprintf("%v has no field %s with a JSON name", t, field))
	}
	return name
}
