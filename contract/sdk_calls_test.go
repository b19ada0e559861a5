package contract

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

// sdkOperation is a row of the table with the SDK method that calls the operation.
type sdkOperation struct {
	*route.Route
	method reflect.Method
	field  int // index of the service in agento.Client
}

// sdkOperations returns all operations in the order of the table.
func sdkOperations() []sdkOperation {
	var out []sdkOperation
	for _, r := range route.All() {
		service, name, _ := strings.Cut(r.Call, ".")
		field, ok := reflect.TypeFor[agento.Client]().FieldByName(service)
		if !ok {
			panic(fmt.Sprintf("there is no service %s for %s", service, r.Name))
		}
		method, ok := field.Type.MethodByName(name)
		if !ok {
			panic(fmt.Sprintf("there is no method %s for %s", r.Call, r.Name))
		}
		out = append(out, sdkOperation{Route: r, method: method, field: field.Index[0]})
	}
	return out
}

// sdkOperationOf returns the operation with a name.
func sdkOperationOf(name string) sdkOperation {
	for _, op := range sdkOperations() {
		if op.Name == name {
			return op
		}
	}
	panic("there is no operation " + name)
}

var (
	contextType = reflect.TypeFor[context.Context]()
	targetType  = reflect.TypeFor[agento.Target]()
	optionsType = reflect.TypeFor[[]agento.Option]()
	errorType   = reflect.TypeFor[error]()
)

// paramsType is the type of the method's body or filter, or nil. A filter is a pointer.
func (op sdkOperation) paramsType() reflect.Type {
	for i := range op.method.Type.NumIn() {
		if i == 0 {
			continue // the receiver
		}
		switch t := op.method.Type.In(i); {
		case t == contextType, t == targetType, t == optionsType, t.Kind() == reflect.String:
		default:
			return t
		}
	}
	return nil
}

// idsOf returns the value for a placeholder of an operation's path, such as "id" or
// "chunkId".
type idsOf func(op sdkOperation, placeholder string) string

// do calls the operation's method. params has the type of its body or filter; the zero
// value means that there is none. It reads a chat stream to its end, and a log stream up
// to its first line.
func (op sdkOperation) do(ctx context.Context, client *agento.Client, ids idsOf, params reflect.Value, opts ...agento.Option) error {
	args := op.arguments(ctx, client, ids, params, opts)
	results := op.method.Func.CallSlice(args)
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		return err
	}
	switch result := results[0].Interface().(type) {
	case *agento.ChatStream:
		_, err := result.Text()
		return err
	case *agento.LogStream:
		<-result.Events()
		if err := result.Close(); err != nil {
			return err
		}
		return result.Err()
	}
	return nil
}

func (op sdkOperation) arguments(ctx context.Context, client *agento.Client, ids idsOf, params reflect.Value, opts []agento.Option) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(client).Elem().Field(op.field)}
	places := placeholders(op.Path)
	next := func() string { // the next placeholder's value; an argument without one is content
		if len(places) == 0 {
			return "text"
		}
		value := ids(op, places[0])
		places = places[1:]
		return value
	}
	for i := 1; i < op.method.Type.NumIn(); i++ {
		switch t := op.method.Type.In(i); {
		case t == contextType:
			args = append(args, reflect.ValueOf(&ctx).Elem())
		case t == targetType:
			args = append(args, reflect.ValueOf(op.target(next())))
		case t == optionsType:
			args = append(args, reflect.ValueOf(opts))
		case t.Kind() == reflect.String:
			args = append(args, reflect.ValueOf(next()))
		case !params.IsValid():
			args = append(args, reflect.Zero(t))
		default:
			args = append(args, params)
		}
	}
	return args
}

func (op sdkOperation) target(id string) agento.Target {
	if strings.Contains(op.Path, "/swarms/") {
		return agento.ForSwarm(id)
	}
	return agento.ForAgent(id)
}

// placeholders returns the names in a path template, in order.
func placeholders(template string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(template, "{")
		if !ok {
			return names
		}
		var name string
		name, template, _ = strings.Cut(rest, "}")
		names = append(names, name)
	}
}
