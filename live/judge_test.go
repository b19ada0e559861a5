//go:build live

package live

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// try runs an operation and adds the result to the report. It reports whether the call
// succeeded.
func try(t *testing.T, operation string, do func() error) bool {
	t.Helper()
	succeeded := false
	t.Run(operation, func(t *testing.T) {
		if run.ctx.Err() != nil {
			run.report.Note(operation, wirereport.Unknown, endedEarly())
			t.Skip(endedEarly())
		}
		run.recorder.take()
		err := do()
		succeeded = err == nil
		f := judge(operation, err, run.recorder.take())
		f.addTo(run.report)
		if f.verdict == wirereport.Refuted {
			t.Error(strings.Join(f.lines(), "\n"))
		} else if f.reasons != nil {
			t.Logf("%s: %s", f.verdict, strings.Join(f.reasons, "\n"))
		}
	})
	return succeeded
}

// cannotTry records why operations were not tried.
func cannotTry(reason string, operations ...string) {
	for _, operation := range operations {
		run.report.Note(operation, wirereport.Unknown, reason)
	}
}

// finding is the result of one attempt of an operation.
type finding struct {
	operation   string
	verdict     wirereport.Verdict
	reasons     []string
	differences []wirereport.Difference
	quotes      []string
}

func (f *finding) lines() []string {
	var lines []string
	for _, d := range f.differences {
		if d.Breaking {
			lines = append(lines, d.String())
		}
	}
	return slices.Concat(lines, f.reasons, f.quotes)
}

// addTo adds the finding to a report. It quotes a response only for the first attempt that
// refutes an operation.
func (f *finding) addTo(r *wirereport.Report) {
	first := r.Operation(f.operation).Verdict != wirereport.Refuted
	for _, d := range f.differences {
		r.Add(d)
	}
	r.Note(f.operation, f.verdict, f.reasons...)
	if first {
		r.Note(f.operation, f.verdict, f.quotes...)
	}
}

// judge compares an operation's error and its responses with what the SDK expects.
func judge(operation string, err error, exchanges []exchange) *finding {
	op := routeOf(operation)
	f := &finding{operation: operation, verdict: wirereport.Confirmed}
	var own *exchange
	var readBack []exchange
	for i, e := range exchanges {
		if e.method == op.Method && (own == nil || !own.succeeded()) {
			own, readBack = &exchanges[i], exchanges[i+1:]
		}
	}
	if err != nil {
		f.verdict, f.reasons = ofError(err, own), []string{reason(err)}
	}
	if own == nil || !own.succeeded() {
		return f
	}
	responses := []exchange{*own}
	c := compare(op, *own)
	if n := len(readBack); n > 0 && op.Method != http.MethodGet && (own.hasData() || own.isEmpty()) {
		last := readBack[n-1]
		if !last.succeeded() {
			f.verdict = wirereport.Unknown
			return f
		}
		responses, c = append(responses, last), compare(op, last)
		f.reasons = append(f.reasons, "the response does not have the object, so the SDK read it")
	}
	f.differences = c.found
	switch {
	case c.breaking():
		f.verdict = wirereport.Refuted
	case err == nil && own.hasNothing(op):
		f.verdict, f.reasons = wirereport.Unknown, append(f.reasons, "the response is empty, so its fields are not known")
	case f.verdict != wirereport.Unknown && op == route.SendMessage && !own.hasText():
		f.verdict, f.reasons = wirereport.Refuted, append(f.reasons, "the chat has no text")
	}
	if f.verdict == wirereport.Refuted {
		for _, e := range responses {
			f.quotes = append(f.quotes, e.quotes()...)
		}
	}
	return f
}

func routeOf(operation string) *route.Route {
	all := route.All()
	return all[slices.IndexFunc(all, func(op *route.Route) bool { return op.Name == operation })]
}

// ofError returns the verdict for an error. A broken connection or a missing scope does not
// refute an operation.
func ofError(err error, own *exchange) wirereport.Verdict {
	var e *agento.Error
	if run.ctx.Err() != nil || own == nil || !errors.As(err, &e) {
		return wirereport.Unknown
	}
	refuted := errors.Is(err, agento.ErrNotEventStream)
	switch {
	case own.succeeded():
		unreadable := e.StatusCode != 0 || errors.Is(err, agento.ErrStreamTruncated) // else an error event
		refuted = refuted || own.complete && unreadable
	case !errors.Is(err, agento.ErrOutcomeUnknown):
		refuted = errors.Is(err, agento.ErrNoRoute) || errors.Is(err, agento.ErrValidation) ||
			own.status == http.StatusMethodNotAllowed || own.status == http.StatusUnprocessableEntity
	}
	if refuted {
		return wirereport.Refuted
	}
	return wirereport.Unknown
}

// compare compares a response with the document.
func compare(op *route.Route, e exchange) *check {
	c := &check{document: run.document, operation: op.Name}
	s := run.document.result(op)
	switch {
	case op.Stream && e.isStream():
		c.values("event", s, e.events())
	case op.Stream || !e.complete || e.isEmpty():
	case e.deniesSuccess():
		c.add(wirereport.Difference{Kind: wirereport.FormChanged, Where: "response", Text: "it says that the call failed", Breaking: true})
	case s != nil:
		c.values("response", s, []json.RawMessage{e.body})
	}
	return c
}
