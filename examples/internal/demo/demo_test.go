package demo

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestConnect(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	var notice bytes.Buffer
	var id string
	client, done, err := Connect(&notice, func(s *agentotest.Server) {
		id = s.AddAgent(agentotest.AgentSeed{Name: "Bot"})
	})
	require.NoError(t, err)
	defer done()
	agent, err := client.Agents.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "Bot", agent.Name)
	require.Contains(t, notice.String(), "test service")
}

func TestConnectWithKey(t *testing.T) {
	const key = "ak_live_0123456789abcdef0123456789abcdef"
	server := agentotest.NewServer(agentotest.WithKey(key))
	defer server.Close()
	t.Setenv("AGENTO_API_KEY", key)
	t.Setenv("AGENTO_BASE_URL", server.URL)
	var notice bytes.Buffer
	client, done, err := Connect(&notice, nil)
	require.NoError(t, err)
	defer done()
	_, err = client.Account.Get(t.Context())
	require.NoError(t, err)
	require.Empty(t, notice.String())
}

func TestConnectWithBadKey(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "ak_live_0123\n4567")
	_, _, err := Connect(io.Discard, nil)
	require.Error(t, err)
}
