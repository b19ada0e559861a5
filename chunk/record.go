package chunk

import (
	"slices"
	"strings"
)

// field is a column of a row or a member of an object.
type field struct{ name, value string }

// questionNames are the names of fields with a question and its answer.
var questionNames = [...]struct{ question, answer string }{{"question", "answer"}, {"q", "a"}, {"title", "content"}}

// recordSection returns the section of a row or an object. isQuestion reports
// whether it has a question and an answer.
func recordSection(fields []field) (s section, isQuestion bool) {
	for _, names := range questionNames {
		q, a := indexField(fields, names.question), indexField(fields, names.answer)
		if q < 0 || a < 0 {
			continue
		}
		// The content includes the question: otherwise the knowledge base would drop
		// a repeated answer, such as "Yes."
		texts := []string{fields[q].value, fields[a].value, fieldLines(fields, q, a)}
		text := strings.Join(slices.DeleteFunc(texts, isBlank), "\n\n")
		return section{strings.Join(strings.Fields(fields[q].value), " "), text}, true
	}
	return section{text: fieldLines(fields, -1, -1)}, false
}

func indexField(fields []field, name string) int {
	return slices.IndexFunc(fields, func(f field) bool { return strings.EqualFold(f.name, name) })
}

// fieldLines returns the non-empty fields, except for those at q and a.
func fieldLines(fields []field, q, a int) string {
	var lines []string
	for i, f := range fields {
		switch {
		case i == q || i == a || isBlank(f.value):
		case f.name == "":
			lines = append(lines, f.value)
		default:
			lines = append(lines, f.name+": "+f.value)
		}
	}
	return strings.Join(lines, "\n")
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
