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
	tokens  *tokens // nil: the backend stores the session itself
	created string  // token of the session that this turn created

	text      strings.Builder // only if OnTurn is set
	requestID string          // for OnTurn
	err       error           // why the answer is incomplete
	gone      error           // why the browser did not receive the answer
}

var errTurnTimeout = errors.New("turn took longer than TurnTimeout")

// run sends the message and relays the answer. It returns a refusal if there is no
// stream, nothing has been written and the browser is still there.
func (t *turn) run() *refusal {
	ctx := t.r.Context()
	if t.config.FinishTurns {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.config.TurnTimeout, errTurnTimeout)
	defer cancel()
	t.out.start(t.config.Heartbeat) // the first event may take a long time
	defer t.out.stop()
	stream, err := t.open(ctx)
	if err != nil {
		return t.fail(err)
	}
	defer func() { _ = stream.Close() }()
	t.relay(stream)
	return nil
}

// open sends the message, in a new session if the turn has none.
func (t *turn) open(ctx context.Context) (*agento.ChatStream, error) {
	until := time.Now().Add(t.config.MaxWait)
	if t.SessionID == "" {
		session, err := t.Client.Chat.CreateSession(ctx, t.AgentID, agento.CreateSessionParams{PeerID: t.peer}, waitUntil(until)...)
		if err != nil {
			return nil, err
		}
		t.SessionID = session.ID
		created := t.token()
		if int64(len(created)) > t.config.MaxBody/2 { // too long to send with a message
			return nil, errLongSession
		}
		t.created = created
	}
	return t.Client.Chat.Send(ctx, t.AgentID, agento.SendMessageParams{
		Message: t.message, SessionID: t.SessionID, PeerID: t.peer, Context: t.Context,
	}, waitUntil(until)...)
}

var errLongSession = errors.New("service created a session whose ID is too long: its token would exceed half of MaxBody")

// waitUntil limits how long a call waits: in the queue until end, and for each
// Retry-After a third of that, because the call may be retried three times.
func waitUntil(end time.Time) []agento.Option {
	left := max(time.Until(end), 3)
	return []agento.Option{agento.WithMaxWait(left), agento.WithRetryAfterLimit(left / 3)}
}

func (t *turn) token() string {
	return t.tokens.issue(time.Now(), t.AgentID, t.peer, t.SessionID)
}

// fail ends a turn that has no stream: with a refusal if nothing has been written and
// the browser is still there, otherwise with an error event.
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

// relay sends the answer to the browser.
func (t *turn) relay(stream *agento.ChatStream) {
	if t.tokens != nil {
		t.out.addToken(t.token())
	}
	r := relay{out: t.out, filter: t.config.Filter, finish: t.config.FinishTurns}
	if t.config.OnTurn != nil {
		r.text = &t.text
		t.requestID = stream.Response().RequestID
	}
	t.err, t.gone = r.run(stream.Stream)
	if t.gone != nil && !t.config.FinishTurns {
		t.err = t.gone
	}
	if r.skipped != nil {
		record(t.r.Context(), t.config.Logger, slog.LevelWarn, "event of Filter skipped", r.skipped, slog.String("agent", t.AgentID))
	}
	t.log()
}

// log records the end of the turn. A browser that disconnects is not a failure.
func (t *turn) log() {
	level, message := slog.LevelDebug, "chat turn complete"
	switch {
	case errors.Is(t.err, ErrBrowserGone), errors.Is(t.err, context.Canceled):
		message = "chat turn ended: browser disconnected"
	case t.err != nil:
		level, message = slog.LevelWarn, "chat turn failed"
	}
	record(t.r.Context(), t.config.Logger, level, message, t.err, slog.String("agent", t.AgentID))
}

// info describes the finished turn.
func (t *turn) info() TurnInfo {
	return TurnInfo{
		PeerID: t.peer, AgentID: t.AgentID, SessionID: t.SessionID, Message: t.message, Text: t.text.String(),
		Err: t.err, RequestID: t.requestID, Duration: time.Since(t.begun),
		BrowserGone: t.gone != nil || t.r.Context().Err() != nil,
	}
}
