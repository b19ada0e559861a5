package contract

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

// OnPurpose is the header of a request that a test makes invalid on purpose. It
// must then be invalid indeed, and be refused.
const OnPurpose = "X-Invalid-On-Purpose"

// Report counts what was held to a document, and keeps what does not fit. It is
// safe for concurrent use.
type Report struct {
	mu         sync.Mutex
	requests   map[string]int         // by operation
	answers    map[string]map[int]int // by operation and status
	counts     Counts
	violations []Violation
	known      map[string]verdict
}

// Counts are totals of a report.
type Counts struct {
	Requests  int // of the document's operations
	Answers   int // to them
	Events    int // in their streams
	OnPurpose int // requests that are invalid on purpose, by their header
	Refused   int // requests, not of the SDK, that are invalid and were refused
	Scripted  int // requests whose answer does not count, or that got none
	Unlimited int // answers of a service without a rate limit
}

// Violation is what does not fit the document.
type Violation struct {
	Side     string // "request" or "answer"
	Problem  string
	Exchange exchange.Exchange
}

func (v Violation) String() string {
	e := v.Exchange
	text := fmt.Sprintf("%s: %s %s: %s", v.Side, e.Method, e.Target, v.Problem)
	if e.Test != "" {
		text += fmt.Sprintf("\n\tby %s in %s", e.Test, e.Package)
	}
	text += fmt.Sprintf("\n\tsent %s", excerpt(e.Body))
	if e.Answer != nil {
		text += fmt.Sprintf("\n\tgot %d %s", e.Answer.Status, excerpt(e.Answer.Body))
	}
	return text
}

func excerpt(body []byte) string {
	const most = 300
	if len(body) > most {
		return string(body[:most]) + " …"
	}
	return string(body)
}

// Validate holds every request that comes in, and every answer of next, to the
// document.
func (d *Document) Validate(next http.Handler, report *Report) http.Handler {
	return exchange.Tap(next, func(e *exchange.Exchange) { report.See(d, e) })
}

// verdict is what the document says of an exchange.
type verdict struct {
	op              *operation
	request, answer error
	events          int
}

// judge checks both sides. Fields that the document does not name are a
// violation of the SDK and of nobody else.
func (d *Document) judge(e *exchange.Exchange) verdict {
	checker := d
	if bySDK(e) {
		checker = d.closed
	}
	var v verdict
	v.op, v.request = checker.checkRequest(e)
	switch {
	case e.Answer == nil:
	case v.op == nil:
		v.answer = d.checkNoOperation(e.Answer)
	default:
		v.events, v.answer = checker.checkAnswer(v.op, e)
	}
	return v
}

func bySDK(e *exchange.Exchange) bool {
	return strings.Contains(e.Header.Get("User-Agent"), "agento-go/")
}

// ownPath is where the document itself is served, which it does not describe.
const ownPath = "/openapi.json"

// See takes an exchange into the report.
func (r *Report) See(d *Document, e *exchange.Exchange) {
	if e.Target == ownPath && e.Answer != nil && e.Answer.Status == http.StatusOK {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.remembered(d, e)
	r.count(v, e)
	if problem := r.requestProblem(v, e); problem != "" {
		r.violations = append(r.violations, Violation{"request", problem, *e})
	}
	if v.answer != nil {
		r.violations = append(r.violations, Violation{"answer", v.answer.Error(), *e})
	}
}

// remembered judges the same request without an answer once: tests send some
// thousands of times.
func (r *Report) remembered(d *Document, e *exchange.Exchange) verdict {
	if e.Answer != nil {
		return d.judge(e)
	}
	key := fmt.Sprintln(e.Method, e.Target, e.Header, string(e.Body))
	v, ok := r.known[key]
	if !ok {
		v = d.judge(e)
		if r.known == nil {
			r.known = map[string]verdict{}
		}
		r.known[key] = v
	}
	return v
}

func (r *Report) count(v verdict, e *exchange.Exchange) {
	if v.op == nil {
		return
	}
	if r.requests == nil {
		r.requests, r.answers = map[string]int{}, map[string]map[int]int{}
	}
	r.requests[v.op.id]++
	r.counts.Requests++
	if e.Answer == nil {
		r.counts.Scripted++
		return
	}
	if r.answers[v.op.id] == nil {
		r.answers[v.op.id] = map[int]int{}
	}
	r.answers[v.op.id][e.Answer.Status]++
	r.counts.Answers++
	r.counts.Events += v.events
	if e.Unlimited {
		r.counts.Unlimited++
	}
}

// requestProblem says what is wrong with a request, given who sent it and what
// became of it.
func (r *Report) requestProblem(v verdict, e *exchange.Exchange) string {
	marked := e.Header.Get(OnPurpose) != ""
	refused := e.Answer != nil && e.Answer.Status >= 400 && e.Answer.Status < 500
	switch {
	case v.request == nil && marked:
		return "it is said to be invalid on purpose, and is valid"
	case v.request == nil:
		return ""
	case marked && refused:
		r.counts.OnPurpose++
		return ""
	case marked:
		return "invalid on purpose, and not refused: " + v.request.Error()
	case !bySDK(e) && refused:
		r.counts.Refused++
		return ""
	case !bySDK(e) && e.Answer == nil:
		return "" // scripted by a test of the fake: nobody has judged it
	}
	return v.request.Error()
}

// Violations returns what does not fit.
func (r *Report) Violations() []Violation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.violations)
}

// Counts returns the totals.
func (r *Report) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// Operations returns the ids of the operations that were seen: those that were
// asked for and those that answered.
func (r *Report) Operations() (requests, answers []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.requests)), slices.Sorted(maps.Keys(r.answers))
}

// Statuses returns how often an operation answered with each status.
func (r *Report) Statuses(operation string) map[int]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.answers[operation])
}

// WriteTo writes a table of all operations that were seen, and the totals.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(r.requests)) {
		fmt.Fprintf(&b, "%-22s %6d requests, answers:", id, r.requests[id])
		for _, status := range slices.Sorted(maps.Keys(r.answers[id])) {
			fmt.Fprintf(&b, " %d×%d", r.answers[id][status], status)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d operations: %+v\n", len(r.requests), r.counts)
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
