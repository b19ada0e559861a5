package agento

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/stream"
	"github.com/remsyshq/agento-go/internal/transport"
)

const streamBuffer = 16 // of the channel of Events

// Event is one event of a raw stream.
type Event struct {
	ID   string // of this or the last event that had one
	Type string // "message" if the event has none
	Data []byte
}

// Stream is a stream of events. [Stream.All] reads the connection on the goroutine of its
// caller; [Stream.Events] starts a goroutine that sends the events to a channel. Read a
// stream to its end, close it, or cancel its context: each releases the connection.
//
// If Err is nil at the end, the stream is complete, or you closed it. A stream that fails
// delivers the events that arrived; then Err returns the reason. The zero value behaves
// like a stream that has ended.
type Stream[T any] struct {
	values   *stream.Values[T]  // nil: the stream has ended
	done     <-chan struct{}    // closed when the caller's context ends
	outcome  *transport.Outcome // of opening the stream; nil if made by NewStream
	observed *observerCall

	reading   sync.Mutex    // one caller reads at a time
	reporting atomic.Bool   // the end is or was reported to the observer
	reported  chan struct{} // closed after that
	ignore    func() bool   // stops reporting the end of the caller's context
	events    int
	complete  atomic.Bool // the last event was read
	closed    atomic.Bool // by the caller
	ended     atomic.Pointer[streamEnd]

	channel struct {
		sync.Mutex
		events chan T        // nil: Events was not called
		quit   chan struct{} // closed by Close
	}
}

type streamEnd struct{ err error }

// NewStream returns a stream of the given events that ends with err, for tests of code that
// reads streams.
func NewStream[T any](events []T, err error) *Stream[T] {
	return &Stream[T]{values: stream.Fixed(events, err)}
}

// next sets event to the next event, or returns false when there are no more.
func (s *Stream[T]) next(event *T) bool {
	s.reading.Lock()
	if s.closed.Load() || s.ended.Load() != nil {
		s.end(nil)
		return false
	}
	err := io.EOF
	if !s.complete.Load() {
		var last bool
		if last, err = s.values.Next(event); err == nil {
			if last {
				s.complete.Store(true)
			}
			s.events++
			s.reading.Unlock()
			return true
		}
	}
	if err == io.EOF {
		s.complete.Store(true)
		err = nil
	}
	s.end(err)
	return false
}

// end ends the stream once, and unlocks s.reading.
func (s *Stream[T]) end(err error) {
	if s.ended.Load() != nil {
		s.reading.Unlock()
		return
	}
	s.values.Finish(s.complete.Load())
	closed := s.closed.Load() && !s.complete.Load()
	if closed {
		err = nil
	}
	s.ended.Store(&streamEnd{err})
	events := s.events
	s.reading.Unlock()
	if s.observed != nil {
		s.ignore()
		s.report(endReason(err, closed), events, err)
	}
}

// report reports the end of the stream to the observer once. Other callers wait for it.
func (s *Stream[T]) report(reason StreamEndReason, events int, err error) {
	if s.reporting.Swap(true) {
		<-s.reported
		return
	}
	defer close(s.reported)
	s.observed.streamEnd(StreamEndInfo{Reason: reason, RequestID: s.outcome.RequestID(), Events: events, Err: err})
}

func endReason(err error, closed bool) StreamEndReason {
	switch {
	case closed:
		return StreamClosed
	case err == nil:
		return StreamComplete
	case errors.Is(err, ErrStreamTruncated):
		return StreamTruncated
	case errors.Is(err, ErrStreamIdle):
		return StreamIdle
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return StreamCanceled
	}
	return StreamFailed
}

// All iterates over the events. It reads them on the caller's goroutine, or receives them
// from the channel if Events was called. If the stream fails, the error is yielded last.
// Leaving the loop closes the stream.
func (s *Stream[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if s == nil || s.values == nil {
			return
		}
		defer func() { _ = s.Close() }()
		s.channel.Lock()
		events := s.channel.events // not nil: Events was called
		s.channel.Unlock()
		var event T
		for ok := true; ; {
			if events != nil {
				event, ok = <-events
			} else {
				ok = s.next(&event)
			}
			if !ok {
				break
			}
			if !yield(event, nil) {
				return
			}
		}
		if end := s.ended.Load(); end.err != nil {
			var none T
			yield(none, end.err)
		}
	}
}

// Events returns a channel of the events, with a buffer of 16. The first call starts the
// goroutine that sends to it. The channel is closed when the stream has ended; then call
// Err.
func (s *Stream[T]) Events() <-chan T {
	if s == nil || s.values == nil {
		ended := make(chan T)
		close(ended)
		return ended
	}
	s.channel.Lock()
	defer s.channel.Unlock()
	if s.channel.events == nil {
		s.channel.events = make(chan T, streamBuffer)
		s.channel.quit = make(chan struct{})
		if s.closed.Load() {
			close(s.channel.quit)
		}
		go s.feed(s.channel.events, s.channel.quit)
	}
	return s.channel.events
}

// feed sends the events to the channel. It drops an event only if the stream is closed, or
// its context ends while the channel is full.
func (s *Stream[T]) feed(events chan<- T, quit <-chan struct{}) {
	defer close(events)
	var event T
	for s.next(&event) {
		select {
		case events <- event:
			continue
		default:
		}
		select {
		case events <- event:
		case <-quit:
		case <-s.done:
			select {
			case events <- event: // the channel is no longer full
			default:
				s.reading.Lock()
				s.events--
				s.complete.Store(false)
				s.reading.Unlock()
				s.values.Interrupt()
			}
		}
	}
}

// Buffered reports whether [Stream.All] can continue at once: the next event has arrived,
// or the stream is known to have ended. A caller that forwards events can flush if it is
// false. It is not for use with Events.
func (s *Stream[T]) Buffered() bool {
	if s == nil || s.values == nil {
		return true
	}
	s.reading.Lock()
	buffered := s.ended.Load() != nil || s.closed.Load() || s.complete.Load() || s.values.Ready()
	s.reading.Unlock()
	return buffered
}

// Err returns the error that ended the stream. It is nil while the stream is open, and if
// it is complete or was closed by the caller. It is an [*Error] with the request ID
// of the connection, or the error given to [NewStream]. It matches the cause of the context,
// [ErrStreamTruncated], [ErrStreamIdle], [ErrEventTooLarge], [ErrNotEventStream], or the
// errors for the code of an error event or of the response to a reconnect.
func (s *Stream[T]) Err() error {
	if s == nil {
		return nil
	}
	if end := s.ended.Load(); end != nil {
		return end.err
	}
	return nil
}

// Close closes the stream and releases its connection. It may be called more than once and
// by any goroutine, also within a range over the stream. Events may still deliver up to 16
// buffered events. Close always returns nil.
func (s *Stream[T]) Close() error {
	if s == nil || s.values == nil {
		return nil
	}
	if !s.closed.Swap(true) {
		s.channel.Lock()
		if s.channel.quit != nil {
			close(s.channel.quit)
		}
		s.channel.Unlock()
	}
	if s.ended.Load() == nil && !s.complete.Load() {
		s.values.Interrupt()
	}
	s.reading.Lock()
	s.end(nil)
	return nil
}

// Response returns the response that opened the stream, without a body.
func (s *Stream[T]) Response() Response {
	var r Response
	if s != nil && s.outcome != nil {
		r.set(s.outcome)
	}
	return r
}

// open sends a call whose response is an event stream. It returns when the headers have
// arrived. idle is the default idle timeout.
func open(c *call, idle time.Duration) (*opened, error) {
	idle = cmp.Or(c.settings.idleTimeout, idle)
	c.spec.Stream = true
	c.info.Stream = true
	c.spec.HeaderTimeout = idle
	out := c.send()
	err := c.openError(out)
	if c.observed != nil {
		c.observed.done(out, err)
	}
	if err != nil {
		return nil, err
	}
	return &opened{call: c, outcome: out, idle: idle}, nil
}

// opened is an event stream whose headers have arrived.
type opened struct {
	call    *call
	outcome *transport.Outcome
	idle    time.Duration
}

func (o *opened) fail(cause error) *Error { return streamError(o.call.info, o.outcome, cause) }

// newStream returns the stream of the values of an event stream. caller is the caller's
// context.
func newStream[T any](caller context.Context, o *opened, v *stream.Values[T]) *Stream[T] {
	v.Reader = stream.NewReader(o.call.ctx, o.outcome.Stream.Reader, o.outcome.Stream.Closer, *sse.NewDecoder(o.call.settings.maxEventSize), o.idle)
	s := &Stream[T]{values: v, outcome: o.outcome, observed: o.call.observed, done: caller.Done()}
	if s.observed == nil {
		return s
	}
	v.First = s.observed.firstEvent
	s.reported = make(chan struct{})
	s.ignore = context.AfterFunc(caller, func() { // for a stream that is not read
		if !s.reading.TryLock() {
			return // the reader reports the end
		}
		events, ended := s.events, s.ended.Load() != nil
		s.reading.Unlock()
		if !ended {
			s.report(StreamCanceled, events, errs.Context(caller))
		}
	})
	return s
}

// openError returns an error if a response is not an event stream.
func (c *call) openError(out *transport.Outcome) error {
	if out.Failed() {
		var timeout *transport.TimeoutError
		if errors.As(out.Err, &timeout) {
			out.Err = ErrStreamIdle
		}
		return callError(c.info, out)
	}
	// Some proxies remove the Content-Type. The body is checked later.
	kind, _, _ := strings.Cut(out.Header.Get("Content-Type"), ";")
	kind = strings.TrimSpace(kind)
	if out.StatusCode != http.StatusNoContent && (kind == "" || strings.EqualFold(kind, "text/event-stream")) {
		return nil
	}
	return notEventStreamError(c.info, out, stream.Excerpt(out.Stream.Reader, out.Stream.Closer))
}

// notEventStreamError returns the service's error if the body has an error code, else
// ErrNotEventStream with the error message or an excerpt.
func notEventStreamError(info CallInfo, out *transport.Outcome, body []byte) *Error {
	other := *out
	other.Body = body
	e := newError(info, &other)
	e.setMessage(&other)
	if e.Code == "" {
		e.cause = ErrNotEventStream
		e.unknown = transport.IsWrite(info.Method)
	}
	return e
}

// streamError returns the error of an open stream.
func streamError(info CallInfo, out *transport.Outcome, cause error) *Error {
	var other *stream.NotEventStreamError
	if errors.As(cause, &other) {
		return notEventStreamError(info, out, other.Body)
	}
	e := newError(info, out)
	e.StatusCode, e.RetryAfter, e.Body = 0, 0, nil
	e.cause = out.RedactError(cause)
	return e
}

// rawHandler handles the events of a raw stream.
type rawHandler struct{ *opened }

// AtEnd returns io.EOF if the stream is complete, which it is at EOF.
func (h rawHandler) AtEnd(reason error) error {
	if reason == io.EOF {
		return io.EOF
	}
	return h.fail(reason)
}

// Decode copies one event.
func (rawHandler) Decode(ev *sse.Event) stream.Decoded[Event] {
	e := Event{ID: string(ev.ID), Type: string(ev.Type), Data: bytes.Clone(ev.Data)}
	if e.Type == "" {
		e.Type = "message"
	}
	return stream.Decoded[Event]{Value: e}
}
