package agento

import (
	"cmp"
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
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
	if p.Message == "" {
		return nil, errs.Argument("Message", "is empty")
	}
	if err := cmp.Or(checkText("Message", p.Message), checkText("SessionID", p.SessionID), checkText("PeerID", p.PeerID)); err != nil {
		return nil, err
	}
	o, err := s.core.prepare(ctx, request{route: route.SendMessage, path: agentPath("agentID", agentID), body: p}, opts)
	if err != nil {
		return nil, err
	}
	o.info.SessionID = p.SessionID
	begun := time.Now()
	idle := o.settings.idleTimeoutOr(defaultChatIdle)
	o.call.Impatient = true
	w, out, err := o.open(idle)
	if err != nil {
		return nil, err
	}
	f := &feed[ChatEvent]{watch: w, limit: idle, objects: true}
	f.kind = chatKind{fail: func(e *EventError) error { return o.eventError(out, e) }}
	return &ChatStream{Stream: f.start(o, out), begun: begun}, nil
}

// checkText refuses what JSON cannot carry: each invalid byte would arrive as
// U+FFFD, so that two texts may become one.
func checkText(name, text string) error {
	if !utf8.ValidString(text) {
		return errs.Argument(name, "is not valid UTF-8")
	}
	return nil
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

// ChatStream is an agent's answer as it is being made. The event of type done is
// delivered last. An error event is not delivered, it becomes Err. A connection
// that ends before done is [ErrStreamTruncated].
type ChatStream struct {
	*Stream[ChatEvent]
	begun time.Time
}

// Text reads the answer to its end and returns its text. On an error it returns
// what arrived and the error. It closes the stream.
func (s *ChatStream) Text() (string, error) {
	reply, err := s.Reply()
	return reply.Text, err
}

// Reply is a whole answer.
type Reply struct {
	Text       string        // empty where a turn has none
	SessionID  string        // where the stream tells it
	RequestID  string        // quote it to support
	Events     int           // of any type, done included
	FirstToken time.Duration // from sending to the first text; 0 if none came
	Duration   time.Duration // from sending to the end
}

// Reply reads the answer to its end. On an error it returns what arrived and the
// error. It closes the stream.
func (s *ChatStream) Reply() (*Reply, error) {
	reply := &Reply{RequestID: s.Response().RequestID}
	var text strings.Builder
	var failure error
	for event, err := range s.All() {
		if err != nil {
			failure = err
			break
		}
		reply.Events++
		if event.SessionID != "" {
			reply.SessionID = event.SessionID
		}
		if event.Type == ChatText {
			if reply.FirstToken == 0 {
				reply.FirstToken = time.Since(s.begun)
			}
			text.WriteString(event.Content)
		}
	}
	if failure == nil && !s.complete { // somebody else has closed it
		failure = ErrStreamTruncated
	}
	reply.Text = text.String()
	reply.Duration = time.Since(s.begun)
	return reply, failure
}
