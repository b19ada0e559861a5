package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxBody      = 64 << 20 // of a success
	maxErrorBody = 1 << 20
	errorBodyFor = 5 * time.Second
	readStep     = 64 << 10 // how much of a body must arrive within the limit in which nothing else bounds it
)

// limits bounds an attempt in time and size, and reads its answer: a response
// leaves it with its body read, except for a stream that has begun well.
type limits struct {
	next    http.RoundTripper
	foreign bool // the transport is not net/http's, and may do anything
	exposed bool // a middleware stands before it
}

func (l *limits) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	a := &attempt{st: st, limit: st.call.HeaderTimeout}
	if st.call.Timeout > 0 && !st.call.Stream {
		a.limit = st.call.Timeout
	}
	resp, err := l.next.RoundTrip(a.begin(req))
	if err != nil {
		a.end()
		if l.provesNothingSent(a, req, err) {
			st.sent.Store(false)
		}
		return nil, a.explain(err)
	}
	st.last.note(resp)
	success := resp.StatusCode >= 200 && resp.StatusCode <= 299
	if st.call.Stream && success {
		if !a.timer.Stop() {
			_ = resp.Body.Close()
			return nil, &TimeoutError{After: a.limit}
		}
		st.last.Stream = &stream{ReadCloser: resp.Body, cancel: a.cancel}
		resp.Body = http.NoBody
		return resp, nil
	}
	defer a.end()
	if l.foreign || l.exposed { // they may ignore the context
		defer a.closeWith(resp.Body)()
	}
	st.last.Body, err = a.read(resp, success)
	_ = resp.Body.Close()
	resp.Body = http.NoBody
	if err != nil && success {
		return nil, err
	}
	return resp, nil
}

// provesNothingSent reports whether an attempt that ended with this error left
// nothing on the way. A transport or a middleware that has sent the request more
// than once tells only of the last time; one that sent it with a context of its
// own cannot be followed.
func (l *limits) provesNothingSent(a *attempt, req *http.Request, err error) bool {
	switch {
	case !neverSent(err):
		return false
	case l.exposed && (a.st.reached.Load() || !a.st.passed.Load()):
		return false
	}
	return !a.connected.Load() || !l.foreign && !replayed(req)
}

// replayed reports whether net/http itself sends a write once more when its
// connection is lost.
func replayed(req *http.Request) bool {
	_, one := req.Header["Idempotency-Key"]
	_, other := req.Header["X-Idempotency-Key"]
	return one || other
}

// note keeps what a response's head tells.
func (out *Outcome) note(resp *http.Response) {
	out.StatusCode = resp.StatusCode
	out.Header = resp.Header
	out.RateLimit = ParseRateLimit(resp.Header)
	out.RetryAfter = retryAfter(resp)
}

// attempt is one request under its limits.
type attempt struct {
	st     *state
	ctx    context.Context
	cancel context.CancelCauseFunc // nil: the caller's context ends first
	timer  *time.Timer             // nil: likewise
	limit  time.Duration
	mu     sync.Mutex
	body   io.Closer // what expire closes besides; nil: nothing

	connected atomic.Bool // a write got as far as a connection, once at least
	expired   atomic.Bool // a limit of ours has ended it
}

var errExpired = errors.New("agento: the attempt took too long")

// begin puts a request under its limit. A caller's context that ends before that
// bounds it well enough, and saves a timer and a context.
func (a *attempt) begin(req *http.Request) *http.Request {
	a.ctx = req.Context()
	if a.st.call.Stream || !a.endsWithin(a.limit) {
		a.ctx, a.cancel = context.WithCancelCause(a.ctx)
		a.timer = time.AfterFunc(a.limit, a.expire)
	}
	if ctx := a.traced(); ctx != req.Context() {
		return req.WithContext(ctx)
	}
	return req
}

// endsWithin reports whether the caller's context ends that soon.
func (a *attempt) endsWithin(d time.Duration) bool {
	deadline, ok := a.st.Deadline()
	if !ok || a.st.Done() == nil {
		return false
	}
	left := deadline.Sub(a.st.begun)
	return left > 0 && left <= d // one in the past that has not ended has another clock
}

// within moves the end of the attempt.
func (a *attempt) within(d time.Duration) {
	if a.timer != nil {
		a.timer.Reset(d)
	} else if !a.endsWithin(d) {
		a.timer = time.AfterFunc(d, a.expire)
	}
}

func (a *attempt) expire() {
	if a.cancel != nil {
		a.cancel(errExpired)
	}
	a.expired.Store(true) // after the context, which explain asks
	a.mu.Lock()
	body := a.body
	a.mu.Unlock()
	if body != nil {
		_ = body.Close()
	}
}

// over is why the attempt has ended, nil while it has not.
func (a *attempt) over() error {
	if a.expired.Load() {
		return errExpired
	}
	return a.ctx.Err()
}

func (a *attempt) end() {
	if a.timer != nil {
		a.timer.Stop()
	}
	if a.cancel != nil {
		a.cancel(nil)
	}
}

// closes has expire close a body besides.
func (a *attempt) closes(body io.Closer) {
	a.mu.Lock()
	a.body = body
	a.mu.Unlock()
}

// closeWith closes a body when the attempt ends before it was read: a transport
// that ignores the context may still heed that. It returns what undoes it.
func (a *attempt) closeWith(body io.Closer) func() bool {
	a.closes(body)
	if a.st.Done() == nil {
		return nothing
	}
	return context.AfterFunc(a.st, func() { _ = body.Close() })
}

func nothing() bool { return false }

// traced is the attempt's context. That of a write also notes whether the
// request got as far as a connection: until then nothing can have been sent. A
// transport that is not net/http's gives no such signs, and counts as having
// sent. So does one that goes on although its context has ended.
func (a *attempt) traced() context.Context {
	st := a.st
	st.sent.Store(true)
	if !isWrite(st.call.Method) {
		return a.ctx
	}
	return httptrace.WithClientTrace(a.ctx, &httptrace.ClientTrace{
		GetConn: func(string) {
			st.sent.Store(a.connected.Load())
			if a.ctx.Err() != nil {
				st.sent.Store(true)
			}
		},
		GotConn: func(httptrace.GotConnInfo) { a.connected.Store(true); st.sent.Store(true) },
	})
}

// explain tells a limit of ours from an end of the caller's context.
func (a *attempt) explain(err error) error {
	if context.Cause(a.ctx) == errExpired {
		return &TimeoutError{After: a.limit}
	}
	return err
}

// TimeoutError says that an attempt met no answer, or not the whole of one, in time.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("the answer did not come within %v", e.After)
}

// Timeout makes it a timeout for callers that ask for net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is part of net.Error.
func (e *TimeoutError) Temporary() bool { return true }

// read reads the body of a response, within the bounds of its kind. Beside an
// error it returns what had arrived.
func (a *attempt) read(resp *http.Response, success bool) ([]byte, error) {
	if !success {
		a.closes(resp.Body)
		bound := errorBodyFor
		if a.st.call.Timeout > 0 && !a.st.call.Stream {
			bound = min(bound, a.limit-time.Since(a.st.begun))
		}
		a.within(bound)
		return a.readAll(resp, maxErrorBody, false)
	}
	stepwise := a.st.call.Timeout == 0 // nothing bounds the whole, so progress is asked for
	body, err := a.readAll(resp, maxBody+1, stepwise)
	if err == nil && len(body) > maxBody {
		err = finalError{fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)}
	}
	if err != nil {
		return body, a.explain(err)
	}
	return body, nil
}

func (a *attempt) readAll(resp *http.Response, most int, stepwise bool) ([]byte, error) {
	size := 512
	if n := resp.ContentLength; n >= 0 && n < readStep {
		size = int(n) + 1 // one more, so that the end is seen without growing
	}
	buf := make([]byte, 0, size)
	step := 0
	if stepwise {
		a.within(a.limit)
	}
	for len(buf) < most {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := resp.Body.Read(buf[len(buf):min(cap(buf), most)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err == nil {
			err = a.over() // a body may heed neither the context nor that it was closed
		}
		if err != nil {
			return buf, err
		}
		if step += n; stepwise && step >= readStep {
			step = 0
			a.within(a.limit)
		}
	}
	return buf, nil
}

// stream is the body of an open stream. Closing it ends its attempt.
type stream struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (s *stream) Close() error {
	s.cancel(nil)
	return s.ReadCloser.Close()
}
