package agento_test

import (
	"fmt"
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
