// Package transport carries one call to the service and back.
//
// It knows HTTP and nothing of the API's types. Each file is one concern; call.RoundTrip
// shows the order in which an attempt passes them:
//
//	retry → key, pace → limits → middleware → origin → http
package transport

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/pace"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Config is what all calls of a client share.
type Config struct {
	HTTPClient *http.Client // copied by New
	UserAgent  string
	Origin     *url.URL                                    // the only origin that gets the key
	Key        string                                      // empty: KeySource is asked
	KeySource  func(context.Context) (string, error)       // asked once per attempt
	NewPacer   func() Pacer                                // called for each new key; may return nil
	Middleware []func(http.RoundTripper) http.RoundTripper // the first is the outermost
}

// Pacer decides when an attempt may be sent. There is one Observe for each
// Acquire that returned nil.
type Pacer interface {
	Acquire(context.Context, pace.Request) error
	Observe(pace.Result)
}

// Transport carries the calls of one client.
type Transport struct {
	chain     http.RoundTripper // middleware, origin check, and the caller's transport
	jar       http.CookieJar
	userAgent []string
	keys      keys
	dates     dates
	direct    bool // chain is net/http's own transport, which reads a body only to send it
}

// New returns a transport. The caller's http.Client is not changed.
func New(cfg Config) *Transport {
	t := &Transport{jar: cfg.HTTPClient.Jar, userAgent: []string{cfg.UserAgent}}
	t.keys.init(cfg)
	_, known := cfg.HTTPClient.Transport.(*http.Transport)
	t.direct = known && len(cfg.Middleware) == 0
	t.chain = &originCheck{
		next: cfg.HTTPClient.Transport, origin: cfg.Origin, keys: &t.keys, shared: len(cfg.Middleware) > 0,
	}
	for i := len(cfg.Middleware) - 1; i >= 0; i-- {
		t.chain = cfg.Middleware[i](t.chain)
	}
	return t
}

// Default is like net/http's default, and none of its state: with room
// for many goroutines on one host, and a ping that finds a silent peer. Proxies
// are taken from the environment, as Go programs do.
func Default() *http.Transport {
	dialer := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: ProxyConnect,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// Call is one call: what it sends, and within which limits.
type Call struct {
	Method  string
	URL     *url.URL
	Header  http.Header // the caller's own headers; never the key
	Body    []byte      // nil: none
	Secrets []string    // values in the body that are kept out of errors, as the key is
	Stream  bool        // the body of a success is left open

	MaxRetries      int
	RetryAfterLimit time.Duration // longest wait that the service may ask for
	MaxWait         time.Duration // longest wait of all attempts together for the rate limit; 0: the context's
	Bulk            bool
	HeaderTimeout   time.Duration // from sending to the response's headers
	Timeout         time.Duration // one whole attempt of a unary call; 0: none

	Hooks Hooks // nil: no observer
}

// Hooks is called for each step of a call.
type Hooks interface {
	Attempt(attempt int)
	Response(attempt int, out *Outcome, took time.Duration)
	Retry(attempt int, out *Outcome, wait time.Duration)
	Wait(attempt int, waited time.Duration)
}

// Outcome is the result of a call, or of one attempt.
type Outcome struct {
	StatusCode int // 0: no response
	Header     http.Header
	Body       []byte        // of a unary call, and of every response that is not a success
	Stream     io.ReadCloser // of a stream's success
	RetryAfter time.Duration
	RateLimit  wire.RateLimit

	Attempts int
	Unknown  bool  // a write that may have been applied, with no response that tells
	Retried  bool  // an attempt before the last one may have applied this write
	Refused  error // the pacer refused another attempt after this response
	// Err is why there is no usable response: the network, the context, a limit.
	// The fields above still have what arrived.
	Err error

	Redactor // of the keys and of the call's secrets

	sent bool // the request may have reached the service
}

// Failed reports whether there is no usable response, or one that is not a success.
func (out *Outcome) Failed() bool {
	return out.Err != nil || out.StatusCode < 200 || out.StatusCode > 299
}

// call is a call in progress.
type call struct {
	*Call
	t       *Transport
	ctx     context.Context
	request *retryablehttp.Request

	attempts  int
	queued    time.Duration // spent waiting for the rate limit
	wait      time.Duration // before the next attempt
	last      Outcome       // of the newest attempt
	responded *Outcome      // of the newest attempt before the last that had a response
	retried   bool          // an attempt before the newest may have been applied
	refused   error         // why the pacer refused another attempt
	ended     bool          // the context ended where another attempt would have begun
}

// Do carries out a call. It returns when the response of a unary call was read,
// or when the headers of a stream have arrived.
func (t *Transport) Do(ctx context.Context, spec *Call) *Outcome {
	// One allocation, and no copy of it on the stack. call does not have the other fields: as
	// it is an http.RoundTripper, their methods would be linked.
	var all struct {
		call    call
		client  http.Client
		retrier retryablehttp.Client
		request retryablehttp.Request
	}
	c := &all.call
	c.Call, c.t, c.ctx, c.request = spec, t, ctx, &all.request
	all.client.Transport, all.client.CheckRedirect, all.client.Jar = c, noRedirect, t.jar
	c.request.Request = c.newRequest()
	if c.Body != nil {
		if err := c.request.SetBody(c.Body); err != nil {
			return &Outcome{Err: err}
		}
	}
	all.retrier.HTTPClient, all.retrier.RetryMax = &all.client, max(c.MaxRetries, 0)
	all.retrier.CheckRetry, all.retrier.Backoff, all.retrier.ErrorHandler = c.checkRetry, c.backoff, passOn
	_, err := all.retrier.Do(c.request)
	return c.outcome(err)
}

func (c *call) newRequest() *http.Request {
	r := &http.Request{Method: c.Method, URL: c.URL, Host: c.URL.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: c.newHeader()}
	return r.WithContext(c.ctx)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// passOn keeps the result of the last attempt: call has it.
func passOn(resp *http.Response, err error, _ int) (*http.Response, error) { return resp, err }

// RoundTrip makes one attempt of the call.
func (c *call) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.last.StatusCode != 0 {
		responded := c.last
		c.responded = &responded
	}
	c.last = Outcome{}
	resp, err := c.attempt(req)
	if err != nil {
		closeBody(req)
		c.last.Err = c.redactor().RedactError(err)
	}
	return resp, err
}

func (c *call) attempt(req *http.Request) (*http.Response, error) {
	used, err := c.t.keys.next(c.ctx)
	if err != nil {
		return nil, finalError{error: err}
	}
	if used.pacer != nil {
		if c.refused = c.acquire(used.pacer); c.refused != nil {
			return nil, finalError{error: c.refused}
		}
	}
	begun := time.Now()
	if used.pacer != nil {
		defer func() { c.observe(used.pacer, begun) }()
	}
	if c.ctx.Err() != nil {
		return nil, finalError{error: errs.Context(c.ctx)}
	}
	c.attempts++
	if c.Hooks != nil {
		c.Hooks.Attempt(c.attempts)
	}
	c.setDefaults(req.Header)
	resp, err := c.send(req, begun)
	if c.Hooks != nil {
		c.last.Redactor = c.redactor()
		c.last.Err = c.last.RedactError(err)
		c.Hooks.Response(c.attempts, &c.last, time.Since(begun))
	}
	return resp, err
}

// outcome returns the result of the call, given what the retrier returned.
func (c *call) outcome(err error) *Outcome {
	out := &c.last
	if out.StatusCode == 0 && out.Err == nil {
		out.Err = err
	}
	unknown := out.Failed() && isWrite(c.Method) && (c.retried || out.mayHaveApplied())
	if (err != nil || c.ended) && c.ctx.Err() != nil {
		if out.StatusCode == 0 && c.responded != nil {
			out = c.responded
		}
		out.Err = errs.Context(c.ctx)
	}
	if c.refused != nil && c.responded != nil {
		out = c.responded
		out.Refused = c.refused
	}
	if out.Stream != nil {
		own := *out // without the call, for as long as the stream is open
		out = &own
	}
	out.Redactor = c.redactor()
	out.Attempts = c.attempts
	out.Retried = c.retried
	out.Unknown = unknown
	return out
}

var (
	contentJSON = []string{"application/json"}
	eventStream = []string{"text/event-stream"}
	noCache     = []string{"no-cache"}
)

// newHeader returns the header of one attempt: what a cookie jar or a middleware
// writes into it does not show in the next.
func (c *call) newHeader() http.Header {
	h := make(http.Header, len(c.Header)+4)
	for name, values := range c.Header {
		h[name] = values
	}
	return h
}

// setDefaults adds the headers that the caller has not set.
func (c *call) setDefaults(h http.Header) {
	setDefault(h, "User-Agent", c.t.userAgent)
	if c.Body != nil {
		setDefault(h, "Content-Type", contentJSON)
	}
	if c.Stream {
		h["Accept"] = eventStream
		setDefault(h, "Cache-Control", noCache)
	} else {
		setDefault(h, "Accept", contentJSON)
	}
}

func setDefault(h http.Header, name string, values []string) {
	if h[name] == nil {
		h[name] = values
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
