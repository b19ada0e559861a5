package agentotest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

const maxMessages = 10_000 // per agent

// chat contains the sessions of an agent and their messages.
type chat struct {
	sessions []*session
	messages []*message // up to 2*maxMessages; see history
}

// Session is a chat session of an agent.
type Session struct {
	ID, Title, PeerID string
	CreatedAt         time.Time
}

type session struct {
	Session
	implicit bool // created for messages without a session ID
	turns    int
	updated  time.Time
}

func (s *session) ident() string { return s.ID }

func (s *session) wire() any {
	return objectOf[agento.Session](object{
		"ID": s.ID, "Title": orNull(s.Title), "PeerID": orNull(s.PeerID),
		"CreatedAt": wireTime(s.CreatedAt), "UpdatedAt": wireTime(s.updated),
	})
}

// Message is a message in a session. Role is "user" or "assistant".
type Message struct {
	ID, SessionID, Role, Content string
	CreatedAt                    time.Time
}

type message struct {
	Message
	peer string
}

func (m *message) wire() any {
	return objectOf[agento.Message](object{
		"ID": m.ID, "Role": m.Role, "Content": m.Content, "SessionID": m.SessionID, "CreatedAt": wireTime(m.CreatedAt),
	})
}

// history returns the newest maxMessages messages, oldest first.
func (c *chat) history() []*message { return newest(c.messages, maxMessages) }

func listMessages(c *call, a *agent) (response, error) {
	id, peer := c.query(jsonname.Of[agento.Message]("SessionID")), c.query(jsonname.Of[agento.Session]("PeerID"))
	if id != "" {
		if _, err := find("session", a.chat.sessions, id); err != nil {
			return response{}, err
		}
	}
	return list(c, filter(a.chat.history(), func(m *message) bool {
		return (id == "" || m.SessionID == id) && (peer == "" || m.peer == peer)
	}))
}

func listSessions(c *call, a *agent) (response, error) { return list(c, a.chat.sessions) }

func createSession(c *call, a *agent) (response, error) {
	f := fieldsOf[agento.CreateSessionParams](c)
	title, peer := f.text("Title").value, f.text("PeerID").value
	if f.err != nil {
		return response{}, f.err
	}
	return created(a.newSession(title, peer).wire())
}

func (a *agent) newSession(title, peer string) *session {
	now := a.now()
	s := &session{updated: now, Session: Session{
		ID: fmt.Sprintf("agent:%s:s%d", a.ID, len(a.chat.sessions)+1), Title: title, PeerID: peer, CreatedAt: now,
	}}
	a.chat.sessions = append(a.chat.sessions, s)
	return s
}

// sessionFor returns the session of a message. A peer's messages without a session ID share
// one session.
func (a *agent) sessionFor(id, peer string) (*session, error) {
	for _, s := range a.chat.sessions {
		named := id != "" && s.ID == id && (peer == "" || s.PeerID == "" || s.PeerID == peer)
		if named || id == "" && s.implicit && s.PeerID == peer {
			return s, nil
		}
	}
	if id != "" {
		return nil, notFound("session")
	}
	s := a.newSession("", peer)
	s.implicit = true
	return s, nil
}

func sendMessage(c *call, a *agent) (response, error) {
	f := fieldsOf[agento.SendMessageParams](c)
	turn := Turn{AgentID: a.ID, AgentName: a.Name, Message: f.required("Message"), PeerID: f.text("PeerID").value}
	id := f.text("SessionID").value
	if f.err != nil {
		return response{}, f.err
	}
	if raw := f.raw[f.name("Context")]; !isNull(raw) {
		turn.Context = raw
	}
	if a.Status != statusRunning {
		return response{}, conflict("agent is not running: status is %s", a.Status)
	}
	s, err := a.sessionFor(id, turn.PeerID)
	if err != nil {
		return response{}, err
	}
	s.turns++
	turn.SessionID, turn.Number = s.ID, s.turns
	a.addMessage(s, "user", turn.Message)
	a.log("INFO", "message received in session "+s.ID)
	return a.reply(s, turn), nil
}

func (a *agent) addMessage(s *session, role, content string) {
	s.updated = a.now()
	a.chat.messages = appendLimited(a.chat.messages, &message{peer: s.PeerID, Message: Message{
		ID: a.account.service.newID(kindMessage), SessionID: s.ID, Role: role, Content: content, CreatedAt: s.updated,
	}}, maxMessages)
}

// AddSession creates a session of an agent and returns its ID. title and peerID may be
// empty. It panics if there is no such agent.
func (s *Service) AddSession(agentID, title, peerID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mustAgent(agentID).newSession(title, peerID).ID
}

// Sessions returns the sessions of an agent, newest first. It panics if there is no such
// agent.
func (s *Service) Sessions(agentID string) []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.mustAgent(agentID).chat.sessions, func(in *session) Session { return in.Session })
}

// Messages returns the newest 10,000 messages to and from an agent, in all sessions,
// oldest first. It panics if there is no such agent.
func (s *Service) Messages(agentID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.mustAgent(agentID).chat.history() {
		out = append(out, m.Message)
	}
	return out
}

// Turn is a message to an agent, as passed to the function of [WithReply].
type Turn struct {
	AgentID   string
	AgentName string
	SessionID string
	PeerID    string
	Message   string
	Context   json.RawMessage // as sent; nil if absent or null
	Number    int             // number of the message in its session, from 1
}
