package chunk

import (
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// table is a CSV file.
type table struct {
	text      string
	separator rune
	firstLine int // line where text begins, from 0
}

// csvSections returns a section for each row below the header.
func csvSections(text string) (iter.Seq[section], error) {
	t, err := newTable(text)
	if err != nil {
		return nil, err
	}
	header, _ := t.reader().Read() // newTable has read it
	for _, name := range header {
		if utf8.RuneCountInString(name) > maxTitle { // it is repeated in each chunk
			return nil, fmt.Errorf("has a column with a name of more than %d characters", maxTitle)
		}
	}
	return t.sections, nil
}

// newTable finds the separator. It prefers tab, semicolon, pipe and comma in this order,
// because a comma is common in text.
func newTable(text string) (table, error) {
	separators := "\t;|,"
	t, found := separatorLine(text)
	if found {
		separators = string(t.separator)
	}
	var failed *csv.ParseError
	for _, separator := range separators {
		if separator != ',' && !strings.ContainsRune(text, separator) {
			continue
		}
		try := table{t.text, separator, t.firstLine}
		columns, err := try.columns()
		if err == nil && (columns > 1 || found || separator == ',') {
			return try, nil
		}
		if err != nil && (failed == nil || err.StartLine > failed.StartLine) {
			t, failed = try, err // report the error of the best fit
		}
	}
	return t, fmt.Errorf("is not CSV with the separator %q: %w", string(t.separator), failed)
}

// separatorLine returns the table below a first line that names the separator, such as
// "sep=;". Without such a line, it returns the whole text.
func separatorLine(text string) (t table, found bool) {
	first, rest, _ := strings.Cut(text, "\n")
	line := []rune(strings.Trim(first, `"`))
	if len(line) != 5 || !strings.EqualFold(string(line[:4]), "sep=") || line[4] > unicode.MaxASCII || unicode.IsLetter(line[4]) || unicode.IsDigit(line[4]) {
		return table{text: text}, false
	}
	return table{text: rest, separator: line[4], firstLine: 1}, true
}

// columns reads all rows and returns the number of fields in each.
func (t table) columns() (int, *csv.ParseError) {
	r := t.reader()
	r.ReuseRecord = true
	row, err := r.Read()
	columns := len(row)
	for err == nil {
		_, err = r.Read()
	}
	if p := new(csv.ParseError); errors.As(err, &p) {
		p.StartLine += t.firstLine
		p.Line += t.firstLine
		return 0, p
	}
	return columns, nil
}

func (t table) reader() *csv.Reader {
	r := csv.NewReader(strings.NewReader(t.text))
	r.Comma = t.separator
	r.TrimLeadingSpace = !unicode.IsSpace(t.separator) // a space may precede a quote
	return r
}

// sections yields the rows of a valid table.
func (t table) sections(yield func(section) bool) {
	r := t.reader()
	header, err := r.Read()
	for i, name := range header {
		header[i] = strings.Join(strings.Fields(name), " ")
	}
	for err == nil {
		var row []string
		if row, err = r.Read(); err != nil {
			return
		}
		fields := make([]field, len(row))
		for i := range row {
			fields[i] = field{header[i], strings.TrimSpace(row[i])}
		}
		if s, _ := recordSection(fields); !yield(s) {
			return
		}
	}
}
