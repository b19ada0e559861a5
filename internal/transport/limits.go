package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
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

var errExpired = errors.New("agento: the attempt took too long")

// attempt is one request and the time that it has.
type attempt struct {
	ctx       context.Context
	cancel    context.CancelCauseFunc
	timer     *time.Timer
	limit     time.Duration
	connected atomic.Bool // the request got as far as a connection
}

// send sends a request within its limits and reads the response: what it returns
// has an empty body. The body of a success that is a stream is left open.
func (c *call) send(req *http.Request, begun time.Time) (*http.Response, error) {
	a := &attempt{limit: c.HeaderTimeout}
	if c.Timeout > 0 && !c.Stream {
		a.limit = c.Timeout
	}
	a.ctx, a.cancel = context.WithCancelCause(c.ctx)
	a.timer = time.AfterFunc(a.limit, func() { a.cancel(errExpired) })
	trace := c.t.traced && isWrite(c.Method)
	ctx := a.ctx
	if trace {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { a.connected.Store(true) },
		})
	}
	resp, err := c.t.chain.RoundTrip(req.WithContext(ctx))
	c.last.sent = true
	if err != nil || resp == nil {
		a.end()
		if err != nil {
			c.last.sent = !neverSent(err)
			if trace {
				c.last.sent = a.connected.Load()
			}
		}
		return nil, a.explain(err)
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	c.last.note(resp)
	success := !c.last.Failed()
	if err := unexpectedEncoding(resp.Header); err != nil && success {
		_ = resp.Body.Close()
		a.end()
		return nil, err
	}
	if c.Stream && success {
		if !a.timer.Stop() {
			_ = resp.Body.Close()
			return nil, a.explain(a.ctx.Err())
		}
		c.last.Stream = &stream{resp.Body, a.cancel}
	} else {
		defer a.end()
		c.last.Body, err = c.readBody(a, resp, success, begun)
		_ = resp.Body.Close()
	}
	resp.Body = http.NoBody
	if err != nil && success {
		return nil, a.explain(err)
	}
	return resp, nil
}

// note keeps what the head of a response has.
func (out *Outcome) note(resp *http.Response) {
	out.StatusCode = resp.StatusCode
	out.Header = resp.Header
	out.RateLimit = ParseRateLimit(resp.Header)
	out.RetryAfter = retryAfter(resp)
}

// unexpectedEncoding reports a body that net/http has not decoded: it asks for gzip
// only, and removes the header.
func unexpectedEncoding(h http.Header) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return finalError{fmt.Errorf("the response has the content encoding %q, which was not asked for", encoding), true}
	}
	return nil
}

func (a *attempt) end() {
	a.timer.Stop()
	a.cancel(nil)
}

// explain tells our own limit from the end of the caller's context.
func (a *attempt) explain(err error) error {
	if err != nil && context.Cause(a.ctx) == errExpired {
		return &TimeoutError{After: a.limit}
	}
	return err
}

// readBody reads the body of a response. With an error it returns what arrived.
func (c *call) readBody(a *attempt, resp *http.Response, success bool, begun time.Time) ([]byte, error) {
	if !success {
		limit := errorBodyFor
		if c.Timeout > 0 && !c.Stream {
			limit = min(limit, a.limit-time.Since(begun))
		}
		a.timer.Reset(limit)
		return a.readAll(resp, maxErrorBody, false)
	}
	body, err := a.readAll(resp, maxBody+1, c.Timeout == 0)
	if err == nil && len(body) > maxBody {
		err = finalError{fmt.Errorf("the response is larger than %d MiB", maxBody>>20), true}
	}
	return body, err
}

// readAll reads a body up to a size. With stepwise, every readStep bytes have to
// arrive within the attempt's limit.
func (a *attempt) readAll(resp *http.Response, most int, stepwise bool) ([]byte, error) {
	size := 512
	if n := resp.ContentLength; n >= 0 && n < readStep {
		size = int(n) + 1 // one more, so that the end is seen without growing
	}
	buf := make([]byte, 0, size)
	next := 0
	for len(buf) < most {
		if stepwise && len(buf) >= next {
			a.timer.Reset(a.limit)
			next = len(buf) + readStep
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := resp.Body.Read(buf[len(buf):min(cap(buf), most)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
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
