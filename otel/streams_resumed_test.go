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

// A response that is not an event stream does not resume a log stream.
func TestLogStreamNotResumed(t *testing.T) {
	for name, response := range map[string]agentotest.Raw{
		"HTML page":      {Status: 200, Body: []byte("<html>maintenance</html>")},
		"error envelope": {Status: 200, Body: []byte(`{"error":{"code":"internal_error","message":"x"}}`)},
		"redirect":       {Status: 302, Header: http.Header{"Location": {"/elsewhere"}}},
		"no content":     {Status: 204},
		"not found":      {Status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, nil, func(w *fixture) {
				stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
				require.NoError(t, err)
				w.server.Next("streamLogs", 1, agentotest.Answer(response))
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

// The resumed event has the time of the reconnect, however the stream ends.
func TestLogStreamResumedTime(t *testing.T) {
	for name, end := range map[string]func(w *fixture, s *agento.LogStream){
		"closed":    func(_ *fixture, s *agento.LogStream) { _ = s.Close() },
		"completed": func(w *fixture, _ *agento.LogStream) { w.server.CloseLogStreams(w.agent) },
		"key revoked": func(w *fixture, _ *agento.LogStream) {
			w.server.Next("streamLogs", 1, agentotest.Fail(401, "unauthorized"))
			w.server.DropLogStreams()
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, nil, func(w *fixture) {
				stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
				require.NoError(t, err)
				w.server.DropLogStreams()
				require.True(t, (<-stream.Events()).Reconnected)
				resumed := time.Now()
				time.Sleep(time.Minute)
				end(w, stream)
				for range stream.Events() {
				}
				synctest.Wait()
				events := w.span("streamLogs").Events
				require.GreaterOrEqual(t, len(events), 2)
				require.Equal(t, "agento.stream.resumed", events[1].Name)
				require.Equal(t, resumed, events[1].Time)
				require.InDelta(t, resumed.Sub(events[0].Time).Seconds(), events[1].Attributes[0].Value.AsFloat64(), 1e-6)
			})
		})
	}
}
