package agento_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestSwarms(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		client := s.Client()
		swarm, err := client.Swarms.Create(t.Context(), agento.CreateSwarmParams{
			Name: "Shop", Description: "All of the shop", Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-test"},
		})
		require.NoError(t, err)
		require.Equal(t, "Shop", swarm.Name)
		require.Equal(t, []string{"anthropicApiKey"}, s.Swarms()[0].Secrets)

		agent, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "Till", SwarmID: swarm.ID})
		require.NoError(t, err)
		swarm, err = client.Swarms.Get(t.Context(), swarm.ID)
		require.NoError(t, err)
		require.Equal(t, []agento.SwarmAgent{{ID: agent.ID, Name: "Till", Status: agento.StatusRunning}}, swarm.Agents)

		swarm, err = client.Swarms.Update(t.Context(), swarm.ID, agento.UpdateSwarmParams{
			Name: agento.Set("Store"), Description: agento.Clear[string](), Secrets: agento.Secrets{agento.GeminiAPIKey: "g-test"},
		})
		require.NoError(t, err)
		require.Equal(t, "Store", swarm.Name)
		require.Empty(t, swarm.Description)
		require.Equal(t, []string{"geminiApiKey"}, s.Swarms()[0].Secrets)

		s.AddSwarm(agentotest.SwarmSeed{Name: "Other"})
		page, err := client.Swarms.List(t.Context(), &agento.ListParams{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, 2, page.Pagination.Total)
		var names []string
		for one, err := range client.Swarms.All(t.Context(), &agento.ListParams{Limit: 1}) {
			require.NoError(t, err)
			names = append(names, one.Name)
		}
		require.ElementsMatch(t, []string{"Store", "Other"}, names)

		require.NoError(t, client.Swarms.Delete(t.Context(), swarm.ID))
		_, err = client.Swarms.Get(t.Context(), swarm.ID)
		require.ErrorIs(t, err, agento.ErrNotFound)
	})
}

func TestSwarmAgentDecoded(t *testing.T) {
	tests := map[string]struct {
		data  string
		want  agento.SwarmAgent
		fails bool
	}{
		"id":                {`"a1"`, agento.SwarmAgent{ID: "a1"}, false},
		"object":            {`{"id":"a1","name":"n","status":"running"}`, agento.SwarmAgent{ID: "a1", Name: "n", Status: "running"}, false},
		"unknown field":     {`{"id":"a1","role":{"x":1}}`, agento.SwarmAgent{ID: "a1"}, false},
		"unknown status":    {`{"id":"a1","status":"asleep"}`, agento.SwarmAgent{ID: "a1", Status: "asleep"}, false},
		"null":              {`null`, agento.SwarmAgent{}, false},
		"number":            {`7`, agento.SwarmAgent{}, true},
		"list":              {`[]`, agento.SwarmAgent{}, true},
		"id of wrong type":  {`{"id":7}`, agento.SwarmAgent{}, true},
		"nothing is kept":   {`{}`, agento.SwarmAgent{}, false},
		"nothing is joined": {`"b"`, agento.SwarmAgent{ID: "b"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := agento.SwarmAgent{ID: "old", Name: "old", Status: "old"}
			err := json.Unmarshal([]byte(tt.data), &got)
			require.Equal(t, tt.fails, err != nil, "%v", err)
			if !tt.fails && tt.data != "null" {
				require.Equal(t, tt.want, got)
			}
		})
	}
}
