package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/remsyshq/agento-go/internal/errs"
)

const keyHeader = "X-Api-Key"

// guard adds the key, and lets a request pass only to the origin that the key
// belongs to. It stands behind every middleware, on every hop.
type guard struct {
	next    http.RoundTripper
	origin  *url.URL
	key     func(context.Context) (string, error)
	exposed bool // a middleware holds the request too, and must not see the key
	strays  *strays
}

// strays keeps the key of the newest request that a middleware sent with a
// context of its own, so that the call which it belongs to cannot be told.
type strays struct{ key atomic.Pointer[string] }

func (s *strays) hideFrom(h *hidden) {
	if key := s.key.Load(); key != nil {
		h.add(*key)
	}
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameOrigin(req.URL, g.origin) {
		closeBody(req)
		return nil, notSent(req, fmt.Errorf("%w: %s://%s", errs.ErrCrossOrigin, req.URL.Scheme, req.URL.Host))
	}
	key, err := g.key(req.Context())
	if err == nil {
		err = CheckKey(key)
	}
	if err != nil {
		closeBody(req)
		return nil, notSent(req, fmt.Errorf("the key source: %w", err))
	}
	st := stateOf(req.Context())
	if st != nil {
		st.hidden.add(key)
		st.passed.Store(true)
	} else {
		stray := key // so that only this costs an allocation
		g.strays.key.Store(&stray)
	}
	if !g.exposed {
		return g.pass(req, key)
	}
	resp, err := g.pass(req.Clone(req.Context()), key)
	if st != nil && !neverSent(err) {
		st.reached.Store(true)
	}
	if resp != nil { // its request is the one with the key
		own := *resp
		own.Request = req
		resp = &own
	}
	return resp, err
}

func (g *guard) pass(req *http.Request, key string) (*http.Response, error) {
	req.Host = g.origin.Host
	req.Header[keyHeader] = []string{key}
	return g.next.RoundTrip(req)
}

// notSent says that the request ended on this machine, as did all others of its
// attempt unless one of them reached the service.
func notSent(req *http.Request, err error) error {
	if st := stateOf(req.Context()); st != nil && !st.reached.Load() {
		st.sent.Store(false)
	}
	return finalError{err}
}

func sameOrigin(u, origin *url.URL) bool {
	return u != nil && strings.EqualFold(u.Scheme, origin.Scheme) && strings.EqualFold(u.Host, origin.Host)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// CheckKey reports what makes a key unusable as the value of a header. The
// error does not hold the key.
func CheckKey(key string) error {
	if key == "" {
		return errors.New("the API key is empty")
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c >= 0x7f {
			return errors.New("the API key holds a space, a line break or another character that no key has")
		}
	}
	return nil
}
