package agentotest

import (
	"net/http"
	"time"
)

// Option changes how a [Service] or [Server] behaves.
type Option func(*config)

type config struct {
	keys          []keyGrant
	limit         int
	window        time.Duration
	reset         ResetMeaning
	offset        time.Duration
	startDelay    time.Duration
	reply         func(Turn) []string
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

type keyGrant struct {
	key    string
	scopes []string
}

func newConfig(opts []Option) config {
	c := config{limit: defaultLimit, window: time.Minute, reply: defaultReply, logIDs: true}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// WithKey adds a key that has the given scopes and no others; with none it
// reads the account and nothing else. [Service.Key] has all scopes and is there
// in any case. See [Service.AddKey] for keys that a test needs later.
func WithKey(key string, scopes ...string) Option {
	return func(c *config) { c.keys = append(c.keys, keyGrant{key, scopes}) }
}

// WithRateLimit sets how many requests each key may make in a window of the
// given length. The default is 120 a minute. A limit or window of 0 or less
// turns the limiter off; the answers then have no rate-limit headers at all.
func WithRateLimit(limit int, window time.Duration) Option {
	return func(c *config) { c.limit, c.window = limit, window }
}

// WithReset sets the kind of window and what X-RateLimit-Reset means. The
// default is [ResetOldest].
func WithReset(meaning ResetMeaning) Option {
	return func(c *config) { c.reset = meaning }
}

// WithClockOffset makes the service's clock differ from the machine's by d:
// the Date and X-RateLimit-Reset headers and all times in bodies.
func WithClockOffset(d time.Duration) Option {
	return func(c *config) { c.offset = d }
}

// OnDemand as the start delay leaves agents in "creating" until the test calls
// [Service.SetStatus].
const OnDemand time.Duration = -1

// WithStartDelay sets how long an agent that is created, started or restarted
// stays in "creating" before it is "running". The default is 0: it runs at once.
func WithStartDelay(d time.Duration) Option {
	return func(c *config) { c.startDelay = d }
}

// WithReply sets what agents answer: f returns the increments of the text, each
// of which becomes one event. It must be safe for concurrent use. The default
// says that this is a test double and repeats the message.
func WithReply(f func(Turn) []string) Option {
	return func(c *config) {
		if f != nil {
			c.reply = f
		}
	}
}

// WithReplyGap sets the time between two events of an answer. The default is 0.
func WithReplyGap(d time.Duration) Option {
	return func(c *config) { c.replyGap = d }
}

// WithSessionInDone makes the event that ends an answer carry the session's id.
// The default is false, as in the service's documentation.
func WithSessionInDone(yes bool) Option {
	return func(c *config) { c.sessionInDone = yes }
}

// WithLogIDs sets whether the events of a log stream have ids, by which a
// client resumes. The default is true; with false they are plain data lines.
func WithLogIDs(yes bool) Option {
	return func(c *config) { c.logIDs = yes }
}

// WithLogKeepAlive makes a log stream send a comment whenever it has been
// silent for d. The default is 0: none.
func WithLogKeepAlive(d time.Duration) Option {
	return func(c *config) { c.logKeepAlive = d }
}

// WithPlanLimits sets how many agents the account may have, and how many may
// run at a time; 0 is no limit, which is the default.
func WithPlanLimits(maxAgents, maxRunning int) Option {
	return func(c *config) { c.maxAgents, c.maxRunning = maxAgents, maxRunning }
}

// WithMaxPage bounds the rows of one page of any list, whatever the request
// asks for. The default is 0: a list without a limit parameter is answered whole.
func WithMaxPage(rows int) Option {
	return func(c *config) { c.maxPage = rows }
}

// WithMiddleware puts f around the service; the first one given is the
// outermost. [Service.Requests] also has what a middleware answers itself.
func WithMiddleware(f func(http.Handler) http.Handler) Option {
	return func(c *config) {
		if f != nil {
			c.middleware = append(c.middleware, f)
		}
	}
}

// WithTLS makes [NewServer] serve HTTPS, with HTTP/2, under a certificate that
// [Server.Client] and [Server.HTTPClient] trust.
func WithTLS() Option {
	return func(c *config) { c.tls = true }
}

// WithInMemory makes [NewServer] use connections in memory in place of
// sockets, as testing/synctest needs. Only [Server.Client] and
// [Server.HTTPClient] reach such a server.
func WithInMemory() Option {
	return func(c *config) { c.inMemory = true }
}
