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

// Version is the version of the SDK, as it stands in the User-Agent header.
const Version = "0.1.0"

var userAgent = "agento-go/" + Version + " (" + runtime.Version() + ")"

// Option sets up a [Client] when it is given to [New], or one call when it is
// given to a method. Where the same option is given twice the last one wins; an
// option of a call wins over that of the client. An option at the wrong level,
// such as [WithResponse] on New, is an error that names it.
type Option struct {
	name    string
	level   level
	problem string // with its argument; empty: none
	apply   func(*settings)
}

// unless returns a problem, or nothing if the argument is good.
func unless(good bool, problem string) string {
	if good {
		return ""
	}
	return problem
}

// level says where an option may stand.
type level uint8

const (
	onNew level = 1 << iota
	onCall
	anywhere = onNew | onCall
)

// settings is what options set.
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
	secrets         []string // kept out of errors, as are those in the body
}

// clientSettings is what only New takes.
type clientSettings struct {
	baseURL    string
	plainHTTP  string
	httpClient *http.Client
	keySource  func(context.Context) (string, error)
	noPacing   bool
	pacer      Pacer
	observer   *Observer
	logging    func(*Observer) *Observer                                               // set by WithLogger, so that only its users link log/slog
	compare    func(oc *observerCall, d *wire.Drift, body []byte, result reflect.Type) // likewise
	middleware []func(http.RoundTripper) http.RoundTripper
	userAgent  string
}

// newPacer returns the pacer of one API key, nil for none.
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

// set applies options that stand at the given level.
func (s *settings) set(at level, opts []Option) error {
	for i, o := range opts {
		if o.apply == nil {
			return errs.Argument("opts", "hold an empty Option at index %d", i)
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

// with returns the settings of a call: those of the client where it has no
// options of its own.
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

// several returns the settings of a method that makes several calls, none of which
// a person waits for.
func (s *settings) several(method string, opts []Option) (*settings, error) {
	own, err := s.with(opts)
	if err != nil {
		return nil, err
	}
	if own.response != nil {
		return nil, errs.Argument("WithResponse", "does not fit %s, which makes several calls", method)
	}
	if own.bulkSet {
		return own, nil
	}
	bulk := *own
	bulk.bulk = true
	return &bulk, nil
}

// forRead returns the settings of a write for a read, which has no body that extra
// fields could go into.
func (s *settings) forRead() *settings {
	read := *s
	read.extra = nil
	return &read
}

// Response is what came back with a call, for [WithResponse].
type Response struct {
	StatusCode int    // 0: there was no response
	RequestID  string // quote it to support
	RateLimit  RateLimit
	Header     http.Header
	Attempts   int    // how often the call was sent
	Body       []byte // the raw JSON; nil for streams
}

// WithBaseURL sends all calls to another base URL, given without /v1. It must be
// https, or http to a loopback host. On [New] only.
func WithBaseURL(base string) Option {
	return Option{"WithBaseURL", onNew, unless(base != "", "is empty"), func(s *settings) { s.client.baseURL = base }}
}

// WithPlainHTTP allows a base URL with plain http to this one host, a name or an IP
// address. With a port behind it, such as gateway:8080, only that port is allowed. The
// key then crosses the network unprotected. On [New] only.
func WithPlainHTTP(host string) Option {
	_, _, ok := wire.SplitHost(host)
	// Not quoted: it may have a password.
	problem := unless(ok, "is not a host name or an IP address, with or without a port")
	return Option{"WithPlainHTTP", onNew, problem, func(s *settings) { s.client.plainHTTP = host }}
}

// WithHTTPClient sends through a copy of this http.Client; the original is not
// changed. Its Timeout becomes the limit of one attempt of a call that is not a
// stream, as with [WithTimeout]. Redirects are never followed, whatever its
// CheckRedirect says. On [New] only.
func WithHTTPClient(client *http.Client) Option {
	return Option{"WithHTTPClient", onNew, unless(client != nil, "is nil"), func(s *settings) { s.client.httpClient = client }}
}

// WithKeySource asks for the API key at each attempt and each reconnect, so that
// a key can be rotated without a new client. The function may be called by many
// goroutines at once, at most 64. Its error ends the call. A call does not wait for it
// beyond its own context. Give "" as the key of [New] together with it. On [New] only.
func WithKeySource(source func(context.Context) (string, error)) Option {
	return Option{"WithKeySource", onNew, unless(source != nil, "is nil"), func(s *settings) { s.client.keySource = source }}
}

// WithPacing(false) turns off the pacing of calls by the rate limit; what
// remains is the reaction to 429. On [New] only.
func WithPacing(on bool) Option {
	return Option{"WithPacing", onNew, "", func(s *settings) { s.client.noPacing = !on }}
}

// WithPacer shares the rate limit wider than this client, for example between
// the replicas of a backend. On [New] only.
func WithPacer(p Pacer) Option {
	return Option{"WithPacer", onNew, unless(p != nil, "is nil"), func(s *settings) { s.client.pacer = p }}
}

// WithObserver tells o what happens to each call and stream. On [New] only.
func WithObserver(o Observer) Option {
	return Option{"WithObserver", onNew, "", func(s *settings) { s.client.observer, s.client.compare = &o, (*observerCall).compare }}
}

// WithLogger writes a record for each call, and for the first event and the end
// of a stream, at debug level, and retries, reconnects and waits of a second or
// more at warn level. No record has the key, a secret or the content of a
// message. On [New] only.
func WithLogger(l *slog.Logger) Option {
	return Option{"WithLogger", onNew, unless(l != nil, "is nil"), func(s *settings) {
		s.client.logging = func(o *Observer) *Observer { return joinObservers(o, logObserver(l)) }
		s.client.compare = (*observerCall).compare
	}}
}

// WithMiddleware puts a layer around the HTTP transport, for every attempt. The
// requests that it gets do not have the key, which is added after it; a
// [net/http/httptrace.ClientTrace] in the context of a request still sees every header
// that is written. A request that it sends to another origin is refused with
// [ErrCrossOrigin]. Middleware adds up; the first given is the outermost. On
// [New] only.
func WithMiddleware(m func(http.RoundTripper) http.RoundTripper) Option {
	return Option{"WithMiddleware", onNew, unless(m != nil, "is nil"), func(s *settings) { s.client.middleware = append(s.client.middleware, m) }}
}

// WithUserAgent puts the name of your program before the SDK's in the User-Agent
// header. On [New] only.
func WithUserAgent(ua string) Option {
	problem := unless(ua != "" && wire.ValidHeaderValue(ua), "is empty or cannot stand in a header")
	return Option{"WithUserAgent", onNew, problem, func(s *settings) { s.client.userAgent = ua + " " + userAgent }}
}

// WithHeader sends one more header, on every call of a client or on one call. It
// is refused for X-Api-Key, Host and Content-Length. With an Idempotency-Key
// net/http repeats a write by itself when it loses the connection; whether the
// service heeds that header is not documented.
func WithHeader(key, value string) Option {
	name := textproto.CanonicalMIMEHeaderKey(key)
	problem := ""
	switch {
	case !wire.ValidHeaderName(key):
		problem = fmt.Sprintf("has a key that no header can have: %q", key)
	case name == "X-Api-Key" || name == "Host" || name == "Content-Length":
		problem = "does not set " + name
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

// WithMaxRetries sets how often a call is repeated at most: 0 is never, the
// default is 3, which makes four attempts. What is repeated at all is fixed: a
// write that may have been applied is not sent again if that could do it twice.
func WithMaxRetries(n int) Option {
	return Option{"WithMaxRetries", anywhere, unless(n >= 0, "is negative"), func(s *settings) { s.maxRetries = n }}
}

// WithRetryAfterLimit sets the longest wait that the service may ask for with
// Retry-After; beyond it the answer is returned at once as an error that holds
// the wait. Until that time is over, calls that pacing would keep waiting for it
// fail at once too. The default is one minute.
func WithRetryAfterLimit(d time.Duration) Option {
	return Option{"WithRetryAfterLimit", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.retryAfterLimit = d }}
}

// WithMaxWait bounds how long a call may queue for its places in the rate limit,
// all its attempts together. A turn that cannot come within it fails at once with
// [ErrRateLimited] and RetryAfter, without a request. The default is the context's deadline alone.
func WithMaxWait(d time.Duration) Option {
	return Option{"WithMaxWait", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.maxWait = d }}
}

// WithBulk(true) lets a call wait behind others for the rate limit: what people wait
// for, such as a chat, goes first. WithBulk(false) is for the All… iterators, Deploy
// and the waits of [AgentsService], which are bulk by default.
func WithBulk(bulk bool) Option {
	return Option{"WithBulk", anywhere, "", func(s *settings) { s.bulk, s.bulkSet = bulk, true }}
}

// WithTimeout bounds one attempt of a call that is not a stream, its body
// included. Without it the response's headers must come within 60 s, and within
// another 60 s each further 64 KiB of the body, or its end.
func WithTimeout(d time.Duration) Option {
	return Option{"WithTimeout", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.timeout = d }}
}

// WithIdleTimeout sets how long a stream may be silent, from its request on;
// keep-alive comments count as life. The default is 10 min for chat and raw streams, which then end
// with [ErrStreamIdle], and 2 min for logs, which then reconnect.
func WithIdleTimeout(d time.Duration) Option {
	return Option{"WithIdleTimeout", anywhere, unless(d > 0, "is not positive"), func(s *settings) { s.idleTimeout = d }}
}

// WithMaxEventSize sets the largest event of a stream in bytes; a larger one
// ends it with [ErrEventTooLarge]. The default is 4 MiB.
func WithMaxEventSize(bytes int) Option {
	return Option{"WithMaxEventSize", anywhere, unless(bytes > 0, "is not positive"), func(s *settings) { s.maxEventSize = bytes }}
}

// WithResponse fills r before the method returns, also when it returns an error. The raw
// JSON has the fields that the SDK's types do not have. On a call only. Methods that wait,
// iterate or deploy refuse it; others that make several calls report the last.
func WithResponse(r *Response) Option {
	return Option{"WithResponse", onCall, unless(r != nil, "is nil"), func(s *settings) { s.response = r }}
}

// WithExtra sends one more field in the JSON body of a call, for what the API
// takes and the SDK does not know yet. It wins over a field of the same name. On
// a call only.
func WithExtra(key string, value any) Option {
	return Option{"WithExtra", onCall, unless(key != "", "has an empty key"), func(s *settings) {
		if s.extra == nil { // the client's settings have none
			s.extra = make(map[string]any)
		}
		s.extra[key] = value
	}}
}
