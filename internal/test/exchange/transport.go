package exchange

import (
	"bytes"
	"io"
	"net/http"
)

// Transport records the requests that a test sends through next. It does not record
// responses, because test servers misbehave on purpose. If this process does not record,
// it returns next.
func Transport(next http.RoundTripper, test string) http.RoundTripper {
	r := current.Load()
	if r == nil {
		return next
	}
	return &transport{next: next, recorder: r, test: test}
}

type transport struct {
	next     http.RoundTripper
	recorder *recorder
	test     string
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	e := &Exchange{
		Package: t.recorder.pkg, Test: t.test,
		Method: req.Method, Target: req.URL.RequestURI(), Header: maskKey(req.Header),
	}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		e.Body = body
		own := *req
		own.Body = io.NopCloser(bytes.NewReader(body))
		req = &own
	}
	t.recorder.write(e)
	return t.next.RoundTrip(req)
}

// CloseIdleConnections implements an optional interface of http.Client.
func (t *transport) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
