package agento_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestRules(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id := s.AddAgent(agentotest.AgentSeed{})
		agent, account := agento.ForAgent(id), s.Client().Account
		for _, name := range []string{"tone.md", "what to say: ü?.md", "100%.md"} {
			s.Next("Account.PutRule", 1, agentotest.Drop().AfterCommit())
			require.NoError(t, account.PutRule(t.Context(), agent, name, "Be kind"), "put again")
			rule, err := account.Rule(t.Context(), agent, name)
			require.NoError(t, err)
			require.Equal(t, name, rule.Name)
			require.Equal(t, "Be kind", rule.Content)
			require.NotNil(t, rule.UpdatedAt)
		}
		require.NoError(t, account.PutRule(t.Context(), agent, "tone.md", "Be brief"))
		require.Equal(t, map[string]string{"tone.md": "Be brief", "what to say: ü?.md": "Be kind", "100%.md": "Be kind"}, s.Agent(id).Rules)

		page, err := account.Rules(t.Context(), agent, &agento.ListParams{Limit: 2})
		require.NoError(t, err)
		require.Len(t, page.Data, 2)
		require.Equal(t, 3, page.Pagination.Total)
		n := 0
		for _, err := range account.AllRules(t.Context(), agent, &agento.ListParams{Limit: 2}) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 3, n)

		require.NoError(t, account.DeleteRule(t.Context(), agent, "tone.md"))
		_, err = account.Rule(t.Context(), agent, "tone.md")
		require.ErrorIs(t, err, agento.ErrNotFound)
		require.ErrorIs(t, account.DeleteRule(t.Context(), agent, "tone.md"), agento.ErrNotFound)
	})
}

func TestSetSecrets(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		id := s.AddAgent(agentotest.AgentSeed{})
		account := s.Client().Account
		s.Next("Account.SetSecrets", 1, agentotest.Drop().AfterCommit())
		require.NoError(t, account.SetSecrets(t.Context(), agento.ForAgent(id), agento.Secrets{
			agento.OpenAIAPIKey: "sk-test", "shopToken": "made-up",
		}))
		require.Equal(t, []string{"openaiApiKey", "shopToken"}, s.Agent(id).Secrets)
	})
}
