package agento

import (
	"context"
	"errors"
	"time"

	"github.com/remsyshq/agento-go/internal/transport"
)

// Observer hears what happens to the calls and streams of a client, for traces,
// metrics and logs. Every field is optional. The functions are called by many
// goroutines and on the way of a call, so they must be quick. None of them is
// given the key, a secret, or the content of a message.
type Observer struct {
	// Start is called before a call leaves. The context that it returns is the
	// one that all later functions get, and that goes with the request; nil
	// leaves it as it is.
	Start func(ctx context.Context, call CallInfo) context.Context
	// Wait is called after an attempt has queued for its place in the rate limit.
	Wait func(ctx context.Context, call CallInfo, w WaitInfo)
	// Attempt is called when an attempt is about to be sent. The first is 1.
	Attempt func(ctx context.Context, call CallInfo, attempt int)
	// Response is called when an attempt was answered, or failed.
	Response func(ctx context.Context, call CallInfo, r ResponseInfo)
	// Retry is called before the wait for another attempt.
	Retry func(ctx context.Context, call CallInfo, r RetryInfo)
	// Done is called when a call has its result: for a stream, when it is open
	// or could not be opened.
	Done func(ctx context.Context, call CallInfo, r DoneInfo)
	// FirstEvent is called at the first event of a stream, with the time since
	// the call began. The mark of a log that has reconnected is none.
	FirstEvent func(ctx context.Context, call CallInfo, after time.Duration)
	// Reconnect is called before a log stream waits to connect again.
	Reconnect func(ctx context.Context, call CallInfo, r ReconnectInfo)
	// StreamEnd is called once when a stream that was open has ended.
	StreamEnd func(ctx context.Context, call CallInfo, e StreamEndInfo)
}

// CallInfo names a call.
type CallInfo struct {
	Operation string // such as "getAgent"; empty for Client.Do and Client.Stream
	Method    string
	Route     string // the path template; empty for Client.Do and Client.Stream
	Path      string // the path as sent, with the query
	BaseURL   string // of the client: what stands before Path
	SessionID string // that a message continues; empty where the service decides
	Bulk      bool
	Stream    bool
}

// WaitInfo tells of a wait for the rate limit.
type WaitInfo struct {
	Attempt int // the attempt that had to wait
	Waited  time.Duration
}

// ResponseInfo tells how an attempt ended.
type ResponseInfo struct {
	Attempt    int
	StatusCode int // 0: no answer
	RequestID  string
	RateLimit  RateLimit
	Took       time.Duration // since the attempt was sent
	Err        error         // of the network or a limit; nil when an answer came, whatever its status
}

// RetryInfo tells of a coming repetition.
type RetryInfo struct {
	Attempt    int // the attempt that failed
	StatusCode int
	RequestID  string
	Err        error
	Wait       time.Duration
}

// DoneInfo tells the result of a call.
type DoneInfo struct {
	StatusCode int
	RequestID  string
	Attempts   int
	Took       time.Duration
	Err        error // what the method returns
}

// ReconnectInfo tells why a log stream connects again, and after which wait.
type ReconnectInfo struct {
	Attempt int // counted from the last connection that lasted 10 s
	Err     error
	Wait    time.Duration
}

// StreamEndInfo tells how a stream ended.
type StreamEndInfo struct {
	Reason    StreamEndReason
	RequestID string
	Events    int           // delivered to the caller
	Took      time.Duration // since the call began
	Err       error         // what Err returns
}

// StreamEndReason says in one word how a stream ended.
type StreamEndReason string

// How a stream can end.
const (
	StreamComplete  StreamEndReason = "complete"
	StreamClosed    StreamEndReason = "closed" // by the caller
	StreamCancelled StreamEndReason = "cancelled"
	StreamTruncated StreamEndReason = "truncated"
	StreamIdle      StreamEndReason = "idle"
	StreamFailed    StreamEndReason = "failed"
)

func endReason(err error) StreamEndReason {
	switch {
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

// watch reports one call to the client's observer. A nil watch reports nothing.
type watch struct {
	o     *Observer
	ctx   context.Context
	info  CallInfo
	begun time.Time
}

// observe begins to watch a call, if anybody wants to know.
func (o *outgoing) observe() *watch {
	if o.core.observer == nil {
		return nil
	}
	w := &watch{o: o.core.observer, ctx: o.ctx, info: o.info, begun: time.Now()}
	w.info.BaseURL = o.core.base.String()
	if w.o.Start != nil {
		if ctx := w.o.Start(o.ctx, w.info); ctx != nil {
			w.ctx, o.ctx = ctx, ctx
		}
	}
	o.call.Hooks = w
	return w
}

func (w *watch) Attempt(_ context.Context, attempt int) {
	if w.o.Attempt != nil {
		w.o.Attempt(w.ctx, w.info, attempt)
	}
}

func (w *watch) Response(_ context.Context, attempt int, out *transport.Outcome, took time.Duration) {
	w.info.Path = out.Redact(w.info.Path) // now the key that was sent is known
	if w.o.Response != nil {
		w.o.Response(w.ctx, w.info, ResponseInfo{
			Attempt: attempt, StatusCode: out.StatusCode, RequestID: out.RequestID(),
			RateLimit: RateLimit(out.RateLimit), Took: took, Err: out.Err,
		})
	}
}

func (w *watch) Retry(_ context.Context, attempt int, out *transport.Outcome, wait time.Duration) {
	if w.o.Retry != nil {
		w.o.Retry(w.ctx, w.info, RetryInfo{
			Attempt: attempt, StatusCode: out.StatusCode, RequestID: out.RequestID(), Err: out.Err, Wait: wait,
		})
	}
}

func (w *watch) Wait(_ context.Context, attempt int, waited time.Duration) {
	if w.o.Wait != nil {
		w.o.Wait(w.ctx, w.info, WaitInfo{Attempt: attempt, Waited: waited})
	}
}

func (w *watch) callDone(out *transport.Outcome, err error) {
	if w == nil || w.o.Done == nil {
		return
	}
	w.o.Done(w.ctx, w.info, DoneInfo{
		StatusCode: out.StatusCode, RequestID: out.RequestID(), Attempts: out.Attempts,
		Took: time.Since(w.begun), Err: err,
	})
}

func (w *watch) firstEvent() {
	if w != nil && w.o.FirstEvent != nil {
		w.o.FirstEvent(w.ctx, w.info, time.Since(w.begun))
	}
}

func (w *watch) reconnect(r ReconnectInfo) {
	if w != nil && w.o.Reconnect != nil {
		w.o.Reconnect(w.ctx, w.info, r)
	}
}

func (w *watch) streamEnd(e StreamEndInfo) {
	if w != nil && w.o.StreamEnd != nil {
		e.Took = time.Since(w.begun)
		w.o.StreamEnd(w.ctx, w.info, e)
	}
}
