package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/remsyshq/agento-go/internal/errs"
)

// state is a call under way. It travels as the context of the call's requests,
// since that is all that the retrying client hands to its hooks.
type state struct {
	context.Context
	call    *Call
	retrier retryablehttp.Client
	request retryablehttp.Request
	http    http.Request // what request holds

	attempts int
	begun    time.Time     // when the newest attempt had its place: its limits run from then
	queued   time.Duration // what its attempts have waited for their places
	hidden   hidden        // what is kept out of all that is told
	sent     atomic.Bool   // the newest attempt got as far as a connection
	passed   atomic.Bool   // its request passed the guard, once at least
	reached  atomic.Bool   // and one that passed may have reached the service
	last     Outcome       // of the newest attempt
	answered *Outcome      // of the newest attempt before the last that had an answer
	repeated bool          // an attempt before the newest may have been applied
	refused  error         // why the pacer let no further attempt go
	cut      bool          // the context ended where another attempt would have begun
}

type stateKey struct{}

// Value finds the state itself; everything else is asked of the caller's context.
func (st *state) Value(key any) any {
	if _, ok := key.(stateKey); ok {
		return st
	}
	return st.Context.Value(key)
}

// Format writes nothing of the call: a middleware may print the context of a
// request, and the request in it holds the key.
func (st *state) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "the context of a call") }

func stateOf(ctx context.Context) *state {
	st, _ := ctx.Value(stateKey{}).(*state)
	return st
}

// attempts counts the attempts of a call and keeps how each ended.
type attempts struct{ next http.RoundTripper }

func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	st := stateOf(req.Context())
	if st.last.StatusCode != 0 {
		answered := st.last
		st.answered = &answered
	}
	st.last = Outcome{}
	st.sent.Store(false)
	st.passed.Store(false)
	st.reached.Store(false)
	resp, err := a.next.RoundTrip(req)
	if st.last.Err == nil {
		st.last.Err = err
	}
	return resp, err
}

// outcome sums the call up, given what the retrying client returned.
func (st *state) outcome(err error) *Outcome {
	out := &st.last
	if out.StatusCode == 0 && out.Err == nil {
		out.Err = err
	}
	unknown := failed(out) && isWrite(st.call.Method) && (st.repeated || mayHaveApplied(out, st.sent.Load()))
	if (err != nil || st.cut) && st.Context.Err() != nil {
		if out.StatusCode == 0 && st.answered != nil {
			out = st.answered
		}
		out.Err = errs.Context(st.Context)
	}
	if st.refused != nil && st.answered != nil {
		out = st.answered
		out.Refused = st.refused
	}
	out.hidden = st.hidden.list()
	out.Attempts = st.attempts
	out.Repeated = st.repeated
	out.Unknown = unknown
	return out
}

func failed(out *Outcome) bool {
	return out.Err != nil || out.StatusCode < 200 || out.StatusCode > 299
}
