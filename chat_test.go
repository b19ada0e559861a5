package agento_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestSessionsAndHistory(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		agent := s.AddAgent(agentotest.AgentSeed{})
		chat := s.Client().Chat
		var sessions []*agento.Session
		for _, peer := range []string{"customer:1", "customer:2"} {
			session, err := chat.CreateSession(t.Context(), agent, agento.CreateSessionParams{Title: "Order", PeerID: peer})
			require.NoError(t, err)
			require.Equal(t, "Order", session.Title)
			require.Equal(t, peer, session.PeerID)
			require.False(t, session.CreatedAt.IsZero())
			_, err = chat.Ask(t.Context(), agent, agento.SendMessageParams{Message: "I am " + peer, SessionID: session.ID, PeerID: peer})
			require.NoError(t, err)
			sessions = append(sessions, session)
		}

		page, err := chat.Sessions(t.Context(), agent, &agento.ListParams{Limit: 1, Offset: 1})
		require.NoError(t, err)
		require.Equal(t, agento.Pagination{Total: 2, Limit: 1, Offset: 1}, page.Pagination)
		n := 0
		for session, err := range chat.AllSessions(t.Context(), agent, nil) {
			require.NoError(t, err)
			require.Contains(t, []string{sessions[0].ID, sessions[1].ID}, session.ID)
			n++
		}
		require.Equal(t, 2, n)

		history, err := chat.History(t.Context(), agent, nil)
		require.NoError(t, err)
		require.Len(t, history.Data, 4)
		for _, p := range []agento.HistoryParams{{SessionID: sessions[1].ID, Limit: 1}, {PeerID: "customer:2", Limit: 1}} {
			said := map[agento.Role]string{}
			for message, err := range chat.AllHistory(t.Context(), agent, &p) {
				require.NoError(t, err)
				require.Equal(t, sessions[1].ID, message.SessionID)
				require.NotEmpty(t, message.ID)
				require.False(t, message.CreatedAt.IsZero())
				said[message.Role] = message.Content
			}
			require.Len(t, said, 2)
			require.Equal(t, "I am customer:2", said[agento.RoleUser])
			require.NotEmpty(t, said[agento.RoleAssistant])
		}
	})
}
