package agentootel

import (
	"errors"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// errorType returns the kind of an error, or "" if err is nil. Observers also receive
// network errors, which are not *agento.Error values.
func errorType(err error) string {
	var e *agento.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind()
	}
	return errs.Kind(errs.Failure{Cause: err})
}

// attemptType returns the error.type of an attempt: the status of an error response, or
// the kind of err.
func attemptType(status int, err error) string {
	if err == nil && status >= 400 {
		return strconv.Itoa(status)
	}
	return errorType(err)
}

// setError sets the error status of a call's span. The description is the kind of error,
// because the service's message may contain private data.
func setError(span trace.Span, err error) {
	kind := errorType(err)
	attrs := []attribute.KeyValue{semconv.ErrorTypeKey.String(kind)}
	var e *agento.Error
	if errors.As(err, &e) && plainCode(e.Code) {
		attrs = append(attrs, keyErrorCode.String(string(e.Code)))
	}
	if errors.Is(err, agento.ErrOutcomeUnknown) {
		attrs = append(attrs, keyOutcomeUnknown.Bool(true))
		kind += ", the write may have been applied"
	}
	span.SetAttributes(attrs...)
	span.SetStatus(codes.Error, kind)
}

// plainCode reports whether code has the form of an error code. Other text may contain
// private data.
func plainCode(code agento.Code) bool {
	return code != "" && len(code) <= 48 && strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") == ""
}
