package errs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKindOfCause(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("call: %w", err) }
	for want, causes := range map[string][]error{
		"canceled":          {context.Canceled, wrap(errors.Join(ErrStreamTruncated, context.Canceled))},
		"deadline_exceeded": {wrap(context.DeadlineExceeded)},
		"cross_origin":      {wrap(ErrCrossOrigin)},
		"not_event_stream":  {ErrNotEventStream},
		"event_too_large":   {ErrEventTooLarge},
		"stream_idle":       {errors.Join(ErrStreamTruncated, ErrStreamIdle)},
		"stream_truncated":  {fmt.Errorf("%w: %w", ErrStreamTruncated, io.ErrUnexpectedEOF)},
		"timeout":           {wrap(os.ErrDeadlineExceeded), &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}},
		"dns":               {wrap(&net.DNSError{Err: "no such host", Name: "a.example"})},
		"network":           {wrap(&net.OpError{Op: "dial", Err: errors.New("refused")}), io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe},
		"_OTHER":            {nil, errors.New("key source failed")},
	} {
		for _, cause := range causes {
			require.Equal(t, want, Kind(Failure{Cause: cause}), "%v", cause)
		}
	}
}

func TestKindPrecedence(t *testing.T) {
	for want, f := range map[string]Failure{
		"canceled":            {Cause: context.Canceled, Status: 503, Code: "internal_error"},
		"conflict":            {Status: 409, Code: "conflict", Reported: true},
		"502":                 {Cause: io.ErrUnexpectedEOF, Status: 502},
		"302":                 {Status: 302, Reported: true},
		"network":             {Cause: io.ErrUnexpectedEOF, Status: 200},
		"unreadable_response": {Cause: errors.New("invalid character"), Status: 200, Reported: true},
		"service_error":       {Reported: true},
	} {
		require.Equal(t, want, Kind(f))
	}
	require.Equal(t, "unreadable_response", Kind(Failure{Status: 204, Reported: true, Unread: true}))
	require.Equal(t, "service_error", Kind(Failure{Status: 200, Reported: true}))
}
