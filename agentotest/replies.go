package agentotest

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/remsyshq/agento-go"
)

// ReplyEvent is an event of an agent's reply; see [WithReply].
type ReplyEvent struct {
	kind string
	text string // set for text events only
	data []byte
}

// textEvent is a struct to encode its fields in the documented order.
type textEvent struct {
	Type    string `json:"type"`
	Content string `json:"content"`
}

// TextEvent returns the event that appends text to the reply.
func TextEvent(text string) ReplyEvent {
	return ReplyEvent{agento.ChatText, text, encodeJSON(textEvent{agento.ChatText, text})}
}

// ToolEvent returns an event of type "tool" with the given fields. The API does not
// document this event.
func ToolEvent(fields map[string]any) ReplyEvent {
	event := object{"type": agento.ChatTool}
	for name, value := range fields {
		event[name] = value
	}
	return ReplyEvent{kind: agento.ChatTool, data: encodeJSON(event)}
}

// ErrorEvent returns an event that ends the reply with an error. Later events are not
// sent, and the reply is not added to the history.
func ErrorEvent(code, message string) ReplyEvent {
	return ReplyEvent{kind: agento.ChatError, data: encodeJSON(object{
		"type": agento.ChatError, "error": object{"code": code, "message": message},
	})}
}

func replyEvents[E string | ReplyEvent](from []E) []ReplyEvent {
	var events []ReplyEvent
	for _, e := range from {
		switch e := any(e).(type) {
		case string:
			events = append(events, TextEvent(e))
		case ReplyEvent:
			events = append(events, e)
		}
	}
	return events
}

// reply returns the response to a message. At its end, the agent's message is added to the
// history, but not if the client disconnected.
func (a *agent) reply(s *session, turn Turn) response {
	service := a.account.service
	failed := func(e ReplyEvent) bool { return e.kind == agento.ChatError }
	events := sync.OnceValue(func() []ReplyEvent {
		done := object{"Type": agento.ChatDone}
		if service.config.sessionInDone {
			done["SessionID"] = s.ID
		}
		events := append(service.config.reply(turn), ReplyEvent{kind: agento.ChatDone, data: encodeJSON(objectOf[agento.ChatEvent](done))})
		if i := slices.IndexFunc(events, failed); i >= 0 {
			events = events[:i+1]
		}
		return events
	})
	return response{status: http.StatusOK, stream: &eventStream{
		write: func(c *call) bool {
			c.startEvents()
			for i, event := range events() {
				if i > 0 && !wait(c.ctx, service.config.replyGap) {
					return false
				}
				c.sendEvent(event.data)
			}
			return c.ctx.Err() == nil
		},
		finish: func() {
			if slices.ContainsFunc(events(), failed) {
				return
			}
			var text strings.Builder
			for _, event := range events() {
				text.WriteString(event.text)
			}
			service.mu.Lock()
			defer service.mu.Unlock()
			a.addMessage(s, "assistant", text.String())
			a.log("INFO", "message answered in session "+s.ID)
		},
	}}
}

const maxEcho = 16 // maximum number of text events that repeat the message

// defaultReply identifies the fake and repeats the message, split at spaces.
func defaultReply(t Turn) []string {
	reply := []string{"This is agentotest, ", "a test double of the Agento service: ", "no model has read your message. ", "You wrote: "}
	words := strings.SplitAfter(t.Message, " ")
	size := (len(words) + maxEcho - 1) / maxEcho
	for group := range slices.Chunk(words, size) {
		reply = append(reply, strings.Join(group, ""))
	}
	return reply
}
