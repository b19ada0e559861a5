package agentootel_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func TestChatTruncated(t *testing.T) {
	reply := agentotest.WithReply(func(agentotest.Turn) []string { return []string{"one ", "two ", "three"} })
	run(t, []agentotest.Option{reply, agentotest.WithReplyGap(2 * time.Second)}, nil, func(w *fixture) {
		w.server.Next("sendMessage", 1, agentotest.Cut(90).Delayed(time.Second))
		_, err := w.client.Chat.Ask(w.ctx, w.agent, agento.SendMessageParams{Message: "Hello"})
		require.ErrorIs(t, err, agento.ErrStreamTruncated)

		require.Equal(t, `
chat (client) 0s–5s Error "stream_truncated"
    {agento.attempts=1 agento.operation=sendMessage agento.request_id=ID agento.stream.end=truncated agento.stream.events=2 agento.stream.time_to_first_event=1s error.type=stream_truncated gen_ai.agent.id=AGENT gen_ai.operation.name=chat gen_ai.provider.name=agento gen_ai.request.stream=true gen_ai.response.time_to_first_chunk=1s http.response.status_code=200 server.address=127.0.0.1 server.port=80}
  * 1s agento.stream.first_event
  POST /v1/agents/{id}/chat/messages (client) 0s–1s
      {agento.request_id=ID http.request.method=POST http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT/chat/messages url.template=/v1/agents/{id}/chat/messages}
`, w.spans())
		require.Equal(t, `
agento.client.call.duration 1×, total 1s {agento.operation=sendMessage}
agento.client.open_streams 0 {agento.operation=sendMessage}
agento.client.rate_limit.limit =120
agento.client.rate_limit.remaining =119
agento.client.stream.end 1 {agento.operation=sendMessage agento.stream.end=truncated error.type=stream_truncated}
gen_ai.client.operation.duration 1×, total 5s {error.type=stream_truncated gen_ai.operation.name=chat gen_ai.provider.name=agento server.address=127.0.0.1 server.port=80}
gen_ai.client.operation.time_to_first_chunk 1×, total 1s {gen_ai.operation.name=chat gen_ai.provider.name=agento server.address=127.0.0.1 server.port=80}
http.client.request.duration 1×, total 1s {http.request.method=POST http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}/chat/messages}
`, w.points())
	})
}

func TestLogStreamReconnects(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		w.server.AppendLog(w.agent, "INFO", "the first")
		<-stream.Events()
		time.Sleep(10 * time.Second)
		w.server.Next("streamLogs", 1, agentotest.Fail(503, "internal_error"))
		w.server.DropLogStreams()
		w.server.AppendLog(w.agent, "INFO", "the second")
		require.True(t, (<-stream.Events()).Reconnected)
		<-stream.Events()
		time.Sleep(5 * time.Second)
		w.server.CloseLogStreams(w.agent)
		for range stream.Events() {
		}
		require.NoError(t, stream.Err())

		require.Equal(t, `
streamLogs (internal) 0s–18.5s
    {agento.attempts=1 agento.operation=streamLogs agento.request_id=ID agento.stream.end=complete agento.stream.events=3 agento.stream.reconnects=2 agento.stream.time_to_first_event=2s gen_ai.agent.id=AGENT http.response.status_code=200 server.address=127.0.0.1 server.port=80}
  * 2s agento.stream.first_event
  * 12s agento.stream.reconnect {agento.stream.reconnect.attempt=1 agento.stream.reconnect.wait=500ms error.type=stream_truncated}
  * 12.5s agento.stream.reconnect {agento.stream.reconnect.attempt=2 agento.stream.reconnect.wait=1s error.type=internal_error}
  * 13.5s agento.stream.resumed {agento.stream.gap=1.5s}
  GET /v1/agents/{id}/logs/stream (client) 0s–0s
      {agento.request_id=ID http.request.method=GET http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT/logs/stream url.template=/v1/agents/{id}/logs/stream}
  GET /v1/agents/{id}/logs/stream (client) 12.5s–12.5s Error ""
      {agento.request_id=ID error.type=503 http.request.method=GET http.request.resend_count=1 http.response.status_code=503 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT/logs/stream url.template=/v1/agents/{id}/logs/stream}
  GET /v1/agents/{id}/logs/stream (client) 13.5s–13.5s
      {agento.request_id=ID http.request.method=GET http.request.resend_count=2 http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT/logs/stream url.template=/v1/agents/{id}/logs/stream}
`, w.spans())
		require.Equal(t, `
agento.client.call.duration 1×, total 0s {agento.operation=streamLogs}
agento.client.open_streams 0 {agento.operation=streamLogs}
agento.client.rate_limit.limit =120
agento.client.rate_limit.remaining =117
agento.client.reconnects 1 {agento.operation=streamLogs error.type=internal_error}
agento.client.reconnects 1 {agento.operation=streamLogs error.type=stream_truncated}
agento.client.stream.end 1 {agento.operation=streamLogs agento.stream.end=complete}
http.client.request.duration 1×, total 0s {error.type=503 http.request.method=GET http.response.status_code=503 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}/logs/stream}
http.client.request.duration 2×, total 0s {http.request.method=GET http.response.status_code=200 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}/logs/stream}
`, w.points())
	})
}

// The event that marks a reconnect does not count as the first event.
func TestLogStreamTimeToFirstEvent(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
		require.NoError(t, err)
		w.server.DropLogStreams()
		require.True(t, (<-stream.Events()).Reconnected)
		time.Sleep(time.Minute)
		w.server.AppendLog(w.agent, "INFO", "the first")
		<-stream.Events()
		require.NoError(t, stream.Close())
		synctest.Wait()
		require.InDelta(t, 60.5, attributes(w.span("streamLogs"))["agento.stream.time_to_first_event"], 0.2)
	})
}

// Each gap is measured from the loss of its own connection.
func TestLogStreamGaps(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
		require.NoError(t, err)
		for range 2 {
			time.Sleep(time.Minute)
			w.server.DropLogStreams()
			require.True(t, (<-stream.Events()).Reconnected)
		}
		require.NoError(t, stream.Close())
		synctest.Wait()
		var gaps []string
		for _, e := range w.span("streamLogs").Events {
			if e.Name == "agento.stream.resumed" {
				gaps = append(gaps, text(e.Attributes))
			}
		}
		require.Equal(t, []string{" {agento.stream.gap=500ms}", " {agento.stream.gap=500ms}"}, gaps)
	})
}

// A chat that fails to open has a duration.
func TestChatRejected(t *testing.T) {
	run(t, nil, nil, func(w *fixture) {
		w.server.Next("sendMessage", 1, agentotest.Fail(403, "limit_reached"))
		_, err := w.client.Chat.Ask(w.ctx, w.agent, agento.SendMessageParams{Message: "Hello"})
		require.ErrorIs(t, err, agento.ErrLimitReached)

		require.Equal(t, `
chat (client) 0s–0s Error "limit_reached"
    {agento.attempts=1 agento.error.code=limit_reached agento.operation=sendMessage agento.request_id=ID error.type=limit_reached gen_ai.agent.id=AGENT gen_ai.operation.name=chat gen_ai.provider.name=agento gen_ai.request.stream=true http.response.status_code=403 server.address=127.0.0.1 server.port=80}
  POST /v1/agents/{id}/chat/messages (client) 0s–0s Error ""
      {agento.request_id=ID error.type=403 http.request.method=POST http.response.status_code=403 server.address=127.0.0.1 server.port=80 url.full=BASE/v1/agents/AGENT/chat/messages url.template=/v1/agents/{id}/chat/messages}
`, w.spans())
		require.Equal(t, `
agento.client.call.duration 1×, total 0s {agento.operation=sendMessage error.type=limit_reached}
agento.client.rate_limit.limit =120
agento.client.rate_limit.remaining =119
gen_ai.client.operation.duration 1×, total 0s {error.type=limit_reached gen_ai.operation.name=chat gen_ai.provider.name=agento server.address=127.0.0.1 server.port=80}
http.client.request.duration 1×, total 0s {error.type=403 http.request.method=POST http.response.status_code=403 server.address=127.0.0.1 server.port=80 url.template=/v1/agents/{id}/chat/messages}
`, w.points())
	})
}

// However streams end, no stream is counted as open afterward. Each reason is counted.
func TestOpenStreamsReturnToZero(t *testing.T) {
	const each = 5
	run(t, []agentotest.Option{agentotest.WithReplyGap(time.Second)}, nil, func(w *fixture) {
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		w.server.Next("sendMessage", each, agentotest.Cut(60))
		var streams []*agento.ChatStream
		send := func(ctx context.Context, opts ...agento.Option) {
			for range each {
				s, err := w.client.Chat.Send(ctx, w.agent, agento.SendMessageParams{Message: "Hello"}, opts...)
				require.NoError(t, err)
				streams = append(streams, s)
			}
		}
		send(w.ctx) // truncated
		send(w.ctx) // read to the end
		send(w.ctx, agento.WithIdleTimeout(time.Second/2))
		canceled := len(streams)
		send(ctx)
		closed := len(streams)
		send(w.ctx)
		require.Contains(t, w.points(), "agento.client.open_streams 25 {")

		var readers sync.WaitGroup
		for _, s := range streams[:canceled] {
			readers.Go(func() { _, _ = s.Text() })
		}
		cancel()
		for _, s := range streams[closed:] {
			require.NoError(t, s.Close())
		}
		readers.Wait()
		synctest.Wait()
		points := w.points()
		require.Contains(t, points, "agento.client.open_streams 0 {")
		for _, end := range []string{
			"agento.stream.end=canceled error.type=canceled", "agento.stream.end=closed", "agento.stream.end=complete",
			"agento.stream.end=idle error.type=stream_idle", "agento.stream.end=truncated error.type=stream_truncated",
		} {
			require.Contains(t, points, fmt.Sprintf("agento.client.stream.end %d {agento.operation=sendMessage %s}", each, end))
		}
		require.Len(t, w.exporter.GetSpans(), 2*len(streams))
	})
}
