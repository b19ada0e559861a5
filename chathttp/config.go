package chathttp

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// Config configures a [Handler]. Visitor, Turn and TokenKeys or TokenKeysFunc are
// required; the zero value of every other field is its default. The functions are called by
// many goroutines at once.
type Config struct {
	// Visitor returns the peer id of the visitor who sent the request: at most
	// 256 bytes of UTF-8 that keep visitors' sessions apart. Derive it from
	// something a visitor cannot choose, such as a signed cookie. An [Error] is the
	// response. Any other error, and a peer id that is empty or invalid, is
	// answered with 401.
	Visitor func(r *http.Request) (peerID string, err error)

	// Turn decides which agent answers a message, and what it is told in addition
	// to the message. An [Error] is the response. Any other error that matches
	// agento.ErrForbidden is answered with 403, and the rest, with every error of
	// the service, with 500. The body of the request has been read.
	Turn func(r *http.Request, v Visit) (Turn, error)

	// TokenKeys sign the tokens by which browsers prove their sessions. The first
	// key signs; all are accepted. The replicas of a backend share them.
	TokenKeys []TokenKey
	// TokenKeysFunc returns the TokenKeys instead, so that they can be replaced
	// while the handler runs. It is called for each message that needs a token, so
	// let it return a cached value. An error is answered with 500.
	TokenKeysFunc func(context.Context) ([]TokenKey, error)
	// TokenLifetime is how long a token is accepted. Each turn issues a new one.
	// The default is 24 h.
	TokenLifetime time.Duration

	// AllowedOrigins lists pages of other origins that may use the handler, in the
	// form that browsers send: "https://www.example.com", in lower case, without
	// default port or wildcard. Pages of the handler's own host always may.
	AllowedOrigins []string

	// Filter passes on more events than text and done; see [WithFilter].
	Filter func(agento.ChatEvent) any

	// OnTurn is called after each turn, also one that failed, before ServeHTTP
	// returns. Messages that are refused before they reach the service are not
	// turns. The context has the values of the request's, and is not canceled.
	OnTurn func(context.Context, TurnInfo)

	// FinishTurns continues a turn whose browser went away to its end, so that the
	// history has the answer. By default the turn ends.
	FinishTurns bool
	// TurnTimeout limits a turn, even if the browser still listens. The default is
	// 15 min.
	TurnTimeout time.Duration

	// VisitorLimit limits the turns of one visitor. The default is 2 at once and
	// 20 a minute.
	VisitorLimit Limit
	// TotalLimit limits the turns of all visitors together, and so the memory of
	// the handler. The default is 1000 at once and 600 a minute.
	TotalLimit Limit
	// MaxWait limits how long a turn waits for the rate limit of the key before it
	// is refused with 503. The default is 10 s.
	MaxWait time.Duration

	// MaxBody limits the body of a request, in bytes. The default is 64 KiB.
	MaxBody int64
	// BodyTimeout limits how long a body may take to arrive, from the first read.
	// The default is 10 s.
	BodyTimeout time.Duration
	// WriteTimeout and Heartbeat are as for [WithWriteTimeout] and [WithHeartbeat].
	WriteTimeout time.Duration
	Heartbeat    time.Duration

	// Logger gets a record for each turn and each refusal: at level warn for turns
	// that failed, with the service's request id, and at level debug for others.
	// No record has the content of a message.
	Logger *slog.Logger
}

// Limit limits turns: how many run at once, and how many begin within any minute.
type Limit struct{ AtOnce, PerMinute int }

// Visit is a message from a visitor.
type Visit struct {
	PeerID  string // as Visitor returned it
	Message string
}

// Turn says how to answer a message.
type Turn struct {
	// AgentID is the agent that answers. Required. It must be in shared mode.
	AgentID string
	// SessionID is the session to use, if the backend keeps sessions itself and
	// has checked that this one is the visitor's. If it is empty, the browser's
	// token decides, and a browser without a token gets a new session.
	SessionID string
	// Context goes to the agent together with the message: any JSON value.
	Context any
	// Client is the client of the account that the agent belongs to, if it is not
	// that of the handler.
	Client *agento.Client
}

// TurnInfo describes a turn that has ended.
type TurnInfo struct {
	PeerID    string
	AgentID   string
	SessionID string // empty: no session could be created
	Message   string // from the visitor
	Text      string // of the answer, as far as it arrived
	Err       error  // nil: the answer is complete
	RequestID string // of the service
	Duration  time.Duration
	Stayed    bool // the browser did not go away
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
