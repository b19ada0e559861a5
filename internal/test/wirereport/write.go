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
	const breaking, harmless = "differences that would break a caller", "differences that break nobody"
	sections := map[string]string{}
	for _, d := range r.Differences {
		title, text := harmless, fmt.Sprintf("  %s\n", d)
		if d.Breaking {
			title = breaking
		}
		switch len(d.Operations) {
		case 0, 1:
		case len(r.Operations):
			text += "      in all operations\n"
		default:
			text += fmt.Sprintf("      in %s\n", strings.Join(d.Operations, ", "))
		}
		sections[title] += text
	}
	for _, op := range r.Operations {
		text := fmt.Sprintf("  %-20s %-6s %s\n", op.Name, op.Method, op.Path)
		for _, reason := range op.Reasons {
			text += fmt.Sprintf("      %s\n", reason)
		}
		sections[string(op.Verdict)] += text
	}
	var b strings.Builder
	fmt.Fprintf(&b, "compared with %s\n", r.Source)
	for _, title := range []string{breaking, harmless, string(Refuted), string(Unknown)} {
		if sections[title] != "" {
			fmt.Fprintf(&b, "\n%s:\n%s", title, sections[title])
		}
	}
	fmt.Fprintf(&b, "\n%d operations: %d confirmed, %d refuted, %d unknown\n",
		len(r.Operations), r.Summary.Confirmed, r.Summary.Refuted, r.Summary.Unknown)
	_, err := io.WriteString(w, b.String())
	return err
}
