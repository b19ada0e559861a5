package conformance

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/http2test"
)

// http2Client returns a client of a handler served over HTTP/2 on loopback.
func http2Client(t *testing.T, handler http.HandlerFunc) *agento.Client {
	t.Helper()
	server := http2test.Serve(t, handler)
	return harness.Client(t, server.Client().Transport, agento.WithBaseURL(server.URL))
}

func TestHTTP2OverLoopback(t *testing.T) {
	message := agento.SendMessageParams{Message: "Hello"}
	t.Run("call", func(t *testing.T) {
		client := http2Client(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, harness.AgentJSON) })
		for range 3 {
			agent, err := client.Agents.Get(t.Context(), "a1")
			require.NoError(t, err)
			require.Equal(t, "Bot", agent.Name)
		}
	})
	t.Run("call after GOAWAY", func(t *testing.T) {
		client := http2Client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, harness.AgentJSON)
		})
		require.NoError(t, twice(getAgent)(t.Context(), client))
	})
	t.Run("stream to its end", func(t *testing.T) {
		client := http2Client(t, func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Send(harness.Hi, harness.More, harness.Done)
		})
		for range 3 {
			s, err := client.Chat.Send(t.Context(), "a1", message)
			require.NoError(t, err)
			require.Equal(t, []string{"text:Hi! ", "text:How can I help?", "done:"}, (&harness.Env{T: t}).Texts(s))
			require.NoError(t, s.Err())
			require.NoError(t, s.Close())
		}
	})
	t.Run("stream reset by the server", func(t *testing.T) {
		client := http2Client(t, func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Send(harness.Hi, `data: {"ty`).Abort()
		})
		s, err := client.Chat.Send(t.Context(), "a1", message)
		require.NoError(t, err)
		require.Equal(t, []string{"text:Hi! "}, (&harness.Env{T: t}).Texts(s))
		require.ErrorIs(t, s.Err(), agento.ErrStreamTruncated)
		harness.StreamError(t, s.Err())
	})
	t.Run("stream canceled by its caller", func(t *testing.T) {
		released := make(chan struct{}, 2)
		client := http2Client(t, func(w http.ResponseWriter, r *http.Request) {
			event := harness.Hi
			if r.Method == http.MethodGet {
				event = harness.Line("1", "a")
			}
			harness.Stream(w, r).Send(event).Hold()
			released <- struct{}{}
		})
		s, err := client.Chat.Send(t.Context(), "a1", message)
		require.NoError(t, err)
		require.Equal(t, "Hi! ", (<-s.Events()).Content)
		require.NoError(t, s.Close())
		<-released

		ctx, cancel := context.WithCancel(t.Context())
		log, err := client.Logs.Stream(ctx, "a1", nil)
		require.NoError(t, err)
		<-log.Events()
		cancel()
		<-released
		for range log.Events() {
		}
		require.ErrorIs(t, log.Err(), context.Canceled)
	})
}
