package agentotest

import (
	"net/http"
	"time"
)

// Option changes how a [Service] or [Server] behaves.
type Option func(*config)

type config struct {
	keys          map[string][]string // to scopes
	limit         int
	window        time.Duration
	reset         ResetMeaning
	offset        time.Duration
	startDelay    time.Duration
	reply         func(Turn) []ReplyEvent
	replyGap      time.Duration
	sessionInDone bool
	logIDs        bool
	logKeepAlive  time.Duration
	maxAgents     int
	maxRunning    int
	maxPage       int
	middleware    []func(http.Handler) http.Handler
	tls           bool
	inMemory      bool
}

const defaultLimit = 120 // requests a minute for each key

func newConfig(opts []Option) config {
	c := config{keys: map[string][]string{}, limit: defaultLimit, window: time.Minute, logIDs: true}
	WithReply(defaultReply)(&c)
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// WithKey adds a key of the first account that has the given scopes and no others; with
// none it only reads the account. [Account.Key] has all scopes and is there in any
// case. See [Account.AddKey] for keys that a test needs later.
func WithKey(key string, scopes ...string) Option { return func(c *config) { c.keys[key] = scopes } }

// WithRateLimit sets how many requests each key may make in a window of the given
// length. The default is 120 a minute. A limit or window of 0 or less turns the limiter
// off; responses then have no rate-limit headers.
func WithRateLimit(limit int, window time.Duration) Option {
	return func(c *config) { c.limit, c.window = limit, window }
}

// WithReset sets the kind of window and what X-RateLimit-Reset means. The default is
// [ResetOldest].
func WithReset(meaning ResetMeaning) Option { return func(c *config) { c.reset = meaning } }

// WithClockOffset makes the service's clock differ from the machine's by d: the Date
// and X-RateLimit-Reset headers and all times in bodies.
func WithClockOffset(d time.Duration) Option { return func(c *config) { c.offset = d } }

// OnDemand as the start delay leaves agents in "creating" until the test calls
// [Service.SetStatus].
const OnDemand time.Duration = -1

// WithStartDelay sets how long an agent that is created, started or restarted stays in
// "creating" before it is "running". The default is 0: it runs at once.
func WithStartDelay(d time.Duration) Option { return func(c *config) { c.startDelay = d } }

// WithReply sets how agents reply: f returns the events of the reply in order. A string
// is a text event; a [ReplyEvent] can be something else. The event that ends a reply is
// added. f must be safe for concurrent use. By default a reply says that this is a test
// double and repeats the message.
func WithReply[E string | ReplyEvent](f func(Turn) []E) Option {
	return func(c *config) {
		c.reply = func(turn Turn) []ReplyEvent { return replyEvents(f(turn)) }
	}
}

// WithReplyGap sets the time between two events of a reply. The default is 0.
func WithReplyGap(d time.Duration) Option { return func(c *config) { c.replyGap = d } }

// WithSessionInDone makes the event that ends a reply carry the session's ID. The
// default is false, as in the service's documentation.
func WithSessionInDone(yes bool) Option { return func(c *config) { c.sessionInDone = yes } }

// WithLogIDs sets whether the events of a log stream have IDs, by which a client
// resumes. The default is true; with false they are plain data lines.
func WithLogIDs(yes bool) Option { return func(c *config) { c.logIDs = yes } }

// WithLogKeepAlive makes a log stream send a comment whenever it has been silent for d.
// The default is 0: no comments.
func WithLogKeepAlive(d time.Duration) Option { return func(c *config) { c.logKeepAlive = d } }

// WithPlanLimits sets how many agents each account may have, and how many may run at a
// time; 0 is no limit, which is the default.
func WithPlanLimits(maxAgents, maxRunning int) Option {
	return func(c *config) { c.maxAgents, c.maxRunning = maxAgents, maxRunning }
}

// WithMaxPage limits the rows of one page of any list, whatever the request asks for.
// The default is 0: without a limit parameter a list is returned whole.
func WithMaxPage(rows int) Option { return func(c *config) { c.maxPage = rows } }

// WithMiddleware wraps the service in f; the first one given is the outermost.
// [Service.Requests] includes requests that a middleware responds to.
func WithMiddleware(f func(http.Handler) http.Handler) Option {
	return func(c *config) { c.middleware = append(c.middleware, f) }
}

// WithTLS makes [NewServer] serve HTTPS, with HTTP/2, under a certificate that
// [Server.Client] and [Server.HTTPClient] trust.
func WithTLS() Option { return func(c *config) { c.tls = true } }

// WithInMemory makes [NewServer] use connections in memory in place of sockets, as
// testing/synctest needs. Only [Server.Client] and [Server.HTTPClient] reach such a
// server.
func WithInMemory() Option { return func(c *config) { c.inMemory = true } }
