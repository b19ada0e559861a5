package agentotest

import "github.com/remsyshq/agento-go"

// ChatStream returns a stream for a mock of the code that sends messages: it delivers
// the events and then ends with err. If err is nil and the last event is not of type
// "done", that event is added, so that the reply is complete.
func ChatStream(events []agento.ChatEvent, err error) *agento.ChatStream {
	if n := len(events); err == nil && (n == 0 || events[n-1].Type != agento.ChatDone) {
		events = append(events[:n:n], agento.ChatEvent{Type: agento.ChatDone})
	}
	return &agento.ChatStream{Stream: agento.NewStream(events, err)}
}

// LogStream returns a stream for a mock of the code that follows a log: it delivers the
// entries and then ends with err.
func LogStream(entries []agento.LogEntry, err error) *agento.LogStream {
	return &agento.LogStream{Stream: agento.NewStream(entries, err)}
}
