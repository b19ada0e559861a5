package agento_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// A stream that began with five lines must not deliver older ones after a
// reconnect.
func TestLogReconnectBringsNothingOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithLogIDs(false), agentotest.WithInMemory())
		defer s.Close()
		id := s.AddAgent(agentotest.AgentSeed{})
		for i := range 50 {
			time.Sleep(time.Second)
			s.AppendLog(id, "INFO", fmt.Sprintf("line %d", i))
		}
		stream, err := s.Client().Logs.Stream(t.Context(), id, &agento.LogsParams{Tail: 5})
		require.NoError(t, err)
		defer stream.Close()
		for i := range 5 {
			require.Equal(t, fmt.Sprintf("line %d", 45+i), (<-stream.Events()).Message)
		}
		s.DropLogStreams()
		time.Sleep(time.Millisecond)
		s.AppendLog(id, "INFO", "line 50")
		require.True(t, (<-stream.Events()).Reconnected)
		require.Equal(t, "line 50", (<-stream.Events()).Message)
	})
}

// A connection that breaks before its first line must not cost the lines that
// were asked for.
func TestLogReconnectKeepsTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory())
		defer s.Close()
		id := s.AddAgent(agentotest.AgentSeed{})
		for i := range 5 {
			s.AppendLog(id, "INFO", fmt.Sprintf("line %d", i))
		}
		s.Next("Logs.Stream", 1, agentotest.Cut(3))
		stream, err := s.Client().Logs.Stream(t.Context(), id, &agento.LogsParams{Tail: 5})
		require.NoError(t, err)
		defer stream.Close()
		require.True(t, (<-stream.Events()).Reconnected)
		require.Equal(t, "line 0", (<-stream.Events()).Message)
	})
}

// What came out of order on one connection is not taken for something older.
func TestLogOutOfOrderAfterReconnect(t *testing.T) {
	connections := 0
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if connections++; connections == 1 {
			stream(w, r).send(": nothing yet\n\n")
			return
		}
		stream(w, r).send(
			`data: {"line":"2026-01-01T00:00:01Z INFO one"}`+"\n\n",
			`data: {"line":"2026-01-01T00:00:00Z INFO late"}`+"\n\n",
			"event: close\ndata: {}\n\n")
	}, nil, func(w *world) {
		stream, err := w.client.Logs.Stream(w.ctx, "a1", nil)
		require.NoError(t, err)
		var got []string
		for entry, err := range stream.All() {
			require.NoError(t, err)
			got = append(got, entry.Message)
		}
		require.Equal(t, []string{"", "one", "late"}, got)
	})
}
