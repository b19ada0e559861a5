package agento

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"reflect"
	"runtime"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/pace"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Version is the version of the SDK. The User-Agent header has it.
const Version = "0.2.0"

var userAgent = "agento-go/" + Version + " (" + runtime.Version() + ")"

// Option configures a [Client] when passed to [New], or one call when passed to a method.
// If an option is given twice, the last one applies. Middleware adds up, as do headers and
// extra fields with different names. An option of a call overrides that of the client. An
// option in the wrong place, such as [WithResponse] on New, is an error that names it.
type Option struct {
	name    string
	level   level
	problem string // of its argument; empty: none
	apply   func(*settings)
}

// unless returns problem, or "" if the argument is valid.
func unless(valid bool, problem string) string {
	if valid {
		return ""
	}
	return problem
}

// level is where an option is allowed.
type level uint8

const (
	onNew level = 1 << iota
	onCall
	anywhere = onNew | onCall
)

// settings has the values that options set.
type settings struct {
	client clientSettings

	header          http.Header // extra headers; nil: none
	maxRetries      int
	retryAfterLimit time.Duration
	maxWait         time.Duration
	bulk            bool
	bulkSet         bool
	timeout         time.Duration // 0: not set
	idleTimeout     time.Duration // 0: not set
	maxEventSize    int
	response        *Response
	extra           map[string]any
	secrets         []string // redacted in errors, as are those in the body
}

// clientSettings has the values of the options of New.
type clientSettings struct {
	baseURL    string
	plainHTTP  string
	httpClient *http.Client
	keySource  func(context.Context) (string, error)
	noPacing   bool
	pacer      Pacer
	observer   *Observer
	middleware []func(http.RoundTripper) http.RoundTripper
	userAgent  string
	// These are functions, so that only programs that use them link their code.
	logging func(*Observer) *Observer
	observe func(context.Context, *Observer, *CallInfo) (*observerCall, transport.Hooks)
	compare func(oc *observerCall, d *wire.Drift, body []byte, result reflect.Type)
}

// newPacer returns the pacer of one API key, or nil if calls are not paced.
func (s *clientSettings) newPacer() transport.Pacer {
	switch {
	case s.noPacing:
		return nil
	case s.pacer != nil:
		return callersPacer{s.pacer}
	}
	return pace.New()
}

const (
	defaultBaseURL         = "https://api.agento.host"
	defaultMaxRetries      = 3
	defaultRetryAfterLimit = time.Minute
	defaultHeaderTimeout   = time.Minute
	defaultChatIdle        = 10 * time.Minute
	defaultLogIdle         = 2 * time.Minute
	defaultMaxEventSize    = 4 << 20
)

func defaultSettings() settings {
	return settings{
		client:          clientSettings{baseURL: defaultBaseURL, userAgent: userAgent},
		maxRetries:      defaultMaxRetries,
		retryAfterLimit: defaultRetryAfterLimit,
		maxEventSize:    defaultMaxEventSize,
	}
}

// set applies options, which must be allowed at the given level.
func (s *settings) set(at level, opts []Option) error {
	for i, o := range opts {
		if o.apply == nil {
			return errs.Argument("opts", "have an empty Option at index %d", i)
		}
		if o.level&at == 0 {
			where := "New, not to a call"
			if at == onNew {
				where = "a call, not to New"
			}
			return errs.Argument(o.name, "belongs to %s", where)
		}
		if o.problem != "" {
			return errs.Argument(o.name, "%s", o.problem)
		}
		o.apply(s)
	}
	return nil
}

// with returns the client's settings, changed by the options of a call.
func (s *settings) with(opts []Option) (*settings, error) {
	if len(opts) == 0 {
		return s, nil
	}
	own := *s
	own.header = s.header.Clone()
	if err := own.set(onCall, opts); err != nil {
		return nil, err
	}
	return &own, nil
}

// several returns the settings of a method that makes several calls, as bulk work.
func (s *settings) several(method string, opts []Option) (*settings, error) {
	own, err := s.with(opts)
	if err != nil {
		return nil, err
	}
	if own.response != nil {
		return nil, errs.Argument("WithResponse", "is not allowed on %s, which makes several calls", method)
	}
	if own.bulkSet {
		return own, nil
	}
	bulk := *own
	bulk.bulk = true
	return &bulk, nil
}

// forRead returns settings for a read, without the extra fields of a write.
func (s *settings) forRead() *settings {
	read := *s
	read.extra = nil
	return &read
}

// Response is the HTTP response of a call, for [WithResponse].
type Response struct {
	StatusCode int    // 0: there was no response
	RequestID  string // quote it to support
	RateLimit  RateLimit
	Header     http.Header
	Attempts   int    // number of requests sent
	Body       []byte // the raw JSON; nil for streams
}

// WithBaseURL sets the base URL, without /v1. It must be https, or http to a loopback
// host or that of [WithPlainHTTP]. The default is https://api.agento.host. On [New] only.
func WithBaseURL(base string) Option {
	return Option{"WithBaseURL", onNew, unless(base != "", "is empty"), func(s *settings) { s.client.baseURL = base }}
}

// WithPlainHTTP allows a base URL with plain http for one host, a name or an IP address.
// If host has a port, such as gateway:8080, only that port is allowed. The API key then
// crosses the network unencrypted. On [New] only.
func WithPlainHTTP(host string) Option {
	_, _, ok := wire.SplitHost(host)
	// The problem does not quote the host, which may have a password.
	problem := unless(ok, "is not a host name or an IP address, with or without a port")
	return Option{"WithPlainHTTP", onNew, problem, func(s *settings) { s.client.plainHTTP = host }}
}

// WithHTTPClient sends requests with a copy of client. Its Timeout limits one attempt of
// a call that is not a stream, as [WithTimeout] does. Redirects are never followed, also
// if it has a CheckRedirect. On [New] only.
func WithHTTPClient(client *http.Client) Option {
	return Option{"WithHTTPClient", onNew, unless(client != nil, "is nil"), func(s *settings) { s.client.httpClient = client }}
}

// WithKeySource gets the API key from source for each attempt and each reconnect, so that
// a key can be rotated. At most 64 goroutines call source at the same time. An error of
// source ends the call. A call waits for source until its context ends, not longer. The
// key given to [New] must be "". On [New] only.
func WithKeySource(source func(context.Context) (string, error)) Option {
	return Option{"WithKeySource", onNew, unless(source != nil, "is nil"), func(s *settings) { s.client.keySource = source }}
}

// WithPacing with false turns off waiting for the rate limit before a call is sent. A 429
// is still retried. On [New] only.
func WithPacing(on bool) Option {
	return Option{"WithPacing", onNew, "", func(s *settings) { s.client.noPacing = !on }}
}

// WithPacer replaces the client's pacer, for example by one that shares the rate limit
// between the replicas of a backend. On [New] only.
func WithPacer(p Pacer) Option {
	return Option{"WithPacer", onNew, unless(p != nil, "is nil"), func(s *settings) { s.client.pacer = p }}
}

// WithObserver reports each step of calls and streams to o. On [New] only.
func WithObserver(o Observer) Option {
	return Option{"WithObserver", onNew, "", func(s *settings) { s.client.observer = &o; s.client.useObserver() }}
}

// WithLogger logs calls, first events, ends of streams and short waits at level debug,
// drift ([DriftInfo]) at level info, and retries, reconnects and waits of a second or more
// at level warn. [Observer] describes what errors in a record can quote. On [New] only.
func WithLogger(l *slog.Logger) Option {
	return Option{"WithLogger", onNew, unless(l != nil, "is nil"), func(s *settings) {
		s.client.logging = func(o *Observer) *Observer { return joinObservers(o, logObserver(l)) }
		s.client.useObserver()
	}}
}

func (s *clientSettings) useObserver() {
	s.observe, s.compare = observe, (*observerCall).compare
}

// WithMiddleware wraps the HTTP transport of every attempt. The key is added to a request
// after the middleware, which does not see it. A [net/http/httptrace.ClientTrace] in the
// request's context sees it. A request to another origin fails with [ErrCrossOrigin]. The
// option may be repeated; the first middleware is the outermost. On [New] only.
func WithMiddleware(m func(http.RoundTripper) http.RoundTripper) Option {
	return Option{"WithMiddleware", onNew, unless(m != nil, "is nil"), func(s *settings) { s.client.middleware = append(s.client.middleware, m) }}
}

// WithUserAgent adds the name of a program to the User-Agent header, before the SDK's.
// On [New] only.
func WithUserAgent(ua string) Option {
	problem := unless(ua != "" && wire.ValidHeaderValue(ua), "is empty or not a valid header value")
	return Option{"WithUserAgent", onNew, problem, func(s *settings) { s.client.userAgent = ua + " " + userAgent }}
}

// WithHeader adds a header to every call of a client, or to one call. The headers
// X-Api-Key, Host and Content-Length are rejected. With Idempotency-Key or
// X-Idempotency-Key, net/http may retry a write after a lost connection. It may then be
// applied twice: whether the service honors that header is not documented.
func WithHeader(key, value string) Option {
	name := textproto.CanonicalMIMEHeaderKey(key)
	problem := ""
	switch {
	case !wire.ValidHeaderName(key):
		problem = fmt.Sprintf("has an invalid header name: %q", key)
	case name == "X-Api-Key" || name == "Host" || name == "Content-Length":
		problem = "cannot set " + name
	case !wire.ValidHeaderValue(value):
		problem = "has a value for " + name + " with a line break or another control character"
	}
	return Option{"WithHeader", anywhere, problem, func(s *settings) {
		if s.header == nil {
			s.header = http.Header{}
		}
		s.header[name] = []string{value}
	}}
}

// WithMaxRetries limits the retries of a call. The default is 3, which makes four
// attempts; 0 turns retries off. A POST or PATCH that may have been applied is not
// retried, except in Deploy and Sync.
func WithMaxRetries(n int) Option {
	return Option{"WithMaxRetries", anywhere, unless(n >= 0, "is negative"), func(s *settings) { s.maxRetries = n }}
}

// WithRetryAfterLimit limits the wait that a call accepts from a Retry-After header. If
// the header asks for a longer wait, the call fails at once, with RetryAfter in its
// [*Error]. Until that wait is over, other calls that would wait longer than the limit
// fail at once too. The default is one minute.
func WithRetryAfterLimit(d time.Duration) Option {
	return Option{"WithRetryAfterLimit", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.retryAfterLimit = d }}
}

// WithMaxWait limits how long a call waits for the rate limit, over all its attempts. A
// call that would wait longer fails at once, without a request, with [ErrRateLimited] and
// RetryAfter. By default only the context and [WithRetryAfterLimit] limit the wait.
func WithMaxWait(d time.Duration) Option {
	return Option{"WithMaxWait", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.maxWait = d }}
}

// WithBulk with true lets other calls, such as chat, go ahead of this call when calls wait
// for the rate limit. The All… iterators, Deploy, Sync, WaitUntil, WaitAll and
// RestartAndWait are bulk by default; WithBulk(false) changes that.
func WithBulk(bulk bool) Option {
	return Option{"WithBulk", anywhere, "", func(s *settings) { s.bulk, s.bulkSet = bulk, true }}
}

// WithTimeout limits one attempt of a call that is not a stream, including its body. By
// default, the headers must instead arrive within 60 s, and then each 64 KiB of the body
// within another 60 s.
func WithTimeout(d time.Duration) Option {
	return Option{"WithTimeout", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.timeout = d }}
}

// WithIdleTimeout limits how long a stream may receive no data, from its request on;
// keep-alive comments reset the timer. The default is 10 min for chat and raw streams,
// which then fail with [ErrStreamIdle], and 2 min for logs, which then reconnect.
func WithIdleTimeout(d time.Duration) Option {
	return Option{"WithIdleTimeout", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.idleTimeout = d }}
}

// WithMaxEventSize limits the bytes of an event. A larger event ends the stream with
// [ErrEventTooLarge]. The default is 4 MiB.
func WithMaxEventSize(bytes int) Option {
	return Option{"WithMaxEventSize", anywhere, unless(bytes > 0, "is not positive"), func(s *settings) { s.maxEventSize = bytes }}
}

// WithResponse fills r before the method returns, also if it returns an error other than
// an invalid argument. Its Body has the fields that the SDK does not have. The methods that
// are bulk by default reject it (see [WithBulk]). If the method sends two calls, r is the
// response that decided the result. On a call only.
func WithResponse(r *Response) Option {
	return Option{"WithResponse", onCall, unless(r != nil, "is nil"), func(s *settings) { s.response = r }}
}

// WithExtra adds a field to the JSON body of a call, for fields that the SDK does not have.
// It replaces a field of the same name. A call without a body rejects it. On a call only.
func WithExtra(key string, value any) Option {
	return Option{"WithExtra", onCall, unless(key != "", "has an empty key"), func(s *settings) {
		if s.extra == nil { // the client's settings have none
			s.extra = make(map[string]any)
		}
		s.extra[key] = value
	}}
}
