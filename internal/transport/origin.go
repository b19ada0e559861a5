package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

const keyHeader = "X-Api-Key"

// originCheck adds the key, and rejects requests to other origins than the key's. It
// runs after every middleware, also for each redirect.
type originCheck struct {
	next   http.RoundTripper
	origin *url.URL
	keys   *keys
	shared bool // a middleware has the request too and must not see the key
}

func (o *originCheck) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.EqualFold(req.URL.Scheme, o.origin.Scheme) || !strings.EqualFold(req.URL.Host, o.origin.Host) {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, finalError{error: fmt.Errorf("%w: %s://%s", errs.ErrCrossOrigin, req.URL.Scheme, req.URL.Host)}
	}
	out := req
	if o.shared {
		out = cloneRequest(req)
	}
	out.Host = o.origin.Host
	out.Header[keyHeader] = o.keys.recent.Load().newest
	resp, err := o.next.RoundTrip(out)
	if err != nil {
		err = explainRefusal(o.next, out, err)
	}
	if resp != nil && o.shared { // resp.Request contains the key
		own := *resp
		own.Request = req
		resp = &own
	}
	return resp, err
}

// cloneRequest copies what RoundTrip changes. http.Request.Clone would copy more.
func cloneRequest(req *http.Request) *http.Request {
	out := req.WithContext(req.Context())
	out.Header = req.Header.Clone()
	return out
}
