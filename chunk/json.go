package chunk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
)

// jsonSections returns the questions and answers of a JSON file.
func jsonSections(text string) (iter.Seq[section], error) {
	if isBlank(text) {
		return func(func(section) bool) {}, nil
	}
	lists, err := questionLists(text)
	if err != nil {
		return nil, err
	}
	all := func(yield func(section) bool) error {
		for _, list := range lists {
			if more, err := list.questions(yield); err != nil || !more {
				return err
			}
		}
		return nil
	}
	return checked(all)
}

// jsonLineSections returns a section for each line of a JSON Lines file.
func jsonLineSections(text string) (iter.Seq[section], error) {
	return checked(func(yield func(section) bool) error {
		n := 0
		for line := range strings.Lines(text) {
			n++
			if isBlank(line) {
				continue
			}
			s, err := lineSection(line)
			if err != nil {
				return fmt.Errorf("is not JSON Lines: line %d %w", n, err)
			}
			if !yield(s) {
				return nil
			}
		}
		return nil
	})
}

// checked runs an iteration once to find its error.
func checked(all func(yield func(section) bool) error) (iter.Seq[section], error) {
	if err := all(func(section) bool { return true }); err != nil {
		return nil, err
	}
	return func(yield func(section) bool) { _ = all(yield) }, nil
}

func lineSection(line string) (section, error) {
	var object json.RawMessage
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		return section{}, fmt.Errorf("is not JSON: %w", err)
	}
	s, _, err := objectSection(object)
	return s, err
}

// questionLists returns the arrays that may contain questions.
func questionLists(text string) ([]member, error) {
	var whole json.RawMessage
	err := json.Unmarshal([]byte(text), &whole)
	if p := new(json.SyntaxError); errors.As(err, &p) {
		line := 1 + strings.Count(text[:p.Offset], "\n")
		return nil, fmt.Errorf("is not JSON: line %d: %w", line, err)
	}
	lists := []member{{value: whole}}
	if err == nil && whole[0] == '{' {
		lists, err = members(whole)
	}
	if err != nil {
		return nil, err
	}
	known := lists[:0]
	for _, list := range lists {
		if list.isList() {
			known = append(known, list)
		}
	}
	if len(known) == 0 {
		return nil, errors.New("is neither an array of questions and answers nor an object with one")
	}
	return known, nil
}

// member is a member of an object, or an unnamed value.
type member struct {
	name  string
	value json.RawMessage
}

// isList reports whether the value is an array that is empty or begins with an
// object.
func (m member) isList() bool {
	inner := bytes.TrimLeft(m.value[1:], " \t\n")
	return m.value[0] == '[' && (inner[0] == '{' || inner[0] == ']')
}

// questions yields the entries of a list, and reports whether more are wanted.
func (m member) questions(yield func(section) bool) (more bool, err error) {
	of := ""
	if m.name != "" {
		of = " of " + m.name
	}
	d := json.NewDecoder(bytes.NewReader(m.value))
	_, _ = d.Token() // the opening bracket
	for n := 1; d.More(); n++ {
		var entry json.RawMessage
		if err := d.Decode(&entry); err != nil {
			return false, err
		}
		s, isQuestion, err := objectSection(entry)
		if err == nil && !isQuestion {
			err = errors.New("has no question and answer, q and a, or title and content")
		}
		if err != nil {
			return false, fmt.Errorf("is not a list of questions and answers: entry %d%s %w", n, of, err)
		}
		if !yield(s) {
			return false, nil
		}
	}
	return true, nil
}

func objectSection(value json.RawMessage) (s section, isQuestion bool, err error) {
	if value[0] != '{' {
		return s, false, errors.New("is not an object")
	}
	all, err := members(value)
	if err != nil {
		return s, false, err
	}
	fields := make([]field, len(all))
	for i, m := range all {
		fields[i] = field{m.name, m.text()}
	}
	s, isQuestion = recordSection(fields)
	return s, isQuestion, nil
}

// members returns the members of an object in order.
func members(object json.RawMessage) (all []member, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	for _, err = d.Token(); err == nil && d.More(); {
		var name json.Token
		if name, err = d.Token(); err != nil {
			break
		}
		m := member{}
		m.name, _ = name.(string)
		err = d.Decode(&m.value)
		all = append(all, m)
	}
	return all, err
}

var jsonString = regexp.MustCompile(`"(\\.|[^"\\])*"`)

// text returns the value of a string, "" for null, and otherwise the JSON with the
// escapes in its strings decoded.
func (m member) text() string {
	if m.value[0] != '"' && !bytes.Equal(m.value, []byte("null")) {
		return plainLines(jsonString.ReplaceAllStringFunc(string(m.value), func(quoted string) string {
			return `"` + decoded(quoted) + `"`
		}))
	}
	return plainLines(decoded(string(m.value)))
}

func decoded(quoted string) (s string) {
	_ = json.Unmarshal([]byte(quoted), &s) // always a string or null
	return s
}
