package wirereport

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	r.Sort()
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// WriteText writes the report as text: the differences, the operations that are not
// confirmed, and the number of operations with each verdict.
func (r *Report) WriteText(w io.Writer) error {
	r.Sort()
	var b strings.Builder
	fmt.Fprintf(&b, "compared with %s\n", r.Source)
	r.writeDifferences(&b, "would break a caller", true)
	r.writeDifferences(&b, "break nobody", false)
	for _, verdict := range []Verdict{Refuted, Unknown} {
		r.writeOperations(&b, verdict)
	}
	fmt.Fprintf(&b, "\n%d operations: %d confirmed, %d refuted, %d unknown\n",
		len(r.Operations), r.Summary.Confirmed, r.Summary.Refuted, r.Summary.Unknown)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeDifferences(b *strings.Builder, title string, breaking bool) {
	first := true
	for _, d := range r.Differences {
		if d.Breaking != breaking {
			continue
		}
		if first {
			fmt.Fprintf(b, "\ndifferences that %s:\n", title)
			first = false
		}
		fmt.Fprintf(b, "  %s\n", d)
		if len(d.Operations) > 1 {
			fmt.Fprintf(b, "      in %s\n", r.names(d.Operations))
		}
	}
}

func (r *Report) writeOperations(b *strings.Builder, verdict Verdict) {
	first := true
	for _, op := range r.Operations {
		if op.Verdict != verdict {
			continue
		}
		if first {
			fmt.Fprintf(b, "\n%s:\n", verdict)
			first = false
		}
		fmt.Fprintf(b, "  %-20s %-6s %s\n", op.Name, op.Method, op.Path)
		for _, reason := range op.Reasons {
			fmt.Fprintf(b, "      %s\n", reason)
		}
	}
}

// names lists operations, or returns "all operations".
func (r *Report) names(operations []string) string {
	if len(operations) == len(r.Operations) {
		return "all operations"
	}
	return strings.Join(operations, ", ")
}
