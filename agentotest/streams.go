package agentotest

import "github.com/remsyshq/agento-go"

// ChatStream returns a stream of the given events that ends with err, for mocks of code
// that sends messages. If err is nil and the last event is not of type "done",
// ChatStream adds a "done" event, so that the reply is complete.
func ChatStream(events []agento.ChatEvent, err error) *agento.ChatStream {
	if n := len(events); err == nil && (n == 0 || events[n-1].Type != agento.ChatDone) {
		events = append(events[:n:n], agento.ChatEvent{Type: agento.ChatDone})
	}
	return &agento.ChatStream{Stream: agento.NewStream(events, err)}
}

// LogStream returns a stream of the given entries that ends with err, for mocks of code
// that follows a log.
func LogStream(entries []agento.LogEntry, err error) *agento.LogStream {
	return &agento.LogStream{Stream: agento.NewStream(entries, err)}
}
