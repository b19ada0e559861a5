package conformance

import (
	"context"
	"net/http"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// streamFaults returns the faults of a chat stream.
func streamFaults() []fault {
	sent := func(then func(harness.Streaming), pieces ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r).Send(pieces...)
			if then != nil {
				then(s)
			}
		}
	}
	rows := []fault{
		{name: "complete", result: "the answer", serve: sent(nil, harness.Hi, harness.Done), check: noError},
		{name: "complete, and the connection stays open", result: "the answer, without waiting for the connection", serve: sent(harness.Streaming.Hold, harness.Hi, harness.Done), check: noError},
		{name: "byte by byte", result: "the answer", serve: func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r)
			for _, b := range []byte(harness.Hi + harness.Done) {
				s.Send(string(b))
			}
		}, check: noError},
		{name: "unknown events", result: "the events and the answer", serve: sent(nil, `data: {"type":"mood","x":1}`+"\n\n", harness.Hi, harness.Done), check: noError},
		{name: "ended before the done event", result: "ErrStreamTruncated, and the text so far", serve: sent(nil, harness.Hi), check: is(agento.ErrStreamTruncated)},
		{name: "ended before the first event", result: "ErrStreamTruncated", serve: sent(nil, ""), check: is(agento.ErrStreamTruncated)},
		{name: "interrupted inside an event", result: "ErrStreamTruncated; no partial event", serve: sent(harness.Streaming.Abort, harness.Hi, `data: {"type":"done"`), check: is(agento.ErrStreamTruncated)},
		{name: "ended between the done event and its blank line", result: "ErrStreamTruncated", serve: sent(nil, harness.Hi, `data: {"type":"done"}`+"\n"), check: is(agento.ErrStreamTruncated)},
		{name: "an error event", result: "the error in the event, with the request ID", serve: sent(nil, harness.Hi, `data: {"type":"error","error":{"code":"internal_error","message":"m"}}`+"\n\n"), check: is(agento.ErrInternal)},
		{name: "200 with JSON", result: "ErrNotEventStream", serve: respondWith(200, `{"data":{}}`, "Content-Type", "application/json"), check: is(agento.ErrNotEventStream)},
		{name: "200 with HTML", result: "ErrNotEventStream with an excerpt", serve: respondWith(200, "<html>", "Content-Type", "text/html"), check: is(agento.ErrNotEventStream)},
		{name: "silence after the first event", result: "ErrStreamIdle after 10 min", serve: sent(harness.Streaming.Hold, harness.Hi), within: 10 * time.Minute, check: is(agento.ErrStreamIdle)},
		{name: "silence before the headers", result: "ErrStreamIdle after 10 min", serve: func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() }, within: 10 * time.Minute, check: is(agento.ErrStreamIdle)},
		{name: "an event above the limit", result: "ErrEventTooLarge", serve: sent(nil, harness.Hi, "data: "+strings.Repeat("x", 5<<20)+"\n\n"), check: is(agento.ErrEventTooLarge)},
		{name: "deadline during the answer", result: "the context's error", serve: sent(harness.Streaming.Hold, harness.Hi), call: within(time.Second, ask), within: time.Second, check: is(context.DeadlineExceeded)},
		{name: "500 before the stream begins", result: "ErrInternal and ErrOutcomeUnknown; the message is not retried", serve: respondWith(500, ""), check: status(500, agento.ErrOutcomeUnknown)},
		{name: "a body that ignores the context", result: "the context's error, at the deadline", transport: func(*http.Request) (*http.Response, error) {
			resp := harness.Respond(200, "", "Content-Type", "text/event-stream")
			resp.Body = newBlockingBody()
			return resp, nil
		}, call: within(time.Second, ask), within: time.Second, check: is(context.DeadlineExceeded)},
	}
	for i := range rows {
		rows[i].group = "Streams"
		if rows[i].call == nil {
			rows[i].call = ask
		}
	}
	return rows
}
