package chathttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chathttp"
)

// A tenant's key is rotated while 50 chats run. The limit allows the requests of the
// chats, but not those of the next calls too.
func TestKeyRotatedDuringChats(t *testing.T) {
	const chats, limit, calls = 50, 2*50 + 10, 60
	for _, by := range []string{"handler", "turn"} {
		t.Run("client of the "+by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				used := map[string]int{}
				server := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithRateLimit(limit, time.Minute),
					agentotest.WithReplyGap(2*time.Second),
					agentotest.WithReply(func(agentotest.Turn) []string { return []string{"one ", "two ", "three ", "four"} }),
					agentotest.WithMiddleware(func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							mu.Lock()
							used[r.Header.Get("X-Api-Key")]++
							mu.Unlock()
							next.ServeHTTP(w, r)
						})
					}))
				defer server.Close()
				tenant := server.AddAccount("tenant")
				agent := tenant.AddAgent(agentotest.AgentSeed{Name: "Support"})
				before, after := tenant.Key(), tenant.AddKey(agentotest.AllScopes()...)
				var key atomic.Pointer[string]
				key.Store(&before)
				client, err := agento.New("", agento.WithBaseURL(server.URL), agento.WithHTTPClient(server.HTTPClient()),
					agento.WithKeySource(func(context.Context) (string, error) { return *key.Load(), nil }))
				require.NoError(t, err)
				defer client.CloseIdleConnections()

				config, own := widgetConfig(), client
				if by == "turn" {
					own = server.Client()
					config.Turn = func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
						return chathttp.Turn{AgentID: agent, Client: client}, nil
					}
				}
				handler, err := chathttp.NewHandler(own, config)
				require.NoError(t, err)

				answers := make([]*httptest.ResponseRecorder, chats)
				var group sync.WaitGroup
				for i := range answers {
					answers[i] = httptest.NewRecorder()
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/chat", strings.NewReader(body("Hello", "")))
					r.Header = http.Header{"Content-Type": {"application/json"}, "X-Visitor": {fmt.Sprint("visitor ", i)}, "X-Agent": {agent}}
					group.Go(func() { handler.ServeHTTP(answers[i], r) })
				}
				time.Sleep(3 * time.Second) // within the answers
				key.Store(&after)
				server.RevokeKey(before)
				begun := time.Now()
				for range calls {
					group.Go(func() {
						if _, err := client.Agents.Get(t.Context(), agent); err != nil {
							t.Error(err)
						}
						if waited := time.Since(begun); waited > 0 {
							t.Errorf("a call waited %v", waited)
						}
					})
				}
				group.Wait()
				for _, answer := range answers {
					page := read(t, answer.Result())
					require.Equal(t, http.StatusOK, page.status)
					require.Equal(t, "one two three four", page.text, page.types)
					require.Equal(t, "done", page.types[len(page.types)-1])
				}
				_, err = client.Agents.Get(t.Context(), agent)
				require.NoError(t, err)
				require.Equal(t, limit-calls-1, client.RateLimit().Remaining)
				require.Equal(t, map[string]int{before: 2 * chats, after: calls + 1}, used)
			})
		})
	}
}
