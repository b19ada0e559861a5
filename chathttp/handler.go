// Package chathttp puts an agent behind a chat widget. [Handler] is an
// http.Handler that takes visitors' messages from browsers and streams the
// agent's answers back. [Relay] is its last step alone.
package chathttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// Handler is the backend of a chat widget: it takes a visitor's message from a
// browser and streams the agent's answer back, as [Relay] does. It may be exposed
// to the internet: the API key, the service's errors and all events other than
// text and done stay on the server. A Handler is safe for concurrent use.
//
// The agent must be in shared mode ([agento.CreateAgentParams].SharedMode, or an
// update and a restart). Otherwise it has one memory for all of its sessions, and
// may tell one visitor what another has said.
//
// # Requests
//
// The browser sends POST with Content-Type application/json and
//
//	{"message":"…","session":"…"}
//
// where session is the newest token that it was given, and is absent from the
// first message. The response is an event stream that begins with
//
//	{"type":"session","token":"…"}
//
// The browser keeps the token for its next message. The token proves that the
// session belongs to this visitor and agent. There is none if the backend chose
// the session ([Turn].SessionID). The events that follow are text, done and error,
// as Relay sends them.
//
// # Refusals
//
// A response that is not a stream is {"error":{"code":"…","message":"…"}}, with
// Retry-After for 429 and 503:
//
//	400 invalid_body, empty_message   the body is not as above
//	401 unauthorized                  Visitor returned an error
//	403 origin_not_allowed            the page is of another origin
//	403 forbidden                     Turn returned an error
//	403 session_refused               the token is another visitor's, altered or
//	                                  expired, or its session is gone: start again
//	                                  without a token
//	405 method_not_allowed
//	408 body_timeout                  the body arrived too slowly
//	413 body_too_large
//	415 unsupported_media_type
//	429 too_many_turns                the visitor is over a limit
//	500 unavailable                   the backend is at fault
//	502 unavailable                   the service is at fault
//	503 busy                          a limit on all visitors, or the key's rate limit
//	503 shutting_down
//
// Next to "error" there may be a "session": the token of a session that was
// created before the error, to send with the next attempt.
//
// # Shutdown
//
// On SIGTERM call [Handler.Shutdown] before http.Server.Shutdown: the first
// answers new messages with 503 while turns finish, the second closes the
// listener at once.
type Handler struct {
	client  *agento.Client
	config  Config
	origins *origins
	tokens  tokenSource
	limits  *limiter
	warned  sync.Once // about the http.ResponseWriter
}

// NewHandler returns a handler that chats through a client. Its error names what
// is missing or invalid in the configuration.
//
// POST /v1/agents/{id}/chat/messages, documented, and, for a visitor's first
// message, POST /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
func NewHandler(client *agento.Client, config Config) (*Handler, error) {
	if client == nil {
		return nil, errs.Argument("client", "is nil")
	}
	c, err := config.complete()
	if err != nil {
		return nil, err
	}
	origins, err := newOrigins(c.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	tokens, err := newTokenSource(c.TokenKeys, c.TokenKeysFunc, c.TokenLifetime)
	if err != nil {
		return nil, err
	}
	return &Handler{
		client: client, config: c, origins: origins, tokens: tokens,
		limits: newLimiter(c.VisitorLimit, c.TotalLimit),
	}, nil
}

// ServeHTTP answers one message of a visitor.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = limitReading(w, h.config.BodyTimeout) // prepareWriter reports an error
	if h.origins.preflight(w, r) {
		return
	}
	if refused := h.serve(w, r); refused != nil {
		h.refuse(w, r, refused)
	}
}

// serve checks a request, in order of cost, and carries out its turn. It returns
// a refusal if there is no turn.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodPost:
		return &refusal{status: http.StatusMethodNotAllowed, code: codeMethod}
	case !h.origins.allow(w, r):
		return &refusal{status: http.StatusForbidden, code: codeOrigin}
	}
	if refused := checkRequest(w, r, h.config.MaxBody); refused != nil {
		return refused
	}
	h.prepareWriter(w, r)
	peer, refused := identify(w, r, &h.config)
	if refused != nil {
		return refused
	}
	entry, refused := h.limits.enter(peer, time.Now())
	if refused != nil {
		return refused
	}
	defer entry.leave()
	sent, refused := readMessage(w, r, h.config.MaxBody)
	if refused != nil {
		return refused
	}
	t, refused := h.newTurn(w, r, peer, sent)
	if refused != nil {
		return refused
	}
	if refused := entry.accept(time.Now()); refused != nil {
		return refused
	}
	if refused := t.run(); refused != nil {
		h.refuse(w, r, refused)
		_ = t.out.flush() // OnTurn may take time
	}
	h.warn(r, withheld(w))
	if h.config.OnTurn != nil {
		h.config.OnTurn(context.WithoutCancel(r.Context()), t.info())
	}
	t.out.finish()
	return nil
}

// newTurn asks the function Turn how to answer, and checks the token.
func (h *Handler) newTurn(w http.ResponseWriter, r *http.Request, peer string, sent sentMessage) (*turn, *refusal) {
	chosen, err := h.config.Turn(r, Visit{PeerID: peer, Message: sent.Message})
	if err != nil {
		return nil, turnRefusal(err)
	}
	if chosen.Client == nil {
		chosen.Client = h.client
	}
	t := &turn{
		Turn: chosen, config: &h.config, r: r, out: newWriter(w, h.config.WriteTimeout),
		begun: time.Now(), peer: peer, message: sent.Message,
	}
	if t.SessionID != "" {
		return t, nil
	}
	if t.tokens, err = h.tokens(r.Context()); err != nil {
		return nil, &refusal{status: http.StatusInternalServerError, code: codeUnavailable, agent: t.AgentID, cause: err}
	}
	if sent.Session == "" {
		return t, nil
	}
	session, ok := t.tokens.open(time.Now(), t.AgentID, peer, sent.Session)
	if !ok {
		return nil, &refusal{status: http.StatusForbidden, code: codeSession, agent: t.AgentID}
	}
	t.SessionID = session
	return t, nil
}

// refuse answers with an error and logs it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, d *refusal) {
	if d.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", h.origins.methods())
	}
	timeout := h.config.WriteTimeout
	if !bodyRead(r) { // net/http reads it before it writes the response
		timeout += h.config.BodyTimeout
	}
	d.write(w, timeout)
	level := slog.LevelDebug
	if d.cause != nil && d.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	record(r.Context(), h.config.Logger, level, "chat message refused", d.cause,
		slog.Int("answered", d.status), slog.String("reason", d.code), slog.String("agent", d.agent))
}

var errNoDeadlines = errors.New("agento: the http.ResponseWriter has no deadlines, so a browser that does not read " +
	"is never disconnected; a middleware that wraps it needs a method Unwrap, Flush alone is not enough")

// prepareWriter ends the server's own WriteTimeout, which is too short for a turn,
// and warns if the http.ResponseWriter cannot disconnect a slow browser.
func (h *Handler) prepareWriter(w http.ResponseWriter, r *http.Request) {
	err := errors.Join(limitReading(w, h.config.BodyTimeout), http.NewResponseController(w).SetWriteDeadline(time.Time{}))
	if errors.Is(err, errors.ErrUnsupported) && withheld(w) == nil {
		h.warn(r, errNoDeadlines)
	}
}

// warn logs what is wrong with the http.ResponseWriter, once. In a test without a
// server there is no browser that it would harm.
func (h *Handler) warn(r *http.Request, err error) {
	if err != nil && r.Context().Value(http.ServerContextKey) != nil {
		h.warned.Do(func() { record(r.Context(), h.config.Logger, slog.LevelWarn, "chat handler behind a middleware", err) })
	}
}

// Shutdown refuses new messages with 503 and waits until the running turns have
// ended. If the context ends first, Shutdown returns its error and the turns
// continue. It may be called more than once.
func (h *Handler) Shutdown(ctx context.Context) error { return h.limits.drain(ctx) }
