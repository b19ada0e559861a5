package chathttp

import (
	"net/http"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// RelayOption changes how [Relay] passes an answer on.
type RelayOption func(*relayOptions) error

type relayOptions struct {
	heartbeat, writeTimeout time.Duration
	filter                  func(agento.ChatEvent) any
}

// WithHeartbeat sets how long nothing may be sent to the browser before it gets a
// comment, so that proxies do not close the connection. The default is 15 s.
func WithHeartbeat(d time.Duration) RelayOption {
	return func(o *relayOptions) error {
		o.heartbeat = d
		return checkPositive("WithHeartbeat", d)
	}
}

// WithWriteTimeout sets how long one write to the browser may take. A slower
// browser is disconnected with [ErrBrowserGone]. The default is 30 s.
func WithWriteTimeout(d time.Duration) RelayOption {
	return func(o *relayOptions) error {
		o.writeTimeout = d
		return checkPositive("WithWriteTimeout", d)
	}
}

// WithFilter passes on more than text and done: f is called for every other
// event, and its result is sent to the browser as JSON unless it is nil. Return
// [agento.ChatEvent.Raw] only for events that may be public: a tool event can
// contain a secret.
func WithFilter(f func(agento.ChatEvent) any) RelayOption {
	return func(o *relayOptions) error {
		o.filter = f
		return nil
	}
}

func checkPositive(name string, d time.Duration) error {
	if d <= 0 {
		return errs.Argument(name, "is not positive: %v", d)
	}
	return nil
}

// Relay passes an agent's answer on to a browser as server-sent events, each as
// soon as it arrives, and returns when the answer has ended. Call it before
// anything else is written to w. Open the stream with the context of the
// browser's request, so that it ends when the browser goes away.
//
// Each event is a JSON object on a data line: {"type":"text","content":…}, then
// {"type":"done"}. If the answer is not complete, the last event is
// {"type":"error","error":{"code":…,"message":…}} instead. Its code is
// interrupted, busy or unavailable, and its message is fixed; the message of the
// service is not sent. Headers keep proxies from buffering the response, comments
// are sent while the agent is silent, and the server's WriteTimeout does not
// apply.
//
// Relay returns nil if the whole answer was passed on, the error of
// [agento.Stream.Err], or [ErrBrowserGone]. It closes the stream. If w cannot
// flush, Relay writes nothing and returns an error: a middleware that wraps w
// needs a method Unwrap. A wrapper with Flush alone works, but disables
// WithWriteTimeout, and the server's WriteTimeout then applies.
func Relay(w http.ResponseWriter, s *agento.ChatStream, opts ...RelayOption) error {
	defer func() { _ = s.Close() }()
	o := relayOptions{heartbeat: defaultHeartbeat, writeTimeout: defaultWriteTimeout}
	for _, opt := range opts {
		if opt == nil {
			return errs.Argument("opts", "contain an empty RelayOption")
		}
		if err := opt(&o); err != nil {
			return err
		}
	}
	if flusher(w) == nil {
		return errCannotFlush
	}
	out := newWriter(w, o.writeTimeout)
	out.start(o.heartbeat)
	defer out.stop()
	r := relay{out: out, filter: o.filter}
	failure, gone := r.run(s)
	out.finish()
	if gone != nil {
		return gone
	}
	return failure
}

// relay passes the events of one answer on to a browser.
type relay struct {
	out     *writer
	filter  func(agento.ChatEvent) any // nil: only text and done
	finish  bool                       // read the answer to its end even if the browser has gone
	text    *strings.Builder           // the answer's text; nil: not needed
	skipped error                      // why the first event of the filter that was skipped cannot be encoded
}

// maxBatch is the number of bytes from which on events are written although more
// have arrived: the write timeout applies to one batch.
const maxBatch = 16 << 10

// run passes events on until the stream ends. failure is nil if the answer is
// complete; gone is not nil if the browser did not get all of it.
func (r *relay) run(s *agento.ChatStream) (failure, gone error) {
	if !r.finish {
		r.out.notify(func() { _ = s.Close() })
	}
	if err := r.out.send(); err != nil && !r.finish {
		return agento.ErrStreamTruncated, err
	}
	complete := false
	for e, err := range s.All() {
		if err != nil {
			failure = err
			break
		}
		complete = e.Type == agento.ChatDone
		if r.text != nil {
			r.text.WriteString(e.Content)
		}
		if r.pass(e, s.Buffered()) != nil && !r.finish {
			break
		}
	}
	if failure == nil && !complete { // the stream was closed
		failure = agento.ErrStreamTruncated
	}
	if gone = r.out.failure(); gone == nil {
		r.end(failure)
	}
	return failure, gone
}

// pass encodes an event and writes it, unless it can share a write with the next.
func (r *relay) pass(e agento.ChatEvent, more bool) error {
	r.add(e)
	pending := len(r.out.pending)
	if pending == 0 || more && pending < maxBatch && e.Type != agento.ChatDone {
		return nil
	}
	return r.out.send()
}

// add encodes an event, if the browser is to get it.
func (r *relay) add(e agento.ChatEvent) {
	switch {
	case e.Type == agento.ChatText:
		r.out.addText(e.Content)
	case e.Type == agento.ChatDone:
		r.out.addDone()
	case r.filter != nil:
		if err := r.out.add(r.filter(e)); err != nil && r.skipped == nil {
			r.skipped = err
		}
	}
}

// end writes what is pending, and an error event if the answer is not complete.
func (r *relay) end(failure error) {
	if failure != nil {
		r.out.addError(publicCode(failure))
	}
	if len(r.out.pending) > 0 {
		_ = r.out.send() // the browser may have gone
	}
}
