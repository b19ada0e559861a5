package agentotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Turn is a message to an agent, as [WithReply] is asked to answer it.
type Turn struct {
	AgentID   string
	AgentName string
	SessionID string
	PeerID    string
	Message   string
	Context   json.RawMessage // as it was sent; nil when none was
	Number    int             // of the turn in its session, from 1
}

const maxMessages = 10_000 // kept for each agent

// chat is what an agent has been told and has said.
type chat struct {
	sessions []*session
	messages []*message // as appendBounded keeps them; said cuts them
	serial   int        // of session ids
}

type session struct {
	id, peer         string
	title            *string
	implicit         bool // made for a message that named no session
	turns            int
	created, updated time.Time
}

type message struct {
	id, role, content string
	session, peer     string
	created           time.Time
}

const (
	roleUser      = "user"
	roleAssistant = "assistant"
)

func (s *Service) sendMessage(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	f := fieldsOf(c.body)
	turn := Turn{AgentID: a.id, AgentName: a.name, Message: f.required("message"), PeerID: f.text("peerId").value}
	sessionID := f.text("sessionId").value
	if f.err != nil {
		return answer{}, f.err
	}
	if raw := f.raw["context"]; !isNull(raw) {
		turn.Context = raw
	}
	if a.status != statusRunning {
		return answer{}, conflict("the agent is not running: it is %s", a.status)
	}
	in, err := s.sessionFor(a, sessionID, turn.PeerID)
	if err != nil {
		return answer{}, err
	}
	in.turns++
	turn.SessionID, turn.Number = in.id, in.turns
	s.say(a, in, roleUser, turn.Message)
	s.log(a, "INFO", "message received in session "+in.id)
	return s.reply(a, in, turn), nil
}

// sessionFor finds the session of a message. One that names none goes to a
// session that is kept for such messages of its peer.
func (s *Service) sessionFor(a *agent, id, peer string) (*session, error) {
	i := slices.IndexFunc(a.chat.sessions, func(in *session) bool {
		if id == "" {
			return in.implicit && in.peer == peer
		}
		return in.id == id && (peer == "" || in.peer == "" || in.peer == peer)
	})
	switch {
	case i >= 0:
		return a.chat.sessions[i], nil
	case id != "":
		return nil, notFound("session")
	}
	in := s.newSession(a, nil, peer)
	in.implicit = true
	return in, nil
}

func (s *Service) newSession(a *agent, title *string, peer string) *session {
	a.chat.serial++
	now := s.now()
	in := &session{
		id:   fmt.Sprintf("agent:%s:s%d", a.id, a.chat.serial),
		peer: peer, title: title, created: now, updated: now,
	}
	a.chat.sessions = append(a.chat.sessions, in)
	return in
}

func (s *Service) say(a *agent, in *session, role, content string) {
	now := s.now()
	in.updated = now
	said := &message{id: s.state.id(kindMessage), role: role, content: content, session: in.id, peer: in.peer, created: now}
	a.chat.messages = appendBounded(a.chat.messages, said, maxMessages)
}

// said returns what is kept, oldest first.
func (c *chat) said() []*message { return newest(c.messages, maxMessages) }

type chatEventWire struct {
	Type      string  `json:"type"`
	Content   *string `json:"content,omitempty"` // of a text event, also where it is empty
	SessionID string  `json:"sessionId,omitempty"`
}

// reply is the answer to a turn. What the agent says is in the history once the
// turn has ended, and not if the client has left before.
func (s *Service) reply(a *agent, in *session, turn Turn) answer {
	increments := sync.OnceValue(func() []string { return s.config.reply(turn) })
	return answer{status: http.StatusOK, stream: &streamed{
		write: func(c *call) bool {
			c.startEvents()
			for i, increment := range increments() {
				if i > 0 && !wait(c.ctx, s.config.replyGap) {
					return false
				}
				c.event(encodeJSON(chatEventWire{Type: "text", Content: &increment}))
			}
			if len(increments()) > 0 && !wait(c.ctx, s.config.replyGap) {
				return false
			}
			done := chatEventWire{Type: "done"}
			if s.config.sessionInDone {
				done.SessionID = in.id
			}
			c.event(encodeJSON(done))
			return c.ctx.Err() == nil
		},
		finish: func() {
			text := strings.Join(increments(), "")
			s.mu.Lock()
			defer s.mu.Unlock()
			s.say(a, in, roleAssistant, text)
			s.log(a, "INFO", "message answered in session "+in.id)
		},
	}}
}

const maxEcho = 16 // increments for the message that is repeated

// defaultReply says what it is and repeats the message in whole words.
func defaultReply(t Turn) []string {
	increments := []string{"This is agentotest, ", "a test double of the Agento service: ", "no model has read your message. ", "You wrote: "}
	words := strings.SplitAfter(t.Message, " ")
	size := (len(words) + maxEcho - 1) / maxEcho
	for group := range slices.Chunk(words, size) {
		increments = append(increments, strings.Join(group, ""))
	}
	return increments
}

// startEvents begins an event stream.
func (c *call) startEvents() {
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("Cache-Control", "no-cache")
	c.w.WriteHeader(http.StatusOK)
	c.w.Flush()
}

// event sends one event that is a data line and nothing else.
func (c *call) event(data []byte) {
	line := append(append([]byte("data: "), data...), "\n\n"...)
	_, _ = c.w.Write(line) // a client that has gone ends the call's context
	c.w.Flush()
}
