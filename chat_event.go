package agento

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/transport"
)

// The types of chat events. Others pass through as they come.
const (
	ChatText  = "text"  // Content is to be appended to the answer; documented
	ChatDone  = "done"  // the answer is complete; documented
	ChatError = "error" // never delivered: it becomes the stream's error; inferred
	ChatTool  = "tool"  // the agent uses a tool; inferred
)

// ChatEvent is one event of an agent's answer.
type ChatEvent struct {
	Type      string
	Content   string      // of a text event: what to append
	SessionID string      // where the event carries it; inferred
	Error     *EventError // where the event carries it; inferred

	raw string
}

// EventError is an error inside of an event.
type EventError struct {
	Code    Code
	Message string
}

// Raw returns the whole event as it came, with the fields that the SDK does not
// know.
func (e ChatEvent) Raw() json.RawMessage { return json.RawMessage(e.raw) }

// decodeChatEvent reads an event. What is no JSON object, and types and fields
// that are not known, pass; a damaged object and a text event whose text cannot
// be read do not, since the answer would lack a text without a word.
func decodeChatEvent(raw string) (ChatEvent, error) {
	if content, ok := plainText(raw); ok {
		return ChatEvent{Type: ChatText, Content: content, raw: raw}, nil
	}
	return decodeAnyChatEvent(raw)
}

func decodeAnyChatEvent(raw string) (ChatEvent, error) {
	e := ChatEvent{raw: raw}
	var fields map[string]json.RawMessage // not a struct, which takes "Type" for "type"
	if err := json.Unmarshal([]byte(raw), &fields); err != nil {
		if strings.HasPrefix(strings.TrimLeft(raw, " \t\r\n"), "{") {
			return e, fmt.Errorf("an event cannot be read: %w", err)
		}
		return e, nil
	}
	_ = json.Unmarshal(fields["type"], &e.Type)
	_ = json.Unmarshal(fields["sessionId"], &e.SessionID)
	if content := fields["content"]; e.Type == ChatText && content != nil {
		if err := json.Unmarshal(content, &e.Content); err != nil {
			return e, fmt.Errorf("a text event cannot be read: %w", err)
		}
	}
	e.Error = readEventError(e.Type, fields["error"], fields["message"])
	return e, nil
}

// plainText is the fast path for the event that an answer consists of, in the
// very form that is documented. The content is a part of raw, not a copy, if
// nothing in it is escaped. For everything else it is not ok.
func plainText(raw string) (content string, ok bool) {
	const head, tail = `{"type":"text","content":"`, `"}`
	if len(raw) < len(head)+len(tail) || raw[:len(head)] != head || raw[len(raw)-len(tail):] != tail {
		return "", false
	}
	content = raw[len(head) : len(raw)-len(tail)]
	ascii, escaped := true, false
	for i := 0; i < len(content); i++ {
		c := content[i]
		switch {
		case c == '\\':
			escaped = true
			i++ // what is escaped may be a quotation mark
		case c < ' ' || c == '"':
			return "", false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if escaped {
		return unescape(raw[len(head)-1 : len(raw)-1])
	}
	return content, ascii || utf8.ValidString(content)
}

// unescape reads a JSON string.
func unescape(literal string) (text string, ok bool) {
	err := json.Unmarshal([]byte(literal), &text)
	return text, err == nil
}

// readEventError takes the error of an event in either of its expected forms.
func readEventError(eventType string, object, message json.RawMessage) *EventError {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(object, &fields)
	code, words := fields["code"], fields["message"]
	switch {
	case code != nil || words != nil:
		return &EventError{Code: Code(text(code)), Message: text(words)}
	case eventType != ChatError:
		return nil
	case message != nil:
		return &EventError{Message: text(message)}
	}
	return &EventError{Message: text(object)}
}

// chatKind is an answer: complete with done, and with nothing else.
type chatKind struct{ fail func(*EventError) error }

func (k chatKind) event(ev sse.Event) (ChatEvent, verdict, error) {
	e, err := decodeChatEvent(string(ev.Data))
	switch {
	case err != nil:
		return e, skip, k.fail(&EventError{Message: err.Error()})
	case e.Type == ChatError:
		return e, skip, k.fail(e.Error)
	case e.Type == ChatDone:
		return e, deliverLast, nil
	}
	return e, deliver, nil
}

func (k chatKind) ended(f *feed[ChatEvent], _ bool, cause error) error {
	return f.fail(truncated(cause))
}

var errEvent = errors.New("the stream reports an error")

// eventError is the error that an event of the stream reports.
func (o *outgoing) eventError(out *transport.Outcome, e *EventError) error {
	err := o.newError(out)
	err.StatusCode, err.RetryAfter, err.Body = 0, 0, nil
	err.Code, err.Message = Code(out.Redact(string(e.Code))), out.Redact(e.Message)
	if err.Code == "" && err.Message == "" {
		err.cause = errEvent
	}
	return err
}
