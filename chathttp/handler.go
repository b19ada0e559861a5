// Package chathttp puts an agent behind a chat widget. [Handler] is an
// http.Handler that accepts visitors' messages from browsers and streams the
// agent's answers back. [Relay] only streams an answer to a browser.
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

// Handler is the backend of a chat widget: it accepts a visitor's message from a
// browser and streams the agent's answer back, as [Relay] does. It may be exposed
// to the internet: the API key and the service's errors stay on the server, and so do
// the service's events other than text and done, unless [Config].Filter selects them. A
// Handler is safe for concurrent use.
//
// The agent must be in shared mode: set [agento.CreateAgentParams].SharedMode, or
// update the agent and restart it. Otherwise all of its sessions share one
// memory, and it may reveal one visitor's messages to another.
//
// # Requests
//
// The browser sends POST with Content-Type application/json and
//
//	{"message":"…","session":"…"}
//
// where session is the newest token that the browser received. The first message
// has no session. The response is an event stream. Before the answer, it has
//
//	{"type":"session","token":"…"}
//
// The browser keeps the token for its next message. The token proves that the
// session belongs to this visitor and agent. No token is sent if the backend
// chose the session ([Turn].SessionID). The events that follow are text, done
// and error, as Relay sends them.
//
// # Errors
//
// A response that is not a stream is {"error":{"code":"…","message":"…"}}, with
// Retry-After for 429 and 503:
//
//	400 invalid_body, empty_message   the body is not the JSON object shown above, or
//	                                  its message is empty
//	401 unauthorized                  Visitor returned an error
//	403 origin_not_allowed            the page has another origin
//	403 forbidden                     Turn returned an error of its own that matches
//	                                  agento.ErrForbidden
//	403 session_refused               the token is altered, expired, or of another
//	                                  visitor or agent, or its session was deleted:
//	                                  start again without a token
//	405 method_not_allowed
//	408 body_timeout                  the body arrived too slowly
//	413 body_too_large
//	415 unsupported_media_type
//	429 too_many_turns                the visitor is over a limit
//	500 unavailable                   the backend failed, or Turn returned another error
//	502 unavailable                   the service failed
//	503 busy                          a limit on all visitors, or the key's rate limit
//	503 shutting_down
//
// If Visitor or Turn returns an [Error], the response is that error instead.
//
// The response may also have a "session": the token of a session that was created
// before the error. The browser sends it with its next attempt.
//
// # Shutdown
//
// On SIGTERM call [Handler.Shutdown] before http.Server.Shutdown. The first
// responds to new messages with 503 while turns finish; the second closes the
// listener at once.
type Handler struct {
	client  *agento.Client
	config  Config
	origins *origins
	tokens  tokenSource
	limits  *limiter
	warned  sync.Once // limits warnings about the http.ResponseWriter
}

// NewHandler returns a handler that uses client. Its error names the field of
// config that is missing or invalid.
//
//   - API: POST /v1/agents/{id}/chat/messages (documented); for a message
//     without a session, POST /v1/agents/{id}/chat/sessions (path inferred from the reference's title)
//   - Scope: chat
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

// ServeHTTP handles one message of a visitor.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// net/http reads the body even if the request is rejected early; this limits the time.
	// The error is ignored: prepareWriter warns of a writer without deadlines.
	_ = setReadTimeout(w, h.config.BodyTimeout)
	if h.origins.preflight(w, r) {
		return
	}
	if refused := h.serve(w, r); refused != nil {
		h.refuse(w, r, refused)
	}
}

// serve checks a request, cheapest checks first, and runs its turn. It returns a
// refusal if nothing was written.
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
		_ = t.out.flush() // OnTurn may be slow
	}
	h.warn(r, withheld(w))
	if h.config.OnTurn != nil {
		h.config.OnTurn(context.WithoutCancel(r.Context()), t.info())
	}
	t.out.finish()
	return nil
}

// newTurn calls the function Turn and checks the token.
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

// refuse responds with an error and logs it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, d *refusal) {
	if d.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", h.origins.methods())
	}
	timeout := h.config.WriteTimeout
	if !bodyRead(r) { // net/http reads the body before it writes the response
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
	"cannot be disconnected; " + needsUnwrap + "; a method Flush alone is not enough")

// prepareWriter removes the server's own WriteTimeout, which is too short for a
// turn, and warns if the http.ResponseWriter cannot disconnect a slow browser.
func (h *Handler) prepareWriter(w http.ResponseWriter, r *http.Request) {
	err := http.NewResponseController(w).SetWriteDeadline(time.Time{})
	if errors.Is(err, errors.ErrUnsupported) && withheld(w) == nil {
		h.warn(r, errNoDeadlines)
	}
}

// warn logs a problem of the http.ResponseWriter, once. It logs nothing for a
// request that did not come through an http.Server, as in a test.
func (h *Handler) warn(r *http.Request, err error) {
	if err != nil && r.Context().Value(http.ServerContextKey) != nil {
		h.warned.Do(func() { record(r.Context(), h.config.Logger, slog.LevelWarn, "chat handler behind a middleware", err) })
	}
}

// Shutdown rejects new messages with 503 and waits for the running turns. If ctx
// ends first, Shutdown returns its error and the turns continue. It may be called
// more than once.
func (h *Handler) Shutdown(ctx context.Context) error { return h.limits.drain(ctx) }
