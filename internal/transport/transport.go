// Package transport sends one call to the service and returns its outcome.
//
// It implements HTTP and does not know the API's types. Each file has one purpose.
// A call passes through these layers, which New, Do and call.attempt connect:
//
//	retry → key, pace → limits → middleware → origin → http
package transport

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/pace"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Config is the configuration that all calls of a client share.
type Config struct {
	HTTPClient *http.Client // only its Transport and its Jar are used
	UserAgent  string
	Origin     *url.URL                                    // the only origin that receives the key
	Key        string                                      // empty: use KeySource
	KeySource  func(context.Context) (string, error)       // called once per attempt
	NewPacer   func() Pacer                                // called for each new key; may return nil
	Middleware []func(http.RoundTripper) http.RoundTripper // outermost first
}

// Pacer decides when an attempt may be sent, like pace.Pacer.
type Pacer interface {
	Acquire(context.Context, pace.Request) error
	Observe(pace.Result)
}

// Transport sends the calls of one client.
type Transport struct {
	chain     http.RoundTripper // middleware, origin check, and the caller's transport
	jar       any               // http.CookieJar; with that type, the linker would keep the methods of http.Cookie
	userAgent []string
	keys      keys
	dates     dates
	direct    bool // no middleware, and the caller's transport is an *http.Transport
}

// New returns a transport. It does not modify the caller's http.Client.
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

// Default returns a transport similar to http.DefaultTransport, with more idle connections
// per host and with pings that detect an unresponsive peer. It takes proxies from the
// environment.
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

// Call describes a call and its limits.
type Call struct {
	Method  string
	URL     *url.URL
	Header  http.Header // the caller's own headers, without the key
	Body    []byte      // nil: no body
	Secrets []string    // values in the body that are redacted, like the key
	Stream  bool        // leave the body of a successful response open

	MaxRetries      int
	RetryAfterLimit time.Duration // maximum Retry-After to wait for
	MaxWait         time.Duration // maximum total wait for the rate limit; 0: limited by the context
	Bulk            bool
	HeaderTimeout   time.Duration // from sending to the response headers
	Timeout         time.Duration // for a whole attempt of a unary call; 0: none

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
	Body       []byte // of a unary call or an unsuccessful response
	Stream     Body   // of a successful streaming call
	RetryAfter time.Duration
	RateLimit  wire.RateLimit

	Attempts int
	Refused  error // the pacer refused another attempt after this response
	Unknown  bool  // it is not known whether a write was applied
	// EarlierMayHaveApplied reports that an attempt before the last may have applied the write.
	EarlierMayHaveApplied bool
	// Err is the reason why there is no usable response: an error of the network or the
	// context, or a limit. The fields above have what was received.
	Err error

	Redactor // for the keys and the call's secrets

	sent bool // the request may have reached the service
}

// Body is the body of an open stream.
type Body struct {
	io.Reader
	io.Closer
}

// Failed reports whether there is no usable response, or an unsuccessful one.
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
	last      Outcome       // of the latest attempt
	responded *Outcome      // of the newest earlier attempt that had a response; may be nil
	refused   error         // why the pacer refused another attempt
	ended     bool          // the context ended before another attempt

	earlierMayHaveApplied bool // see Outcome

	// connections counts the connections that an attempt gets. With 0, nothing was sent.
	// With more than 1, net/http itself has retried. It is nil for a GET, and if
	// Transport.direct is false.
	connections *atomic.Int32
}

// Do makes a call. It returns when the response of a unary call has been read, or when the
// headers of a stream have arrived.
func (t *Transport) Do(ctx context.Context, spec *Call) *Outcome {
	// One struct, so that the four values need one allocation. client and retrier are not
	// fields of call: it is used as an http.RoundTripper, so the linker would keep all methods
	// of its fields.
	var all struct {
		call    call
		client  http.Client
		retrier retryablehttp.Client
		request retryablehttp.Request
	}
	c := &all.call
	c.Call, c.t, c.ctx, c.request = spec, t, ctx, &all.request
	all.client.Transport, all.client.CheckRedirect = c, noRedirect
	all.client.Jar, _ = t.jar.(http.CookieJar)
	c.request.Request = c.newRequest()
	all.retrier.HTTPClient, all.retrier.RetryMax = &all.client, max(c.MaxRetries, 0)
	all.retrier.CheckRetry, all.retrier.Backoff, all.retrier.ErrorHandler = c.checkRetry, c.backoff, passOn
	_, err := all.retrier.Do(c.request)
	return c.outcome(err)
}

func (c *call) newRequest() *http.Request {
	ctx := c.ctx
	if c.t.direct && c.Method != http.MethodGet {
		connections := new(atomic.Int32)
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { connections.Add(1) },
		})
		c.connections = connections
	}
	r := &http.Request{Method: c.Method, URL: c.URL, Host: c.URL.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: c.newHeader()}
	return r.WithContext(ctx)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// passOn returns the result of the last attempt unchanged.
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
	if body := c.Body; body != nil { // a middleware may have changed the request of an earlier attempt
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
	}
	resp, err := c.send(req, begun)
	if c.Hooks != nil {
		c.last.Redactor = c.redactor()
		c.last.Err = c.last.RedactError(err)
		c.Hooks.Response(c.attempts, &c.last, time.Since(begun))
	}
	return resp, err
}

// outcome returns the outcome of the call, given the retrier's error.
func (c *call) outcome(err error) *Outcome {
	out := &c.last
	if out.StatusCode == 0 && out.Err == nil {
		out.Err = err
	}
	unknown := out.Failed() && IsWrite(c.Method) && (c.earlierMayHaveApplied || out.mayHaveApplied())
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
	if out.Stream.Reader != nil {
		own := *out // a copy, so that an open stream does not retain the call
		out = &own
	}
	out.Redactor = c.redactor()
	out.Attempts = c.attempts
	out.EarlierMayHaveApplied = c.earlierMayHaveApplied
	out.Unknown = unknown
	return out
}

var (
	contentJSON = []string{"application/json"}
	eventStream = []string{"text/event-stream"}
	noCache     = []string{"no-cache"}
)

// newHeader returns a header for one attempt; checkRetry calls it too. A change by a cookie
// jar or a middleware then does not affect other attempts.
func (c *call) newHeader() http.Header {
	h := make(http.Header, len(c.Header)+4)
	for name, values := range c.Header {
		h[name] = values
	}
	return h
}

// setDefaults adds headers that the caller has not set. A stream always gets its own Accept.
func (c *call) setDefaults(h http.Header) {
	if h["User-Agent"] == nil {
		h["User-Agent"] = c.t.userAgent
	}
	if c.Body != nil && h["Content-Type"] == nil {
		h["Content-Type"] = contentJSON
	}
	if c.Stream {
		h["Accept"] = eventStream
	} else if h["Accept"] == nil {
		h["Accept"] = contentJSON
	}
	if c.Stream && c.Method == http.MethodGet && h["Cache-Control"] == nil {
		h["Cache-Control"] = noCache
	}
}
