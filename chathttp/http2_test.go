package chathttp_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/http2test"
)

func TestHTTP2OverLoopback(t *testing.T) {
	released := make(chan struct{}, 1)
	service := &chatService{answer: func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(hi)
		if strings.HasSuffix(r.URL.Path, "/a2/chat/messages") {
			s.Hold()
			released <- struct{}{}
			return
		}
		s.Send(more, done)
	}}
	upstream := http2test.Serve(t, service.ServeHTTP)
	client := harness.Client(t, upstream.Client().Transport, agento.WithBaseURL(upstream.URL))
	handler, err := chathttp.NewHandler(client, widgetConfig())
	require.NoError(t, err)
	server := http2test.Serve(t, handler.ServeHTTP)
	post := func(ctx context.Context, agent string) *http.Response {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(body("Hello", "")))
		require.NoError(t, err)
		request.Header = http.Header{"Content-Type": {"application/json"}, "X-Visitor": {"pia"}, "X-Agent": {agent}}
		response, err := server.Client().Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	whole, err := io.ReadAll(post(t.Context(), "a1").Body)
	require.NoError(t, err)
	require.Contains(t, string(whole), "How can I help?")
	require.Contains(t, string(whole), `"done"`)

	ctx, leave := context.WithCancel(t.Context())
	first := make([]byte, 1)
	_, err = io.ReadFull(post(ctx, "a2").Body, first)
	require.NoError(t, err)
	leave()
	<-released
	require.NoError(t, handler.Shutdown(t.Context()))
}
