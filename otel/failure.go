package agentootel

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	agento "github.com/remsyshq/agento-go"
)

// kinds are the errors whose name says more than a status code, in the order in
// which they are asked for: the end of the caller's context explains all others.
var kinds = []struct {
	err  error
	name string
}{
	{context.Canceled, "cancelled"},
	{context.DeadlineExceeded, "deadline_exceeded"},
	{agento.ErrCrossOrigin, "cross_origin"},
	{agento.ErrNotEventStream, "not_event_stream"},
	{agento.ErrEventTooLarge, "event_too_large"},
	{agento.ErrStreamIdle, "stream_idle"},
	{agento.ErrStreamTruncated, "stream_truncated"},
}

var documentedCodes = map[agento.Code]bool{
	agento.CodeValidation: true, agento.CodeUnauthorized: true, agento.CodeForbidden: true,
	agento.CodeLimitReached: true, agento.CodeAgentNotFound: true, agento.CodeSwarmNotFound: true,
	agento.CodeConflict: true, agento.CodeRateLimited: true, agento.CodeInternal: true,
}

// errorType names an error in one of few words, none of them from the service
// but for the documented codes. It is "" for nil.
func errorType(err error) string {
	if err == nil {
		return ""
	}
	for _, kind := range kinds {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	var e *agento.Error
	if errors.As(err, &e) {
		switch {
		case documentedCodes[e.Code]:
			return string(e.Code)
		case e.StatusCode >= 300:
			return strconv.Itoa(e.StatusCode)
		case e.StatusCode >= 200 && e.Unwrap() != nil:
			return answerType(e.Unwrap())
		case e.Code != "" || e.Message != "":
			return "service_error" // an event of a stream, or inside of a 2xx
		}
	}
	return networkType(err)
}

// answerType names why a success could not be taken as one.
func answerType(cause error) string {
	if name := networkType(cause); name != semconv.ErrorTypeOther.Value.AsString() {
		return name
	}
	return "unreadable_answer"
}

func networkType(err error) string {
	var timeout interface{ Timeout() bool }
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &op), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return "network"
	}
	return semconv.ErrorTypeOther.Value.AsString()
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
