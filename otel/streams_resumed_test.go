package agentootel_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// A log stream is resumed by a stream, and by no other answer.
func TestLogStreamThatIsNotResumed(t *testing.T) {
	for name, answer := range map[string]agentotest.Raw{
		"a page":          {Status: 200, Body: []byte("<html>maintenance</html>")},
		"an envelope":     {Status: 200, Body: []byte(`{"error":{"code":"internal_error","message":"x"}}`)},
		"a redirection":   {Status: 302, Header: http.Header{"Location": {"/elsewhere"}}},
		"nothing":         {Status: 204},
		"a wrong address": {Status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, nil, func(w *world) {
				stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
				require.NoError(t, err)
				w.server.Next("streamLogs", 1, agentotest.Answer(answer))
				w.server.DropLogStreams()
				for e := range stream.Events() {
					require.Fail(t, "delivered", "%v", e)
				}
				events := w.span("streamLogs").Events
				require.Len(t, events, 1)
				require.Equal(t, "agento.stream.reconnect", events[0].Name)
			})
		})
	}
}

// That a log stream was resumed is told at the time when it was, whatever came of
// it then.
func TestLogStreamThatIsResumed(t *testing.T) {
	for name, end := range map[string]func(w *world, s *agento.LogStream){
		"closed":    func(_ *world, s *agento.LogStream) { _ = s.Close() },
		"completed": func(w *world, _ *agento.LogStream) { w.server.CloseLogStreams(w.agent) },
		"key gone": func(w *world, _ *agento.LogStream) {
			w.server.Next("streamLogs", 1, agentotest.Fail(401, "unauthorized"))
			w.server.DropLogStreams()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, nil, func(w *world) {
				stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
				require.NoError(t, err)
				w.server.DropLogStreams()
				require.True(t, (<-stream.Events()).Reconnected)
				back := time.Now()
				time.Sleep(time.Minute)
				end(w, stream)
				for range stream.Events() {
				}
				synctest.Wait()
				events := w.span("streamLogs").Events
				require.GreaterOrEqual(t, len(events), 2)
				require.Equal(t, "agento.stream.resumed", events[1].Name)
				require.Equal(t, back, events[1].Time)
				require.InDelta(t, back.Sub(events[0].Time).Seconds(), events[1].Attributes[0].Value.AsFloat64(), 1e-6)
			})
		})
	}
}
