package chathttp

import (
	"log/slog"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// Config sets up a [Handler]. Visitor, Turn and TokenKeys are
// required; the zero value of everything else is its default. The functions are
// called by many goroutines at once.
type Config struct {
	// Visitor says who asks: the peer id, at most 256 bytes of UTF-8, that keeps
	// one visitor's sessions apart from another's. It must come from what the
	// visitor cannot choose, such as a signed cookie. An error, or an id that is
	// empty or does not fit, is answered with 401.
	Visitor func(r *http.Request) (peerID string, err error)

	// Turn decides which agent answers a message, and what it is told besides.
	// An error that matches agento.ErrForbidden is answered with 403, any other, and
	// every error of the service, with 500. The request's body has been read.
	Turn func(r *http.Request, v Visit) (Turn, error)

	// TokenKeys sign the tokens by which browsers prove their sessions. The first
	// one signs, all are accepted. Replicas of a backend share them.
	TokenKeys []TokenKey
	// TokenLifetime is how long a token is accepted; each turn gives out a new
	// one. Default 24 h.
	TokenLifetime time.Duration

	// AllowedOrigins lists pages of other origins that may use the handler, as
	// browsers write them: "https://www.example.com", in lower case, without
	// default port or wildcard. Those of the handler's own host always may.
	AllowedOrigins []string

	// Filter lets more than text and done through to the browser; see WithFilter.
	Filter func(agento.ChatEvent) any

	// FinishTurns lets a turn whose browser went away run on to its end, so that
	// the history has the answer. By default the turn ends.
	FinishTurns bool
	// TurnTimeout bounds a turn, whether or not a browser still listens. Default
	// 15 min.
	TurnTimeout time.Duration

	// VisitorLimit bounds the turns of one visitor. Default 2 at once, 20 a minute.
	VisitorLimit Limit
	// TotalLimit bounds the turns of all visitors together, and with them the
	// handler's memory. Default 1000 at once, 600 a minute.
	TotalLimit Limit
	// MaxWait bounds how long a turn waits for the rate limit of the key, before
	// it is refused with 503. Default 10 s.
	MaxWait time.Duration

	// MaxBody bounds a request's body in bytes. Default 64 KiB.
	MaxBody int64
	// BodyTimeout bounds how long a body may take to arrive, from when it is read.
	// Default 10 s.
	BodyTimeout time.Duration
	// WriteTimeout and Heartbeat are as for WithWriteTimeout and WithHeartbeat.
	WriteTimeout time.Duration
	Heartbeat    time.Duration

	// Logger hears of turns that failed, with the request id of the service, at
	// warn level, and of all others and of refusals at debug level. No record
	// holds the content of a message.
	Logger *slog.Logger
}

// Limit bounds turns: how many at once, and how many begun within any minute.
type Limit struct{ AtOnce, PerMinute int }

// Visit is a message that waits for an answer.
type Visit struct {
	PeerID  string // as Visitor gave it
	Message string
}

// Turn says how a message is to be answered.
type Turn struct {
	// AgentID is the agent that answers. Required. It must be in shared mode.
	AgentID string
	// SessionID, if it is given, is the session to use, which the backend has
	// made sure is the visitor's. Otherwise the browser's token decides, and a
	// browser without one gets a new session.
	SessionID string
	// Context goes to the agent with the message: any JSON value.
	Context any
}

// complete fills in the defaults and refuses what does not fit.
func (c Config) complete() (Config, error) {
	if c.Visitor == nil {
		return c, errs.Argument("Visitor", "is nil")
	}
	if c.Turn == nil {
		return c, errs.Argument("Turn", "is nil")
	}
	for _, err := range []error{
		orDefault("TokenLifetime", &c.TokenLifetime, 24*time.Hour),
		orDefault("TurnTimeout", &c.TurnTimeout, 15*time.Minute),
		orDefault("VisitorLimit.AtOnce", &c.VisitorLimit.AtOnce, 2),
		orDefault("VisitorLimit.PerMinute", &c.VisitorLimit.PerMinute, 20),
		orDefault("TotalLimit.AtOnce", &c.TotalLimit.AtOnce, 1000),
		orDefault("TotalLimit.PerMinute", &c.TotalLimit.PerMinute, 600),
		orDefault("MaxWait", &c.MaxWait, 10*time.Second),
		orDefault("MaxBody", &c.MaxBody, 64<<10),
		orDefault("BodyTimeout", &c.BodyTimeout, 10*time.Second),
		orDefault("WriteTimeout", &c.WriteTimeout, defaultWriteTimeout),
		orDefault("Heartbeat", &c.Heartbeat, defaultHeartbeat),
	} {
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// orDefault puts a default in the place of zero, and refuses what is negative.
func orDefault[T ~int | ~int64](name string, value *T, otherwise T) error {
	if *value < 0 {
		return errs.Argument(name, "is negative: %v", *value)
	}
	if *value == 0 {
		*value = otherwise
	}
	return nil
}
