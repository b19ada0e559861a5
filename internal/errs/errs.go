// Package errs contains the errors that several packages of the SDK share.
package errs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Errors that package agento exports under the same names.
var (
	ErrValidation      = errors.New("agento: validation failed")
	ErrNotFound        = errors.New("agento: not found")
	ErrOutcomeUnknown  = errors.New("agento: outcome of the write unknown")
	ErrListIncomplete  = errors.New("agento: the list may be incomplete")
	ErrCrossOrigin     = errors.New("agento: request for another origin refused")
	ErrStreamTruncated = errors.New("agento: stream ended before it was complete")
	ErrStreamIdle      = errors.New("agento: stream was silent for too long")
	ErrEventTooLarge   = errors.New("agento: event too large")
	ErrNotEventStream  = errors.New("agento: the response is not an event stream")
)

// ArgumentError reports an invalid argument, found before anything is sent. It matches
// ErrValidation.
type ArgumentError struct{ Name, Problem string }

// Argument returns an *ArgumentError for the named argument.
func Argument(name, format string, args ...any) error {
	return &ArgumentError{Name: name, Problem: fmt.Sprintf(format, args...)}
}

func (e *ArgumentError) Error() string { return "agento: " + e.Name + " " + e.Problem }

// Is reports whether target is ErrValidation.
func (e *ArgumentError) Is(target error) bool { return target == ErrValidation }

// MaxLine is the maximum number of bytes that Line keeps.
const MaxLine = 1000

// Line returns text from outside the program in a form that is safe for one line of a
// terminal or log: shortened, with control characters escaped.
func Line(s string) string {
	s = Shorten(s, MaxLine)
	quoted := strconv.Quote(s)
	inner := quoted[1 : len(quoted)-1]
	if len(inner) == len(s) {
		return s
	}
	return strings.ReplaceAll(inner, `\"`, `"`)
}

// Shorten returns s, or if it has more than most bytes, its first characters and "…".
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// Several returns an error with the given text that matches whatever the errors match.
func Several(text string, all []error) error { return &several{text, all} }

type several struct {
	text string
	all  []error
}

func (e *several) Error() string   { return e.text }
func (e *several) Unwrap() []error { return e.all }

// Word returns name, quoted if it would not be a single word in a list or contains
// characters that a terminal would interpret.
func Word(name string) string {
	quoted := strconv.Quote(name)
	if name == "" || len(quoted) > len(name)+2 || strings.ContainsAny(name, " []") {
		return quoted
	}
	return name
}
