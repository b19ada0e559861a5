// Package wirereport defines a report on the differences between the SDK and the real API.
// The comparison with the service's OpenAPI document and the tests against the live
// service both write it.
package wirereport

import (
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/route"
)

// Verdict states whether an operation works as the SDK expects.
type Verdict string

const (
	Confirmed Verdict = "confirmed" // it works as the SDK expects
	Refuted   Verdict = "refuted"   // it does not, and a caller would notice
	Unknown   Verdict = "unknown"   // it was not tried, or the result is inconclusive
)

// Operation is an operation of the SDK with its verdict.
type Operation struct {
	Name     string         `json:"name"`
	Call     string         `json:"call"`
	Method   string         `json:"method"`
	Path     string         `json:"path"`
	To       string         `json:"to,omitempty"` // method and path, if they differ
	Evidence route.Evidence `json:"evidence"`
	Verdict  Verdict        `json:"verdict"`
	Reasons  []string       `json:"reasons,omitempty"`
}

// Kind is the kind of a difference.
type Kind string

const (
	OperationAdded Kind = "operation added"     // the service has it, the SDK lacks it
	OperationGone  Kind = "operation gone"      // the SDK has it, the service lacks it
	PathMoved      Kind = "path moved"          //
	ProbablyMoved  Kind = "probably moved"      // similar, but without the same ID or summary
	MethodChanged  Kind = "method changed"      //
	FieldUnknown   Kind = "field unknown"       // the SDK does not know it
	FieldGone      Kind = "field gone"          // the SDK has it, the service lacks it
	FieldRenamed   Kind = "field renamed"       //
	FieldRequired  Kind = "field required"      // by the service, not by the SDK
	TypeChanged    Kind = "type changed"        //
	ValueUnknown   Kind = "value unknown"       // an enumeration value that the SDK does not know
	ValueGone      Kind = "value gone"          // an enumeration value that only the SDK has
	FormChanged    Kind = "form changed"        // the envelope or the media type
	NotChecked     Kind = "not checked"         // the part is in another document
	KeyChanged     Kind = "form of the API key" //
)

// Difference is one difference between the SDK and the service.
type Difference struct {
	Kind       Kind     `json:"kind"`
	Where      string   `json:"where"` // such as "Agent.image"
	From       string   `json:"from,omitempty"`
	To         string   `json:"to,omitempty"` // replaces From: a path, a name, a value or types
	Text       string   `json:"text"`
	Breaking   bool     `json:"breaking"`             // a caller would notice
	Operations []string `json:"operations,omitempty"` // that it concerns
}

// Summary counts the verdicts.
type Summary struct {
	Confirmed int `json:"confirmed"`
	Refuted   int `json:"refuted"`
	Unknown   int `json:"unknown"`
}

// Version is the version of the JSON form of a report.
const Version = 1

// Report contains the verdicts of all operations of the SDK, and the differences.
type Report struct {
	Version     int          `json:"version"`
	Source      string       `json:"source"` // the document or service
	Summary     Summary      `json:"summary"`
	Operations  []Operation  `json:"operations"`
	Differences []Difference `json:"differences"`
}

// New returns a report in which every operation is unknown.
func New(source string) *Report {
	r := &Report{Version: Version, Source: source, Differences: []Difference{}}
	for _, op := range route.All() {
		r.Operations = append(r.Operations, Operation{
			Name: op.Name, Call: op.Call, Method: op.Method, Path: op.Path, Evidence: op.Evidence, Verdict: Unknown,
		})
	}
	r.Summary.Unknown = len(r.Operations)
	return r
}

// Operation returns the operation with the given name, or nil.
func (r *Report) Operation(name string) *Operation {
	i := slices.IndexFunc(r.Operations, func(op Operation) bool { return op.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Operations[i]
}

// weight orders verdicts. A refuted operation stays refuted, and an inconclusive attempt
// does not change a confirmed one.
var weight = map[Verdict]int{Unknown: 0, Confirmed: 1, Refuted: 2}

// Note adds the verdict of one attempt. It ignores empty reasons and weaker verdicts.
func (r *Report) Note(name string, v Verdict, reasons ...string) {
	op := r.Operation(name)
	if op == nil || weight[v] < weight[op.Verdict] {
		return
	}
	if weight[v] > weight[op.Verdict] {
		op.Verdict, op.Reasons = v, nil
	}
	for _, reason := range reasons {
		if reason != "" && !slices.Contains(op.Reasons, reason) {
			op.Reasons = append(op.Reasons, reason)
		}
	}
	r.count()
}

func (r *Report) count() {
	n := map[Verdict]int{}
	for _, op := range r.Operations {
		n[op.Verdict]++
	}
	r.Summary = Summary{n[Confirmed], n[Refuted], n[Unknown]}
}

// Add adds a difference. The same difference in several operations is listed once. A
// breaking difference refutes its operations.
func (r *Report) Add(d Difference) {
	same := func(o Difference) bool { return o.Kind == d.Kind && o.Where == d.Where && o.Text == d.Text }
	if i := slices.IndexFunc(r.Differences, same); i >= 0 {
		known := &r.Differences[i]
		known.Breaking = known.Breaking || d.Breaking
		for _, name := range d.Operations {
			if !slices.Contains(known.Operations, name) {
				known.Operations = append(known.Operations, name)
			}
		}
	} else {
		r.Differences = append(r.Differences, d)
	}
	if d.Breaking {
		for _, name := range d.Operations {
			r.Note(name, Refuted, d.String())
		}
	}
}

// String returns the difference in one line.
func (d Difference) String() string { return string(d.Kind) + ": " + d.Where + ": " + d.Text }

// Breaking reports whether a caller would notice a difference.
func (r *Report) Breaking() bool {
	return r.Summary.Refuted > 0 || slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.Breaking })
}

// Sort sorts the differences, breaking ones first.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Differences, func(a, b Difference) int {
		if a.Breaking != b.Breaking {
			if a.Breaking {
				return -1
			}
			return 1
		}
		return strings.Compare(a.String(), b.String())
	})
}
