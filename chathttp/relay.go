package chathttp

import (
	"net/http"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// RelayOption configures [Relay].
type RelayOption func(*relayOptions) error

type relayOptions struct {
	heartbeat, writeTimeout time.Duration
	filter                  func(agento.ChatEvent) any
}

// WithHeartbeat sets the silence after which a comment is sent to the browser, to
// keep proxies from closing the connection. The default is 15 s.
func WithHeartbeat(d time.Duration) RelayOption {
	return func(o *relayOptions) error {
		o.heartbeat = d
		return checkPositive("WithHeartbeat", d)
	}
}

// WithWriteTimeout limits the time of one write to the browser. A slower browser
// is disconnected with [ErrBrowserGone]. The default is 30 s. A write may get up to an
// eighth less, because the deadline is not set for each write.
func WithWriteTimeout(d time.Duration) RelayOption {
	return func(o *relayOptions) error {
		o.writeTimeout = d
		return checkPositive("WithWriteTimeout", d)
	}
}

// WithFilter chooses which events other than text and done are sent: f is called for
// each of them, and a result that is not nil or null is sent to the browser as JSON. Return
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

// Relay sends an agent's answer to a browser as server-sent events, each as soon
// as it arrives, and returns when the answer has ended. Call it before anything
// else is written to w. Open the stream with the context of the browser's request,
// so that it ends when the browser disconnects.
//
// Each event is a JSON object on a data line: {"type":"text","content":…}, then
// {"type":"done"}. If the answer is incomplete, the last event is
// {"type":"error","error":{"code":…,"message":…}} instead. Its code is
// interrupted, busy or unavailable. Its message does not contain the service's
// message. Headers tell proxies not to buffer the response. The server's
// WriteTimeout does not apply.
//
// Relay returns nil if the whole answer was sent. Otherwise it returns
// [ErrBrowserGone] if the browser is gone, or the reason that the answer is
// incomplete. It closes the stream.
//
// If w cannot flush, Relay writes nothing and returns an error. A middleware's wrapper
// of an http.ResponseWriter should have a method Unwrap that returns the original. If it
// has only a method Flush, Relay works, but WithWriteTimeout has no effect, and the
// server's WriteTimeout applies.
func Relay(w http.ResponseWriter, s *agento.ChatStream, opts ...RelayOption) error {
	defer func() { _ = s.Close() }()
	o := relayOptions{heartbeat: defaultHeartbeat, writeTimeout: defaultWriteTimeout}
	for _, opt := range opts {
		if opt == nil {
			return errs.Argument("opts", "contain a nil RelayOption")
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
	failure, gone := r.run(s.Stream)
	out.finish()
	if gone != nil {
		return gone
	}
	return failure
}

// relay sends the events of one answer to a browser.
type relay struct {
	out     *writer
	filter  func(agento.ChatEvent) any // nil: only text and done
	finish  bool                       // read the answer to its end even if the browser disconnects
	text    *strings.Builder           // receives the answer's text; may be nil
	skipped error                      // the first error of encoding an event of filter
}

// maxBatch is the size in bytes at which pending events are written even if more
// have arrived. The write timeout applies to one batch.
const maxBatch = 16 << 10

// run sends events until the stream ends. failure is nil if the answer is complete;
// gone is not nil if the browser disconnected before the stream ended.
func (r *relay) run(s *agento.Stream[agento.ChatEvent]) (failure, gone error) {
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
		if r.pass(&e, s.Buffered()) != nil && !r.finish {
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

// pass encodes an event, and writes it unless the next event can share the write.
func (r *relay) pass(e *agento.ChatEvent, more bool) error {
	r.add(e)
	pending := len(r.out.pending)
	if pending == 0 || more && pending < maxBatch && e.Type != agento.ChatDone {
		return nil
	}
	return r.out.send()
}

// add encodes an event if the browser receives events of its type.
func (r *relay) add(e *agento.ChatEvent) {
	switch {
	case e.Type == agento.ChatText:
		r.out.addText(e.Content)
	case e.Type == agento.ChatDone:
		r.out.addDone()
	case r.filter != nil:
		if err := r.out.add(r.filter(*e)); err != nil && r.skipped == nil {
			r.skipped = err
		}
	}
}

// end writes pending events, and an error event if the answer is incomplete.
func (r *relay) end(failure error) {
	if failure != nil {
		r.out.addError(publicCode(failure))
	}
	if len(r.out.pending) > 0 {
		_ = r.out.send() // the browser may have disconnected
	}
}
