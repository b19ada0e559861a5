package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// tame holds a caller's transport to the contract of http.RoundTripper: either
// a response with a body, or an error, and no panic.
type tame struct {
	next   http.RoundTripper
	bodies bool // those of its responses are somebody else's code too
}

func (t *tame) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panicked("the HTTP transport", p)
		}
	}()
	resp, err = t.next.RoundTrip(req)
	switch {
	case err != nil:
		_ = err.Error() // which may panic: now, and not where it is told
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	case resp == nil:
		return nil, finalError{errors.New("the HTTP transport returned neither a response nor an error")}
	case resp.Body == nil:
		resp.Body = http.NoBody
	case t.bodies:
		resp.Body = &tameBody{body: resp.Body}
	}
	if resp.StatusCode < 100 || resp.StatusCode > 999 {
		_ = resp.Body.Close()
		return nil, finalError{fmt.Errorf("the HTTP transport returned a response with the status %d", resp.StatusCode)}
	}
	return resp, nil
}

func panicked(who string, p any) error { return finalError{fmt.Errorf("%s panicked: %v", who, p)} }

// tameBody holds a body to the contract of io.Reader, and to get on.
type tameBody struct {
	body  io.ReadCloser
	empty int // reads in a row that gave nothing
}

const mostEmptyReads = 100

func (b *tameBody) Read(p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, panicked("the body of the HTTP transport's response", r)
		}
	}()
	n, err = b.body.Read(p)
	switch {
	case n < 0 || n > len(p):
		return 0, finalError{fmt.Errorf("the body of the HTTP transport's response has read %d bytes into %d", n, len(p))}
	case err != nil:
		_ = err.Error()
	case n > 0 || len(p) == 0:
		b.empty = 0
	default:
		if b.empty++; b.empty >= mostEmptyReads {
			return 0, io.ErrNoProgress
		}
	}
	return n, err
}

func (b *tameBody) Close() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked("the body of the HTTP transport's response", r)
		}
	}()
	return b.body.Close()
}
