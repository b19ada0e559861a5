package transport

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
)

const redacted = "[redacted]"

// shortest is the length below which a key or a secret is not looked for:
// replacing it would garble text that has nothing to do with it.
const shortest = 4

// hidden is what must not be told of a call: the keys that it was sent with, and
// its secrets. A middleware may send a request more than once at a time.
type hidden struct {
	mu     sync.Mutex
	values []string
	first  [1]string // room for the key, which mostly is all
}

func (h *hidden) add(value string) {
	if len(value) < shortest {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = h.first[:0]
	}
	if !slices.Contains(h.values, value) {
		h.values = append(h.values, value)
	}
}

// list is what there is by now. It is only ever appended to.
func (h *hidden) list() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values
}

// redact takes what is hidden out of a text, also where it is escaped as in JSON.
func redact(text string, values []string) string {
	if len(values) == 0 || !strings.Contains(text, `\`) && !containsAny(text, values) {
		return text
	}
	return redactAll(text, values)
}

func containsAny(text string, values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(text, v) })
}

// scrub takes what is hidden out of what is told of a failure: a service or a
// proxy can echo a request, and a caller's transport can quote it in an error. The
// data of a success is the caller's, and stays. ToldHeader and RequestID do the
// same for what is mostly not asked for.
func (out *Outcome) scrub(values []string) {
	out.hidden = values
	if failed(out) {
		out.raw, out.Body = out.Body, redactBytes(out.Body, values)
	}
	out.Err = redactError(out.Err, values)
}

// AsItCame is the body with what is hidden still in it: a secret may be a word
// that the answer's own form is made of. It is there to find out what failed; what
// is told of it must pass Redact.
func (out *Outcome) AsItCame() []byte {
	if out.raw != nil {
		return out.raw
	}
	return out.Body
}

// ToldHeader is the answer's header without the keys and the secrets of the
// call. It is the caller's to keep: Header itself is read on, and a transport may
// give many answers the same.
func (out *Outcome) ToldHeader() http.Header {
	told := out.Header.Clone()
	for _, list := range told {
		for i, v := range list {
			list[i] = out.Redact(v)
		}
	}
	return told
}

// RequestID is the answer's, empty if it has none.
func (out *Outcome) RequestID() string {
	if v := out.Header["X-Request-Id"]; len(v) > 0 {
		return out.Redact(v[0])
	}
	return ""
}

// Redact takes the keys and the secrets of the call out of a text that came with
// its answer and is to be told in an error.
func (out *Outcome) Redact(text string) string { return redact(text, out.hidden) }

// RedactBytes is Redact for a body.
func (out *Outcome) RedactBytes(body []byte) []byte { return redactBytes(body, out.hidden) }

// RedactError is Redact for an error.
func (out *Outcome) RedactError(err error) error { return redactError(err, out.hidden) }

func redactBytes(body []byte, values []string) []byte {
	text := string(body)
	if clean := redact(text, values); clean != text {
		return []byte(clean)
	}
	return body
}

// redactError replaces an error that quotes what is hidden by one that does not,
// and matches the same errors. The original cannot be reached through it.
func redactError(err error, values []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := redact(text, values)
	if clean == text {
		return err
	}
	told := &redactedError{clean, func(target error) bool { return errors.Is(err, target) }}
	if Final(err) {
		return finalError{told}
	}
	return told
}

type redactedError struct {
	text string
	is   func(target error) bool
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return e.is(target) }
