package agento

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"
)

const (
	streamBuffer = 16
	closeWait    = time.Second // how long Close waits for the transport
)

// Event is one event of a raw stream.
type Event struct {
	ID   string // the last event id that the stream named
	Type string // "message" where the wire names none
	Data []byte
}

// Stream is a stream of events that arrive while it is read. One goroutine feeds
// it; it ends, and its connection is free, when the stream has ended, was closed
// or its context is done.
//
// A stream that ends with a nil error is complete, unless you closed it. In every other case the
// events that arrived are delivered, and Err says what is missing.
type Stream[T any] struct {
	events   chan T
	finished chan struct{} // closed when err is settled, before events is
	err      error
	complete bool        // settled with err
	closed   atomic.Bool // by the caller
	cancel   context.CancelCauseFunc
	response Response
}

// Events returns the channel of the events. It is closed exactly once, when the
// stream has ended; then ask Err.
func (s *Stream[T]) Events() <-chan T { return s.events }

// Err returns why the stream ended, nil if it is complete or was closed by the
// caller. Before the channel is closed it is nil. It is an [*Error] with the
// request id of the stream and matches, as the case may be,
//   - [ErrStreamTruncated]: the connection ended before the stream was complete;
//   - [ErrStreamIdle]: nothing came for longer than the idle timeout;
//   - [ErrEventTooLarge]: an event exceeds the limit;
//   - the context's error and its cause;
//   - what an error event in a chat names, by its code.
func (s *Stream[T]) Err() error {
	select {
	case <-s.finished:
		return s.err
	default:
		return nil
	}
}

// Close ends the stream and frees its connection. It may be called more than
// once, from any goroutine, also inside a range over Events: up to 16 events that
// were already there may still arrive. It returns an error if the HTTP transport
// does not let go of the connection within a second.
func (s *Stream[T]) Close() error {
	s.closed.Store(true)
	s.cancel(context.Canceled)
	select {
	case <-s.finished:
		return nil
	default:
	}
	timer := time.NewTimer(closeWait)
	defer timer.Stop()
	select {
	case <-s.finished:
		return nil
	case <-timer.C:
		return errNotReleased
	}
}

var errNotReleased = errors.New("agento: the HTTP transport did not let go of the stream's connection within " + closeWait.String())

// All iterates over the events. A stream that does not end well yields its error
// last. Leaving the loop closes the stream.
func (s *Stream[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer func() { _ = s.Close() }()
		for event := range s.events {
			if !yield(event, nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}
}

// Response returns what came back when the stream was opened: status, request
// id, headers, rate limit.
func (s *Stream[T]) Response() Response { return s.response }
