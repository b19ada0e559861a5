package agento

import (
	"cmp"
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

// Errors for [errors.Is]. An [*Error] matches by its code if the code is documented or ends
// in _not_found, and otherwise by its status.
var (
	// ErrValidation: the service rejected the request as invalid (400), or the SDK
	// rejected an argument before sending.
	ErrValidation = errs.ErrValidation
	// ErrUnauthorized: the key is missing, invalid, expired or revoked (401).
	ErrUnauthorized = errors.New("agento: unauthorized")
	// ErrForbidden: the key lacks the scope, or the plan lacks the feature (403).
	ErrForbidden = errors.New("agento: forbidden")
	// ErrLimitReached: a limit of the plan is reached. The error also matches ErrForbidden.
	ErrLimitReached = errors.New("agento: plan limit reached")
	// ErrNotFound: the account has no such resource (a code that ends in _not_found).
	ErrNotFound = errs.ErrNotFound
	// ErrNoRoute: another 404: the service does not have the path, or a proxy responded.
	ErrNoRoute = errors.New("agento: no such route")
	// ErrConflict: the resource was changed, exists, or is in the wrong state (409).
	ErrConflict = errors.New("agento: conflict")
	// ErrRateLimited: the rate limit is exceeded (429), or the client's pacing does not
	// allow the call in time.
	ErrRateLimited = errors.New("agento: rate limited")
	// ErrInternal: an error of the service or a proxy (5xx).
	ErrInternal = errors.New("agento: internal error")
	// ErrOutcomeUnknown: a write may have been applied, but its response is missing,
	// unreadable or a server error. Or it was applied, and its result could not be read.
	// Read before you decide to write again.
	ErrOutcomeUnknown = errs.ErrOutcomeUnknown
	// ErrStreamTruncated: a stream ended before it was complete.
	ErrStreamTruncated = errs.ErrStreamTruncated
	// ErrStreamIdle: a stream received no data for its idle timeout.
	ErrStreamIdle = errs.ErrStreamIdle
	// ErrEventTooLarge: an event of a stream exceeds the limit.
	ErrEventTooLarge = errs.ErrEventTooLarge
	// ErrNotEventStream: the response to the request for a stream is not an event stream.
	ErrNotEventStream = errs.ErrNotEventStream
	// ErrCrossOrigin: a request was not sent, because its origin is not that of the base
	// URL, for example after a change by middleware.
	ErrCrossOrigin = errs.ErrCrossOrigin
)

// Code is the machine-readable code of an error. Unknown codes are preserved.
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

// Error is the error of a call or stream. Use [errors.As] to get it, and [errors.Is] to
// compare it with the errors of this package. It never has the API key, or a secret of four
// or more characters that the call sent.
type Error struct {
	// StatusCode is the status of the last response. It is 0 if there was none, if the
	// client's pacing rejected the call, and for most errors of an open stream.
	StatusCode int
	Code       Code   // of the response, or CodeRateLimited for a call that the client's pacing rejects
	Message    string // of the service or the SDK, or an excerpt of the response
	RequestID  string // quote it to support
	Method     string
	Path       string // with the query
	// RetryAfter is the wait that the service or the client's pacing asks for; 0 if not
	// known.
	RetryAfter time.Duration
	RateLimit  RateLimit
	Attempts   int    // number of requests sent
	Body       []byte // of the response, at most 1 MiB

	cause   error
	unknown bool   // a write that may have been applied
	hint    string // advice for the reader of the error
	// confirmed: the service confirmed the write; only its result could not be read.
	confirmed bool
}

// Error returns the request, the reason and the request ID in one line. Control characters
// are escaped.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("agento: ")
	if e.Method != "" {
		b.WriteString(errs.Line(e.Method+" "+e.Path) + ": ")
	}
	b.WriteString(e.reason())
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

// reason returns status, code, message and cause.
func (e *Error) reason() string {
	var status, cause string
	if e.StatusCode != 0 {
		status = strconv.Itoa(e.StatusCode) + " "
	}
	if e.cause != nil {
		cause = errs.Line(strings.TrimPrefix(e.cause.Error(), "agento: "))
	}
	parts := []string{strings.TrimSpace(status + errs.Line(string(e.Code))), errs.Line(e.Message), cause}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return cmp.Or(strings.Join(parts, ": "), "failed")
}

// Unwrap returns the cause, such as a network error or the context's.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether the error matches an error of this package.
func (e *Error) Is(target error) bool {
	if target == ErrOutcomeUnknown {
		return e.unknown
	}
	if kind, ok := kindOfCode[e.Code]; ok {
		return target == kind || e.Code == CodeLimitReached && target == ErrForbidden
	}
	switch {
	case strings.HasSuffix(string(e.Code), notFoundCodeSuffix):
		return target == ErrNotFound
	case e.StatusCode >= 500:
		return target == ErrInternal
	}
	kind, ok := kindOfStatus[e.StatusCode]
	return ok && target == kind
}

var kindOfCode = map[Code]error{
	CodeValidation:    ErrValidation,
	CodeUnauthorized:  ErrUnauthorized,
	CodeForbidden:     ErrForbidden,
	CodeLimitReached:  ErrLimitReached,
	CodeAgentNotFound: ErrNotFound,
	CodeSwarmNotFound: ErrNotFound,
	CodeConflict:      ErrConflict,
	CodeRateLimited:   ErrRateLimited,
	CodeInternal:      ErrInternal,
}

var kindOfStatus = map[int]error{
	http.StatusBadRequest:      ErrValidation,
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusForbidden:       ErrForbidden,
	http.StatusNotFound:        ErrNoRoute, // not ErrNotFound: a caller might then create a resource that exists
	http.StatusConflict:        ErrConflict,
	http.StatusTooManyRequests: ErrRateLimited,
}

// Kind returns the class of the error as one word, for metrics and alerts:
//   - a documented [Code], or a status such as "502" of an unsuccessful response without one;
//   - "canceled", "deadline_exceeded": the caller's context ended;
//   - "stream_truncated", "stream_idle", "event_too_large", "not_event_stream";
//   - "timeout", "dns", "network": no response, or a part of one;
//   - "unreadable_response": a success whose body is not the expected one;
//   - "service_error": an error event or an error in a 2xx body, without a documented code;
//   - "cross_origin": see [ErrCrossOrigin]; "_OTHER": any other error.
func (e *Error) Kind() string {
	f := errs.Failure{Cause: e.cause, Status: e.StatusCode, Reported: e.Code != "" || e.Message != "", Unread: e.confirmed}
	if kindOfCode[e.Code] != nil {
		f.Code = string(e.Code)
	}
	return errs.Kind(f)
}

// LogValue returns the error as a group of attributes, without its body.
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

// refusal returns the wait that a pacer reported when it rejected a call.
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

// newError returns an error with the fields of a response, without the key and the secrets
// of the call.
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

// callError returns the error of a failed call. It is nil for a deletion that an earlier
// attempt has done.
func callError(info CallInfo, out *transport.Outcome) error {
	e := newError(info, out)
	e.unknown, e.cause = out.Unknown, out.Err
	if out.StatusCode != 0 {
		e.setMessage(out)
	}
	if deletedBefore(out, e) {
		return nil
	}
	if wait, ok := refusal(out.Refused); ok { // there was a response, and the pacer did not allow a retry
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

// setMessage sets code and message from a response, or an excerpt of the response if it
// has neither.
func (e *Error) setMessage(out *transport.Outcome) {
	code, message := wire.Error(out.Body[:min(len(out.Body), maxErrorBody)])
	e.Code, e.Message = redactCode(out, Code(code)), out.Redact(message)
	switch {
	case code != "" || message != "" || out.Err != nil:
	case out.StatusCode >= 300 && out.StatusCode < 400:
		e.Message = "redirects are not followed, because the key must not go to another origin"
	default:
		if e.Message = wire.Excerpt(e.Body); e.Message == "" {
			e.Message = wire.StatusText(out.StatusCode)
		}
	}
}

// redactCode redacts a code, unless it is documented. The suffix _not_found is kept.
func redactCode(out *transport.Outcome, code Code) Code {
	if kindOfCode[code] != nil {
		return code
	}
	clean := out.Redact(string(code))
	if strings.HasSuffix(string(code), notFoundCodeSuffix) && !strings.HasSuffix(clean, notFoundCodeSuffix) {
		clean += notFoundCodeSuffix
	}
	return Code(clean)
}

// deletedBefore reports whether a deletion found no resource, after an attempt that may
// have deleted it.
func deletedBefore(out *transport.Outcome, e *Error) bool {
	return e.Method == http.MethodDelete && out.EarlierMayHaveApplied && out.Err == nil &&
		out.StatusCode == http.StatusNotFound && errors.Is(e, ErrNotFound)
}

// unreadableError returns the error of a 2xx response whose body has another form. A write
// may have been applied anyway.
func unreadableError(info CallInfo, out *transport.Outcome, cause error) error {
	e := newError(info, out)
	e.unknown = transport.IsWrite(info.Method)
	if code, message := wire.Error(out.Body[:min(len(out.Body), maxErrorBody)]); code != "" || message != "" {
		e.setMessage(out)
		e.unknown = e.unknown && (out.EarlierMayHaveApplied || Code(code) == CodeInternal)
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

// aboutForm says whether the form of a response is documented, and what to do.
func (info CallInfo) aboutForm() string {
	const advice = "read the body with WithResponse, or run speccheck on the service's OpenAPI document (docs/contract.md)"
	switch info.evidence {
	case route.Documented:
		return info.Operation + " is documented, some of its fields are inferred; " + advice
	case route.TitleOnly:
		return "the API reference lists " + info.Operation + " by its title only, so the SDK infers its form; " + advice
	}
	return ""
}

// aboutRoute says whether a path that got a 404 is documented.
func (info CallInfo) aboutRoute() string {
	switch info.evidence {
	case route.Documented:
		return fmt.Sprintf("the path of %s is documented; check the base URL", info.Operation)
	case route.TitleOnly:
		return fmt.Sprintf("the path of %s is inferred from the API reference, which lists the operation by its title only", info.Operation)
	}
	return "the service or a proxy does not have the path"
}
