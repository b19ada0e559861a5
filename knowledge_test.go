package agento_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestKnowledge(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		knowledge := s.Client().Knowledge
		targets := map[string]agento.Target{}
		agentID, swarmID := s.AddAgent(agentotest.AgentSeed{}), s.AddSwarm(agentotest.SwarmSeed{})
		targets[agentID], targets[swarmID] = agento.ForAgent(agentID), agento.ForSwarm(swarmID)
		for id, target := range targets {
			result, err := knowledge.Ingest(t.Context(), target, agento.IngestParams{Chunks: []agento.ChunkParams{
				{Content: "Open from 9 to 5", Title: "Hours", Source: "faq", Metadata: map[string]any{"lang": "en", "page": 3.0}},
				{Content: "Closed on Sunday", Source: "faq"},
				{Content: "Open from 9 to 5", Source: "web"},
			}})
			require.NoError(t, err)
			require.Equal(t, 2, result.Ingested)
			require.Equal(t, 1, result.Duplicates)
			require.Len(t, result.IDs, 2)
			require.Len(t, s.Knowledge(id), 2)

			page, err := knowledge.List(t.Context(), target, &agento.KnowledgeListParams{Source: "faq", Limit: 1})
			require.NoError(t, err)
			require.Equal(t, agento.Pagination{Total: 2, Limit: 1}, page.Pagination)
			var all []agento.Chunk
			for chunk, err := range knowledge.All(t.Context(), target, nil) {
				require.NoError(t, err)
				all = append(all, chunk)
			}
			require.Len(t, all, 2)
			hours := all[0]
			if hours.ID != result.IDs[0] {
				hours = all[1]
			}
			require.False(t, hours.CreatedAt.IsZero())
			hours.CreatedAt = agento.Chunk{}.CreatedAt
			require.Equal(t, agento.Chunk{
				ID: result.IDs[0], Content: "Open from 9 to 5", Title: "Hours", Source: "faq",
				Metadata: map[string]any{"lang": "en", "page": 3.0},
			}, hours)

			require.NoError(t, knowledge.Delete(t.Context(), target, result.IDs[0]))
			require.Len(t, s.Knowledge(id), 1)
			err = knowledge.Delete(t.Context(), target, result.IDs[0])
			require.ErrorIs(t, err, agento.ErrNotFound)

			s.Next("Knowledge.Delete", 1, agentotest.Drop().AfterCommit())
			require.NoError(t, knowledge.Delete(t.Context(), target, result.IDs[1]), "a 404 to the second attempt is a success")
			require.Empty(t, s.Knowledge(id))
		}
		_, err := knowledge.List(t.Context(), agento.ForAgent(swarmID), nil)
		require.ErrorIs(t, err, agento.ErrNotFound, "a swarm is not an agent")
	})
}
