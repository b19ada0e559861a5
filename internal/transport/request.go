package transport

import (
	"maps"
	"net/http"
)

// newRequest makes the request of the first attempt. Its context is the state
// of the call.
func newRequest(st *state) http.Request {
	req := http.Request{
		Method: st.call.Method, URL: st.call.URL, Host: st.call.URL.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: ownHeader(st.call),
	}
	return *req.WithContext(st)
}

// prepareRetry gives the next attempt a header of its own: what a cookie jar or
// a middleware wrote into that of the last one stays there.
func prepareRetry(req *http.Request) error {
	req.Header = ownHeader(stateOf(req.Context()).call)
	return nil
}

// ownHeader is a header for one attempt. The lists of values in it are shared,
// and have no room to be appended to in place.
func ownHeader(call *Call) http.Header {
	if len(call.Header) == 0 {
		return make(http.Header)
	}
	return maps.Clone(call.Header)
}

// standing adds what requests say of themselves, where the caller has not said
// otherwise. It stands inside of http.Client, which copies each header that it
// is given, and outside of the middleware, which is to see it.
type standing struct {
	next      http.RoundTripper
	userAgent []string
}

// Values that all requests share.
var (
	contentJSON = []string{"application/json"}
	eventStream = []string{"text/event-stream"}
)

func (s *standing) RoundTrip(req *http.Request) (*http.Response, error) {
	call := stateOf(req.Context()).call
	say(req.Header, "User-Agent", s.userAgent)
	if call.Stream {
		req.Header["Accept"] = eventStream
	} else {
		say(req.Header, "Accept", contentJSON)
	}
	if call.Body != nil {
		say(req.Header, "Content-Type", contentJSON)
	}
	return s.next.RoundTrip(req)
}

func say(h http.Header, name string, values []string) {
	if _, said := h[name]; !said {
		h[name] = values
	}
}
