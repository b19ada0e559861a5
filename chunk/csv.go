package chunk

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// chunkField is a column of a row or a member of an object.
type chunkField struct{ name, value string }

// chunkQuestions are the names of what becomes the title, and of what then stands
// below it.
var chunkQuestions = [...]struct{ question, answer string }{{"question", "answer"}, {"q", "a"}, {"title", "content"}}

// recordSection makes a section of the fields of a row or an object. isQuestion
// tells whether it has a question and an answer.
func recordSection(fields []chunkField) (one section, isQuestion bool) {
	for _, names := range chunkQuestions {
		q, a := fieldNamed(fields, names.question), fieldNamed(fields, names.answer)
		if q < 0 || a < 0 {
			continue
		}
		question, answer := fields[q].value, fields[a].value
		others := fieldLines(fields, q, a)
		return section{strings.Join(strings.Fields(question), " "), joinBlank("\n\n", question, answer, others)}, true
	}
	return section{text: fieldLines(fields, -1, -1)}, false
}

func fieldNamed(fields []chunkField, name string) int {
	return slices.IndexFunc(fields, func(f chunkField) bool { return strings.EqualFold(f.name, name) })
}

// fieldLines are the fields that have a value, but for two of them.
func fieldLines(fields []chunkField, but, andBut int) string {
	var lines []string
	for i, f := range fields {
		if i == but || i == andBut || isBlank(f.value) {
			continue
		}
		if f.name != "" {
			f.value = f.name + ": " + f.value
		}
		lines = append(lines, f.value)
	}
	return strings.Join(lines, "\n")
}

// joinBlank joins the texts that are not blank.
func joinBlank(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, isBlank), separator)
}

// csvSections reads rows below a header row.
func csvSections(text string) iter.Seq2[section, error] {
	return func(yield func(section, error) bool) {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = csvComma(text)
		var header []string
		for {
			row, err := r.Read()
			switch {
			case err == io.EOF:
				return
			case err != nil:
				yield(section{}, fmt.Errorf("is not CSV: %w", err))
				return
			case header == nil:
				if header, err = csvHeader(row); err != nil {
					yield(section{}, err)
					return
				}
				continue
			}
			fields := make([]chunkField, len(row))
			for i := range row {
				fields[i] = chunkField{header[i], strings.TrimSpace(row[i])}
			}
			if one, _ := recordSection(fields); !yield(one, nil) {
				return
			}
		}
	}
}

// csvHeader bounds the names of columns, since each row repeats them.
func csvHeader(row []string) ([]string, error) {
	for i, name := range row {
		row[i] = strings.Join(strings.Fields(name), " ")
		if utf8.RuneCountInString(name) > maxChunkTitle {
			return nil, fmt.Errorf("has a column with a name of more than %d characters", maxChunkTitle)
		}
	}
	return row, nil
}

// csvComma is what stands between the columns of the first row.
func csvComma(text string) rune {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	for _, comma := range ",;\t" {
		if strings.ContainsRune(first, comma) {
			return comma
		}
	}
	return ','
}
