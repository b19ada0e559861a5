package agentootel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	agentootel "github.com/remsyshq/agento-go/otel"
)

// private is in everything that must not be exported: messages, answers, stored data,
// log lines and the service's error messages.
const private = "private-to-the-customer"

// swarmID is the ID of a swarm that does not exist.
const swarmID = "swarm-of-the-customer"

// TestPrivateDataNotExported makes calls with private data, including failing ones, and
// searches all exported data for it.
func TestPrivateDataNotExported(t *testing.T) {
	run(t, []agentotest.Option{replyPrivate(), agentotest.WithSessionInDone(true)}, nil, func(w *fixture) {
		session := w.chat()
		w.configure()
		w.failCalls()

		spans := w.exporter.GetSpans()
		require.Greater(t, len(spans), 40)
		exported, metered := dump(t, spans), dump(t, w.metrics())
		for _, secret := range []string{private, w.server.Key(), "ak_live_"} {
			require.NotContains(t, exported, secret)
			require.NotContains(t, metered, secret)
		}
		for _, id := range []string{w.agent, session, swarmID} {
			require.Contains(t, exported, id)
			require.NotContains(t, metered, id)
		}
		var ids int
		for _, s := range spans {
			if id, ok := attributes(s)["agento.request_id"].(string); ok {
				ids++
				require.NotContains(t, metered, id)
			}
		}
		require.Greater(t, ids, 30)
	})
}

// replyPrivate makes agents reply with private data.
func replyPrivate() agentotest.Option {
	return agentotest.WithReply(func(agentotest.Turn) []string { return []string{private, private} })
}

// dump returns v as JSON and as formatted by fmt.
func dump(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b) + fmt.Sprintf("%+v", v)
}

// chat exchanges messages with the agent and returns the session ID.
func (w *fixture) chat() string {
	session, err := w.client.Chat.CreateSession(w.ctx, w.agent, agento.CreateSessionParams{Title: private})
	require.NoError(w.t, err)
	answer, err := w.client.Chat.Ask(w.ctx, w.agent, agento.SendMessageParams{
		Message: private, SessionID: session.ID, PeerID: private, Context: map[string]string{"name": private},
	})
	require.NoError(w.t, err)
	require.Equal(w.t, private+private, answer.Text)
	_, err = w.client.Chat.History(w.ctx, w.agent, &agento.HistoryParams{SessionID: session.ID, PeerID: private})
	require.NoError(w.t, err)

	stream, err := w.client.Logs.Stream(w.ctx, w.agent, nil)
	require.NoError(w.t, err)
	w.server.AppendLog(w.agent, "INFO", private)
	<-stream.Events()
	w.server.DropLogStreams()
	<-stream.Events()
	require.NoError(w.t, stream.Close())
	return session.ID
}

// configure stores private data.
func (w *fixture) configure() {
	agent := agento.ForAgent(w.agent)
	_, err := w.client.Agents.Create(w.ctx, agento.CreateAgentParams{Name: private, Secrets: agento.Secrets{agento.AnthropicAPIKey: private}})
	require.NoError(w.t, err)
	require.NoError(w.t, w.client.Account.SetSecrets(w.ctx, agent, agento.Secrets{agento.AnthropicAPIKey: private}))
	_, err = w.client.Account.UpdatePersonality(w.ctx, agent, agento.UpdateDocumentParams{Content: private})
	require.NoError(w.t, err)
	require.NoError(w.t, w.client.Account.PutRule(w.ctx, agent, "rule.md", private))
	_, err = w.client.Knowledge.Ingest(w.ctx, agent, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: private}}})
	require.NoError(w.t, err)
	_, err = w.client.Knowledge.List(w.ctx, agento.ForSwarm(swarmID), nil)
	require.ErrorIs(w.t, err, agento.ErrNotFound)
	_, err = w.client.Skills.Browse(w.ctx, &agento.BrowseParams{Query: private})
	require.NoError(w.t, err)
	err = w.client.Do(w.ctx, "GET", "/v1/agents?q="+private, nil, nil)
	require.NoError(w.t, err)
}

// failCalls makes calls that fail with errors that contain private data.
func (w *fixture) failCalls() {
	envelope := func(code string) []byte {
		return fmt.Appendf(nil, `{"error":{"code":%q,"message":%q}}`, code, private)
	}
	event := fmt.Sprintf("data: {\"type\":\"error\",\"error\":{\"code\":%q,\"message\":%q}}\n\n", private, private)
	stream := http.Header{"Content-Type": {"text/event-stream"}}
	for _, response := range []agentotest.Raw{
		{Status: 400, Body: envelope("validation_error")},
		{Status: 400, Body: envelope(private)},
		{Status: 409, Body: []byte(`{"error":{"code":{"a":"` + private + `"}}}`)},
		{Status: 404, Body: []byte(private)},
		{Status: 200, Body: []byte(private)},
		{Status: 200, Header: stream, Body: []byte(event)},
		{Status: 200, Header: stream, Body: []byte("data: " + private), End: agentotest.EndAbort},
		{Status: 302, Header: http.Header{"Location": {"/" + private}}},
	} {
		w.server.Next("sendMessage", 1, agentotest.Answer(response))
		_, err := w.client.Chat.Ask(w.ctx, w.agent, agento.SendMessageParams{Message: private})
		require.Error(w.t, err)
	}
	w.failInTransport(errors.New(private))

	ctx, cancel := context.WithCancelCause(w.ctx)
	cancel(errors.New(private))
	_, err := w.client.Account.Get(ctx)
	require.ErrorContains(w.t, err, private)
}

// failInTransport makes a call that fails with an error of the caller's transport.
func (w *fixture) failInTransport(failure error) {
	client := w.server.Client(agentootel.Instrument(w.providers()...), agento.WithMaxRetries(1),
		agento.WithMiddleware(func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(*http.Request) (*http.Response, error) {
				return nil, failure
			})
		}))
	_, err := client.Account.Get(w.ctx)
	require.ErrorContains(w.t, err, private)
}
