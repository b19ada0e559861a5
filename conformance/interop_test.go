package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/r3labs/sse/v2"
	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// The tests in this file use the client, the reader and the server of r3labs/sse.

// TestLogStreamDrops follows a log through 50 dropped connections. Each line is delivered
// once, and each gap is marked.
func TestLogStreamDrops(t *testing.T) {
	const drops = 50
	for name, ids := range map[string]bool{"with ids": true, "without ids": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithLogIDs(ids), agentotest.WithRateLimit(0, 0))
				defer server.Close()
				agent := server.AddAgent(agentotest.AgentSeed{Name: "Bot"})
				s, err := server.Client().Logs.Stream(t.Context(), agent, nil)
				require.NoError(t, err)
				seen, markers := map[string]int{}, 0
				read := make(chan struct{})
				go func() {
					defer close(read)
					for e := range s.Events() {
						if e.Reconnected {
							markers++
						} else if strings.HasPrefix(e.Message, "line ") {
							seen[e.Message]++
						}
					}
				}()
				lines := 0
				write := func() {
					server.AppendLog(agent, "INFO", fmt.Sprintf("line %d", lines))
					lines++
					time.Sleep(10 * time.Millisecond)
				}
				for range drops {
					write()
					write()
					require.Equal(t, 1, server.DropLogStreams())
					write() // while no client is connected
					time.Sleep(20 * time.Second)
				}
				server.CloseLogStreams(agent)
				<-read
				require.NoError(t, s.Err())
				require.Equal(t, drops, markers)
				for line, n := range seen {
					require.Equal(t, 1, n, "%s was delivered %d times", line, n)
				}
				require.Len(t, seen, lines, "no line is lost")
			})
		})
	}
}

func TestR3labsReadsAgentotest(t *testing.T) {
	server := agentotest.NewServer(agentotest.WithReply(func(agentotest.Turn) []string { return []string{"One ", "two\n", "three"} }))
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{Name: "Bot"})

	t.Run("reader", func(t *testing.T) {
		req, err := http.NewRequest(http.MethodPost, server.URL+"/v1/agents/"+agent+"/chat/messages", strings.NewReader(`{"message":"Hello"}`))
		require.NoError(t, err)
		req.Header.Set("X-Api-Key", server.Key())
		resp, err := server.HTTPClient().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		reader := sse.NewEventStreamReader(resp.Body, 1<<20)
		var events []string
		for {
			event, err := reader.ReadEvent()
			if err != nil {
				break
			}
			events = append(events, string(event))
		}
		require.Equal(t, []string{
			`data: {"type":"text","content":"One "}`, `data: {"type":"text","content":"two\n"}`,
			`data: {"type":"text","content":"three"}`, `data: {"type":"done"}`,
		}, events)
	})
	t.Run("client", func(t *testing.T) {
		server.AppendLog(agent, "INFO", "for r3labs")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := sse.NewClient(server.URL + "/v1/agents/" + agent + "/logs/stream?tail=1")
		client.Headers["X-Api-Key"] = server.Key()
		client.Connection = server.HTTPClient()
		var got string
		_ = client.SubscribeRawWithContext(ctx, func(e *sse.Event) {
			got = string(e.Data)
			cancel()
		})
		require.Contains(t, got, "for r3labs")
	})
}

// The r3labs server adds IDs to chat events.
func TestClientReadsR3labsServer(t *testing.T) {
	subscribed, unsubscribed := make(chan struct{}), make(chan struct{})
	server := sse.NewWithCallback(
		func(string, *sse.Subscriber) { close(subscribed) },
		func(string, *sse.Subscriber) { close(unsubscribed) })
	server.AutoReplay = false
	server.CreateStream("chat")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.Clone(r.Context())
		inner.URL.RawQuery = "stream=chat"
		server.ServeHTTP(w, inner)
	}))
	defer web.Close()
	client, err := agento.New(harness.TestKey, agento.WithBaseURL(web.URL))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	s, err := client.Chat.Send(t.Context(), "a1", agento.SendMessageParams{Message: "x"})
	require.NoError(t, err)
	<-subscribed
	for _, data := range []string{`{"type":"text","content":"Hi! "}`, `{"type":"mood"}`, `{"type":"done"}`} {
		server.Publish("chat", &sse.Event{ID: []byte("1"), Data: []byte(data)})
	}
	require.Equal(t, []string{"text:Hi! ", "mood:", "done:"}, (&harness.Env{T: t}).Texts(s))
	require.NoError(t, s.Err())
	<-unsubscribed // a server closed before this leaks goroutines
	server.Close()
}
