package chathttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// turn is one message on its way to an agent, and the answer on its way back.
type turn struct {
	h       *Handler
	r       *http.Request
	browser *browser
	peer    string
	message string
	Turn
	managed bool   // the browser holds the session by a token
	created string // token of the session that this turn has created
}

// decide asks the backend how to answer, and settles the session.
func (h *Handler) decide(w http.ResponseWriter, r *http.Request, peer string, sent sentMessage) (*turn, *denial) {
	chosen, err := h.config.Turn(r, Visit{PeerID: peer, Message: sent.Message})
	if err != nil {
		return nil, turnDenial(err)
	}
	t := &turn{h: h, r: r, browser: newBrowser(w), peer: peer, message: sent.Message, Turn: chosen}
	t.browser.timeout = h.config.WriteTimeout
	if t.SessionID != "" {
		return t, nil
	}
	t.managed = true
	if sent.Session == "" {
		return t, nil
	}
	session, ok := h.tokens.open(time.Now(), t.AgentID, peer, sent.Session)
	if !ok {
		return nil, &denial{status: http.StatusForbidden, code: codeSession, agent: t.AgentID}
	}
	t.SessionID = session
	return t, nil
}

var errTurnTimeout = errors.New("the turn took longer than TurnTimeout")

// run carries out the turn. It returns nil if the browser was answered with a
// stream, or has gone.
func (t *turn) run() *denial {
	ctx := t.r.Context()
	if t.h.config.FinishTurns {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.h.config.TurnTimeout, errTurnTimeout)
	defer cancel()
	stream, err := t.open(ctx)
	if err != nil {
		return t.notOpened(err)
	}
	defer func() { _ = stream.Close() }()
	t.relay(stream)
	return nil
}

// open creates a session if there is none, and sends the message. It may take as
// long as the agent thinks, so that meanwhile the browser gets heartbeats.
func (t *turn) open(ctx context.Context) (*agento.ChatStream, error) {
	stop := t.browser.keepAlive(t.h.config.Heartbeat)
	defer stop()
	until := time.Now().Add(t.h.config.MaxWait)
	chat := t.h.client.Chat
	if t.SessionID == "" {
		session, err := chat.CreateSession(ctx, t.AgentID, agento.CreateSessionParams{PeerID: t.peer}, waitAtMost(until)...)
		if err != nil {
			return nil, err
		}
		if session.ID == "" {
			return nil, errNoSession
		}
		t.SessionID = session.ID
		t.created = t.token()
	}
	return chat.Send(ctx, t.AgentID, agento.SendMessageParams{
		Message: t.message, SessionID: t.SessionID, PeerID: t.peer, Context: t.Context,
	}, waitAtMost(until)...)
}

// waitAtMost limits what a call waits for the rate limit until a point in time.
// A call waits for Retry-After up to three times.
func waitAtMost(until time.Time) []agento.Option {
	left := max(time.Until(until), time.Nanosecond)
	return []agento.Option{agento.WithMaxWait(left), agento.WithRetryAfterLimit(max(left/3, time.Nanosecond))}
}

var errNoSession = errors.New("the service has created a session and does not say its id")

func (t *turn) token() string {
	return t.h.tokens.issue(time.Now(), t.AgentID, t.peer, t.SessionID)
}

// notOpened settles a turn that has no stream: by a status if that is still
// possible, else by an error event.
func (t *turn) notOpened(err error) *denial {
	if !t.browser.begun && t.r.Context().Err() == nil {
		d := upstreamDenial(err, t.managed)
		d.agent, d.session = t.AgentID, t.created
		return d
	}
	if t.created != "" {
		_ = t.browser.add(sessionEvent{sessionType, t.created})
	}
	t.browser.fail(publicCode(err))
	t.browser.finish()
	t.report(err)
	return nil
}

// relay passes the answer on.
func (t *turn) relay(stream *agento.ChatStream) {
	if t.managed {
		_ = t.browser.add(sessionEvent{sessionType, t.token()})
	}
	r := relay{
		browser: t.browser, events: stream.Events(), heartbeat: t.h.config.Heartbeat,
		filter: t.h.config.Filter,
	}
	complete, err := r.run()
	err = r.end(stream, complete, err)
	if t.h.config.FinishTurns && errors.Is(err, ErrBrowserGone) {
		for range stream.Events() {
		}
		err = stream.Err()
	}
	t.report(err)
}

// report writes the record of a turn. One that ended because its browser went
// away is nobody's failure.
func (t *turn) report(err error) {
	level, message := slog.LevelDebug, "chat turn complete"
	switch {
	case errors.Is(err, ErrBrowserGone), errors.Is(err, context.Canceled):
		message = "chat turn ended with its browser"
	case err != nil:
		level, message = slog.LevelWarn, "chat turn failed"
	}
	t.h.log(t.r, level, message, err, slog.String("agent", t.AgentID))
}
