package agento

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/remsyshq/agento-go/internal/route"
)

// Role says who speaks. Roles that are not listed here pass through.
type Role string

// The roles of messages, both inferred.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Message is one message of an agent's history. Its fields are inferred.
type Message struct {
	ID        string    `json:"id"`
	Role      Role      `json:"role"`
	Content   string    `json:"content"`
	SessionID string    `json:"sessionId"`
	CreatedAt time.Time `json:"createdAt"`
}

// Session is a conversation. Its fields are inferred.
type Session struct {
	ID        string     `json:"id"` // may hold colons
	Title     string     `json:"title"`
	PeerID    string     `json:"peerId"` // of the customer whose session it is
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

func (p HistoryParams) query() (url.Values, error) {
	q := url.Values{}
	addText(q, "sessionId", p.SessionID)
	addText(q, "peerId", p.PeerID)
	return pageQuery(q, p.Limit, p.Offset)
}

// addText adds a text to a query, unless it is empty.
func addText(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// CreateSessionParams describes a new session. Both fields may be left out, and
// are inferred.
type CreateSessionParams struct {
	Title  string `json:"title,omitempty"`
	PeerID string `json:"peerId,omitempty"` // keeps a customer's sessions apart from another's
}

func messageKey(m *Message) string { return m.ID }

func sessionKey(s *Session) string { return s.ID }

// History returns a page of what was said to and by an agent. In which order is
// not documented.
//
// GET /v1/agents/{id}/chat/messages, inferred from the title. Scope: chat.
// Errors: those of every call; [ErrNotFound].
func (s *ChatService) History(ctx context.Context, agentID string, p *HistoryParams, opts ...Option) (*Page[Message], error) {
	query, err := orZero(p).query()
	if err != nil {
		return nil, err
	}
	return list[Message](ctx, s.core, request{route: route.ListMessages, path: agentPath("agentID", agentID), query: query}, opts)
}

// AllHistory iterates over what was said to and by an agent, page by page; Limit
// is the size of a page. It ends with [ErrListIncomplete] if it cannot know
// whether it saw all.
//
// GET /v1/agents/{id}/chat/messages, inferred from the title. Scope: chat.
// Errors: those of [ChatService.History].
func (s *ChatService) AllHistory(ctx context.Context, agentID string, p *HistoryParams, opts ...Option) iter.Seq2[Message, error] {
	params := orZero(p)
	return iterate("Chat.AllHistory", params.Offset, messageKey, opts, func(offset int, opts []Option) (*Page[Message], error) {
		page := params
		page.Offset = offset
		return s.History(ctx, agentID, &page, opts...)
	})
}

// Sessions returns a page of an agent's chat sessions.
//
// GET /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
// Errors: those of every call; [ErrNotFound].
func (s *ChatService) Sessions(ctx context.Context, agentID string, p *ListParams, opts ...Option) (*Page[Session], error) {
	query, err := p.query()
	if err != nil {
		return nil, err
	}
	return list[Session](ctx, s.core, request{route: route.ListSessions, path: agentPath("agentID", agentID), query: query}, opts)
}

// AllSessions iterates over an agent's chat sessions, page by page; Limit is the
// size of a page. It ends with [ErrListIncomplete] if it cannot know whether it
// saw all.
//
// GET /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
// Errors: those of [ChatService.Sessions].
func (s *ChatService) AllSessions(ctx context.Context, agentID string, p *ListParams, opts ...Option) iter.Seq2[Session, error] {
	first := orZero(p)
	return iterate("Chat.AllSessions", first.Offset, sessionKey, opts, func(offset int, opts []Option) (*Page[Session], error) {
		return s.Sessions(ctx, agentID, &ListParams{Limit: first.Limit, Offset: offset}, opts...)
	})
}

// CreateSession creates a chat session; its ID goes into [SendMessageParams].
//
// POST /v1/agents/{id}/chat/sessions, inferred from the title. Scope: chat.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost: there may then be an empty session that nobody uses.
func (s *ChatService) CreateSession(ctx context.Context, agentID string, p CreateSessionParams, opts ...Option) (*Session, error) {
	if err := cmp.Or(checkText("Title", p.Title), checkText("PeerID", p.PeerID)); err != nil {
		return nil, err
	}
	return do[Session](ctx, s.core, request{route: route.CreateSession, path: agentPath("agentID", agentID), body: p}, opts)
}
