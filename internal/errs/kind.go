package errs

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
)

// Failure is what the class of an error depends on.
type Failure struct {
	Cause    error
	Status   int    // of the response; 0 without one
	Code     string // of the response, if it is a documented one
	Reported bool   // the service reported an error
	Unread   bool   // the call succeeded, but its result could not be read
}

// ends are the errors that end a call or a stream whatever the response was, in order
// of precedence: the end of the caller's context explains the others.
var ends = []struct {
	err  error
	kind string
}{
	{context.Canceled, "canceled"},
	{context.DeadlineExceeded, "deadline_exceeded"},
	{ErrCrossOrigin, "cross_origin"},
	{ErrNotEventStream, "not_event_stream"},
	{ErrEventTooLarge, "event_too_large"},
	{ErrStreamIdle, "stream_idle"},
	{ErrStreamTruncated, "stream_truncated"},
}

// Kind returns the class of a failure, one of those that Error.Kind of package agento
// documents.
func Kind(f Failure) string {
	for _, end := range ends {
		if errors.Is(f.Cause, end.err) {
			return end.kind
		}
	}
	network := networkKind(f.Cause)
	switch {
	case f.Code != "":
		return f.Code
	case f.Status >= 300:
		return strconv.Itoa(f.Status)
	case network != "":
		return network
	case f.Unread || f.Status >= 200 && f.Cause != nil:
		return "unreadable_response"
	case f.Reported:
		return "service_error"
	}
	return "_OTHER"
}

// networkKind names an error of the network, "" for another error.
func networkKind(err error) string {
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
	return ""
}
