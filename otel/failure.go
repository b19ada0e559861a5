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

// errorType is the kind of an error, "" for nil. Observers also get errors of the
// network, which are not an *agento.Error.
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

// attemptType is the error.type of an attempt: that of the error if no answer
// came, the status if that says an error.
func attemptType(status int, err error) string {
	if err == nil && status >= 400 {
		return strconv.Itoa(status)
	}
	return errorType(err)
}

// failed marks a call's span. The description is the error's kind; what the
// service said stays out of it.
func failed(span trace.Span, err error) {
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

// plainCode reports whether a code looks like one: a field of that name may hold
// anything.
func plainCode(code agento.Code) bool {
	return code != "" && len(code) <= 48 && strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") == ""
}
