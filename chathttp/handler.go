// Package chathttp puts an agent behind a chat widget. [Handler] is an
// http.Handler that takes visitors' messages from browsers and streams the
// agent's answers back. [Relay] is its last step alone.
package chathttp

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/errs"
)

// Handler is the backend of a chat widget: it takes a visitor's message from
// a browser and relays the agent's answer, as [Relay] does. It is safe
// to stand in public: the API key, the service's errors and all events but text
// and done stay behind it.
//
// An agent that talks to strangers must be in shared mode
// ([CreateAgentParams].SharedMode, or an update and a restart): otherwise it has
// one memory for all of its sessions, and one visitor may be told what another
// has said.
//
// # Requests
//
// The browser sends POST with Content-Type application/json and
//
//	{"message":"…","session":"…"}
//
// where session is the token that it was given last, and is left out for the
// first message. The answer is an event stream that begins with
//
//	{"type":"session","token":"…"}
//
// which the browser keeps for its next message. The token proves that the
// session belongs to this visitor and agent; there is none if the backend chose
// the session itself ([Turn].SessionID). What follows is text, done or error,
// as Relay sends it.
//
// # Refusals
//
// What is not answered by a stream is answered by
// {"error":{"code":"…","message":"…"}}, with Retry-After on 429 and 503:
//
//	400 invalid_body, empty_message   the body is not as above
//	401 unauthorized                  Visitor refused
//	403 origin_not_allowed            the page is of another origin
//	403 forbidden                     Turn refused
//	403 session_refused               not this visitor's token, altered, too old, or
//	                                  its session is gone: begin again without one
//	405 method_not_allowed
//	408 body_timeout                  the body came too slowly
//	413 body_too_large
//	415 unsupported_media_type
//	429 too_many_turns                the visitor is over a limit
//	500 unavailable                   the backend's own fault
//	502 unavailable                   the service could not answer
//	503 busy                          a limit on all visitors, or the key's rate limit
//	503 shutting_down
//
// An error that comes before the stream may carry a "session" beside "error": the
// token of a session that was just created, to be sent with the next attempt.
//
// # Shutdown
//
// On SIGTERM call [Handler.Shutdown] before http.Server.Shutdown: the first
// answers new messages with 503 while those under way are finished, the second
// closes the listener at once.
type Handler struct {
	client  *agento.Client
	config  Config
	origins *origins
	tokens  *tokens
	limits  *turnLimits
	warned  sync.Once // of a writer without deadlines
}

// NewHandler makes a handler that chats through a client. The error names what
// is missing or does not fit in the configuration.
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
	allowed, err := newOrigins(c.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	signer, err := newTokens(c.TokenKeys, c.TokenLifetime)
	if err != nil {
		return nil, err
	}
	return &Handler{
		client: client, config: c, origins: allowed, tokens: signer,
		limits: newTurnLimits(c.VisitorLimit, c.TotalLimit),
	}, nil
}

// ServeHTTP answers one message of a visitor.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = h.boundReading(w) // checkRequest looks at what comes of it
	if h.origins.preflight(w, r) {
		return
	}
	if denied := h.serve(w, r); denied != nil {
		h.deny(w, r, denied)
	}
}

// serve takes a request through all checks, the cheap ones first, and carries
// out its turn. It returns nil if an event stream was the answer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) *denial {
	if denied := h.checkRequest(w, r); denied != nil {
		return denied
	}
	peer, denied := h.visitor(w, r)
	if denied != nil {
		return denied
	}
	leave, denied := h.limits.enter(peer, time.Now())
	if denied != nil {
		return denied
	}
	defer leave()
	sent, denied := h.readMessage(w, r)
	if denied != nil {
		return denied
	}
	t, denied := h.decide(w, r, peer, sent)
	if denied != nil {
		return denied
	}
	return t.run()
}

// Shutdown refuses new messages with 503 and waits until the turns under way
// have ended. If the context ends before, it returns its error, and the turns go
// on. It may be called more than once.
func (h *Handler) Shutdown(ctx context.Context) error { return h.limits.drain(ctx) }

// log writes a record, if there is a logger. Records hold neither the content of
// messages nor what the service says in words, which may repeat it.
func (h *Handler) log(r *http.Request, level slog.Level, message string, err error, attrs ...slog.Attr) {
	l := h.config.Logger
	if l == nil || !l.Enabled(r.Context(), level) {
		return
	}
	l.LogAttrs(r.Context(), level, "agento: "+message, append(attrs, failureAttrs(err)...)...)
}
