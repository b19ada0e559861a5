//go:build live

package live

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// answerOf is what an operation returned: its fields are compared with those that
// the SDK reads. A stream has its events.
type answerOf struct {
	of     reflect.Type // of an object, a row or an event; nil: nothing is read
	events []json.RawMessage
}

func none() answerOf { return answerOf{} }

func of[T any]() answerOf { return answerOf{of: reflect.TypeFor[T]()} }

// try does an operation and notes what came of it. It returns whether it worked.
func try(t *testing.T, operation string, do func(opts ...agento.Option) (answerOf, error)) bool {
	t.Helper()
	worked := false
	t.Run(operation, func(t *testing.T) {
		if run.ctx.Err() != nil {
			run.report.Note(operation, wirereport.Unknown, "the run was interrupted")
			t.Skip("interrupted")
		}
		var response agento.Response
		answer, err := do(agento.WithResponse(&response))
		verdict, reason := judge(err)
		if verdict == wirereport.Confirmed {
			verdict, reason = look(operation, answer, response.Body)
		}
		worked = err == nil
		run.report.Note(operation, verdict, reason)
		switch verdict {
		case wirereport.Refuted:
			t.Error(reason)
		case wirereport.Unknown:
			t.Log("unknown:", reason)
		}
	})
	return worked
}

// cannotTry notes that an operation lacks what it needs.
func cannotTry(reason string, operations ...string) {
	for _, operation := range operations {
		run.report.Note(operation, wirereport.Unknown, reason)
	}
}

// judge tells what an error says of how well the SDK knows the operation, which
// is not whether it worked.
func judge(err error) (wirereport.Verdict, string) {
	if err == nil {
		return wirereport.Confirmed, ""
	}
	var e *agento.Error
	if !errors.As(err, &e) || run.ctx.Err() != nil {
		if errors.Is(err, agento.ErrNotEventStream) || errors.Is(err, agento.ErrStreamTruncated) {
			return wirereport.Refuted, err.Error()
		}
		return wirereport.Unknown, err.Error()
	}
	refuting := []error{agento.ErrNoRoute, agento.ErrValidation, agento.ErrNotEventStream, agento.ErrStreamTruncated}
	asItIsNot := func(kind error) bool { return errors.Is(err, kind) }
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, agento.ErrOutcomeUnknown): // the network's affair
		return wirereport.Unknown, err.Error()
	case slices.ContainsFunc(refuting, asItIsNot),
		e.StatusCode == http.StatusMethodNotAllowed, e.StatusCode == http.StatusUnprocessableEntity,
		e.StatusCode >= 200 && e.StatusCode < 300: // and cannot be read
		return wirereport.Refuted, err.Error()
	}
	return wirereport.Unknown, err.Error()
}

// look compares the fields of an answer with those that the SDK reads. Ones that
// are not there may be optional, unless it is the id.
func look(operation string, answer answerOf, body []byte) (wirereport.Verdict, string) {
	if answer.of == nil {
		return wirereport.Confirmed, ""
	}
	objects := answer.events
	if objects == nil {
		objects = rows(body)
	}
	there := map[string]bool{}
	for _, object := range objects {
		var fields map[string]json.RawMessage
		if json.Unmarshal(object, &fields) == nil {
			for name := range fields {
				there[name] = true
			}
		}
	}
	if len(there) == 0 {
		return wirereport.Confirmed, "the answer was empty: its fields are not seen"
	}
	var absent []string
	known := wirereport.Fields(answer.of)
	for _, field := range known {
		if !there[field.Name] {
			absent = append(absent, field.Name)
		}
		delete(there, field.Name)
	}
	for name := range there {
		run.report.Add(wirereport.Difference{
			Kind: wirereport.FieldUnknown, Where: answer.of.Name() + "." + name, Text: "the SDK does not know it", Operations: []string{operation},
		})
	}
	switch {
	case len(absent) == len(known):
		return wirereport.Refuted, "the answer has none of the fields of " + answer.of.Name()
	case slices.Contains(absent, "id"):
		return wirereport.Refuted, "the answer has no id"
	case len(absent) > 0:
		return wirereport.Confirmed, "not in this answer: " + strings.Join(absent, ", ")
	}
	return wirereport.Confirmed, ""
}

// rows are the objects of an answer: the one, or those of a list.
func rows(body []byte) []json.RawMessage {
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(answer.Data, &list) == nil {
		return list
	}
	return []json.RawMessage{answer.Data}
}
