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

// streamBuffer is the size of the channel of [Stream.Events].
const streamBuffer = 16

// Event is one event of a raw stream.
type Event struct {
	ID   string // the last event ID that the stream named
	Type string // "message" where the wire names none
	Data []byte
}

// Stream is a stream of events that is read while it arrives. [Stream.All] reads the
// connection on the goroutine of its caller; [Stream.Events] starts a goroutine that
// reads it into a channel. Read a stream to its end, close it, or cancel its context:
// each frees its connection.
//
// A stream that ends with a nil error is complete, unless you closed it. In every
// other case the events that arrived are delivered, and Err says what is missing. The
// zero value behaves like a stream that has ended.
type Stream[T any] struct {
	source   source[T]          // nil: the stream has ended
	done     <-chan struct{}    // closed when the caller's context ends
	outcome  *transport.Outcome // of opening the stream; nil for one of NewStream
	observed *observerCall

	reading  sync.Mutex    // one caller reads at a time
	reported atomic.Bool   // the end is or was reported to the observer
	told     chan struct{} // closed when it was
	forget   func() bool   // of reporting when the caller's context ends
	events   int
	complete atomic.Bool // the last event was read
	closed   atomic.Bool // by the caller
	ended    atomic.Pointer[streamEnd]

	channel struct {
		sync.Mutex
		events chan T        // nil: Events was not called
		quit   chan struct{} // closed by Close
	}
}

type streamEnd struct{ err error }

// source is where the events of a stream come from: [stream.Values] or [stream.Fixed].
type source[T any] interface {
	Next() (event T, last bool, err error)
	Ready() bool
	Interrupt()
	Finish(complete bool)
}

// NewStream returns a stream that delivers events and then ends with err, nil for a
// complete stream. It is for tests of code that reads a stream.
func NewStream[T any](events []T, err error) *Stream[T] {
	return &Stream[T]{source: &stream.Fixed[T]{Events: events, Err: err}}
}

// next returns the next event, false when there are no more.
func (s *Stream[T]) next() (event T, ok bool) {
	s.reading.Lock()
	if s.closed.Load() || s.ended.Load() != nil {
		s.end(nil)
		return event, false
	}
	err := io.EOF
	if !s.complete.Load() {
		var last bool
		if event, last, err = s.source.Next(); err == nil {
			if last {
				s.complete.Store(true)
			}
			s.events++
			s.reading.Unlock()
			return event, true
		}
	}
	if err == io.EOF {
		s.complete.Store(true)
		err = nil
	}
	s.end(err)
	return event, false
}

// end ends the stream once, and unlocks s.reading.
func (s *Stream[T]) end(err error) {
	if s.ended.Load() != nil {
		s.reading.Unlock()
		return
	}
	s.source.Finish(s.complete.Load())
	closed := s.closed.Load() && !s.complete.Load()
	if closed {
		err = nil
	}
	s.ended.Store(&streamEnd{err})
	events := s.events
	s.reading.Unlock()
	if s.observed != nil {
		s.forget()
		s.report(endReason(err, closed), events, err)
	}
}

// report reports to the observer once that the stream has ended, and returns when that
// is done.
func (s *Stream[T]) report(reason StreamEndReason, events int, err error) {
	if s.reported.Swap(true) {
		<-s.told
		return
	}
	defer close(s.told)
	s.observed.streamEnd(StreamEndInfo{Reason: reason, RequestID: s.outcome.RequestID(), Events: events, Err: err})
}

// observeContext makes a stream that nobody reads report the end of its caller's
// context.
func (s *Stream[T]) observeContext(ctx context.Context) {
	s.done = ctx.Done()
	if s.observed == nil {
		return
	}
	s.told = make(chan struct{})
	s.forget = context.AfterFunc(ctx, func() {
		if !s.reading.TryLock() {
			return // the reader reports the end
		}
		events, ended := s.events, s.ended.Load() != nil
		s.reading.Unlock()
		if !ended {
			s.report(StreamCancelled, events, errs.Context(ctx))
		}
	})
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
		return StreamCancelled
	}
	return StreamFailed
}

// All iterates over the events, reading the connection on the caller's goroutine. If
// the stream fails, the error is yielded last. Leaving the loop closes the stream.
func (s *Stream[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if s == nil || s.source == nil {
			return
		}
		defer func() { _ = s.Close() }()
		s.channel.Lock()
		events := s.channel.events // not nil: Events has some of the events
		s.channel.Unlock()
		var event T
		for ok := true; ; {
			if events != nil {
				event, ok = <-events
			} else {
				event, ok = s.next()
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

// Events returns the channel of the events, with a buffer of 16. The first call
// starts the goroutine that feeds it. The channel is closed exactly once, when the
// stream has ended; then call Err.
func (s *Stream[T]) Events() <-chan T {
	if s == nil || s.source == nil {
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

// feed sends the events to the channel. An event is only dropped if the stream was
// closed, or its context ended while the channel was full.
func (s *Stream[T]) feed(events chan<- T, quit <-chan struct{}) {
	defer close(events)
	for {
		event, ok := s.next()
		if !ok {
			return
		}
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
			case events <- event: // there was room at the same moment
			default:
				s.reading.Lock()
				s.events--
				s.complete.Store(false)
				s.reading.Unlock()
				s.source.Interrupt()
			}
		}
	}
}

// Buffered reports whether the next event, or the end of the stream, can be had
// without waiting for the network. A caller that writes events elsewhere can flush
// when it returns false.
func (s *Stream[T]) Buffered() bool {
	if s == nil || s.source == nil {
		return true
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.ended.Load() != nil || s.closed.Load() || s.complete.Load() || s.source.Ready()
}

// Err returns why the stream ended, nil if it is complete or was closed by the
// caller. Before the end it is nil. It is an [*Error] with the request ID of the
// stream and matches
//   - [ErrStreamTruncated]: the connection ended before the stream was complete;
//   - [ErrStreamIdle]: nothing came for longer than the idle timeout;
//   - [ErrEventTooLarge]: an event exceeds the limit;
//   - [ErrNotEventStream]: the body is something else;
//   - the context's error and its cause;
//   - what an error event of a chat reports, by its code.
func (s *Stream[T]) Err() error {
	if s == nil {
		return nil
	}
	if end := s.ended.Load(); end != nil {
		return end.err
	}
	return nil
}

// Close ends the stream and frees its connection. It may be called more than once,
// from any goroutine, also inside a range: up to 16 events that Events has buffered
// may still arrive. It always returns nil.
func (s *Stream[T]) Close() error {
	if s == nil || s.source == nil {
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
		s.source.Interrupt()
	}
	s.reading.Lock()
	s.end(nil)
	return nil
}

// Response returns what came back when the stream was opened: status, request ID,
// headers, rate limit.
func (s *Stream[T]) Response() Response {
	if s == nil || s.outcome == nil {
		return Response{}
	}
	return responseOf(s.outcome)
}

// open sends a call whose response is an event stream. It returns when the headers
// have arrived. idle is the idle timeout, unless the caller has set one.
func open(c *call, idle time.Duration) (*opened, error) {
	idle = cmp.Or(c.settings.idleTimeout, idle)
	c.spec.Stream = true
	c.info.Stream = true
	c.spec.HeaderTimeout = idle
	out := c.send()
	err := streamOpenError(c.info, out)
	if c.observed != nil {
		c.observed.done(out, err)
	}
	if err != nil {
		return nil, err
	}
	return &opened{call: c, outcome: out, idle: idle, decoder: sse.NewDecoder(c.settings.maxEventSize)}, nil
}

// opened is an event stream whose headers have arrived.
type opened struct {
	call    *call
	outcome *transport.Outcome
	idle    time.Duration
	decoder *sse.Decoder
}

// fail is the error that ends the stream.
func (o *opened) fail(cause error) *Error { return streamError(o.call.info, o.outcome, cause) }

// newStream returns the stream of values that an event stream has, for a caller with a
// context.
func newStream[T any](caller context.Context, o *opened, v *stream.Values[T]) *Stream[T] {
	observed := o.call.observed
	v.Reader = stream.NewReader(o.call.ctx, o.outcome.Stream, o.decoder, o.idle)
	if observed != nil {
		v.First = observed.firstEvent
	}
	if v.Stop == nil {
		v.Stop = v.Reader.Interrupt
	}
	s := &Stream[T]{source: v, outcome: o.outcome, observed: observed}
	s.observeContext(caller)
	return s
}

// streamOpenError returns the error of a call that has no event stream, nil if it has
// one.
func streamOpenError(info CallInfo, out *transport.Outcome) error {
	var timeout *transport.TimeoutError
	if errors.As(out.Err, &timeout) {
		out.Err = ErrStreamIdle
	}
	if out.Failed() {
		return callError(info, out)
	}
	// Some proxies drop the Content-Type. The body is inspected anyway.
	kind, _, _ := strings.Cut(out.Header.Get("Content-Type"), ";")
	kind = strings.TrimSpace(kind)
	if out.StatusCode != http.StatusNoContent && (kind == "" || strings.EqualFold(kind, "text/event-stream")) {
		return nil
	}
	return notEventStreamError(info, out, stream.Excerpt(out.Stream))
}

// notEventStreamError is the service's error if the body has one, else
// ErrNotEventStream with an excerpt.
func notEventStreamError(info CallInfo, out *transport.Outcome, body []byte) *Error {
	other := *out
	other.Body = body
	e := newError(info, &other)
	e.setMessage(&other)
	if e.Code == "" {
		e.cause = ErrNotEventStream
		e.unknown = isWrite(info.Method)
	}
	return e
}

// streamError is the error of an open stream, with what is known of its response.
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

// atEnd ends a raw stream, which has no end mark.
func (o *opened) atEnd(reason error) error {
	if reason == io.EOF {
		return io.EOF
	}
	return o.fail(reason)
}

func decodeEvent(ev *sse.Event) stream.Decoded[Event] {
	e := Event{ID: string(ev.ID), Type: string(ev.Type), Data: bytes.Clone(ev.Data)}
	if e.Type == "" {
		e.Type = "message"
	}
	return stream.Decoded[Event]{Value: e}
}
