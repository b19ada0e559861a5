package chunk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

var errUnknownFAQ = errors.New("is neither an array of questions and answers nor an object with one")

// jsonSections reads questions and answers.
func jsonSections(text string) iter.Seq2[section, error] {
	return func(yield func(section, error) bool) {
		if isBlank(text) {
			return
		}
		whole, err := oneJSON(text)
		if err != nil {
			yield(section{}, fmt.Errorf("is not JSON: %w", err))
			return
		}
		lists := []jsonMember{{raw: whole}}
		if whole[0] == '{' {
			if lists, err = jsonMembers(whole); err != nil {
				yield(section{}, err)
				return
			}
		}
		known := false
		for _, list := range lists {
			if !isList(list.raw) {
				continue
			}
			known = true
			if !readQuestions(list, yield) {
				return
			}
		}
		if !known {
			yield(section{}, errUnknownFAQ)
		}
	}
}

// isList reports whether a value is an array that is empty or begins with an
// object.
func isList(raw json.RawMessage) bool {
	inner := bytes.TrimLeft(raw[1:], " \t\n")
	return raw[0] == '[' && (inner[0] == '{' || inner[0] == ']')
}

// readQuestions yields the entries of a list. It returns false where no more are
// wanted.
func readQuestions(list jsonMember, yield func(section, error) bool) bool {
	d := json.NewDecoder(bytes.NewReader(list.raw))
	_, _ = d.Token() // the bracket; the list is known to be valid
	for n := 1; d.More(); n++ {
		var entry json.RawMessage
		err := d.Decode(&entry)
		var one section
		if err == nil {
			one, err = questionOf(entry)
		}
		if err != nil {
			yield(section{}, fmt.Errorf("is not a list of questions and answers: entry %d%s %w", n, list.of(), err))
			return false
		}
		if !yield(one, nil) {
			return false
		}
	}
	return true
}

func questionOf(entry json.RawMessage) (section, error) {
	if entry[0] != '{' {
		return section{}, errors.New("is not an object")
	}
	members, err := jsonMembers(entry)
	if err != nil {
		return section{}, err
	}
	fields := make([]chunkField, len(members))
	for i, m := range members {
		fields[i] = chunkField{m.name, m.text()}
	}
	one, ok := recordSection(fields)
	if !ok {
		return section{}, errors.New("has no question and answer, q and a, or title and content")
	}
	return one, nil
}

// oneJSON returns the one value that a text is, without the space around it.
func oneJSON(text string) (json.RawMessage, error) {
	d := json.NewDecoder(strings.NewReader(text))
	var whole json.RawMessage
	if err := d.Decode(&whole); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind its end")
	}
	return whole, nil
}

// jsonMember is a member of an object.
type jsonMember struct {
	name string
	raw  json.RawMessage
}

// jsonMembers are the members of an object, in its order.
func jsonMembers(object json.RawMessage) (members []jsonMember, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	for _, err = d.Token(); err == nil && d.More(); {
		var name json.Token
		if name, err = d.Token(); err != nil {
			break
		}
		m := jsonMember{}
		m.name, _ = name.(string)
		err = d.Decode(&m.raw)
		members = append(members, m)
	}
	return members, err
}

// of says which list it is, if that has a name.
func (m jsonMember) of() string {
	if m.name == "" {
		return ""
	}
	return " of " + m.name
}

// text is the value of a string, nothing for null, and JSON for anything else.
func (m jsonMember) text() string {
	var s string
	if json.Unmarshal(m.raw, &s) != nil {
		s = string(m.raw)
	}
	return plainLines(s)
}
