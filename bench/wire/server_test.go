package wire

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func ask(method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("X-Api-Key", Key)
	answer := httptest.NewRecorder()
	service.ServeHTTP(answer, req)
	return answer
}

var service = NewServer()

func TestPages(t *testing.T) {
	for _, c := range []struct {
		path         string
		first, rows  int
		total, limit int
	}{
		{"/v1/agents", 0, 100, 100, 100},
		{"/rows-250/v1/agents?limit=100", 0, 100, 250, 100},
		{"/rows-250/v1/agents?limit=100&offset=100", 100, 100, 250, 100},
		{"/rows-250/v1/agents?limit=100&offset=200", 200, 50, 250, 100},
		{"/rows-250/v1/agents?limit=100&offset=250", 0, 0, 250, 100},
		{"/rows-250/v1/agents?limit=100&offset=999", 0, 0, 250, 100},
		{"/rows-0/v1/agents", 0, 0, 0, 100},
		{"/rows-3/v1/agents?limit=-1&offset=-1", 0, 3, 3, 100},
	} {
		answer := ask(http.MethodGet, c.path, "")
		require.Equal(t, http.StatusOK, answer.Code)
		var page struct {
			Data       []struct{ Name string }
			Pagination struct{ Total, Limit int }
		}
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &page), c.path)
		require.Len(t, page.Data, c.rows, c.path)
		require.Equal(t, [2]int{c.total, c.limit}, [2]int{page.Pagination.Total, page.Pagination.Limit}, c.path)
		if c.rows > 0 {
			require.Equal(t, "Assistant "+strconv.Itoa(c.first), page.Data[0].Name, c.path)
		}
	}
}

func TestRefusesOtherKeys(t *testing.T) {
	req := httptest.NewRequest(http.MethodGet, "/v1/agents", nil)
	answer := httptest.NewRecorder()
	service.ServeHTTP(answer, req)
	require.Equal(t, http.StatusUnauthorized, answer.Code)
}

func TestEveryAnswerIsJSONWithARateLimit(t *testing.T) {
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, "/v1/agents/a", ""},
		{http.MethodGet, "/v1/agents/a/status", ""},
		{http.MethodPost, "/v1/agents", `{"name":"Bot"}`},
		{http.MethodPost, "/v1/agents/a/knowledge", `{"chunks":[{"content":"x"},{"content":"y"}]}`},
	} {
		answer := ask(c.method, c.path, c.body)
		require.True(t, json.Valid(answer.Body.Bytes()), c.path)
		for _, name := range []string{"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
			require.NotEmpty(t, answer.Header().Get(name), name)
		}
	}
	require.Contains(t, ask(http.MethodPost, "/v1/agents/a/knowledge", `{"chunks":[{"content":"x"},{"content":"y"}]}`).Body.String(),
		`"ingested":2,"duplicates":0,"ids":["chunk_0","chunk_1"]`)
}

func TestChat(t *testing.T) {
	const path = "/v1/agents/a/chat/messages"
	for message, texts := range map[string]int{Many(0): 0, Many(1): 1, Many(1300): 1300, First: 2, Crowd(1, 4): 5, "other": 0} {
		answer := ask(http.MethodPost, path, `{"message":"`+message+`"}`)
		require.Equal(t, strings.Repeat(textEvent, texts)+doneEvent, answer.Body.String(), message)
		require.Equal(t, "text/event-stream", answer.Header().Get("Content-Type"))
	}
	require.Equal(t, strings.Repeat(lineEvent, 700)+doneEvent, ask(http.MethodPost, path, `{"message":"`+Lines(700)+`"}`).Body.String())
}

// TestCrowd: nobody goes on before all are there, and the next crowd starts anew.
func TestCrowd(t *testing.T) {
	var c crowd
	for range 2 {
		over := make(chan struct{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { c.meet(5, over) })
		}
		c.meet(5, over)
		all.Wait()
		require.Zero(t, c.here)
	}
	over := make(chan struct{})
	close(over)
	c.meet(5, over) // returns, though it is alone
}

func TestDocument(t *testing.T) {
	require.Len(t, Document(64<<10), 64<<10)
	require.Len(t, Chunks(3), 3)
	require.NotEqual(t, Chunks(2)[0], Chunks(2)[1])
}
