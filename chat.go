package agento

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wire"
)

// ChatService talks to agents.
type ChatService struct{ core *core }

// SendMessageParams is a message to an agent.
type SendMessageParams struct {
	// Message is what is said. Required. Documented.
	Message string `json:"message"`
	// SessionID continues a session; without it the service decides. Documented.
	SessionID string `json:"sessionId,omitempty"`
	// PeerID keeps the sessions of one of your customers apart from those of
	// another. The term is documented, the field's name is inferred.
	PeerID string `json:"peerId,omitempty"`
	// Context is any JSON value: facts about the customer. Documented.
	Context any `json:"context,omitempty"`
}

// Send sends a message and returns the agent's answer as a stream, as soon as
// the response's headers are there. An agent may think for minutes before the
// first event. A message is not sent a second time once it may have arrived.
//
// POST /v1/agents/{id}/chat/messages, documented. Scope: chat. Errors: those of
// every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer is lost before it
// begins; [ErrStreamIdle] beside it when nothing comes within the idle timeout;
// [ErrNotEventStream] where something else than a stream comes.
func (s *ChatService) Send(ctx context.Context, agentID string, p SendMessageParams, opts ...Option) (*ChatStream, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	r := request{route: route.SendMessage, path: pathID("agentID", agentID), body: p}
	r.err = cmp.Or(wire.Text("Message", p.Message), wire.Text("SessionID", p.SessionID), wire.Text("PeerID", p.PeerID), wire.Value("Context", p.Context))
	if p.Message == "" {
		r.err = errs.Argument("Message", "is empty")
	}
	call, err := s.core.prepare(ctx, r, settings)
	if err != nil {
		return nil, err
	}
	call.info.SessionID = p.SessionID
	begun := time.Now()
	o, err := open(call, defaultChatIdle)
	if err != nil {
		return nil, err
	}
	return newChatStream(o, begun), nil
}

// Ask sends a message and returns the whole answer. On any error it returns what
// arrived, if only an empty Reply, and the error. To know the session afterwards,
// create one first: where the service tells the id of a new session is not
// documented.
//
// POST /v1/agents/{id}/chat/messages, documented. Scope: chat. Errors: those of
// [ChatService.Send] and of [Stream.Err].
func (s *ChatService) Ask(ctx context.Context, agentID string, p SendMessageParams, opts ...Option) (*Reply, error) {
	stream, err := s.Send(ctx, agentID, p, opts...)
	if err != nil {
		return &Reply{}, err // nothing has arrived
	}
	return stream.Reply()
}

// Role says who speaks. Roles that are not listed here pass through.
type Role string

// The roles of messages, both inferred.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

func (Role) values() []string { return []string{"user", "assistant"} }

// Message is one message of an agent's history. Its fields are inferred.
type Message struct {
	ID        string    `json:"id"`
	Role      Role      `json:"role"`
	Content   string    `json:"content"`
	SessionID string    `json:"sessionId,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// Session is a conversation. Its fields are inferred.
type Session struct {
	ID        string     `json:"id"` // may hold colons
	Title     string     `json:"title,omitempty"`
	PeerID    string     `json:"peerId,omitempty"` // of the customer whose session it is
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt *time.Time `json:"updatedAt"`
}

// HistoryParams chooses which messages to read. The zero value leaves the choice
// to the service. All of it is inferred.
type HistoryParams struct {
	SessionID string // of this session only
	PeerID    string // of this customer only
	Limit     int    // rows at most
	Offset    int    // rows to skip
}

func (p *HistoryParams) request(agentID string) request {
	r := request{route: route.ListMessages, path: pathID("agentID", agentID)}
	if p != nil {
		r.query = query{p.Limit, p.Offset, wire.Args{filter("sessionId", p.SessionID), filter("peerId", p.PeerID)}}
	}
	return r
}

// CreateSessionParams describes a new session. Both fields may be left out, and
// are inferred.
type CreateSessionParams struct {
	Title  string `json:"title,omitempty"`
	PeerID string `json:"peerId,omitempty"` // keeps a customer's sessions apart from another's
}

func (m *Message) identity(bool) (bool, string) { return m.Content != "", "content" }

func messageKey(m *Message) string { return m.ID }

func (s *Session) identity(bool) (bool, string) { return s.ID != "", "id" }

func sessionKey(s *Session) string { return s.ID }

// History returns a page of what was said to and by an agent. In which order is
// not documented.
//
// GET /v1/agents/{id}/chat/messages, inferred from the title. Scope: chat.
// Errors: those of every call; [ErrNotFound].
func (s *ChatService) History(ctx context.Context, agentID string, p *HistoryParams, opts ...Option) (*Page[Message], error) {
	return list[Message](ctx, s.core, p.request(agentID), opts)
}

// AllHistory iterates over what was said to and by an agent, page by page; Limit
// is the size of a page. It ends with [ErrListIncomplete] if it cannot know
// whether it saw all.
//
// GET /v1/agents/{id}/chat/messages, inferred from the title. Scope: chat.
// Errors: those of [ChatService.History].
func (s *ChatService) AllHistory(ctx context.Context, agentID string, p *HistoryParams, opts ...Option) iter.Seq2[Message, error] {
	return iterate(ctx, s.core, p.request(agentID), messageKey, opts)
}

// Sessions returns a page of an agent's chat sessions.
//
// GET /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
// Errors: those of every call; [ErrNotFound].
func (s *ChatService) Sessions(ctx context.Context, agentID string, p *ListParams, opts ...Option) (*Page[Session], error) {
	r := request{route: route.ListSessions, path: pathID("agentID", agentID), query: p.query()}
	return list[Session](ctx, s.core, r, opts)
}

// AllSessions iterates over an agent's chat sessions, page by page; Limit is the
// size of a page. It ends with [ErrListIncomplete] if it cannot know whether it
// saw all.
//
// GET /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
// Errors: those of [ChatService.Sessions].
func (s *ChatService) AllSessions(ctx context.Context, agentID string, p *ListParams, opts ...Option) iter.Seq2[Session, error] {
	r := request{route: route.ListSessions, path: pathID("agentID", agentID), query: p.query()}
	return iterate(ctx, s.core, r, sessionKey, opts)
}

// CreateSession creates a chat session; its ID goes into [SendMessageParams].
//
// POST /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost: there may then be an empty session that nobody uses.
func (s *ChatService) CreateSession(ctx context.Context, agentID string, p CreateSessionParams, opts ...Option) (*Session, error) {
	r := request{route: route.CreateSession, path: pathID("agentID", agentID), body: p}
	r.err = cmp.Or(wire.Text("Title", p.Title), wire.Text("PeerID", p.PeerID))
	return do[Session](ctx, s.core, r, opts)
}
