package transport

import (
	"errors"
	"fmt"
	"net/http"
)

// tame holds a caller's transport to the contract of http.RoundTripper: either
// a response with a body, or an error, and no panic.
type tame struct{ next http.RoundTripper }

func (t tame) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, finalError{fmt.Errorf("the HTTP transport panicked: %v", p)}
		}
	}()
	resp, err = t.next.RoundTrip(req)
	switch {
	case err != nil && resp != nil:
		if resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	case err == nil && resp == nil:
		return nil, finalError{errors.New("the HTTP transport returned neither a response nor an error")}
	case err == nil && resp.Body == nil:
		resp.Body = http.NoBody
	}
	return resp, err
}
