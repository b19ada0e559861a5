package agentotest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func TestClient(t *testing.T) {
	for name, opt := range map[string]agentotest.Option{
		"plain": agentotest.WithLogIDs(true), "TLS and HTTP/2": agentotest.WithTLS(), "in memory": agentotest.WithInMemory(),
	} {
		t.Run(name, func(t *testing.T) {
			server := agentotest.NewServer(opt)
			defer server.Close()
			ctx := t.Context()
			client := server.Client(agento.WithUserAgent("test"))
			created, err := client.Agents.Create(ctx, agento.CreateAgentParams{Name: "Ada", Secrets: agento.Secrets{"openaiApiKey": "k"}, SoulMD: "S"})
			require.NoError(t, err)
			require.Equal(t, agento.StatusRunning, created.Status)
			require.Equal(t, "S", server.Agent(created.ID).Soul.Content)

			read, err := client.Agents.Get(ctx, created.ID)
			require.NoError(t, err)
			require.Equal(t, created, read)
			reply, err := client.Chat.Ask(ctx, created.ID, agento.SendMessageParams{Message: "Hi"})
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(reply.Text, "Hi"), reply.Text)
			account, err := client.Account.Get(ctx)
			require.NoError(t, err)
			require.Equal(t, "test@example.com", account.Email)

			logs, err := client.Logs.Stream(ctx, created.ID, nil)
			require.NoError(t, err)
			server.AppendLog(created.ID, "ERROR", "boom")
			entry := <-logs.Events()
			require.Equal(t, "boom", entry.Message)
			require.NoError(t, logs.Close())

			require.NoError(t, client.Agents.Delete(ctx, created.ID))
			_, err = client.Agents.Get(ctx, created.ID)
			require.ErrorIs(t, err, agento.ErrNotFound)
			require.ErrorIs(t, client.Do(ctx, "GET", "/v1/nowhere", nil, nil), agento.ErrNoRoute)
		})
	}
}

func TestClientInvalidOption(t *testing.T) {
	server := agentotest.NewServer()
	defer server.Close()
	require.Panics(t, func() { server.Client(agento.WithBaseURL("ftp://x")) })
}

// A repeatedly dropped log stream delivers each line once.
func TestClientResumesLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := agentotest.NewServer(agentotest.WithInMemory())
		defer server.Close()
		id := server.AddAgent(agentotest.AgentSeed{})
		logs, err := server.Client().Logs.Stream(t.Context(), id, nil)
		require.NoError(t, err)
		defer logs.Close()
		for i := range 10 {
			server.AppendLog(id, "INFO", fmt.Sprint(i))
			for {
				entry := <-logs.Events()
				if entry.Reconnected {
					continue
				}
				require.Equal(t, fmt.Sprint(i), entry.Message)
				break
			}
			server.DropLogStreams()
			time.Sleep(time.Minute)
		}
		server.CloseLogStreams(id)
		for range logs.Events() {
		}
		require.NoError(t, logs.Err())
	})
}
