package agento

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/transport"
)

// open sends a call whose answer is an event stream and returns when its headers
// are there. The outcome has an open stream, or the error is not nil.
func (o *outgoing) open(idle time.Duration) (*watch, *transport.Outcome, error) {
	o.call.Stream = true
	o.call.HeaderTimeout = idle
	w := o.observe()
	out := o.core.transport.Do(o.ctx, &o.call)
	o.note(out)
	err := o.judgeStream(out)
	told := false
	defer func() {
		if !told && out.Stream != nil { // the caller's observer has panicked
			_ = out.Stream.Close()
		}
	}()
	w.callDone(out, err)
	told = true
	return w, out, err
}

// idleTimeout is the caller's, or that of the kind of stream.
func (s *settings) idleTimeoutOr(d time.Duration) time.Duration {
	if s.idleTimeout > 0 {
		return s.idleTimeout
	}
	return d
}

// judgeStream sees whether what came is an event stream.
func (o *outgoing) judgeStream(out *transport.Outcome) error {
	if out.Err != nil || out.Stream == nil {
		var timeout *transport.TimeoutError
		if errors.As(out.Err, &timeout) {
			out.Err = ErrStreamIdle
		}
		return o.failure(out)
	}
	if out.StatusCode != http.StatusNoContent && isEventStream(out.Header.Get("Content-Type")) {
		return nil
	}
	out.Body = readExcerpt(out.Stream)
	out.Stream = nil
	e := o.newError(out)
	e.Code, e.Message = readError(out)
	if e.Code == "" && e.Message == "" {
		e.cause = ErrNotEventStream
		e.Message = excerpt(e.Body)
		e.unknown = isWrite(o.info.Method)
	}
	return e
}

// readExcerpt reads a little of what came instead of a stream, without waiting
// long for it.
func readExcerpt(body io.ReadCloser) []byte {
	timer := time.AfterFunc(time.Second, func() { _ = body.Close() })
	defer timer.Stop()
	defer func() { _ = body.Close() }()
	read, _ := io.ReadAll(io.LimitReader(body, 64<<10))
	return read
}

// Stream opens an event stream that the SDK has no method for. Method, path and
// body are as for [Client.Do]; scope and form are the operation's affair. The
// stream is complete when the connection ends between two events; inside of one
// it is [ErrStreamTruncated]. Its idle timeout is 10 min by default.
func (c *Client) Stream(ctx context.Context, method, path string, body any, opts ...Option) (*Stream[Event], error) {
	o, err := c.core.prepareRaw(ctx, method, path, body, opts)
	if err != nil {
		return nil, err
	}
	o.info.Stream = true
	idle := o.settings.idleTimeoutOr(defaultChatIdle)
	o.call.Impatient = true
	w, out, err := o.open(idle)
	if err != nil {
		return nil, err
	}
	f := &feed[Event]{kind: rawKind{}, watch: w, limit: idle}
	return f.start(o, out), nil
}

// rawKind passes events on as they are.
type rawKind struct{}

func (rawKind) event(ev sse.Event) (Event, verdict, error) {
	e := Event{ID: string(ev.ID), Type: string(ev.Type), Data: bytes.Clone(ev.Data)}
	if e.Type == "" {
		e.Type = "message"
	}
	return e, deliver, nil
}

func (rawKind) ended(f *feed[Event], inside bool, cause error) error {
	if !inside && cause == nil {
		return nil
	}
	return f.fail(truncated(cause))
}

// isEventStream accepts a missing Content-Type too: some proxies drop it, and
// what is no event stream then ends as a truncated one.
func isEventStream(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	return kind == "" || strings.EqualFold(kind, "text/event-stream")
}
