package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/wire"
)

const (
	maxBody      = 64 << 20 // of a success
	maxErrorBody = 1 << 20
	errorBodyFor = 5 * time.Second
	readStep     = 64 << 10 // of a body that must arrive within the header timeout, where no timeout is set
)

// TimeoutError reports an attempt that had no response, or not the whole of one,
// in time.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("the response did not arrive within %v", e.After)
}

// Timeout reports that this is a timeout, for net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is part of net.Error.
func (e *TimeoutError) Temporary() bool { return true }

// attempt is one request and the time that it has. Where the caller's deadline comes
// first, there is no timer.
type attempt struct {
	ctx    context.Context
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// send sends a request within its limits and reads the response: what it returns
// has an empty body. The body of a success that is a stream is left open.
func (c *call) send(req *http.Request, begun time.Time) (*http.Response, error) {
	a := &attempt{ctx: c.ctx, limit: c.HeaderTimeout}
	if c.Timeout > 0 && !c.Stream {
		a.limit = c.Timeout
	}
	if deadline, ok := c.ctx.Deadline(); !ok || deadline.Sub(begun) > a.limit {
		ctx, cancel := context.WithCancelCause(c.ctx)
		expired := &TimeoutError{a.limit}
		a.ctx, a.cancel = ctx, cancel
		a.timer = time.AfterFunc(a.limit, func() { cancel(expired) })
		defer func() {
			if c.last.Stream == nil {
				a.timer.Stop()
				a.cancel(nil)
			}
		}()
	}
	req, bodies := c.withContext(req, a.ctx)
	resp, err := c.t.chain.RoundTrip(req)
	if err == nil && resp == nil {
		return nil, nil // an error of http.Client
	}
	if err != nil {
		c.last.sent = !neverSent(err)
		if bodies != nil {
			n := bodies.Load()
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

// bodyCount is the number of bodies of a request that were read: net/http reads one after it
// has a connection, and another one when it retries by itself.
type bodyCount struct{ atomic.Int32 }

// withContext returns the request with a context, and counts its bodies if that is possible.
func (c *call) withContext(req *http.Request, ctx context.Context) (*http.Request, *bodyCount) {
	counted := c.t.direct && c.Body != nil
	if counted || ctx != req.Context() {
		req = req.WithContext(ctx)
	}
	if !counted {
		return req, nil
	}
	n := new(bodyCount)
	count := func(body io.ReadCloser) io.ReadCloser { return &countedBody{ReadCloser: body, count: n} }
	req.Body = count(req.Body)
	if get := req.GetBody; get != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := get()
			return count(body), err
		}
	}
	return req, n
}

type countedBody struct {
	io.ReadCloser
	count *bodyCount
	read  bool
}

func (b *countedBody) Read(p []byte) (int, error) {
	if !b.read {
		b.read = true
		b.count.Add(1)
	}
	return b.ReadCloser.Read(p)
}

// read keeps what a response has.
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
	// net/http asks for gzip only, and removes the header of a body that it decodes.
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		err = finalError{fmt.Errorf("the response has the content encoding %q, which was not asked for", encoding), true}
	}
	if c.Stream && err == nil && !out.Failed() {
		out.Stream = body
		if a.timer == nil {
			return nil
		}
		out.Stream = &stream{body, a.cancel}
		if a.timer.Stop() {
			return nil
		}
		out.Stream, err = nil, a.ctx.Err()
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

// explain tells our own limit from the end of the caller's context.
func (a *attempt) explain(err error) error {
	if timeout, ok := context.Cause(a.ctx).(*TimeoutError); ok {
		return timeout
	}
	return err
}

// readBody reads the body of a response. With an error it returns what arrived.
// Without a timeout of the whole attempt, every readStep bytes of a success have to
// arrive within its limit.
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
	size := 4 << 10 // of a body that is too large for a server to know its length
	if length >= 0 && length < readStep {
		size = int(length) + 1 // one more, so that the end is seen without growing
	}
	buf := make([]byte, 0, size)
	next := readStep
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
		return buf, finalError{fmt.Errorf("the response is larger than %d MiB", maxBody>>20), true}
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
