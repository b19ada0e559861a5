package agentotest

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

// The embedded document equals the one in the root directory. To update it, run
// go generate ./agentotest.
func TestOpenAPICopy(t *testing.T) {
	root, err := os.ReadFile("../openapi.json")
	require.NoError(t, err)
	require.True(t, string(root) == string(openAPI), "openapi.json differs from ../openapi.json; run go generate ./agentotest")
}

func TestOpenAPIWithoutKey(t *testing.T) {
	server := start(t, WithRateLimit(1, time.Minute))
	for range 3 {
		got, err := askAs(t, server, "", "GET", "/openapi.json", "")
		require.NoError(t, err)
		got.want(http.StatusOK, "")
		require.Equal(t, string(openAPI), got.body)
		require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
	}
	head, err := askAs(t, server, "", "HEAD", "/openapi.json", "")
	require.NoError(t, err)
	require.Equal(t, []any{http.StatusOK, ""}, []any{head.status, head.body})
	post, err := askAs(t, server, server.Key(), "POST", "/openapi.json", "{}")
	require.NoError(t, err)
	post.want(http.StatusNotFound, "unknown_route")
}
