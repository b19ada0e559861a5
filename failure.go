package agento

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/transport"
)

// failure is the error of a call that has no usable answer.
func (o *outgoing) failure(out *transport.Outcome) error {
	if o.repeatedDelete(out) {
		return nil
	}
	e := o.newError(out)
	e.unknown = out.Unknown
	e.cause = out.Err
	if out.StatusCode != 0 {
		e.Code, e.Message = readError(out)
		if e.Code == "" && e.Message == "" {
			e.Message = o.otherAnswer(out, e.Body)
		}
	}
	if wait, ok := refusal(out.Refused); ok { // there was an answer, and no turn to try once more
		e.RetryAfter = max(e.RetryAfter, wait)
	}
	if wait, ok := refusal(out.Err); ok {
		e.Code, e.RetryAfter, e.cause = CodeRateLimited, wait, nil
		e.Message = "the turn in the rate limit cannot come in time; nothing was sent"
		if out.Attempts > 0 {
			e.Message = "the turn for another attempt in the rate limit cannot come in time"
		}
	}
	if e.StatusCode == http.StatusNotFound && errors.Is(e, ErrNoRoute) {
		e.hint = o.aboutRoute()
	}
	return e
}

// readError reads code and message from an answer as it came, so that no secret
// can spoil its form, and returns them without the key and the secrets of the call.
func readError(out *transport.Outcome) (code Code, message string) {
	body := out.AsItCame()
	code, message = readEnvelope(body[:min(len(body), maxErrorBody)])
	return toldCode(out, code), out.Redact(message)
}

// toldCode is a code without the key and the secrets of the call. One of the
// documented words tells nothing of a secret that happens to be in it. Of others
// their kind is kept.
func toldCode(out *transport.Outcome, code Code) Code {
	if _, known := kindOfCode[code]; known || code == CodeAgentNotFound || code == CodeSwarmNotFound {
		return code
	}
	clean := out.Redact(string(code))
	if strings.HasSuffix(string(code), notFoundCodeSuffix) && !strings.HasSuffix(clean, notFoundCodeSuffix) {
		clean += notFoundCodeSuffix
	}
	return Code(clean)
}

// repeatedDelete reports whether a resource was already gone when its deletion
// was sent again: the first time did it.
func (o *outgoing) repeatedDelete(out *transport.Outcome) bool {
	if o.info.Method != http.MethodDelete || o.call.Stream || !out.Repeated || out.Err != nil || out.StatusCode != http.StatusNotFound {
		return false
	}
	code, _ := readError(out)
	return (&Error{StatusCode: out.StatusCode, Code: code}).notFoundKind() == ErrNotFound
}

// unreadable is the error of a success that does not say what it should. A write
// behind such an answer may well have been applied; where it tells of an error of
// its own, by an attempt before it, or as far as an internal error got.
func (o *outgoing) unreadable(out *transport.Outcome, cause error) error {
	e := o.newError(out)
	if code, message := readError(out); code != "" || message != "" {
		e.Code, e.Message = code, message
		e.unknown = isWrite(o.info.Method) && (out.Repeated || code == CodeInternal)
		return e
	}
	e.unknown = isWrite(o.info.Method)
	e.Message = "the answer could not be read"
	if text := excerpt(e.Body); text != "" {
		e.Message += " (" + text + ")"
	}
	e.cause = out.RedactError(cause)
	return e
}

const maxErrorBody = 1 << 20

// newError is an error with what is known of an answer. What it quotes of it is
// without the key and the secrets of the call.
func (o *outgoing) newError(out *transport.Outcome) *Error {
	body := out.Body
	if len(body) > maxErrorBody {
		body = slices.Clone(body[:maxErrorBody])
	}
	return &Error{
		StatusCode: out.StatusCode,
		RequestID:  out.RequestID(),
		Method:     o.info.Method,
		Path:       out.Redact(o.info.Path),
		RetryAfter: out.RetryAfter,
		RateLimit:  RateLimit(out.RateLimit),
		Attempts:   out.Attempts,
		Body:       out.RedactBytes(body),
	}
}

// otherAnswer describes an answer that is not in the documented form.
func (o *outgoing) otherAnswer(out *transport.Outcome, body []byte) string {
	if out.Err != nil {
		return ""
	}
	if out.StatusCode >= 300 && out.StatusCode < 400 {
		return "redirects are not followed, since the key must not go elsewhere"
	}
	if text := excerpt(body); text != "" {
		return text
	}
	return http.StatusText(out.StatusCode)
}

// aboutRoute says how sure the SDK is of a path that the service seems not to have.
func (o *outgoing) aboutRoute() string {
	switch o.evidence {
	case route.Documented:
		return fmt.Sprintf("the path of %s is documented; check the base URL", o.info.Operation)
	case route.TitleOnly:
		return fmt.Sprintf("the path of %s is inferred from the API reference, which lists the operation by its title only", o.info.Operation)
	}
	return "the service or something before it has no such path"
}

func isWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
