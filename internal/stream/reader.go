// Package stream reads the events of one response body: decoding, the idle timeout,
// and the end of the connection. It knows nothing of the API.
package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/sse"
)

const (
	// drainFor and drainSize limit how long and how far Finish reads to the end of a
	// body. A connection is reused only after its body was read to the end.
	drainFor  = 100 * time.Millisecond
	drainSize = 4 << 10

	excerptFor  = time.Second
	excerptSize = 64 << 10
)

// Reader reads the events of one body on the goroutine of its caller. Only Interrupt may be
// called while another method runs.
type Reader struct {
	Decoder sse.Decoder

	body   io.Reader
	closer io.Closer    // of body; makes a blocked Read return
	since  atomic.Int64 // start of the current read, in ns after opened; 0: not reading; -1: finished
	opened time.Time
	timer  *time.Timer // ends a read that takes longer than idle; nil: the context ends earlier
	begun  bool        // something was read
	events bool        // an event was returned
	silent atomic.Bool // the idle timeout ended the body
	end    error       // why the body ended; nil: it has not
	first  []byte      // the beginning of a body that does not look like an event stream

	ctx     context.Context
	idle    time.Duration
	setting sync.Mutex // while timer is being set
}

// NotEventStreamError reports a body that is not an event stream.
type NotEventStreamError struct{ Body []byte }

func (e *NotEventStreamError) Error() string { return errs.ErrNotEventStream.Error() }

// Unwrap returns ErrNotEventStream.
func (e *NotEventStreamError) Unwrap() error { return errs.ErrNotEventStream }

// NewReader returns a reader of body, whose Read must return when ctx ends. It resets
// decoder and continues with its last event ID and retry time.
func NewReader(ctx context.Context, body io.Reader, closer io.Closer, decoder sse.Decoder, idle time.Duration) *Reader {
	r := &Reader{Decoder: decoder, ctx: ctx, body: body, closer: closer, idle: idle, opened: time.Now()}
	r.Decoder.Reset()
	if deadline, ok := ctx.Deadline(); !ok || deadline.Sub(r.opened) > idle {
		r.setting.Lock()
		r.timer = time.AfterFunc(idle, r.expire)
		r.setting.Unlock()
	}
	return r
}

// Buffered sets ev to the next event that has arrived, whose slices are valid until
// the next call.
func (r *Reader) Buffered(ev *sse.Event) bool {
	ok, err := r.Decoder.Next(ev)
	if err != nil {
		r.end = errs.ErrEventTooLarge
	}
	r.events = r.events || ok
	return ok
}

// Fill reads once from the body, or returns why the last read ended it. Call it when Buffered
// has returned false. The error is io.EOF if the body has ended between two events, or
// ErrStreamTruncated if it has ended inside an event or a read has failed. Other errors are
// ErrStreamIdle, ErrEventTooLarge, a *NotEventStreamError and the context's error.
func (r *Reader) Fill() error {
	if r.end != nil {
		return r.reason()
	}
	buf := r.Decoder.Buffer()
	if r.timer != nil {
		r.since.Store(max(int64(time.Since(r.opened)), 1))
	}
	n, err := r.body.Read(buf)
	r.since.Store(0)
	if n > 0 && !r.begun {
		r.begun = true
		if other := r.inspect(buf[:n]); other != nil {
			err = other
		}
	}
	r.Decoder.Advance(n)
	r.end = err
	return nil
}

// inspect checks the first bytes of a body. It reports JSON and HTML at once. It keeps
// other text in r.first; r.reason reports that if the body has no events.
func (r *Reader) inspect(first []byte) error {
	text := bytes.TrimLeft(bytes.TrimPrefix(first, []byte("\xEF\xBB\xBF")), "\r\n\t ")
	for _, field := range []string{"data", "event", "id", "retry", ":"} {
		if n := min(len(field), len(text)); string(text[:n]) == field[:n] {
			return nil
		}
	}
	r.first = bytes.Clone(first)
	if bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
		return &NotEventStreamError{append(r.first, Excerpt(r.body, r.closer)...)}
	}
	return nil
}

// Excerpt reads the beginning of a body that is not an event stream, for a short time,
// and closes the body.
func Excerpt(body io.Reader, closer io.Closer) []byte {
	timer := time.AfterFunc(excerptFor, func() { _ = closer.Close() })
	defer timer.Stop()
	read, _ := io.ReadAll(io.LimitReader(body, excerptSize))
	_ = closer.Close()
	return read
}

// expire interrupts a read that has waited longer than idle. Checking the time of the read
// here is cheaper than resetting the timer for each read.
func (r *Reader) expire() {
	rest := r.idle
	since := r.since.Load()
	if since < 0 {
		return
	}
	if since > 0 {
		rest -= time.Since(r.opened) - time.Duration(since)
	}
	if rest > 0 {
		r.setting.Lock()
		r.timer.Reset(rest)
		r.setting.Unlock()
		return
	}
	r.silent.Store(true)
	r.Interrupt()
}

// reason returns why the body ended. A canceled connection can look like a regular end, so
// the context is checked before r.end is compared with io.EOF.
func (r *Reader) reason() error {
	var other *NotEventStreamError
	switch {
	case errors.As(r.end, &other):
		return other
	case r.end == errs.ErrEventTooLarge:
		return r.end
	case r.ctx.Err() != nil:
		return errs.Context(r.ctx)
	case r.silent.Load():
		return errs.ErrStreamIdle
	case r.first != nil && !r.events:
		return &NotEventStreamError{r.first}
	case !errors.Is(r.end, io.EOF):
		return fmt.Errorf("%w: %w", errs.ErrStreamTruncated, r.end)
	case r.Decoder.Pending():
		return errs.ErrStreamTruncated
	}
	return io.EOF
}

// Interrupt closes the body, so that a read returns.
func (r *Reader) Interrupt() { _ = r.closer.Close() }

// Finish releases the connection. If the stream is complete, it first reads to the end of
// the body for a short time.
func (r *Reader) Finish(complete bool) {
	if complete && r.end == nil {
		timer := time.AfterFunc(drainFor, r.Interrupt)
		_, _ = io.CopyN(io.Discard, r.body, drainSize)
		timer.Stop()
	}
	r.since.Store(-1)
	if r.timer != nil {
		r.timer.Stop()
	}
	_ = r.closer.Close()
}
