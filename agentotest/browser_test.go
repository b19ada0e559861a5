package agentotest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chathttp"
)

// backend returns a chat handler that uses a fake service.
func backend(t *testing.T, opts ...agentotest.Option) (*agentotest.Server, string, *httptest.Server) {
	t.Helper()
	service := agentotest.NewServer(opts...)
	t.Cleanup(service.Close)
	agent := service.AddAgent(agentotest.AgentSeed{SharedMode: true})
	handler, err := chathttp.NewHandler(service.Client(), chathttp.Config{
		Visitor: func(r *http.Request) (string, error) { return r.Header.Get("X-Visitor"), nil },
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agent}, nil
		},
		TokenKeys: []chathttp.TokenKey{chathttp.NewTokenKey("k", []byte(strings.Repeat("s", 32)))},
	})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return service, agent, server
}

func TestBrowser(t *testing.T) {
	service, agent, server := backend(t, agentotest.WithReply(func(turn agentotest.Turn) []string {
		return []string{turn.PeerID, fmt.Sprintf(" %d", turn.Number)}
	}))
	pia := &agentotest.Browser{URL: server.URL, Client: server.Client(), Header: http.Header{"X-Visitor": {"pia"}}}
	for number := 1; number <= 2; number++ {
		answer, err := pia.Say(t.Context(), "Hi")
		require.NoError(t, err)
		require.Equal(t, 200, answer.Status)
		require.Empty(t, answer.Code)
		require.Equal(t, fmt.Sprintf("pia %d", number), answer.Text, "the token contains the session")
		require.Len(t, answer.Events, 4)
	}
	require.Len(t, service.Sessions(agent), 1)

	bob := &agentotest.Browser{URL: server.URL, Client: server.Client(), Header: http.Header{"X-Visitor": {"bob"}}, Token: pia.Token}
	answer, err := bob.Say(t.Context(), "Hi")
	require.NoError(t, err)
	require.Equal(t, []any{403, "session_refused"}, []any{answer.Status, answer.Code})
	nobody := &agentotest.Browser{URL: server.URL, Client: server.Client()}
	answer, err = nobody.Say(t.Context(), "Hi")
	require.NoError(t, err)
	require.Equal(t, []any{401, "unauthorized"}, []any{answer.Status, answer.Code})
}

// The session continues after an error.
func TestBrowserErrors(t *testing.T) {
	service, agent, server := backend(t)
	service.Next("sendMessage", 1, agentotest.Fail(500, "internal_error"))
	service.Next("sendMessage", 1, agentotest.Cut(10))
	pia := &agentotest.Browser{URL: server.URL, Client: server.Client(), Header: http.Header{"X-Visitor": {"pia"}}}
	for _, want := range []string{"unavailable", "interrupted", ""} {
		answer, err := pia.Say(t.Context(), "Hi")
		require.NoError(t, err)
		require.Equal(t, want, answer.Code)
	}
	require.Len(t, service.Sessions(agent), 1)
}

// A filter may pass on any JSON value. Browser decodes only documented events.
func TestBrowserFilteredEvents(t *testing.T) {
	for _, event := range []string{
		`"thinking"`, `7`, `[{"type":"text"}]`, `{"content":"x","token":"x"}`, `{"type":{"a":1},"content":"x","token":"x"}`,
		`{"type":"tool","content":{"a":1},"token":[],"error":"x"}`,
		`{"type":"tool","content":"lookup","token":"abc","error":{"code":"x"}}`,
		`{"type":"text","content":"","token":7,"error":1}`, `{"type":"session","token":"","content":7}`,
	} {
		t.Run(event, func(t *testing.T) {
			events := []string{`{"type":"session","token":"T"}`, event, `{"type":"text","content":"Hi"}`, `{"type":"done"}`}
			browser, answer, err := sayTo(t, "data: "+strings.Join(events, "\n\ndata: ")+"\n\n")
			require.NoError(t, err)
			require.Equal(t, []any{"Hi", "T", ""}, []any{answer.Text, browser.Token, answer.Code})
			require.Equal(t, fmt.Sprintf("%s", events), fmt.Sprintf("%s", answer.Events))
		})
	}
}

func TestBrowserInvalidEvents(t *testing.T) {
	for _, event := range []string{`{"type":"text","content":{}}`, `{"type":"session","token":1}`, `{"type":"error","error":"x"}`, `{"type":"done"`} {
		_, _, err := sayTo(t, "data: "+event+"\n\ndata: {\"type\":\"done\"}\n\n")
		require.ErrorContains(t, err, "invalid event", event)
	}
}

// sayTo sends a message to a server that always sends the same response.
func sayTo(t *testing.T, stream string) (*agentotest.Browser, *agentotest.BrowserAnswer, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(stream)) }))
	defer server.Close()
	browser := &agentotest.Browser{URL: server.URL, Client: server.Client()}
	answer, err := browser.Say(t.Context(), "Hi")
	return browser, answer, err
}

func TestBrowserResponseNotFromHandler(t *testing.T) {
	for name, write := range map[string]string{
		"a page": "<html>", "no end": `data: {"type":"text","content":"a"}` + "\n\n", "no JSON": "data: a\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(write)) }))
			defer server.Close()
			_, err := (&agentotest.Browser{URL: server.URL, Client: server.Client()}).Say(t.Context(), "Hi")
			require.Error(t, err)
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := (&agentotest.Browser{URL: server.URL, Client: server.Client()}).Say(t.Context(), "Hi")
	require.ErrorContains(t, err, "404")
}
