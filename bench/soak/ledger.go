package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// outcome is the result that the SDK reported for a call.
type outcome string

const (
	succeeded outcome = "succeeded"
	failed    outcome = "failed"
	unknown   outcome = "outcome unknown"
)

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return succeeded
	case errors.Is(err, agento.ErrOutcomeUnknown):
		return unknown
	}
	return failed
}

// write is a call that modifies data.
type write struct {
	operation  string
	idempotent bool // a second effect is harmless: PUT, DELETE
	effects    int  // at the service
	outcome    outcome
}

func (w write) violation() string {
	switch {
	case w.effects > 1 && !w.idempotent:
		return fmt.Sprintf("took effect %d times", w.effects)
	case w.effects == 0 && w.outcome == succeeded:
		return "was reported as a success and took no effect"
	case w.effects > 0 && w.outcome == failed:
		return "was reported as a failure and took effect"
	}
	return ""
}

// ledger records what took effect at the services and what the SDK reported.
type ledger struct {
	mu         sync.Mutex
	writes     []write // the index is the ID
	counts     map[string]int
	violations []string
}

func newLedger() *ledger { return &ledger{counts: map[string]int{}} }

// newWrite returns the ID of a new write.
func (l *ledger) newWrite() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes = append(l.writes, write{})
	return len(l.writes) - 1
}

func (l *ledger) returned(id int, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes[id].outcome = o
}

// tookEffect records that a request of a write took effect.
func (l *ledger) tookEffect(id int, r agentotest.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &l.writes[id]
	w.operation = r.Operation
	w.idempotent = r.Method == http.MethodPut || r.Method == http.MethodDelete
	w.effects++
}

func (l *ledger) count(name string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[name] += n
}

func (l *ledger) violated(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violations = append(l.violations, fmt.Sprintf(format, args...))
}

// checkType checks that an error is of the SDK or of a context.
func (l *ledger) checkType(err error) {
	var typed *agento.Error
	if err != nil && !errors.As(err, &typed) && !errors.Is(err, context.DeadlineExceeded) {
		l.violated("error without a type: %T %v", err, err)
	}
}

// required are the counts that must be positive for a meaningful run.
var required = []string{
	"calls succeeded", "requests disturbed", "events of chats", "chats complete", "lines of logs", "logs complete",
}

// check checks the writes. It returns the counts as text, and an error if there are
// violations.
func (l *ledger) check() (text string, err error) {
	for id, w := range l.writes {
		if violation := w.violation(); violation != "" {
			l.violated("write %d, %s, %s", id, w.operation, violation)
		}
	}
	for _, name := range required {
		if l.counts[name] == 0 {
			l.violated("no %s", name)
		}
	}
	l.counts["writes"], l.counts["violations"] = len(l.writes), len(l.violations)
	for _, name := range slices.Sorted(maps.Keys(l.counts)) {
		text += fmt.Sprintf("%-28s %8d\n", name, l.counts[name])
	}
	if n := len(l.violations); n > 0 {
		err = fmt.Errorf("%d violations, such as:\n%s", n, strings.Join(l.violations[:min(n, 20)], "\n"))
	}
	return text, err
}
