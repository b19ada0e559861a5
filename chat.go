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

// ChatService sends messages to agents and reads their history.
type ChatService struct{ core *core }

// SendMessageParams is a message to an agent.
type SendMessageParams struct {
	// Message is the text of the message. Required. Documented.
	Message string `json:"message"`
	// SessionID is the session to continue. Empty: the service chooses or creates one.
	// Documented.
	SessionID string `json:"sessionId,omitempty"`
	// PeerID identifies the customer, whose sessions are kept separate. The term is
	// documented, the name of the field is inferred.
	PeerID string `json:"peerId,omitempty"`
	// Context is any JSON value, such as facts about the customer. Documented.
	Context any `json:"context,omitempty"`
}

// Send sends a message to an agent and returns the answer as a stream. It returns when the
// response headers have arrived. The first event may take minutes. A message that may have
// arrived is not retried.
//
//   - API: POST /v1/agents/{id}/chat/messages (documented)
//   - Scope: chat
//   - Errors: [ErrStreamIdle] if no response arrives within the idle timeout;
//     [ErrNotEventStream] if the response is not an event stream; [ErrConflict] if the agent
//     does not run (inferred)
func (s *ChatService) Send(ctx context.Context, agentID string, p SendMessageParams, opts ...Option) (*ChatStream, error) {
	call, err := s.prepareSend(ctx, agentID, p, opts)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	o, err := open(call, defaultChatIdle)
	if err != nil {
		return nil, err
	}
	return newChatStream(o, begun), nil
}

// prepareSend is not part of Send, so that its variables leave the stack before the wait.
func (s *ChatService) prepareSend(ctx context.Context, agentID string, p SendMessageParams, opts []Option) (*call, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	r := request{route: route.SendMessage, path: pathID("agentID", agentID), body: p}
	r.err = cmp.Or(wire.Text("Message", p.Message), wire.Text("SessionID", p.SessionID), wire.Text("PeerID", p.PeerID), wire.Value("Context", p.Context))
	if p.Message == "" {
		r.err = errs.Argument("Message", "is empty")
	}
	call, err := s.core.prepare(ctx, &r, settings)
	if err != nil {
		return nil, err
	}
	call.info.SessionID = p.SessionID
	return call, nil
}

// Ask sends a message to an agent and returns the whole answer. On an error it returns the
// part of the answer that arrived, which may be empty, and the error. To know the ID of the
// session, call [ChatService.CreateSession] first: it is not documented which event has the
// ID of a session that the service creates.
//
//   - API: POST /v1/agents/{id}/chat/messages (documented)
//   - Scope: chat
func (s *ChatService) Ask(ctx context.Context, agentID string, p SendMessageParams, opts ...Option) (*Reply, error) {
	stream, err := s.Send(ctx, agentID, p, opts...)
	if err != nil {
		return &Reply{}, err // nothing has arrived
	}
	return stream.Reply()
}

// Role is the role of a message's author. Unknown roles are preserved.
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
	ID        string     `json:"id"` // may have colons
	Title     string     `json:"title,omitempty"`
	PeerID    string     `json:"peerId,omitempty"` // of the session's customer
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt *time.Time `json:"updatedAt"`
}

// HistoryParams selects messages. Zero values are not sent. The fields are inferred.
type HistoryParams struct {
	SessionID string // only messages of this session
	PeerID    string // only messages of this customer
	Limit     int    // the maximum number of messages
	Offset    int    // the number of messages to skip
}

func (p *HistoryParams) request(agentID string) request {
	r := request{route: route.ListMessages, path: pathID("agentID", agentID)}
	if p != nil {
		r.query = query{p.Limit, p.Offset, wire.Args{filter("sessionId", p.SessionID), filter("peerId", p.PeerID)}}
	}
	return r
}

// CreateSessionParams describes a new session. Its fields are optional and inferred.
type CreateSessionParams struct {
	Title  string `json:"title,omitempty"`
	PeerID string `json:"peerId,omitempty"` // the customer, whose sessions are kept separate
}

func (m *Message) identity(bool) (bool, string) { return m.Content != "", "content" }

func messageKey(m *Message) string { return m.ID }

func (s *Session) identity(bool) (bool, string) { return s.ID != "", "id" }

func sessionKey(s *Session) string { return s.ID }

// History returns a page of the messages to and from an agent. The order is not documented.
//
//   - API: GET /v1/agents/{id}/chat/messages (path inferred from the reference's title)
//   - Scope: chat
func (s *ChatService) History(ctx context.Context, agentID string, p *HistoryParams, opts ...Option) (*Page[Message], error) {
	return list[Message](ctx, s.core, p.request(agentID), opts)
}

// AllHistory iterates over the messages to and from an agent. Limit is the page size. The
// iterator ends with [ErrListIncomplete] if messages may be missing.
//
//   - API: GET /v1/agents/{id}/chat/messages (path inferred from the reference's title)
//   - Scope: chat
func (s *ChatService) AllHistory(ctx context.Context, agentID string, p *HistoryParams, opts ...Option) iter.Seq2[Message, error] {
	return iterate(ctx, s.core, p.request(agentID), messageKey, opts)
}

// Sessions returns a page of an agent's chat sessions.
//
//   - API: GET /v1/agents/{id}/chat/sessions (path inferred from the reference's title)
//   - Scope: chat
func (s *ChatService) Sessions(ctx context.Context, agentID string, p *ListParams, opts ...Option) (*Page[Session], error) {
	r := request{route: route.ListSessions, path: pathID("agentID", agentID), query: p.query()}
	return list[Session](ctx, s.core, r, opts)
}

// AllSessions iterates over an agent's chat sessions. Limit is the page size. The iterator
// ends with [ErrListIncomplete] if sessions may be missing.
//
//   - API: GET /v1/agents/{id}/chat/sessions (path inferred from the reference's title)
//   - Scope: chat
func (s *ChatService) AllSessions(ctx context.Context, agentID string, p *ListParams, opts ...Option) iter.Seq2[Session, error] {
	r := request{route: route.ListSessions, path: pathID("agentID", agentID), query: p.query()}
	return iterate(ctx, s.core, r, sessionKey, opts)
}

// CreateSession creates a chat session, for [SendMessageParams].
//
//   - API: POST /v1/agents/{id}/chat/sessions (path inferred from the reference's title)
//   - Scope: chat
func (s *ChatService) CreateSession(ctx context.Context, agentID string, p CreateSessionParams, opts ...Option) (*Session, error) {
	r := request{route: route.CreateSession, path: pathID("agentID", agentID), body: p}
	r.err = cmp.Or(wire.Text("Title", p.Title), wire.Text("PeerID", p.PeerID))
	return do[Session](ctx, s.core, r, opts)
}
