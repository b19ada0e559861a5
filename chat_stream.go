package agento

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/stream"
	"github.com/remsyshq/agento-go/internal/wire"
)

// The types of chat events. Unknown types are preserved.
const (
	ChatText  = "text"  // Content is the next part of the answer; documented
	ChatDone  = "done"  // the answer is complete; documented
	ChatError = "error" // becomes the stream's error instead of an event; inferred
	ChatTool  = "tool"  // the agent uses a tool; inferred
)

// ChatEvent is one event of an agent's answer.
type ChatEvent struct {
	Type      string      `json:"type"`
	Content   string      `json:"content,omitempty"`   // of a text event
	SessionID string      `json:"sessionId,omitempty"` // if the event has it; inferred
	Error     *EventError `json:"error,omitempty"`     // of an event that does not end the stream; inferred

	raw string
}

// EventError is an error in an event.
type EventError struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Raw returns the JSON of the event, with the fields that the SDK does not have.
func (e ChatEvent) Raw() json.RawMessage { return json.RawMessage(e.raw) }

func newChatStream(o *opened, begun time.Time) *ChatStream {
	d := &chatDecoder{opened: o}
	d.values = stream.Values[ChatEvent]{Handler: d, Lines: true}
	return &ChatStream{Stream: newStream(o.call.ctx, o, &d.values), begun: begun}
}

// chatDecoder decodes the events of one answer. A character that is split between two text
// events is delivered with the second; one that is incomplete at done becomes U+FFFD.
type chatDecoder struct {
	values stream.Values[ChatEvent]
	opened *opened
	split  string // the first part of a split character, still JSON-escaped
}

// AtEnd returns the error of an answer that has ended before done.
func (d *chatDecoder) AtEnd(reason error) error {
	if reason == io.EOF {
		reason = ErrStreamTruncated
	}
	return d.opened.fail(reason)
}

// Decode decodes one event.
func (d *chatDecoder) Decode(ev *sse.Event) stream.Decoded[ChatEvent] {
	raw := string(ev.Data)
	if literal, ascii, ok := wire.TextEvent(raw); ok {
		e := ChatEvent{Type: ChatText, Content: literal, raw: raw}
		if ascii && d.split == "" {
			return stream.Decoded[ChatEvent]{Value: e}
		}
		return d.text(e, literal)
	}
	e := ChatEvent{raw: raw}
	if raw == `{"type":"done"}` && d.split == "" {
		e.Type = ChatDone
		return stream.Decoded[ChatEvent]{Value: e, Last: true}
	}
	var fields map[string]json.RawMessage // a struct would also accept "Type"
	err := json.Unmarshal(ev.Data, &fields)
	if err != nil && strings.HasPrefix(strings.TrimLeft(raw, " \t\r\n"), "{") {
		return d.refuse("an event cannot be read", raw)
	}
	_ = json.Unmarshal(fields["type"], &e.Type)
	_ = json.Unmarshal(fields["sessionId"], &e.SessionID)
	if e.Type == ChatError || fields["error"] != nil {
		if code, message, ok := wire.EventError(fields, e.Type == ChatError); ok {
			e.Error = &EventError{Code: Code(code), Message: message}
		}
	}
	if string(ev.Type) == ChatError || e.Type == ChatError || e.Error != nil && (e.Type == "" || e.Type == ChatDone) {
		if e.Error == nil {
			e.Error = &EventError{Message: raw}
		}
		return stream.Decoded[ChatEvent]{Err: d.opened.eventError(e.Error)}
	}
	switch e.Type {
	case ChatText:
		literal := string(fields["content"])
		if len(literal) < 2 || literal[0] != '"' {
			return d.refuse("a text event has no text", raw)
		}
		return d.text(e, literal[1:len(literal)-1])
	case ChatDone:
		if d.split != "" {
			d.split = ""
			d.values.Push(stream.Decoded[ChatEvent]{Value: e, Last: true})
			return stream.Decoded[ChatEvent]{Value: ChatEvent{Type: ChatText, Content: "\ufffd"}}
		}
		return stream.Decoded[ChatEvent]{Value: e, Last: true}
	}
	return stream.Decoded[ChatEvent]{Value: e}
}

func (d *chatDecoder) refuse(problem, raw string) stream.Decoded[ChatEvent] {
	return stream.Decoded[ChatEvent]{Err: d.opened.eventError(&EventError{Message: problem + ": " + raw})}
}

// text sets the content of a text event from a JSON string without its quotation marks.
func (d *chatDecoder) text(e ChatEvent, literal string) stream.Decoded[ChatEvent] {
	literal, d.split = wire.CutSplit(d.split + literal)
	if strings.Contains(literal, `\`) || !utf8.ValidString(literal) {
		var content string // not e.Content: e would be allocated for every event
		if json.Unmarshal([]byte(`"`+literal+`"`), &content) != nil {
			return d.refuse("a text event cannot be read", e.raw)
		}
		e.Content = content
	} else {
		e.Content = literal
	}
	return stream.Decoded[ChatEvent]{Value: e}
}

var errEvent = errors.New("the stream reports an error")

// eventError returns the error that an event reports.
func (o *opened) eventError(e *EventError) error {
	err := newError(o.call.info, o.outcome)
	err.StatusCode, err.RetryAfter, err.Body = 0, 0, nil
	err.Code, err.Message = redactCode(o.outcome, e.Code), o.outcome.Redact(e.Message)
	if err.Code == "" && err.Message == "" {
		err.cause = errEvent
	}
	return err
}

// ChatStream is the stream of an agent's answer. [Stream] has the methods to read it event
// by event. The event of type done is the last. An error event is not delivered but returned
// by Err. If the connection ends before done, the error is [ErrStreamTruncated].
type ChatStream struct {
	*Stream[ChatEvent]
	begun time.Time
}

// Text reads the answer to its end and returns its text. On an error it returns the text
// that arrived and the error. It closes the stream.
func (s *ChatStream) Text() (string, error) {
	reply, err := s.Reply()
	return reply.Text, err
}

// Reply is an agent's answer.
type Reply struct {
	Text       string
	SessionID  string        // if the stream has it
	RequestID  string        // for support
	Events     int           // of all types, including done
	FirstToken time.Duration // from the call of Send to the first text event; 0: no text
	Duration   time.Duration // from the call of Send to the end
}

// Reply reads the answer to its end and returns it. On an error it returns the part that
// arrived and the error. It closes the stream.
func (s *ChatStream) Reply() (*Reply, error) {
	if s.begun.IsZero() { // made by NewStream
		s.begun = time.Now()
	}
	reply := &Reply{}
	if s.Stream != nil && s.outcome != nil {
		reply.RequestID = s.outcome.RequestID()
	}
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
	if failure == nil && (s.Stream == nil || !s.complete.Load()) { // the stream was closed
		failure = ErrStreamTruncated
	}
	reply.Text = text.String()
	reply.Duration = time.Since(s.begun)
	return reply, failure
}
