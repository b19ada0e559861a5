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

// OnPurpose is the header of a request that is invalid on purpose. It must then be
// invalid and be rejected.
const OnPurpose = "X-Invalid-On-Purpose"

// Report counts what was checked and collects the violations. It is safe for
// concurrent use.
type Report struct {
	mu         sync.Mutex
	requests   map[string]int         // by operation
	responses  map[string]map[int]int // by operation and status
	counts     Counts
	violations []Violation
	known      map[string]Verdict
}

// Counts are totals of a report.
type Counts struct {
	Requests  int // for operations of the document
	Responses int // to them
	Events    int // in their streams
	OnPurpose int // requests that are invalid on purpose
	Refused   int // invalid requests, not sent by the SDK, that were rejected
	Scripted  int // requests whose response a test wrote or that had none
	Unlimited int // responses of a service without a rate limit
}

// Violation is a request or a response that does not match the document.
type Violation struct {
	Side     string // "request" or "response"
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

// Validate checks every request, and every response of next.
func (d *Document) Validate(next http.Handler, report *Report) http.Handler {
	return exchange.Tap(next, func(e *exchange.Exchange) { report.See(d, e) })
}

// ownPath is the path of the document itself, which it does not describe.
const ownPath = "/openapi.json"

// See adds an exchange to the report.
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
	if v.Response != nil {
		r.violations = append(r.violations, Violation{"response", v.Response.Error(), *e})
	}
}

// remembered caches the result for equal requests without a response, because tests send
// some of them thousands of times.
func (r *Report) remembered(d *Document, e *exchange.Exchange) Verdict {
	if e.Answer != nil {
		return d.Check(e)
	}
	key := fmt.Sprintln(e.Method, e.Target, e.Header, string(e.Body))
	v, ok := r.known[key]
	if !ok {
		v = d.Check(e)
		if r.known == nil {
			r.known = map[string]Verdict{}
		}
		r.known[key] = v
	}
	return v
}

func (r *Report) count(v Verdict, e *exchange.Exchange) {
	if v.Operation == "" {
		return
	}
	if r.requests == nil {
		r.requests, r.responses = map[string]int{}, map[string]map[int]int{}
	}
	r.requests[v.Operation]++
	r.counts.Requests++
	if e.Answer == nil {
		r.counts.Scripted++
		return
	}
	if r.responses[v.Operation] == nil {
		r.responses[v.Operation] = map[int]int{}
	}
	r.responses[v.Operation][e.Answer.Status]++
	r.counts.Responses++
	r.counts.Events += v.Events
	if e.Unlimited {
		r.counts.Unlimited++
	}
}

// requestProblem returns the problem of a request, which depends on its sender and its
// response.
func (r *Report) requestProblem(v Verdict, e *exchange.Exchange) string {
	marked := e.Header.Get(OnPurpose) != ""
	refused := e.Answer != nil && e.Answer.Status >= 400 && e.Answer.Status < 500
	switch {
	case v.Request == nil && marked:
		return "it is marked as invalid on purpose, and is valid"
	case v.Request == nil:
		return ""
	case marked && refused:
		r.counts.OnPurpose++
		return ""
	case marked:
		return "invalid on purpose, and not refused: " + v.Request.Error()
	case !bySDK(e) && refused:
		r.counts.Refused++
		return ""
	case !bySDK(e) && e.Answer == nil:
		return "" // scripted by a test of the fake
	}
	return v.Request.Error()
}

// Violations returns the violations so far.
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

// Operations returns the IDs of the operations with requests and with responses.
func (r *Report) Operations() (requests, responses []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.requests)), slices.Sorted(maps.Keys(r.responses))
}

// Statuses returns how often an operation responded with each status.
func (r *Report) Statuses(operation string) map[int]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.responses[operation])
}

// WriteTo writes a table of all operations with requests, and the totals.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(r.requests)) {
		fmt.Fprintf(&b, "%-22s %6d requests, responses:", id, r.requests[id])
		for _, status := range slices.Sorted(maps.Keys(r.responses[id])) {
			fmt.Fprintf(&b, " %d×%d", r.responses[id][status], status)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d operations: %+v\n", len(r.requests), r.counts)
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
