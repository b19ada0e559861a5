package transport

import (
	"net/http"
	"runtime"
	"time"
)

// graceful is how long a transport is waited for once its context has ended.
// One that heeds the context says within it how far it got.
const graceful = 20 * time.Millisecond

// heed makes a caller's transport heed the context of its requests, as
// *http.Transport does by itself: when the context ends, the request is given
// up, whether the transport returns or not. What it returns later is closed.
//
// That costs a goroutine, so it is left out where the caller has set no bound of
// any kind: then only our limit for the headers waits for such a transport.
type heed struct{ next http.RoundTripper }

type returned struct {
	resp *http.Response
	err  error
	exit bool // the goroutine was ended from inside, as a failing test does
}

func (h *heed) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	st := stateOf(ctx) // nil: a middleware has put a context of its own in its place
	if ctx.Done() == nil || st != nil && st.Done() == nil && st.call.Timeout == 0 {
		return h.next.RoundTrip(req)
	}
	given := make(chan returned, 1)
	go func() {
		r := returned{exit: true}
		defer func() { given <- r }()
		r.resp, r.err = h.next.RoundTrip(req)
		r.exit = false
	}()
	select {
	case r := <-given:
		return r.pass()
	case <-ctx.Done():
	}
	timer := time.NewTimer(graceful)
	defer timer.Stop()
	select {
	case r := <-given:
		return r.pass()
	case <-timer.C:
		go closeLate(given)
		if st != nil {
			st.sent.Store(true) // sooner or later
		}
		return nil, ctx.Err()
	}
}

func closeLate(given <-chan returned) {
	if r := <-given; r.resp != nil {
		_ = r.resp.Body.Close()
	}
}

// pass goes on as if the transport had run in the goroutine of its caller.
func (r returned) pass() (*http.Response, error) {
	if r.exit {
		runtime.Goexit()
	}
	return r.resp, r.err
}
