// Package sdk tells what the SDK sends and what it reads, operation by operation.
// It finds out by calling the SDK and by looking at the types that it returns, so
// that there is no second list to keep up to date.
package sdk

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
)

// Operation is a row of the table with the method of the SDK that does it.
type Operation struct {
	*route.Route
	method reflect.Method
	field  int // of the service in agento.Client
}

// Operations returns all operations in the order of the table.
func Operations() []Operation {
	var out []Operation
	for _, r := range route.All() {
		service, name, _ := strings.Cut(r.Call, ".")
		field, ok := reflect.TypeFor[agento.Client]().FieldByName(service)
		if !ok {
			panic(fmt.Sprintf("sdk: there is no service %s for %s", service, r.Name))
		}
		method, ok := field.Type.MethodByName(name)
		if !ok {
			panic(fmt.Sprintf("sdk: there is no method %s for %s", r.Call, r.Name))
		}
		out = append(out, Operation{Route: r, method: method, field: field.Index[0]})
	}
	return out
}

// Find returns the operation of a name.
func Find(name string) Operation {
	for _, op := range Operations() {
		if op.Name == name {
			return op
		}
	}
	panic("sdk: there is no operation " + name)
}

var (
	contextType = reflect.TypeFor[context.Context]()
	targetType  = reflect.TypeFor[agento.Target]()
	optionsType = reflect.TypeFor[[]agento.Option]()
	errorType   = reflect.TypeFor[error]()
)

// paramsType is the type of the method's body or filter, nil if it has none. A
// filter is a pointer.
func (op Operation) paramsType() reflect.Type {
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

// IDs gives the value that stands for a placeholder of an operation's path, such
// as "id" or "chunkId".
type IDs func(op Operation, placeholder string) string

// Do calls the operation's method. params is of the type of its body or filter;
// the zero value stands for none. It reads streams: the answer of a chat to its
// end, a log up to its first line.
func (op Operation) Do(ctx context.Context, client *agento.Client, ids IDs, params reflect.Value, opts ...agento.Option) error {
	args := op.arguments(ctx, client, ids, params, opts)
	results := op.method.Func.CallSlice(args)
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		return err
	}
	switch answer := results[0].Interface().(type) {
	case *agento.ChatStream:
		_, err := answer.Text()
		return err
	case *agento.LogStream:
		<-answer.Events()
		if err := answer.Close(); err != nil {
			return err
		}
		return answer.Err()
	}
	return nil
}

func (op Operation) arguments(ctx context.Context, client *agento.Client, ids IDs, params reflect.Value, opts []agento.Option) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(client).Elem().Field(op.field)}
	places := placeholders(op.Path)
	next := func() string { // the next placeholder's value; what has none is content
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

func (op Operation) target(id string) agento.Target {
	if strings.Contains(op.Path, "/swarms/") {
		return agento.ForSwarm(id)
	}
	return agento.ForAgent(id)
}

// placeholders are the names in a path template, in order.
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

// BodyName names the body of the operation's request: by its type, if it has one
// of its own.
func (op Operation) BodyName() string {
	if t := op.paramsType(); t != nil && t.Name() != "" {
		return t.Name()
	}
	return op.Name + " body"
}
