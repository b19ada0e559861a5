package agento

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Errors to test for with [errors.Is]. An [*Error] matches those that fit its
// code, or its status where the code is not one of the known ones.
var (
	// ErrValidation: the body, the query or the path failed validation (400).
	// A bad argument that the SDK itself refuses, before any network, matches
	// it too.
	ErrValidation = errs.ErrValidation
	// ErrUnauthorized: the key is missing, invalid, expired or revoked (401).
	ErrUnauthorized = errors.New("agento: unauthorized")
	// ErrForbidden: the key lacks the scope, or the plan lacks the feature (403).
	ErrForbidden = errors.New("agento: forbidden")
	// ErrLimitReached: a limit of the plan is reached. Such an error is also
	// ErrForbidden.
	ErrLimitReached = errors.New("agento: plan limit reached")
	// ErrNotFound: the resource does not exist, or is not of this account (a
	// code that ends in _not_found).
	ErrNotFound = errors.New("agento: not found")
	// ErrNoRoute: a 404 that does not come from a missing resource: the service
	// has no such path, or something in between answered.
	ErrNoRoute = errors.New("agento: no such route")
	// ErrConflict: the optimistic concurrency check failed (409).
	ErrConflict = errors.New("agento: conflict")
	// ErrRateLimited: over the rate limit (429), or refused by the client's own
	// pacing because the turn could not come in time.
	ErrRateLimited = errors.New("agento: rate limited")
	// ErrInternal: an error of the service, or of a proxy before it (5xx).
	ErrInternal = errors.New("agento: internal error")
	// ErrOutcomeUnknown: a write may or may not have been applied: it was sent,
	// and no answer told, or what it made could not be read. Read before writing
	// again.
	ErrOutcomeUnknown = errors.New("agento: outcome of the write unknown")
	// ErrStreamTruncated: a stream ended before its end mark.
	ErrStreamTruncated = errs.ErrStreamTruncated
	// ErrStreamIdle: a stream was silent for longer than its idle timeout.
	ErrStreamIdle = errs.ErrStreamIdle
	// ErrEventTooLarge: an event of a stream exceeds the limit.
	ErrEventTooLarge = errs.ErrEventTooLarge
	// ErrNotEventStream: a stream was asked for and something else came.
	ErrNotEventStream = errs.ErrNotEventStream
	// ErrCrossOrigin: a request was about to leave for another origin than the
	// base URL, for example because a middleware changed it. It was not sent.
	ErrCrossOrigin = errs.ErrCrossOrigin
)

// Code is the machine-readable code of an error. Codes that are not listed here
// pass through as they came.
type Code string

// The documented codes.
const (
	CodeValidation    Code = "validation_error"
	CodeUnauthorized  Code = "unauthorized"
	CodeForbidden     Code = "forbidden"
	CodeLimitReached  Code = "limit_reached"
	CodeAgentNotFound Code = "agent_not_found"
	CodeSwarmNotFound Code = "swarm_not_found"
	CodeConflict      Code = "conflict"
	CodeRateLimited   Code = "rate_limit_exceeded"
	CodeInternal      Code = "internal_error"
)

const notFoundCodeSuffix = "_not_found"

// Error is a call that failed after it was accepted for sending. Use [errors.As]
// to get at it and [errors.Is] with the errors of this package to tell its kind.
//
// It never holds the API key, nor a secret that the call sent.
type Error struct {
	// StatusCode is that of the last answer; 0 when there was none, when the
	// client's own pacing refused the call, and for an error event in a stream.
	StatusCode int
	Code       Code   // empty where the answer has none
	Message    string // what the service says, or an excerpt of what came instead
	RequestID  string // quote it to support
	Method     string
	Path       string // with the query
	// RetryAfter is what the service asks to wait, or how long the turn would
	// have been in coming; 0 if nothing is known.
	RetryAfter time.Duration
	RateLimit  RateLimit
	Attempts   int    // how often the call was sent
	Body       []byte // of the answer, at most 1 MiB

	cause   error
	unknown bool   // a write that may have been applied
	hint    string // what the reader should know besides
}

// Error names what failed, how, and the request id. It is one line: control
// characters in what the service said are escaped.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("agento: ")
	if e.Method != "" {
		b.WriteString(errs.Line(e.Method + " " + e.Path))
		b.WriteString(": ")
	}
	b.WriteString(e.what())
	if e.unknown {
		b.WriteString("; the write may have been applied")
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; retry after %v", e.RetryAfter)
	}
	if e.hint != "" {
		b.WriteString("; " + e.hint)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	if e.RequestID != "" {
		b.WriteString(" (request id " + errs.Line(e.RequestID) + ")")
	}
	return b.String()
}

// what tells the answer and the cause, as far as there are any.
func (e *Error) what() string {
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, strconv.Itoa(e.StatusCode))
	}
	if e.Code != "" {
		parts = append(parts, errs.Line(string(e.Code)))
	}
	text := strings.Join(parts, " ")
	if e.Message != "" {
		text = join(text, errs.Line(e.Message))
	}
	if e.cause != nil {
		text = join(text, errs.Line(strings.TrimPrefix(e.cause.Error(), "agento: ")))
	}
	if text == "" {
		return "failed"
	}
	return text
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ": " + b
}

// Unwrap gives the cause, such as a network error or the context's.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is one of this package's errors that fits.
func (e *Error) Is(target error) bool {
	if target == ErrOutcomeUnknown {
		return e.unknown
	}
	if kind, ok := kindOfCode[e.Code]; ok {
		return target == kind || e.Code == CodeLimitReached && target == ErrForbidden
	}
	switch {
	case e.StatusCode == http.StatusNotFound:
		return target == e.notFoundKind()
	case strings.HasSuffix(string(e.Code), notFoundCodeSuffix):
		return target == ErrNotFound
	case e.StatusCode >= 500:
		return target == ErrInternal
	}
	kind, ok := kindOfStatus[e.StatusCode]
	return ok && target == kind
}

// notFoundKind keeps a missing resource apart from a path that nobody has: only
// the first is a reason to create something.
func (e *Error) notFoundKind() error {
	if strings.HasSuffix(string(e.Code), notFoundCodeSuffix) {
		return ErrNotFound
	}
	return ErrNoRoute
}

var kindOfCode = map[Code]error{
	CodeValidation:   ErrValidation,
	CodeUnauthorized: ErrUnauthorized,
	CodeForbidden:    ErrForbidden,
	CodeLimitReached: ErrLimitReached,
	CodeConflict:     ErrConflict,
	CodeRateLimited:  ErrRateLimited,
	CodeInternal:     ErrInternal,
}

var kindOfStatus = map[int]error{
	http.StatusBadRequest:      ErrValidation,
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusForbidden:       ErrForbidden,
	http.StatusConflict:        ErrConflict,
	http.StatusTooManyRequests: ErrRateLimited,
}

// LogValue is the error as a group of attributes, without its body.
func (e *Error) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 8)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, errs.Line(value)))
		}
	}
	add("method", e.Method)
	add("path", e.Path)
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	add("code", string(e.Code))
	add("message", e.Message)
	add("request_id", e.RequestID)
	if e.cause != nil {
		add("cause", e.cause.Error())
	}
	attrs = append(attrs, slog.Int("attempts", e.Attempts))
	if e.unknown {
		attrs = append(attrs, slog.Bool("outcome_unknown", true))
	}
	return slog.GroupValue(attrs...)
}

// envelope is the documented form of an error answer. Its fields are read one
// by one, so that one of a wrong type does not take the other with it.
type envelope struct {
	Error struct {
		Code    json.RawMessage `json:"code"`
		Message json.RawMessage `json:"message"`
	} `json:"error"`
}

// readEnvelope reads code and message from an error answer, both empty if it
// is not in the documented form.
func readEnvelope(body []byte) (code Code, message string) {
	var env envelope
	if json.Unmarshal(body, &env) != nil {
		return "", ""
	}
	return Code(text(env.Error.Code)), text(env.Error.Message)
}

// text is a JSON string's value, or the JSON itself for anything else but null.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// excerpt is the beginning of a body that is not in the documented form.
func excerpt(body []byte) string {
	const most = 200
	s := strings.Join(strings.Fields(string(body[:min(len(body), 4*most)])), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
