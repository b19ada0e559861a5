package conformance

import (
	"context"
	"net/http"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// streamFaults are faults of a chat answer.
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
		{name: "complete", gets: "the answer", serve: sent(nil, harness.Hi, harness.Done), check: fine},
		{name: "complete, and the connection stays open", gets: "the answer, without waiting for the connection", serve: sent(harness.Streaming.Hold, harness.Hi, harness.Done), check: fine},
		{name: "byte by byte", gets: "the answer", serve: func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r)
			for _, b := range []byte(harness.Hi + harness.Done) {
				s.Send(string(b))
			}
		}, check: fine},
		{name: "unknown events", gets: "the events and the answer", serve: sent(nil, `data: {"type":"mood","x":1}`+"\n\n", harness.Hi, harness.Done), check: fine},
		{name: "ended before the done event", gets: "ErrStreamTruncated, and the text so far", serve: sent(nil, harness.Hi), check: is(agento.ErrStreamTruncated)},
		{name: "ended before the first event", gets: "ErrStreamTruncated", serve: sent(nil, ""), check: is(agento.ErrStreamTruncated)},
		{name: "interrupted inside an event", gets: "ErrStreamTruncated; no partial event", serve: sent(harness.Streaming.Abort, harness.Hi, `data: {"type":"done"`), check: is(agento.ErrStreamTruncated)},
		{name: "ended between the done event and its blank line", gets: "ErrStreamTruncated", serve: sent(nil, harness.Hi, `data: {"type":"done"}`+"\n"), check: is(agento.ErrStreamTruncated)},
		{name: "an error event", gets: "the error in the event, with the request ID", serve: sent(nil, harness.Hi, `data: {"type":"error","error":{"code":"internal_error","message":"m"}}`+"\n\n"), check: is(agento.ErrInternal)},
		{name: "200 with JSON", gets: "ErrNotEventStream", serve: says(200, `{"data":{}}`, "Content-Type", "application/json"), check: is(agento.ErrNotEventStream)},
		{name: "200 with HTML", gets: "ErrNotEventStream with an excerpt", serve: says(200, "<html>", "Content-Type", "text/html"), check: is(agento.ErrNotEventStream)},
		{name: "silence after the first event", gets: "ErrStreamIdle after 10 min", serve: sent(harness.Streaming.Hold, harness.Hi), within: 10 * time.Minute, check: is(agento.ErrStreamIdle)},
		{name: "silence before the headers", gets: "ErrStreamIdle after 10 min", serve: func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Hold() }, within: 10 * time.Minute, check: is(agento.ErrStreamIdle)},
		{name: "an event above the limit", gets: "ErrEventTooLarge", serve: sent(nil, harness.Hi, "data: "+strings.Repeat("x", 5<<20)+"\n\n"), check: is(agento.ErrEventTooLarge)},
		{name: "deadline during the answer", gets: "the context's error", serve: sent(harness.Streaming.Hold, harness.Hi), call: within(time.Second, ask), within: time.Second, check: is(context.DeadlineExceeded)},
		{name: "500 before the stream begins", gets: "ErrInternal and ErrOutcomeUnknown; the message is not retried", serve: says(500, ""), check: status(500, agento.ErrOutcomeUnknown)},
		{name: "a body that ignores the context", gets: "the context's error, at the deadline", transport: func(*http.Request) (*http.Response, error) {
			resp := harness.Respond(200, "", "Content-Type", "text/event-stream")
			resp.Body = newStuckBody()
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
