package sdk

import (
	"reflect"
	"slices"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// Form is how an answer is wrapped.
type Form int

const (
	Nothing Form = iota // the SDK reads nothing of it
	Object              // {"data": {…}}
	Rows                // {"data": […]}
	Page                // {"data": […], "pagination": {…}}
	Events              // an event stream
)

// Answer returns how the SDK reads the answer of an operation, and the type that
// an object, a row or an event becomes.
func (op Operation) Answer() (Form, reflect.Type) {
	t := op.method.Type.Out(0)
	switch {
	case t == errorType:
		return Nothing, nil
	case t.Kind() == reflect.Slice:
		return Rows, t.Elem()
	}
	t = t.Elem()
	if events, ok := reflect.PointerTo(t).MethodByName("Events"); ok {
		return Events, events.Type.Out(0).Elem()
	}
	if data, ok := t.FieldByName("Data"); ok && strings.HasPrefix(t.Name(), "Page[") {
		return Page, data.Type.Elem()
	}
	return Object, t
}

// constants are the values that the SDK knows of its enumerations.
var constants = map[reflect.Type][]string{
	reflect.TypeFor[agento.Status]():      values(agento.StatusCreating, agento.StatusRunning, agento.StatusStopped, agento.StatusError),
	reflect.TypeFor[agento.Role]():        values(agento.RoleUser, agento.RoleAssistant),
	reflect.TypeFor[agento.SkillSource](): values(agento.SourceMarketplace, agento.SourceCustom, agento.SourceGitHub),
	reflect.TypeFor[agento.LogLevel]():    values(agento.LevelInfo, agento.LevelWarn, agento.LevelError),
	reflect.TypeFor[agento.Code](): values(agento.CodeValidation, agento.CodeUnauthorized, agento.CodeForbidden, agento.CodeLimitReached,
		agento.CodeAgentNotFound, agento.CodeSwarmNotFound, agento.CodeConflict, agento.CodeRateLimited, agento.CodeInternal),
	reflect.TypeFor[wirereport.ChatType](): {agento.ChatText, agento.ChatDone, agento.ChatError, agento.ChatTool},
}

func values[T ~string](all ...T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// Values returns the values that the SDK has constants for, of a type that is an
// enumeration, and nil for others.
func Values(t reflect.Type) []string { return slices.Clone(constants[wirereport.Element(t)]) }

// FilterValues returns the values that the SDK has constants for, of a field of
// the operation's filter, nil if it has none.
func (op Operation) FilterValues(name string) []string {
	t := op.paramsType()
	if t == nil || wirereport.Element(t).Kind() != reflect.Struct {
		return nil
	}
	field, ok := wirereport.Element(t).FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
	if !ok {
		return nil
	}
	return Values(field.Type)
}
