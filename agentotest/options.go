package agentotest

import (
	"net/http"
	"time"
)

// Option configures a [Service] or [Server].
type Option func(*config)

type config struct {
	keys          map[string][]string // key to scopes
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

const defaultLimit = 120 // requests per minute and key

func newConfig(opts []Option) config {
	c := config{keys: map[string][]string{}, limit: defaultLimit, window: time.Minute, logIDs: true}
	WithReply(defaultReply)(&c)
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// WithKey adds a key with the given scopes to the first account. A key without scopes
// can only read the account. The account's own key, [Account.Key], has all scopes. To
// add a key to a running service, use [Account.AddKey].
func WithKey(key string, scopes ...string) Option { return func(c *config) { c.keys[key] = scopes } }

// WithRateLimit limits each key to the given number of requests per window. The default
// is 120 per minute. If limit or window is 0 or less, there is no limit and responses
// have no rate-limit headers.
func WithRateLimit(limit int, window time.Duration) Option {
	return func(c *config) { c.limit, c.window = limit, window }
}

// WithReset sets the kind of window and the meaning of X-RateLimit-Reset. The default
// is [ResetOldest].
func WithReset(meaning ResetMeaning) Option { return func(c *config) { c.reset = meaning } }

// WithClockOffset adds d to the service's clock: to the Date and X-RateLimit-Reset
// headers and to all times in bodies.
func WithClockOffset(d time.Duration) Option { return func(c *config) { c.offset = d } }

// OnDemand is a delay for [WithStartDelay] that leaves agents in status "creating" until
// the test calls [Service.SetStatus].
const OnDemand time.Duration = -1

// WithStartDelay sets how long an agent stays in status "creating" after it was created,
// started or restarted. The default is 0: the agent is "running" immediately.
func WithStartDelay(d time.Duration) Option { return func(c *config) { c.startDelay = d } }

// WithReply sets the function that returns the events of an agent's reply. A string
// becomes a text event; a [ReplyEvent] can be any event. The service adds the final
// "done" event. f must be safe for concurrent use. The default reply says that it comes
// from a test double and repeats the message.
func WithReply[E string | ReplyEvent](f func(Turn) []E) Option {
	return func(c *config) {
		c.reply = func(turn Turn) []ReplyEvent { return replyEvents(f(turn)) }
	}
}

// WithReplyGap sets the delay between two events of a reply. The default is 0.
func WithReplyGap(d time.Duration) Option { return func(c *config) { c.replyGap = d } }

// WithSessionInDone sets whether the "done" event of a reply contains the session ID.
// The default is false, as in the service's documentation.
func WithSessionInDone(yes bool) Option { return func(c *config) { c.sessionInDone = yes } }

// WithLogIDs sets whether the events of a log stream have IDs, which clients need to
// resume without gaps. The default is true.
func WithLogIDs(yes bool) Option { return func(c *config) { c.logIDs = yes } }

// WithLogKeepAlive makes a log stream send a comment each time it has been idle for d.
// The default is 0: no comments.
func WithLogKeepAlive(d time.Duration) Option { return func(c *config) { c.logKeepAlive = d } }

// WithPlanLimits limits how many agents each account may have, and how many of them may
// run at the same time. The default is 0: no limit.
func WithPlanLimits(maxAgents, maxRunning int) Option {
	return func(c *config) { c.maxAgents, c.maxRunning = maxAgents, maxRunning }
}

// WithMaxPage sets the maximum page size of all lists. The default is 0: no maximum,
// and a request without a limit parameter returns the whole list.
func WithMaxPage(rows int) Option { return func(c *config) { c.maxPage = rows } }

// WithMiddleware wraps the service in f. The first middleware is the outermost.
// [Service.Requests] includes requests that a middleware handles itself.
func WithMiddleware(f func(http.Handler) http.Handler) Option {
	return func(c *config) { c.middleware = append(c.middleware, f) }
}

// WithTLS makes [NewServer] serve HTTPS and HTTP/2. [Server.Client] and
// [Server.HTTPClient] trust the certificate.
func WithTLS() Option { return func(c *config) { c.tls = true } }

// WithInMemory makes [NewServer] use in-memory connections instead of sockets, as
// testing/synctest requires. Only clients from [Server.Client], [Server.ClientFor] and
// [Server.HTTPClient] can connect to such a server.
func WithInMemory() Option { return func(c *config) { c.inMemory = true } }
