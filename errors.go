package agento

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/pace"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wire"
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
	hint    string // what to do about it
	// confirmed: the service confirmed the write; only its result could not be read.
	confirmed bool
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
	if e.unknown && !e.confirmed {
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

// refusal returns the wait that a pacer reported when it refused a call.
func refusal(err error) (time.Duration, bool) {
	var refused *pace.RefusedError
	if errors.As(err, &refused) {
		return refused.RetryAfter, true
	}
	var own *Error
	if errors.As(err, &own) {
		return own.RetryAfter, own.Code == CodeRateLimited
	}
	return 0, false
}

const maxErrorBody = 1 << 20

// newError returns an error with what is known of a response, without the key and
// the secrets of the call.
func newError(info CallInfo, out *transport.Outcome) *Error {
	body := out.Body
	if len(body) > maxErrorBody {
		body = slices.Clone(body[:maxErrorBody])
	}
	return &Error{
		StatusCode: out.StatusCode,
		RequestID:  out.RequestID(),
		Method:     info.Method,
		Path:       out.Redact(info.Path),
		RetryAfter: out.RetryAfter,
		RateLimit:  RateLimit(out.RateLimit),
		Attempts:   out.Attempts,
		Body:       out.RedactBody(body),
	}
}

// callError returns the error of a call that has no usable response. It is nil for a
// deletion that an earlier attempt has done.
func callError(info CallInfo, out *transport.Outcome) error {
	e := newError(info, out)
	e.unknown = out.Unknown
	e.cause = out.Err
	if out.StatusCode != 0 {
		e.setMessage(out)
	}
	if deletedBefore(out, e) {
		return nil
	}
	if wait, ok := refusal(out.Refused); ok { // there was a response, and no permission to retry
		e.RetryAfter = max(e.RetryAfter, wait)
	}
	if wait, ok := refusal(out.Err); ok {
		e.Code, e.RetryAfter, e.cause = CodeRateLimited, wait, nil
		e.Message = "the rate limit does not allow the call in time; nothing was sent"
		if out.Attempts > 0 {
			e.Message = "the rate limit does not allow another attempt in time"
		}
	}
	if errors.Is(e, ErrNoRoute) {
		e.hint = info.aboutRoute()
	}
	return e
}

// setMessage takes code and message from a response, or an excerpt of it where it
// has another form.
func (e *Error) setMessage(out *transport.Outcome) {
	code, message := wire.Error(out.Body[:min(len(out.Body), maxErrorBody)])
	e.Code, e.Message = redactCode(out, Code(code)), out.Redact(message)
	switch {
	case code != "" || message != "" || out.Err != nil:
	case out.StatusCode >= 300 && out.StatusCode < 400:
		e.Message = "redirects are not followed, because the key must not go elsewhere"
	default:
		if e.Message = wire.Excerpt(e.Body); e.Message == "" {
			e.Message = wire.StatusText(out.StatusCode)
		}
	}
}

// redactCode redacts a code. The documented ones stay: a secret that happens to be
// the same word is not in them. Of others their kind stays.
func redactCode(out *transport.Outcome, code Code) Code {
	if _, known := kindOfCode[code]; known || code == CodeAgentNotFound || code == CodeSwarmNotFound {
		return code
	}
	clean := out.Redact(string(code))
	if strings.HasSuffix(string(code), notFoundCodeSuffix) && !strings.HasSuffix(clean, notFoundCodeSuffix) {
		clean += notFoundCodeSuffix
	}
	return Code(clean)
}

// deletedBefore reports whether a resource was already gone when its deletion was
// retried: the first attempt deleted it.
func deletedBefore(out *transport.Outcome, e *Error) bool {
	return e.Method == http.MethodDelete && out.Retried && out.Err == nil &&
		out.StatusCode == http.StatusNotFound && errors.Is(e, ErrNotFound)
}

// unreadableError returns the error of a success whose body is not what it should be. A
// write may have been applied anyway.
func unreadableError(info CallInfo, out *transport.Outcome, cause error) error {
	e := newError(info, out)
	e.unknown = isWrite(info.Method)
	if code, message := wire.Error(out.Body[:min(len(out.Body), maxErrorBody)]); code != "" || message != "" {
		e.setMessage(out)
		e.unknown = e.unknown && (out.Retried || Code(code) == CodeInternal)
		return e
	}
	e.Message = "the response could not be read"
	if text := wire.Excerpt(e.Body); text != "" {
		e.Message += " (" + text + ")"
	}
	e.cause = out.RedactError(cause)
	e.hint = info.aboutForm()
	return e
}

// aboutForm says how sure the SDK is of the form of a response, and what to do.
func (info CallInfo) aboutForm() string {
	const advice = "compare the service's OpenAPI document with speccheck, or read the body with WithResponse"
	switch info.evidence {
	case route.Documented:
		return info.Operation + " is documented, some of its fields are inferred; " + advice
	case route.TitleOnly:
		return info.Operation + " is inferred from its title; " + advice
	}
	return ""
}

// aboutRoute says how sure the SDK is of a path that the service does not have.
func (info CallInfo) aboutRoute() string {
	switch info.evidence {
	case route.Documented:
		return fmt.Sprintf("the path of %s is documented; check the base URL", info.Operation)
	case route.TitleOnly:
		return fmt.Sprintf("the path of %s is inferred from the API reference, which lists the operation by its title only", info.Operation)
	}
	return "the service or something before it has no such path"
}

func isWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
