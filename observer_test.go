package agento_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		attempts := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				return harness.Respond(503, "", "X-Request-Id", "req_1"), nil
			}
			return harness.Respond(200, harness.AgentJSON, "X-Request-Id", "req_2"), nil
		}), agento.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		_, err := client.Agents.Get(t.Context(), "a1")
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 2)
		require.Contains(t, lines[0], "level=WARN")
		require.Contains(t, lines[0], "request_id=req_1")
		require.Contains(t, lines[1], "level=DEBUG")
		require.Contains(t, lines[1], "request_id=req_2")
		require.Contains(t, lines[1], "attempts=2")
		require.NotContains(t, out.String(), harness.TestKey)
	})
}
