package chathttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// turn is a visitor's message and the agent's answer.
type turn struct {
	Turn
	config  *Config
	r       *http.Request
	out     *writer
	begun   time.Time
	peer    string
	message string
	tokens  *tokens // nil: the backend keeps the session itself
	created string  // token of a session that this turn created

	text      strings.Builder // only if there is an OnTurn
	requestID string
	err       error // why the answer is not complete
	gone      error // why the browser did not get it
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
		session, err := t.Client.Chat.CreateSession(ctx, t.AgentID, agento.CreateSessionParams{PeerID: t.peer}, waitUntil(until)...)
		if err != nil {
			return nil, err
		}
		t.SessionID = session.ID
		created := t.token()
		if int64(len(created)) > t.config.MaxBody/2 { // no browser could send it with a message
			return nil, errLongSession
		}
		t.created = created
	}
	return t.Client.Chat.Send(ctx, t.AgentID, agento.SendMessageParams{
		Message: t.message, SessionID: t.SessionID, PeerID: t.peer, Context: t.Context,
	}, waitUntil(until)...)
}

var errLongSession = errors.New("the service created a session whose id is too long: its token would fill more than half of MaxBody")

// waitUntil limits how long a call waits for the rate limit. By default a call
// honors Retry-After up to three times.
func waitUntil(end time.Time) []agento.Option {
	left := max(time.Until(end), 3)
	return []agento.Option{agento.WithMaxWait(left), agento.WithRetryAfterLimit(left / 3)}
}

func (t *turn) token() string {
	return t.tokens.issue(time.Now(), t.AgentID, t.peer, t.SessionID)
}

// fail ends a turn that has no stream: with a refusal if that is still possible,
// otherwise with an error event.
func (t *turn) fail(err error) *refusal {
	t.err = err
	var e *agento.Error
	if errors.As(err, &e) {
		t.requestID = e.RequestID
	}
	if begun := t.out.stop(); !begun && t.r.Context().Err() == nil {
		d := serviceRefusal(err, t.tokens != nil)
		d.agent, d.session = t.AgentID, t.created
		return d
	}
	if t.created != "" {
		t.out.addToken(t.created)
	}
	t.out.addError(publicCode(err))
	t.gone = t.out.send()
	t.log()
	return nil
}

// relay passes the answer on.
func (t *turn) relay(stream *agento.ChatStream) {
	t.requestID = stream.Response().RequestID
	if t.tokens != nil {
		t.out.addToken(t.token())
	}
	r := relay{out: t.out, filter: t.config.Filter, finish: t.config.FinishTurns}
	if t.config.OnTurn != nil {
		r.text = &t.text
	}
	t.err, t.gone = r.run(stream)
	if t.gone != nil && !t.config.FinishTurns {
		t.err = t.gone
	}
	if r.skipped != nil {
		record(t.r.Context(), t.config.Logger, slog.LevelWarn, "event of Filter skipped", r.skipped, slog.String("agent", t.AgentID))
	}
	t.log()
}

// log records the end of the turn. If the browser went away, it is not a failure.
func (t *turn) log() {
	level, message := slog.LevelDebug, "chat turn complete"
	switch {
	case errors.Is(t.err, ErrBrowserGone), errors.Is(t.err, context.Canceled):
		message = "chat turn ended with its browser"
	case t.err != nil:
		level, message = slog.LevelWarn, "chat turn failed"
	}
	record(t.r.Context(), t.config.Logger, level, message, t.err, slog.String("agent", t.AgentID))
}

// info describes the turn when it has ended.
func (t *turn) info() TurnInfo {
	return TurnInfo{
		PeerID: t.peer, AgentID: t.AgentID, SessionID: t.SessionID, Message: t.message, Text: t.text.String(),
		Err: t.err, RequestID: t.requestID, Duration: time.Since(t.begun),
		Stayed: t.gone == nil && t.r.Context().Err() == nil,
	}
}
