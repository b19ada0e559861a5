package contract

import (
	"reflect"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// field is a field that the SDK reads.
type field struct {
	Name  string
	Type  reflect.Type
	Group string // one field of a group suffices; empty: no group
}

// errorFields has the fields of an error that the SDK reads, from a response or an event.
type errorFields struct {
	Code    agento.Code `json:"code"`
	Message string      `json:"message"`
}

// untagged lists the fields of types that decode their own JSON.
var untagged = map[reflect.Type][]field{
	reflect.TypeFor[agento.ChatEvent](): {
		{Name: jsonname.Of[agento.ChatEvent]("Type"), Type: reflect.TypeFor[chatType]()},
		{Name: jsonname.Of[agento.ChatEvent]("Content"), Type: reflect.TypeFor[string]()},
		{Name: jsonname.Of[agento.ChatEvent]("SessionID"), Type: reflect.TypeFor[string]()},
		{Name: jsonname.Of[agento.ChatEvent]("Error"), Type: reflect.TypeFor[errorFields](), Group: "error"},
		{Name: "message", Type: reflect.TypeFor[string](), Group: "error"},
	},
	reflect.TypeFor[agento.LogEntry](): {
		{Name: "line", Type: reflect.TypeFor[string]()},
		{Name: "timestamp", Type: reflect.TypeFor[time.Time]()},
		{Name: "level", Type: reflect.TypeFor[agento.LogLevel]()},
		{Name: "message", Type: reflect.TypeFor[string]()},
	},
	reflect.TypeFor[agento.Document](): {
		{Name: "content", Type: reflect.TypeFor[string](), Group: "content"},
		{Name: "soulMd", Type: reflect.TypeFor[string](), Group: "content"},
		{Name: "workflowMd", Type: reflect.TypeFor[string](), Group: "content"},
		{Name: "version", Type: reflect.TypeFor[agento.DocumentVersion]()},
		{Name: "updatedAt", Type: reflect.TypeFor[*time.Time]()},
	},
}

// fieldsOf returns the JSON fields of a type, or nil if it is not an object with fields.
func fieldsOf(t reflect.Type) []field {
	t = element(t)
	if fields, ok := untagged[t]; ok {
		return fields
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	var fields []field
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields = append(fields, field{Name: name, Type: t.Field(i).Type})
		}
	}
	return fields
}

// chatType is the type of a chat event. The SDK has untyped constants for it.
type chatType string

// element returns the element type of a pointer type, and other types unchanged.
func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
