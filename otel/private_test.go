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

// private is a part of everything that must not be told: what is said, asked,
// stored, logged, answered, and how the service words its errors.
const private = "private-to-the-customer"

// swarmID is the ID of a swarm that does not exist.
const swarmID = "swarm-of-the-customer"

// TestNothingPrivateIsTold makes calls of every kind that carry something
// private, also in errors, and looks for it in all that is exported.
func TestNothingPrivateIsTold(t *testing.T) {
	inWorld(t, []agentotest.Option{repeatPrivate(), agentotest.WithSessionInDone(true)}, nil, func(w *world) {
		session := w.converse()
		w.configure()
		w.meetErrors()

		spans := w.exporter.GetSpans()
		require.Greater(t, len(spans), 40)
		told, metered := marshalled(t, spans), marshalled(t, w.metrics())
		for _, secret := range []string{private, w.server.Key(), "ak_live_"} {
			require.NotContains(t, told, secret)
			require.NotContains(t, metered, secret)
		}
		for _, id := range []string{w.agent, session, swarmID} {
			require.Contains(t, told, id)
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

// repeatPrivate makes agents answer with what is private.
func repeatPrivate() agentotest.Option {
	return agentotest.WithReply(func(agentotest.Turn) []string { return []string{private, private} })
}

// marshalled is all that there is in v, as JSON and as fmt prints it.
func marshalled(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b) + fmt.Sprintf("%+v", v)
}

// converse talks to the agent, and returns the session.
func (w *world) converse() string {
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

// configure stores things.
func (w *world) configure() {
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

// meetErrors fails in ways that quote something private.
func (w *world) meetErrors() {
	envelope := func(code string) []byte {
		return fmt.Appendf(nil, `{"error":{"code":%q,"message":%q}}`, code, private)
	}
	event := fmt.Sprintf("data: {\"type\":\"error\",\"error\":{\"code\":%q,\"message\":%q}}\n\n", private, private)
	stream := http.Header{"Content-Type": {"text/event-stream"}}
	for _, answer := range []agentotest.Raw{
		{Status: 400, Body: envelope("validation_error")},
		{Status: 400, Body: envelope(private)},
		{Status: 409, Body: []byte(`{"error":{"code":{"a":"` + private + `"}}}`)},
		{Status: 404, Body: []byte(private)},
		{Status: 200, Body: []byte(private)},
		{Status: 200, Header: stream, Body: []byte(event)},
		{Status: 200, Header: stream, Body: []byte("data: " + private), End: agentotest.EndAbort},
		{Status: 302, Header: http.Header{"Location": {"/" + private}}},
	} {
		w.server.Next("sendMessage", 1, agentotest.Answer(answer))
		_, err := w.client.Chat.Ask(w.ctx, w.agent, agento.SendMessageParams{Message: private})
		require.Error(w.t, err)
	}
	w.failInTransport(errors.New(private))

	ctx, cancel := context.WithCancelCause(w.ctx)
	cancel(errors.New(private))
	_, err := w.client.Account.Get(ctx)
	require.ErrorContains(w.t, err, private)
}

// failInTransport fails with an error of the caller's own transport.
func (w *world) failInTransport(failure error) {
	client := w.server.Client(agentootel.Instrument(w.providers()...), agento.WithMaxRetries(1),
		agento.WithMiddleware(func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(*http.Request) (*http.Response, error) {
				return nil, failure
			})
		}))
	_, err := client.Account.Get(w.ctx)
	require.ErrorContains(w.t, err, private)
}
