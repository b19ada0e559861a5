package clients

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/bench/wire"
)

// TestKinds: every way gets the same out of the service, on every path of it.
func TestKinds(t *testing.T) {
	server := httptest.NewServer(wire.NewServer())
	defer server.Close()
	for _, kind := range Kinds {
		t.Run(kind.Name, func(t *testing.T) {
			c, err := kind.New(server.URL+"/rows-1050", server.Client())
			require.NoError(t, err)
			ctx := t.Context()

			status, err := c.Status(ctx, wire.AgentID)
			require.NoError(t, err)
			require.Equal(t, "running", status)
			name, err := c.Get(ctx, wire.AgentID)
			require.NoError(t, err)
			require.Equal(t, "Assistant 0", name)
			n, err := c.List(ctx)
			require.NoError(t, err)
			require.Equal(t, 100, n)
			n, err = c.All(ctx)
			require.NoError(t, err)
			require.Equal(t, 1050, n)
			id, err := c.Create(ctx, "Bot", wire.Document(64<<10))
			require.NoError(t, err)
			require.Equal(t, "a1b2c3d4-e5f6-7890-abcd-000000000000", id)
			n, err = c.Ingest(ctx, wire.AgentID, wire.Chunks(321))
			require.NoError(t, err)
			require.Equal(t, 321, n)

			for message, events := range map[string]int{wire.Many(1500): 1500, wire.First: 2, wire.Crowd(1, 20): 21} {
				var text strings.Builder
				ends := 0
				require.NoError(t, c.Chat(ctx, wire.AgentID, message, func(kind, content string) {
					text.WriteString(content)
					if kind == "done" {
						ends++
					}
				}))
				require.Equal(t, strings.Repeat("Hi there! ", events), text.String(), message)
				require.Equal(t, 1, ends)
			}
		})
	}
}

// TestInMemory: the transport without sockets serves every way too.
func TestInMemory(t *testing.T) {
	for _, kind := range Kinds {
		c, err := kind.New("http://localhost", &http.Client{Transport: wire.NewMemory()})
		require.NoError(t, err)
		status, err := c.Status(t.Context(), wire.AgentID)
		require.NoError(t, err, kind.Name)
		require.Equal(t, "running", status)
		name, err := c.Get(t.Context(), wire.AgentID)
		require.NoError(t, err, kind.Name)
		require.Equal(t, "Assistant 0", name)
	}
}

// TestErrors: no way takes a refusal, or an answer that is cut, for a success.
func TestErrors(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":{"code":"forbidden","message":"no"}}`))
	}))
	defer refusing.Close()
	cutting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		for _, name := range []string{"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
			h.Set(name, "1000")
		}
		_, _ = w.Write([]byte("data: {\"type\":\"text\",\"content\":\"Hi\"}\n\n"))
	}))
	defer cutting.Close()
	for _, kind := range Kinds {
		t.Run(kind.Name, func(t *testing.T) {
			c, err := kind.New(refusing.URL, refusing.Client())
			require.NoError(t, err)
			_, err = c.Status(t.Context(), wire.AgentID)
			require.Error(t, err)
			_, err = c.List(t.Context())
			require.Error(t, err)
			_, err = c.All(t.Context())
			require.Error(t, err)
			_, err = c.Create(t.Context(), "Bot", "x")
			require.Error(t, err)
			_, err = c.Ingest(t.Context(), wire.AgentID, []string{"x"})
			require.Error(t, err)

			c, err = kind.New(cutting.URL, cutting.Client())
			require.NoError(t, err)
			require.Error(t, c.Chat(t.Context(), wire.AgentID, "x", func(string, string) {}))
		})
	}
}
