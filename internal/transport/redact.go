package transport

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

const (
	redacted = "[redacted]"
	// shortestSecret is the minimum length of a key or secret that is redacted.
	// Replacing a shorter one would garble unrelated text.
	shortestSecret = 4
	// shortestEnd is the minimum length of a prefix of a key or secret that is
	// redacted at the end of a truncated body.
	shortestEnd = 8
)

// Redactor removes the client's keys and the call's secrets from what is reported.
// It contains them in plain form and as JSON, longer values first, because they may
// contain others.
type Redactor []string

func (c *call) redactor() Redactor {
	keys := c.t.keys.recent.Load().forms
	if len(c.Secrets) == 0 {
		return keys
	}
	return longestFirst(append(formsOf(c.Secrets...), keys...))
}

func formsOf(values ...string) (forms Redactor) {
	for _, v := range values {
		if len(v) < shortestSecret {
			continue
		}
		forms = append(forms, v)
		for _, escapeHTML := range []bool{true, false} {
			if form := jsonForm(v, escapeHTML); !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	return longestFirst(forms)
}

func longestFirst(forms Redactor) Redactor {
	for i := range forms { // few values; slices.SortFunc would compile to more code than this file
		for ; i > 0 && len(forms[i]) > len(forms[i-1]); i-- {
			forms[i], forms[i-1] = forms[i-1], forms[i]
		}
	}
	return forms
}

// jsonForm returns text as it is written in a JSON string.
func jsonForm(text string, escapeHTML bool) string {
	if i := strings.IndexAny(text, "<>&"); i >= 0 && !escapeHTML {
		return jsonForm(text[:i], false) + text[i:i+1] + jsonForm(text[i+1:], false)
	}
	quoted, _ := json.Marshal(text) // cannot fail for a string
	return string(quoted[1 : len(quoted)-1])
}

// Redact returns text with the values replaced.
func (r Redactor) Redact(text string) string {
	for _, value := range r {
		text = strings.ReplaceAll(text, value, redacted)
	}
	return text
}

// RedactBody is like Redact, for a body that may be truncated inside a value.
func (r Redactor) RedactBody(body []byte) []byte {
	text := r.Redact(string(body))
	for _, value := range r {
		for n := min(len(value)-1, len(text)); n >= shortestEnd; n-- {
			if strings.HasSuffix(text, value[:n]) {
				text = text[:len(text)-n] + redacted
				break
			}
		}
	}
	if text == string(body) {
		return body
	}
	return []byte(text)
}

// RedactError returns err, or, if its text has something to redact, an error with the
// redacted text. errors.Is treats that like err, but it does not unwrap to err.
func (r Redactor) RedactError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := r.Redact(text)
	if clean == text {
		return err
	}
	out := &redactedError{clean, func(target error) bool { return errors.Is(err, target) }}
	if Final(err) {
		return finalError{out, errors.As(err, new(finalError)) && !neverSent(err)}
	}
	return out
}

type redactedError struct {
	text string
	is   func(target error) bool
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return e.is(target) }

// RedactedHeader returns a copy of the response's header without keys and
// secrets.
func (out *Outcome) RedactedHeader() http.Header {
	header := out.Header.Clone()
	for _, values := range header {
		for i, v := range values {
			values[i] = out.Redact(v)
		}
	}
	return header
}

// RequestID returns the X-Request-Id of the response, or "".
func (out *Outcome) RequestID() string {
	if v := out.Header["X-Request-Id"]; len(v) > 0 {
		return out.Redact(v[0])
	}
	return ""
}
