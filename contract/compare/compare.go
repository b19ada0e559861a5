// Package compare compares the SDK with an OpenAPI document.
package compare

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/remsyshq/agento-go/contract/sdk"
	"github.com/remsyshq/agento-go/contract/spec"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// With compares the SDK with a document. source says where that is from.
func With(doc *spec.Document, source string) (*wirereport.Report, error) {
	sent, err := allSent()
	if err != nil {
		return nil, err
	}
	c := &comparison{report: wirereport.New(source)}
	pairs, added := match(sdk.Operations(), doc.Operations)
	for _, op := range sdk.Operations() {
		there := pairs[op.Name]
		if there == nil {
			c.op = op.Name
			c.add(wirereport.OperationGone, op.Name, true, "the document has no %s %s", op.Method, op.Path)
			continue
		}
		c.operation(op, *there, sent[op.Name])
	}
	c.op = ""
	for _, op := range added {
		c.add(wirereport.OperationAdded, op.Method+" "+op.Path, false, "the SDK lacks it%s", inParentheses(op.Summary))
	}
	c.key(doc)
	c.report.Sort()
	return c.report, nil
}

// allSent is what the SDK sends for each operation. It does not change.
var allSent = sync.OnceValues(func() (map[string][]sdk.Request, error) {
	all := map[string][]sdk.Request{}
	for _, op := range sdk.Operations() {
		sent, err := op.Sent()
		if err != nil {
			return nil, err
		}
		all[op.Name] = sent
	}
	return all, nil
})

func inParentheses(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// comparison is what is being found out.
type comparison struct {
	report *wirereport.Report
	op     string   // the operation at hand
	untold []string // what the document does not say of it
}

func (c *comparison) add(kind wirereport.Kind, where string, breaking bool, format string, args ...any) {
	d := wirereport.Difference{Kind: kind, Where: where, Text: fmt.Sprintf(format, args...), Breaking: breaking}
	if c.op != "" {
		d.Operations = []string{c.op}
	}
	c.report.Add(d)
}

func (c *comparison) tellsNot(what string) {
	c.untold = append(c.untold, "the document does not describe "+what)
}

// operation compares an operation with the one of the document that it is.
func (c *comparison) operation(op sdk.Operation, there spec.Operation, sent []sdk.Request) {
	c.op, c.untold = op.Name, nil
	c.place(op, there)
	c.parameters(op, there, sent)
	c.body(op, there, sent)
	c.answer(op, there)
	c.errors(there)
	if c.untold != nil {
		c.report.Note(op.Name, wirereport.Unknown, c.untold...)
		return
	}
	c.report.Note(op.Name, wirereport.Confirmed)
}

func (c *comparison) place(op sdk.Operation, there spec.Operation) {
	switch {
	case shape(op.Path) != shape(there.Path):
		c.add(wirereport.PathMoved, op.Name, true, "%s %s is %s %s", op.Method, op.Path, there.Method, there.Path)
	case op.Method != there.Method:
		c.add(wirereport.MethodChanged, op.Name, true, "%s %s is %s", op.Method, op.Path, there.Method)
	}
}

// key compares how the key is sent, which all operations share.
func (c *comparison) key(doc *spec.Document) {
	headers, described := doc.KeyHeaders()
	isOurs := func(name string) bool { return strings.EqualFold(name, "X-Api-Key") }
	if !described || slices.ContainsFunc(headers, isOurs) {
		return
	}
	for _, op := range sdk.Operations() {
		c.op = op.Name
		c.add(wirereport.KeyChanged, "X-Api-Key", true, "the document has no such header in its security schemes")
	}
}

// errors compares the form of errors, which all operations share.
func (c *comparison) errors(there spec.Operation) {
	for _, r := range there.Responses {
		if r.Status < "4" || r.Status > "6" {
			continue
		}
		for name, schema := range r.Media {
			if spec.IsJSON(name) && schema != nil {
				c.envelope("Error", *schema, "error", func(inner spec.Schema) {
					c.reads("Error", reflect.TypeFor[wirereport.Error](), inner)
				})
			}
		}
	}
}

// envelope looks into the one field that wraps what is meant.
func (c *comparison) envelope(where string, schema spec.Schema, field string, inside func(spec.Schema)) {
	v := schema.View()
	inner, ok := v.Properties[field]
	switch {
	case ok:
		inside(inner)
	case v.HasFields() || len(v.Types) > 0 && !v.Has("object"):
		c.add(wirereport.FormChanged, where, true, "the document does not wrap it in %q", field)
	default:
		c.tellsNot("the form of " + where)
	}
}
