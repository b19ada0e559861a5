package chathttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// turn is a visitor's message and the agent's answer.
type turn struct {
	Turn
	config  *Config
	client  *agento.Client
	tokens  *tokens
	r       *http.Request
	w       http.ResponseWriter
	out     *writer
	visitor string
	message string
	managed bool   // the browser has a token for the session
	created string // token of a session that this turn created
}

var errTurnTimeout = errors.New("the turn took longer than TurnTimeout")

// run sends the message and passes the answer on. It returns a refusal if there
// is no stream and nothing was written yet.
func (t *turn) run() *refusal {
	ctx := t.r.Context()
	if t.config.FinishTurns {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.config.TurnTimeout, errTurnTimeout)
	defer cancel()
	t.out.start(t.config.Heartbeat) // the agent may think for a long time before its first event
	defer t.out.stop()
	stream, err := t.open(ctx)
	if err != nil {
		return t.fail(err)
	}
	defer func() { _ = stream.Close() }()
	t.relay(stream)
	return nil
}

// open sends the message, in a new session if there is none.
func (t *turn) open(ctx context.Context) (*agento.ChatStream, error) {
	until := time.Now().Add(t.config.MaxWait)
	if t.SessionID == "" {
		session, err := t.client.Chat.CreateSession(ctx, t.AgentID, agento.CreateSessionParams{PeerID: t.visitor}, waitUntil(until)...)
		if err != nil {
			return nil, err
		}
		if session.ID == "" {
			return nil, errNoSession
		}
		t.SessionID = session.ID
		created := t.token()
		if int64(len(created)) > t.config.MaxBody/2 { // no browser could send it with a message
			return nil, errLongSession
		}
		t.created = created
	}
	return t.client.Chat.Send(ctx, t.AgentID, agento.SendMessageParams{
		Message: t.message, SessionID: t.SessionID, PeerID: t.visitor, Context: t.Context,
	}, waitUntil(until)...)
}

var errNoSession = errors.New("the service created a session and did not return its id")

var errLongSession = errors.New("the service created a session whose id is too long: its token would fill more than half of MaxBody")

// waitUntil limits how long a call waits for the rate limit. By default a call
// honors Retry-After up to three times.
func waitUntil(end time.Time) []agento.Option {
	left := max(time.Until(end), 3)
	return []agento.Option{agento.WithMaxWait(left), agento.WithRetryAfterLimit(left / 3)}
}

func (t *turn) token() string {
	return t.tokens.issue(time.Now(), t.AgentID, t.visitor, t.SessionID)
}

// fail ends a turn that has no stream: with a refusal if that is still possible,
// otherwise with an error event.
func (t *turn) fail(err error) *refusal {
	if begun := t.out.stop(); !begun && t.r.Context().Err() == nil {
		d := serviceRefusal(err, t.managed)
		d.agent, d.session = t.AgentID, t.created
		return d
	}
	if t.created != "" {
		t.out.addToken(t.created)
	}
	t.out.addError(publicCode(err))
	_ = t.out.send() // the browser may have gone
	t.out.finish()
	t.report(err)
	return nil
}

// relay passes the answer on.
func (t *turn) relay(stream *agento.ChatStream) {
	if t.managed {
		t.out.addToken(t.token())
	}
	r := relay{out: t.out, filter: t.config.Filter, finish: t.config.FinishTurns}
	failure, gone := r.run(stream)
	if r.skipped != nil {
		record(t.r.Context(), t.config.Logger, slog.LevelWarn, "event of Filter skipped", r.skipped, slog.String("agent", t.AgentID))
	}
	if gone != nil && !t.config.FinishTurns {
		failure = gone
	}
	t.report(failure)
}

// report logs the end of a turn. If the browser went away, it is not a failure.
func (t *turn) report(err error) {
	level, message := slog.LevelDebug, "chat turn complete"
	switch {
	case errors.Is(err, ErrBrowserGone), errors.Is(err, context.Canceled):
		message = "chat turn ended with its browser"
	case err != nil:
		level, message = slog.LevelWarn, "chat turn failed"
	}
	record(t.r.Context(), t.config.Logger, level, message, err, slog.String("agent", t.AgentID))
}
