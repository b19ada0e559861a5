package chathttp

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// Config configures a [Handler]. Visitor, Turn and either TokenKeys or
// TokenKeysFunc are required. In every other field, zero means the default. The
// functions are called concurrently.
type Config struct {
	// Visitor returns the peer ID of the visitor who sent the request. It is 1 to
	// 256 bytes of UTF-8 and keeps visitors' sessions apart. Derive it from
	// something that a visitor cannot choose, such as a signed cookie. If the error
	// is an [Error], it becomes the response. For any other error or an invalid
	// peer ID the response is 401.
	Visitor func(r *http.Request) (peerID string, err error)

	// Turn chooses the agent that answers a message, and context to send along with
	// the message. r.Body is already consumed; use v.Message. If the error is an
	// [Error], it becomes the response. For an error of your own that wraps
	// agento.ErrForbidden the response is 403. For any other error, including every
	// [agento.Error], it is 500.
	Turn func(r *http.Request, v Visit) (Turn, error)

	// TokenKeys sign the tokens that prove which session belongs to a browser. The
	// first key signs; all are accepted. All replicas of a backend use the same keys.
	TokenKeys []TokenKey
	// TokenKeysFunc replaces TokenKeys if keys change while the handler runs. It is
	// called for each message that needs a token, so it should return a cached
	// value. If it fails, the response is 500.
	TokenKeysFunc func(context.Context) ([]TokenKey, error)
	// TokenLifetime is how long a token is accepted. Each turn issues a new one.
	// The default is 24 h.
	TokenLifetime time.Duration

	// AllowedOrigins lists other origins whose pages may use the handler, as
	// browsers send them: "https://www.example.com", in lower case, without a
	// default port or wildcard. Pages on the handler's own host and port are always
	// allowed.
	AllowedOrigins []string

	// Filter chooses which events other than text and done are sent; see [WithFilter].
	Filter func(agento.ChatEvent) any

	// OnTurn is called after every turn that was begun, before ServeHTTP returns, also
	// if the wait for the rate limit or creating the session fails. It is not called
	// for a message that the handler itself rejects. The context has the request's
	// values but is never canceled.
	OnTurn func(context.Context, TurnInfo)

	// FinishTurns continues a turn after the browser disconnects, so that the
	// history contains the whole answer. By default the turn is canceled.
	FinishTurns bool
	// TurnTimeout limits a turn, even if the browser is still connected. The default is
	// 15 min.
	TurnTimeout time.Duration

	// VisitorLimit limits the requests of one visitor, including those that are rejected
	// because of their body or token, or by Turn. The default is 2 at once and 20 a
	// minute.
	VisitorLimit Limit
	// TotalLimit limits the turns of all visitors together, and so the memory that
	// the handler uses. The default is 1000 at once and 600 a minute.
	TotalLimit Limit
	// MaxWait limits how long a turn waits in the queue for the rate limit of the key.
	// The response to a turn that would wait longer is 503. It is also 503 if the service
	// responds with a 429 whose Retry-After is more than a third of what is left of MaxWait.
	// A shorter Retry-After is waited for, with up to a second of jitter. The default is 10 s.
	MaxWait time.Duration

	// MaxBody limits the body of a request, in bytes. The default is 64 KiB.
	MaxBody int64
	// BodyTimeout limits how long a body may take to arrive, counted from the return of
	// Visitor, or from the first read if Visitor reads the body. The default is 10 s.
	BodyTimeout time.Duration
	// WriteTimeout and Heartbeat are described at [WithWriteTimeout] and [WithHeartbeat].
	WriteTimeout time.Duration
	Heartbeat    time.Duration

	// Logger receives a record for each turn and each rejected message: at level warn
	// if the backend or the service is at fault, and at level debug otherwise. For an
	// error of the service, the record has the request ID. No record contains the
	// content of a message.
	Logger *slog.Logger
}

// Limit limits how many turns or requests run at once, and how many begin within any
// minute.
type Limit struct{ AtOnce, PerMinute int }

// Visit is a message from a visitor.
type Visit struct {
	PeerID  string // returned by Visitor
	Message string
}

// Turn describes how to answer a message.
type Turn struct {
	// AgentID is the agent that answers. Required. It must be in shared mode: see [Handler].
	AgentID string
	// SessionID is the session to use, for a backend that stores sessions itself
	// and has checked that this one belongs to the visitor. If it is empty, the
	// browser's token decides. A browser without a token gets a new session.
	SessionID string
	// Context is sent to the agent together with the message: any JSON value.
	Context any
	// Client is the client of the agent's account. If it is nil, the handler's
	// client is used.
	Client *agento.Client
}

// TurnInfo describes a turn that has ended.
type TurnInfo struct {
	PeerID      string
	AgentID     string
	SessionID   string // empty: no session could be created
	Message     string // sent by the visitor
	Text        string // the part of the answer that arrived
	Err         error  // nil: the answer is complete
	RequestID   string // assigned by the service
	Duration    time.Duration
	BrowserGone bool // it disconnected or read too slowly
}

// complete returns c with its defaults, or an error that names an invalid field.
func (c Config) complete() (Config, error) {
	if c.Visitor == nil {
		return c, errs.Argument("Visitor", "is nil")
	}
	if c.Turn == nil {
		return c, errs.Argument("Turn", "is nil")
	}
	for _, err := range []error{
		setDefault("TokenLifetime", &c.TokenLifetime, 24*time.Hour),
		setDefault("TurnTimeout", &c.TurnTimeout, 15*time.Minute),
		setDefault("VisitorLimit.AtOnce", &c.VisitorLimit.AtOnce, 2),
		setDefault("VisitorLimit.PerMinute", &c.VisitorLimit.PerMinute, 20),
		setDefault("TotalLimit.AtOnce", &c.TotalLimit.AtOnce, 1000),
		setDefault("TotalLimit.PerMinute", &c.TotalLimit.PerMinute, 600),
		setDefault("MaxWait", &c.MaxWait, 10*time.Second),
		setDefault("MaxBody", &c.MaxBody, 64<<10),
		setDefault("BodyTimeout", &c.BodyTimeout, 10*time.Second),
		setDefault("WriteTimeout", &c.WriteTimeout, defaultWriteTimeout),
		setDefault("Heartbeat", &c.Heartbeat, defaultHeartbeat),
	} {
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func setDefault[T ~int | ~int64](name string, value *T, def T) error {
	if *value < 0 {
		return errs.Argument(name, "is negative: %v", *value)
	}
	if *value == 0 {
		*value = def
	}
	return nil
}
