package chathttp

import (
	"errors"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// ErrBrowserGone: what [Relay] wrote did not reach the browser any
// more: it went away, or it read too slowly.
var ErrBrowserGone = errors.New("agento: the browser went away")

const (
	defaultHeartbeat    = 15 * time.Second
	defaultWriteTimeout = 30 * time.Second
)

// RelayOption changes how [Relay] passes an answer on.
type RelayOption func(*relay) error

// WithHeartbeat sets how long the browser may be sent nothing before it gets a
// comment, which keeps proxies from taking the connection for dead. The default
// is 15 s.
func WithHeartbeat(d time.Duration) RelayOption {
	return func(r *relay) error {
		r.heartbeat = d
		return checkPositive("WithHeartbeat", d)
	}
}

// WithWriteTimeout sets how long the browser may take for what is written at
// once; one that is slower is given up with [ErrBrowserGone]. The default is 30 s.
func WithWriteTimeout(d time.Duration) RelayOption {
	return func(r *relay) error {
		r.browser.timeout = d
		return checkPositive("WithWriteTimeout", d)
	}
}

// WithFilter lets more than text and done through: f is asked about every other
// event, and what it returns is sent to the browser as JSON, nil being nothing.
// Return [agento.ChatEvent.Raw] only of events that are known to be fit for the public:
// a tool event may carry a secret.
func WithFilter(f func(agento.ChatEvent) any) RelayOption {
	return func(r *relay) error {
		r.filter = f
		return nil
	}
}

func checkPositive(name string, d time.Duration) error {
	if d <= 0 {
		return errs.Argument(name, "is not positive: %v", d)
	}
	return nil
}

// Relay passes the answer on to a browser as server-sent events, each as soon as
// it is there, and returns when the answer has ended. Call it before anything
// else is written to w. Open the stream with the context of the browser's
// request, so that it ends when the browser goes away.
//
// The browser gets a JSON object on each data line: {"type":"text","content":…},
// then {"type":"done"}; and {"type":"error","error":{"code":…,"message":…}} in
// place of done if the answer is not complete. The code is interrupted, busy or
// unavailable, and the message is fixed: nothing of what the service said. The
// response's headers keep proxies from holding events back, comments are sent
// while the agent is silent, and the server's WriteTimeout does not apply.
//
// It returns nil if the whole answer was passed on; the error of [agento.Stream.Err];
// or [ErrBrowserGone]. It closes the stream. If w cannot flush, it writes nothing
// and returns an error: a middleware that wraps w needs a method Unwrap. Flush
// alone is not enough for WithWriteTimeout to hold, nor to keep the server's
// WriteTimeout from cutting the answer.
func Relay(w http.ResponseWriter, s *agento.ChatStream, opts ...RelayOption) error {
	defer func() { _ = s.Close() }()
	r := relay{browser: newBrowser(w), events: s.Events(), heartbeat: defaultHeartbeat}
	for _, opt := range opts {
		if opt == nil {
			return errs.Argument("opts", "hold an empty RelayOption")
		}
		if err := opt(&r); err != nil {
			return err
		}
	}
	if !canFlush(w) {
		return errCannotFlush
	}
	complete, err := r.run()
	return r.end(s, complete, err)
}

// relay passes the events of one answer on to a browser.
type relay struct {
	browser   *browser
	events    <-chan agento.ChatEvent
	heartbeat time.Duration
	filter    func(agento.ChatEvent) any // nil: text and done only
}

// maxBatch bounds, in bytes, what is written at once: the write deadline is for
// one batch.
const maxBatch = 16 << 10

// run passes events on until the answer is complete or its channel is closed.
// Its error is ErrBrowserGone, or that of an event which cannot be encoded.
func (r *relay) run() (complete bool, err error) {
	if err := r.browser.send(); err != nil {
		return false, err
	}
	silence := time.NewTimer(r.heartbeat)
	defer silence.Stop()
	for {
		select {
		case e, open := <-r.events:
			if !open {
				return false, nil
			}
			if complete, err = r.gather(e); err != nil {
				return false, err
			}
			if len(r.browser.pending) == 0 { // it was not for the browser
				continue
			}
			err = r.browser.send()
		case <-silence.C:
			err = r.browser.beat()
		}
		if complete || err != nil {
			return complete && err == nil, err
		}
		silence.Reset(r.heartbeat)
	}
}

// gather encodes an event and those that are there already: they can share a
// write, and none has to wait for it.
func (r *relay) gather(e agento.ChatEvent) (complete bool, err error) {
	for {
		if complete, err = r.add(e); complete || err != nil || len(r.browser.pending) > maxBatch {
			return complete, err
		}
		var open bool
		select {
		case e, open = <-r.events:
			if !open { // run will see it too
				return false, nil
			}
		default:
			return false, nil
		}
	}
}

// add encodes one event, if it is for the browser.
func (r *relay) add(e agento.ChatEvent) (last bool, err error) {
	switch e.Type {
	case agento.ChatText:
		return false, r.browser.add(textEvent{agento.ChatText, e.Content})
	case agento.ChatDone:
		return true, r.browser.add(plainEvent{agento.ChatDone})
	}
	if r.filter == nil {
		return false, nil
	}
	if passed := r.filter(e); passed != nil {
		return false, r.browser.add(passed)
	}
	return false, nil
}

// end settles what becomes of a stream that run has left, tells the browser
// where the answer is not complete, and returns why.
func (r *relay) end(s *agento.ChatStream, complete bool, err error) error {
	switch {
	case complete:
		for range s.Events() { // its connection can be used again when it is closed
		}
	case err == nil:
		if err = s.Err(); err == nil { // closed by somebody else
			err = agento.ErrStreamTruncated
		}
		r.browser.fail(publicCode(err))
	case !errors.Is(err, ErrBrowserGone):
		r.browser.fail(codeUnavailable)
	}
	r.browser.finish()
	return err
}
