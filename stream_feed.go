package agento

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/transport"
)

// kind is what makes one kind of stream differ from another.
type kind[T any] interface {
	// event reads an event of the wire. What it returns is done with it; an
	// error ends the stream.
	event(ev sse.Event) (T, verdict, error)
	// ended is asked when a connection has ended before the stream was complete:
	// cause is nil for a clean end, inside tells whether an event was cut. It
	// returns nil if the stream is complete so, the error to end with, or
	// errContinue when feed.body is a new connection to read on.
	ended(f *feed[T], inside bool, cause error) error
}

// verdict is what becomes of an event.
type verdict uint8

const (
	skip verdict = iota
	deliver
	deliverLast // the stream is complete with it
	endQuietly  // the stream is complete, and the event itself is not for the caller
)

var errContinue = errors.New("the stream goes on with another connection")

// drainFor is how long the end of the body is waited for once a stream is
// complete: only a connection that was read to its end can be used again.
const drainFor = 100 * time.Millisecond

// feed is the goroutine of a stream: it reads the body, has the events decoded
// and delivers them. It is the only sender on the channel, and closes it.
type feed[T any] struct {
	stream  *Stream[T]
	kind    kind[T]
	caller  context.Context
	ctx     context.Context // the caller's, and ended by Close
	body    io.ReadCloser
	dec     *sse.Decoder
	limit   time.Duration // of silence
	idle    *idleWatch    // of body
	watch   *watch
	objects bool                    // a line of data that is a JSON object is an event of its own
	typed   bool                    // events without data count where they have a type
	fail    func(cause error) error // dresses an error with what is known of the stream
	begun   bool                    // the first event was reported
	events  int                     // delivered, markers too
}

// start opens the channel and begins to read.
func (f *feed[T]) start(o *outgoing, out *transport.Outcome) *Stream[T] {
	ctx, cancel := context.WithCancelCause(o.ctx)
	f.stream = &Stream[T]{
		events:   make(chan T, streamBuffer),
		finished: make(chan struct{}),
		cancel:   cancel,
		response: responseOf(out),
	}
	f.caller, f.ctx = o.ctx, ctx
	f.body = out.Stream
	f.dec = sse.NewDecoder(o.settings.maxEventSize)
	if f.typed {
		f.dec.DispatchTyped()
	}
	f.fail = func(cause error) error { return o.streamError(out, cause) }
	go f.run()
	return f.stream
}

func (f *feed[T]) run() {
	s := f.stream
	err := errContinue
	for err == errContinue {
		err = f.readBody()
	}
	s.complete = err == nil
	if !s.closed.Load() {
		s.err = err
	}
	f.report()
	s.cancel(nil)
	close(s.finished)
	close(s.events)
}

func (f *feed[T]) report() {
	e := StreamEndInfo{Reason: endReason(f.stream.err), RequestID: f.stream.response.RequestID, Events: f.events, Err: f.stream.err}
	if f.stream.closed.Load() {
		e.Reason = StreamClosed
	}
	f.watch.streamEnd(e)
}

// readBody reads the present connection to its end and releases it. It returns
// nil if the stream is complete, or errContinue if f.body is a new connection.
func (f *feed[T]) readBody() error {
	body := f.body
	release := context.AfterFunc(f.ctx, func() { _ = body.Close() })
	f.idle = watchIdle(body, f.limit)
	complete, cause, err := f.pump(body)
	if complete {
		f.drain(body)
	}
	f.idle.end()
	release()
	_ = body.Close()
	if complete || err != nil {
		return err
	}
	if f.over() { // a cancelled connection can look like one that ended well
		return f.contextError()
	}
	return f.kind.ended(f, f.dec.Pending(), cause)
}

// pump delivers the events of one body. It ends complete, with an error that
// ends the stream, or with neither when the body has ended, cause being nil if
// that was clean.
func (f *feed[T]) pump(body io.Reader) (complete bool, cause, err error) {
	for {
		complete, err := f.deliverReady()
		if complete || err != nil {
			return complete, nil, err
		}
		if cause != nil {
			return false, f.endCause(cause), nil
		}
		f.idle.reading()
		n, readErr := body.Read(f.dec.Buffer())
		f.idle.rest()
		f.dec.Advance(n)
		cause = readErr
	}
}

// endCause says why a body ended: nil for a clean end, our own limit where that
// cut it.
func (f *feed[T]) endCause(readErr error) error {
	switch {
	case f.idle.fired.Load():
		return ErrStreamIdle
	case readErr == io.EOF:
		return nil
	}
	return readErr
}

// deliverReady delivers the events that are complete in the decoder.
func (f *feed[T]) deliverReady() (complete bool, err error) {
	for {
		ev, ok, err := f.dec.Next()
		if err != nil {
			return false, f.fail(ErrEventTooLarge)
		}
		if !ok {
			return false, nil
		}
		for rest, more := ev.Data, true; more; {
			ev.Data, rest, more = f.cut(rest)
			if complete, err := f.deliver(ev); complete || err != nil {
				return complete, err
			}
		}
	}
}

// cut takes one event's data from that of a block: the documented example of an
// answer has a line of data for each event, and no blank lines between.
func (f *feed[T]) cut(data []byte) (one, rest []byte, more bool) {
	if f.objects {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(rest) > 0 && bytes.HasPrefix(line, []byte("{")) && json.Valid(line) {
			return line, rest, true
		}
	}
	return data, nil, false
}

// deliver hands one event on. It reports whether the stream is complete with it.
func (f *feed[T]) deliver(ev sse.Event) (complete bool, err error) {
	value, verdict, err := f.kind.event(ev)
	if err != nil {
		return false, err
	}
	if verdict == deliver || verdict == deliverLast {
		f.announce()
		if !f.send(value) {
			return false, f.contextError()
		}
	}
	return verdict == deliverLast || verdict == endQuietly, nil
}

// announce reports the first event of the stream. What send is given besides, the
// marker of a log, is none.
func (f *feed[T]) announce() {
	if !f.begun && !f.stream.closed.Load() {
		f.begun = true
		f.watch.firstEvent()
	}
}

// send delivers one value. It is only given up if the stream was closed, or its
// context ended while there was no room: what is ready is not lost to a select
// that happens to choose the other case.
func (f *feed[T]) send(value T) bool {
	if f.stream.closed.Load() {
		return false
	}
	f.events++
	select {
	case f.stream.events <- value:
		if f.events == 1 {
			runtime.Gosched() // a reader that waits for the first event goes before the next read
		}
		return true
	default:
	}
	select {
	case f.stream.events <- value:
		return true
	case <-f.ctx.Done():
	}
	select {
	case f.stream.events <- value:
		return true
	default:
		f.events--
		return false
	}
}

// over reports whether the stream's context has ended. The caller's is asked too:
// its end reaches the connection and f.ctx in any order.
func (f *feed[T]) over() bool { return f.caller.Err() != nil || f.ctx.Err() != nil }

func (f *feed[T]) contextError() error {
	if f.caller.Err() != nil {
		return f.fail(errs.Context(f.caller))
	}
	return f.fail(errs.Context(f.ctx))
}

// drain reads what is left of the body of a complete stream, for a short time.
func (f *feed[T]) drain(body io.ReadCloser) {
	timer := time.AfterFunc(drainFor, func() { _ = body.Close() })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, body, 4<<10)
}

// streamError dresses an error with what is known of the stream.
func (o *outgoing) streamError(out *transport.Outcome, cause error) error {
	e := o.newError(out)
	e.StatusCode, e.RetryAfter, e.Body = 0, 0, nil
	e.cause = out.RedactError(cause)
	return e
}

// truncated says that a stream ended too early, and why.
func truncated(cause error) error {
	if cause == nil {
		return ErrStreamTruncated
	}
	if errors.Is(cause, ErrStreamIdle) {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrStreamTruncated, cause)
}

// idleWatch closes a body that has been silent for too long. Its timer is armed
// once; a read only leaves a note of when it began to wait, which is cheaper than
// to move the timer at each.
type idleWatch struct {
	body    io.Closer
	limit   time.Duration
	begun   time.Time
	waiting atomic.Int64 // since when a read waits, as nanoseconds after begun; 0: none does
	fired   atomic.Bool
	ended   atomic.Bool
	timer   *time.Timer
}

// watchIdle begins to watch. Each body has a watch of its own: a check that is
// late must not close another.
func watchIdle(body io.Closer, limit time.Duration) *idleWatch {
	w := &idleWatch{body: body, limit: limit, begun: time.Now()}
	w.timer = time.AfterFunc(math.MaxInt64, w.check)
	w.timer.Reset(limit) // only now, since check uses the timer
	return w
}

func (w *idleWatch) reading() { w.waiting.Store(int64(time.Since(w.begun)) + 1) }
func (w *idleWatch) rest()    { w.waiting.Store(0) }

func (w *idleWatch) end() {
	w.ended.Store(true)
	w.timer.Stop()
}

// check runs when the limit may have passed. While nobody waits for the network
// the silence is the reader's own.
func (w *idleWatch) check() {
	left := w.limit
	if since := w.waiting.Load(); since != 0 {
		left = w.limit - (time.Since(w.begun) - time.Duration(since-1))
	}
	if left <= 0 {
		w.fired.Store(true)
		_ = w.body.Close()
		return
	}
	w.timer.Reset(left)
	if w.ended.Load() {
		w.timer.Stop()
	}
}
