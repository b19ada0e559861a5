package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/remsyshq/agento-go/internal/wire"
)

const (
	maxBody      = 64 << 20 // of a successful response
	maxErrorBody = 1 << 20
	errorBodyFor = 5 * time.Second
	readStep     = 64 << 10 // see readBody
)

// TimeoutError reports an attempt whose response did not arrive completely in time.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("response did not arrive within %v", e.After)
}

// Timeout returns true; it implements net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary returns true; it implements net.Error.
func (e *TimeoutError) Temporary() bool { return true }

// attempt is one request and its time limit. If the caller's deadline is earlier,
// there is no timer.
type attempt struct {
	ctx    context.Context
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// send sends a request within its limits and reads the response into c. The response
// that it returns has an empty body. A successful stream's body stays open, in c.last.Stream.
func (c *call) send(req *http.Request, begun time.Time) (*http.Response, error) {
	a := &attempt{ctx: req.Context(), limit: c.HeaderTimeout}
	if c.Timeout > 0 && !c.Stream {
		a.limit = c.Timeout
	}
	if deadline, ok := c.ctx.Deadline(); !ok || deadline.Sub(begun) > a.limit {
		ctx, cancel := context.WithCancelCause(a.ctx)
		expired := &TimeoutError{a.limit}
		a.ctx, a.cancel = ctx, cancel
		a.timer = time.AfterFunc(a.limit, func() { cancel(expired) })
		defer func() {
			if c.last.Stream.Reader == nil {
				a.timer.Stop()
				a.cancel(nil)
			}
		}()
	}
	if a.ctx != req.Context() {
		req = req.WithContext(a.ctx)
	}
	if c.connections != nil {
		c.connections.Store(0)
	}
	resp, err := c.t.chain.RoundTrip(req)
	if err == nil && resp == nil {
		return nil, nil // http.Client then returns an error
	}
	if err != nil {
		c.last.sent = !neverSent(err)
		if c.connections != nil {
			n := c.connections.Load()
			c.last.sent = n > 1 || n == 1 && !rejected(err)
		}
		return nil, a.explain(err)
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	if err := c.read(a, resp, begun); err != nil {
		return nil, err
	}
	return resp, nil
}

// read records a response.
func (c *call) read(a *attempt, resp *http.Response, begun time.Time) error {
	out := &c.last
	out.sent = true
	out.StatusCode, out.Header = resp.StatusCode, resp.Header
	out.RateLimit = wire.ParseRateLimit(resp.Header)
	if resp.Header["Retry-After"] != nil {
		out.RetryAfter = wire.RetryAfter(resp.Header)
	}
	body := resp.Body
	resp.Body = http.NoBody
	var err error
	// net/http asks only for gzip, and removes the header of a body that it decodes.
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		err = finalError{fmt.Errorf("response has content encoding %q, which was not requested", encoding), true}
	}
	if c.Stream && err == nil && !out.Failed() {
		if a.timer == nil || a.timer.Stop() {
			out.Stream = c.openStream(a, body)
			return nil
		}
		err = a.ctx.Err()
	}
	if err == nil || out.Failed() {
		out.Body, err = c.readBody(a, resp.ContentLength, body, begun)
	}
	_ = body.Close()
	if err == nil || out.Failed() {
		return nil
	}
	return a.explain(err)
}

// explain distinguishes the attempt's own limit from the end of the caller's context.
func (a *attempt) explain(err error) error {
	if timeout, ok := context.Cause(a.ctx).(*TimeoutError); ok {
		return timeout
	}
	return err
}

// readBody reads the body of a response. If there is an error, it returns the part
// that arrived. If Call.Timeout is 0, each readStep bytes of a successful response
// must arrive within another HeaderTimeout.
func (c *call) readBody(a *attempt, length int64, body io.ReadCloser, begun time.Time) ([]byte, error) {
	most := maxBody + 1
	if c.last.Failed() {
		limit := errorBodyFor
		if c.Timeout > 0 && !c.Stream {
			limit = min(limit, a.limit-time.Since(begun))
		}
		timer := time.AfterFunc(limit, func() { _ = body.Close() })
		defer timer.Stop()
		most = maxErrorBody
	}
	size := 4 << 10 // if the length is unknown or large
	if length >= 0 && length < readStep {
		size = int(length) + 1 // one more, to read EOF without growing
	}
	buf := make([]byte, 0, size)
	next := 0
	for len(buf) < most {
		if len(buf) >= next && a.timer != nil && c.Timeout == 0 {
			a.timer.Reset(a.limit)
			next = len(buf) + readStep
		}
		if len(buf) == cap(buf) {
			larger := make([]byte, len(buf), min(2*cap(buf), most)) // append leaves more garbage
			copy(larger, buf)
			buf = larger
		}
		n, err := body.Read(buf[len(buf):min(cap(buf), most)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
	if most > maxBody {
		return buf, finalError{fmt.Errorf("response is larger than %d MiB", maxBody>>20), true}
	}
	return buf, nil
}

// openStream returns the body of an open stream. Closing it ends its attempt. The end of
// the context makes a blocked Read return.
func (c *call) openStream(a *attempt, body io.ReadCloser) Body {
	open := Body{body, body}
	if cancel := a.cancel; cancel != nil {
		open.Closer = closer(func() error {
			cancel(nil)
			return body.Close()
		})
	}
	if !c.t.direct && c.ctx.Done() != nil { // the caller's transport may ignore the context
		closing := open.Closer
		stop := context.AfterFunc(c.ctx, func() { _ = closing.Close() })
		open.Closer = closer(func() error {
			stop()
			return closing.Close()
		})
	}
	return open
}

// closer is a function that implements io.Closer.
type closer func() error

// Close calls the function.
func (c closer) Close() error { return c() }
