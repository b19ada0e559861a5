package agentotest

import (
	"slices"
	"time"
)

type messageWire struct {
	ID        string   `json:"id"`
	Role      string   `json:"role"`
	Content   string   `json:"content"`
	SessionID string   `json:"sessionId"`
	CreatedAt wireTime `json:"createdAt"`
}

func (m *message) show() any {
	return messageWire{m.id, m.role, m.content, m.session, wireTime(m.created)}
}

func (s *Service) listMessages(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	sessionID, peer := c.query("sessionId"), c.query("peerId")
	if sessionID != "" && !slices.ContainsFunc(a.chat.sessions, func(in *session) bool { return in.id == sessionID }) {
		return answer{}, notFound("session")
	}
	return list(s, c, kept(a.chat.said(), func(m *message) bool {
		return (sessionID == "" || m.session == sessionID) && (peer == "" || m.peer == peer)
	}), (*message).show)
}

// kept returns the rows for which keep holds.
func kept[T any](rows []T, keep func(T) bool) []T {
	var out []T
	for _, row := range rows {
		if keep(row) {
			out = append(out, row)
		}
	}
	return out
}

type sessionWire struct {
	ID        string   `json:"id"`
	Title     *string  `json:"title"`
	PeerID    *string  `json:"peerId"`
	CreatedAt wireTime `json:"createdAt"`
	UpdatedAt wireTime `json:"updatedAt"`
}

func (in *session) show() any {
	return sessionWire{in.id, in.title, optional(in.peer), wireTime(in.created), wireTime(in.updated)}
}

func (s *Service) listSessions(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	return list(s, c, a.chat.sessions, (*session).show)
}

func (s *Service) createSession(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	title, peer := f.text("title"), f.text("peerId")
	if f.err != nil {
		return answer{}, f.err
	}
	return created(s.newSession(a, title.pointer(nil), peer.value).show())
}

// Session is a chat session of an agent.
type Session struct {
	ID, Title, PeerID string
	CreatedAt         time.Time
}

// Message is what was said in a session. Role is "user" or "assistant".
type Message struct {
	ID, SessionID, Role, Content string
	CreatedAt                    time.Time
}

// AddSession creates a session of an agent and returns its id. Title and peer
// may be "". It panics if there is no such agent.
func (s *Service) AddSession(agentID, title, peerID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newSession(s.mustAgent(agentID), optional(title), peerID).id
}

// Sessions returns an agent's sessions, newest first. It panics if there is no
// such agent.
func (s *Service) Sessions(agentID string) []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.mustAgent(agentID).chat.sessions, func(in *session) Session {
		out := Session{ID: in.id, PeerID: in.peer, CreatedAt: in.created}
		if in.title != nil {
			out.Title = *in.title
		}
		return out
	})
}

// Messages returns what was said to and by an agent, in all sessions, oldest
// first. It panics if there is no such agent.
func (s *Service) Messages(agentID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.mustAgent(agentID).chat.said() {
		out = append(out, Message{m.id, m.session, m.role, m.content, m.created})
	}
	return out
}
