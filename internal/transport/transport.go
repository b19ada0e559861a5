// Package transport carries one call to the service and back.
//
// It knows HTTP and nothing of the API's types: what a call sends, how often it
// may be repeated, who may see the key, and what bounds it in time and size.
// Each of these is one file; chain shows the order in which an attempt passes
// them.
package transport

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config is what all calls of a client share.
type Config struct {
	HTTPClient *http.Client // copied by New
	UserAgent  string
	Origin     *url.URL // where the key may go, and nowhere else
	Key        func(context.Context) (string, error)
	Pacer      Pacer // nil: no pacing
	Middleware []func(http.RoundTripper) http.RoundTripper
}

// Transport carries the calls of one client.
type Transport struct{ http *http.Client }

// New assembles a transport. The caller's http.Client is left as it is.
func New(cfg Config) *Transport {
	client := *cfg.HTTPClient
	client.Transport = chain(client.Transport, cfg)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Timeout = 0 // it would cut streams; Call.Timeout bounds an attempt
	return &Transport{http: &client}
}

// chain is what one attempt passes through on its way out, outermost first.
// Retrying is outside of it, in Do. What it returns has no method but RoundTrip,
// so that nothing above can close the idle connections of the pool.
func chain(base http.RoundTripper, cfg Config) http.RoundTripper {
	_, known := base.(*http.Transport)
	exposed := len(cfg.Middleware) > 0
	base = &tame{next: base, bodies: !known}
	if !known {
		base = &heed{base}
	}

	strays := new(strays)
	rt := &guard{next: base, origin: cfg.Origin, key: cfg.Key, exposed: exposed, strays: strays}
	seen := withMiddleware(rt, cfg.Middleware)
	bounded := &limits{next: seen, foreign: !known, exposed: exposed}
	paced := &pacing{next: bounded, pacer: cfg.Pacer, dates: new(dates), strays: strays}
	return &standing{next: &attempts{next: paced}, userAgent: []string{cfg.UserAgent}}
}

func withMiddleware(rt http.RoundTripper, middleware []func(http.RoundTripper) http.RoundTripper) http.RoundTripper {
	if len(middleware) == 0 {
		return rt
	}
	for i := len(middleware) - 1; i >= 0; i-- {
		rt = middleware[i](rt)
	}
	return &tame{next: rt, bodies: true}
}

// Call is one call: what it sends, and within which bounds.
type Call struct {
	Method string
	URL    *url.URL
	Header http.Header // what the caller says besides; never holds the key
	Body   []byte      // nil: none
	// Secrets are values in the body that are kept out of errors, as is the key.
	Secrets []string
	Stream  bool // the body of a success is left open
	// Impatient is a stream that is not asked for again when its headers do not
	// come in time.
	Impatient bool

	MaxRetries      int
	RetryAfterLimit time.Duration // the longest wait that the service may ask for
	MaxWait         time.Duration // the longest that all attempts together wait for their places in the rate limit; 0: the context's
	// Patience is what is left for all waits of that kind, and for those that the
	// service asks for, of calls that follow one another; nil: each has its own bound.
	Patience      *time.Duration
	Bulk          bool
	LookFirst     bool          // once an answer is lost the caller looks before it sends again
	HeaderTimeout time.Duration // from sending to the response's headers
	Timeout       time.Duration // one whole attempt of a unary call; 0: none

	Hooks Hooks // nil: nobody listens
}

// Hooks hears of what happens to a call.
type Hooks interface {
	Attempt(ctx context.Context, attempt int)
	Response(ctx context.Context, attempt int, out *Outcome, took time.Duration)
	Retry(ctx context.Context, attempt int, out *Outcome, wait time.Duration)
	Wait(ctx context.Context, attempt int, waited time.Duration)
}

// Outcome is what became of a call, or of one attempt of it.
type Outcome struct {
	StatusCode int // 0: no answer
	Header     http.Header
	Body       []byte        // of a unary call, and of every answer that is not a success
	Stream     io.ReadCloser // of a stream's success
	RetryAfter time.Duration // what the answer asks to wait
	RateLimit  RateLimit

	Attempts int
	// Unknown: this is a write, it may have been applied, and no answer tells.
	Unknown bool
	// Repeated: an attempt before the last one may have applied this write.
	Repeated bool
	// Refused: the pacer let no attempt go after this answer.
	Refused error
	// Err says why there is no usable answer: the network, the context, a
	// limit. Beside it the fields above hold what did arrive.
	Err error

	hidden []string
	raw    []byte // what Body was before anything was taken out of it
}

// Do carries out a call. It returns when the answer of a unary call is read, or
// the headers of a stream are there.
func (t *Transport) Do(ctx context.Context, call *Call) *Outcome {
	st := &state{Context: ctx, call: call}
	for _, secret := range call.Secrets {
		st.hidden.add(secret)
	}
	st.http = newRequest(st)
	st.request.Request = &st.http
	if call.Body != nil {
		if err := st.request.SetBody(call.Body); err != nil {
			return &Outcome{Err: err}
		}
	}
	st.retrier = retryablehttp.Client{
		HTTPClient:   t.http,
		RetryMax:     max(call.MaxRetries, 0),
		CheckRetry:   checkRetry,
		Backoff:      backoff,
		PrepareRetry: prepareRetry,
		ErrorHandler: passOn,
	}
	_, err := st.retrier.Do(&st.request)
	return st.outcome(err)
}

// passOn leaves the last answer of a failed call as it is: state has kept it.
func passOn(resp *http.Response, err error, _ int) (*http.Response, error) { return resp, err }
