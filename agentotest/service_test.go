package agentotest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/test/memnet"
)

func TestRequests(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{})
	ask(t, s, "GET", "/v1/agents?limit=5", "").want(200, "")
	ask(t, s, "PUT", "/v1/agents/"+id+"/rules/a%2Fb", `{"content":"x"}`).want(400, "validation_error")
	_, err := askAs(t, s, "", "GET", "/nowhere", "")
	require.NoError(t, err)

	all := s.Requests()
	require.Len(t, all, 3)
	require.Equal(t, "listAgents", all[0].Operation)
	require.Equal(t, "/v1/agents?limit=5", all[0].Path)
	require.Equal(t, []string{"ak_live_********"}, all[0].Header["X-Api-Key"])
	require.WithinDuration(t, time.Now(), all[0].Time, time.Minute)
	require.Equal(t, []any{"putRule", "PUT", "/v1/agents/" + id + "/rules/a%2Fb", `{"content":"x"}`, 400},
		[]any{all[1].Operation, all[1].Method, all[1].Path, string(all[1].Body), all[1].Status})
	require.Equal(t, []any{"", 401}, []any{all[2].Operation, all[2].Status})
	require.NotContains(t, all[2].Header, "X-Api-Key")
	require.Equal(t, all[1:2], s.RequestsTo("Account.PutRule"))
	require.Empty(t, s.RequestsTo("deleteRule"))
	s.ForgetRequests()
	require.Empty(t, s.Requests())
}

func TestRequestsLimit(t *testing.T) {
	s := New()
	body := make([]byte, maxRecordedBody+1)
	request := httptest.NewRequest("GET", "/", nil)
	require.Len(t, s.record(request, body).Body, maxRecordedBody)
	for range 2*maxRequests + 1 {
		s.record(request, nil)
	}
	require.Len(t, s.Requests(), maxRequests)
	require.LessOrEqual(t, len(s.requests), 2*maxRequests)
}

func TestAppendLimited(t *testing.T) {
	var rows []int
	for i := range 100 {
		rows = appendLimited(rows, i, 3)
		require.LessOrEqual(t, len(rows), 6)
		require.GreaterOrEqual(t, len(rows), min(i+1, 3))
		require.Equal(t, i, rows[len(rows)-1])
		require.Equal(t, i-len(rows)+1, rows[0])
	}
}

func TestRequestWithoutBody(t *testing.T) {
	s := New()
	defer s.Close()
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://agento.test/v1/account", nil)
	require.NoError(t, err)
	require.Nil(t, request.Body)
	request.Header.Set("X-Api-Key", s.Key())
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	require.Equal(t, 200, recorder.Code, recorder.Body)
	require.Empty(t, s.Requests()[0].Body)
}

func TestUnknownRoute(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{})
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/agents/", "//v1/agents", "/v1/../v1/agents", "/v1/agents/" + id + "/nothing"} {
		g := ask(t, s, "GET", path, "").want(404, "unknown_route")
		require.NotEmpty(t, g.header.Get("X-RateLimit-Remaining"))
	}
	g := ask(t, s, "PUT", "/v1/agents", "{}").want(405, "method_not_allowed")
	require.Equal(t, "GET, POST", g.header.Get("Allow"))
	g = ask(t, s, "POST", "/v1/agents/"+id, "{}").want(405, "method_not_allowed")
	require.Equal(t, "DELETE, GET, PATCH", g.header.Get("Allow"))
}

func TestIDsUnescapedOnce(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{})
	for escaped, name := range map[string]string{"a%3Ab": "a:b", "a:b": "a:b", "50%2525": "50%25", "x%20y%3F%23": "x y?#"} {
		g := ask(t, s, "PUT", "/v1/agents/"+id+"/rules/"+escaped, `{"content":"c"}`).want(200, "")
		require.Equal(t, name, g.text("data", "name"))
	}
	ask(t, s, "GET", "/v1/agents/a%2Fb", "").want(404, "agent_not_found")
	ask(t, s, "GET", "/v1/agents/..%2F..%2Fadmin", "").want(404, "agent_not_found")
}

func TestMiddleware(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(name string) Option {
		return WithMiddleware(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				if r.URL.Path == "/teapot" && name == "inner" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.Header().Set("X-"+name, "yes")
				next.ServeHTTP(w, r)
			})
		})
	}
	s := start(t, note("outer"), note("inner"))
	g := ask(t, s, "GET", "/v1/account", "").want(200, "")
	require.Equal(t, "yes", g.header.Get("X-outer"))
	require.Equal(t, 418, ask(t, s, "GET", "/teapot", "").status)
	require.Equal(t, []string{"outer", "inner", "outer", "inner"}, order)
	require.Equal(t, 418, s.Requests()[1].Status)
}

// A middleware may replace the request and its body.
func TestMiddlewareChangesRequest(t *testing.T) {
	s := start(t, WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			changed := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(strings.Replace(string(body), `"a"`, `"b"`, 1)))
			changed.Header = r.Header
			next.ServeHTTP(w, changed)
		})
	}))
	ask(t, s, "POST", "/v1/agents", createBody).want(201, "")
	require.Equal(t, "b", s.Agents()[0].Name)
}

func TestRequestIDs(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	seen := map[string]bool{}
	for range 50 {
		seen[ask(t, s, "GET", "/v1/account", "").header.Get("X-Request-Id")] = true
	}
	require.Len(t, seen, 50)
	require.Contains(t, seen, "req_000001")
}

func TestServiceOnOwnServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := New(WithReplyGap(time.Minute))
		listener := memnet.Listen()
		server := &http.Server{Handler: service}
		go func() { _ = server.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.Dial}
		request, err := http.NewRequest("GET", "http://agento.test/v1/account", nil)
		require.NoError(t, err)
		request.Header.Set("X-Api-Key", service.Key())
		response, err := (&http.Client{Transport: transport}).Do(request)
		require.NoError(t, err)
		require.Equal(t, 200, response.StatusCode)
		require.NoError(t, response.Body.Close())
		service.Close()
		require.NoError(t, server.Close())
		transport.CloseIdleConnections()
	})
}

func TestServiceWithResponseRecorder(t *testing.T) {
	service := New()
	defer service.Close()
	id := service.AddAgent(AgentSeed{})
	for path, want := range map[string]string{
		"/v1/agents/" + id:                    `"name":"Test Agent"`,
		"/v1/agents/" + id + "/chat/messages": `{"type":"done"}`,
	} {
		method := "GET"
		if strings.HasSuffix(path, "messages") {
			method = "POST"
		}
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(method, path, strings.NewReader(`{"message":"Hi"}`))
		request.Header.Set("X-Api-Key", service.Key())
		service.ServeHTTP(recorder, request)
		require.Equal(t, 200, recorder.Code)
		require.Contains(t, recorder.Body.String(), want)
	}
}

func TestClose(t *testing.T) {
	for name, opt := range map[string]Option{"plain": func(*config) {}, "TLS and HTTP/2": WithTLS(), "in memory": WithInMemory()} {
		t.Run(name, func(t *testing.T) {
			s := NewServer(opt, WithReplyGap(time.Hour), WithStartDelay(time.Hour))
			id := s.AddAgent(AgentSeed{})
			ask(t, s, "POST", "/v1/agents", createBody).want(201, "")
			chat := openReply(t, s, id)
			chat.block()
			logs := openStream(t, s, "/v1/agents/"+id+"/logs/stream?tail=1", nil)
			logs.block()
			arrived := make(chan struct{})
			s.Inject(func(Request) (Fault, bool) {
				close(arrived)
				return Hang(), true
			})
			hung := make(chan error, 1)
			go func() {
				_, err := askAs(t, s, s.Key(), "GET", "/v1/account", "")
				hung <- err
			}()
			<-arrived
			s.Close()
			require.Error(t, <-hung)
			_, err := chat.read()
			require.Error(t, err)
			_, err = logs.read()
			require.Error(t, err)
			s.Close()
		})
	}
}

// Close does not wait for a client that stops sending its body.
func TestCloseDuringBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		conn, err := s.http.Listener.(*memnet.Listener).Dial(t.Context(), "tcp", "")
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		synctest.Wait()
		s.Close()
		require.Empty(t, s.Requests())
	})
}

// Close cancels the request's context that a middleware waits for.
func TestCloseDuringMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithMiddleware(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}))
		go func() { _, _ = askAs(t, s, s.Key(), "GET", "/v1/account", "") }()
		synctest.Wait()
		require.Len(t, s.Requests(), 1)
		s.Close()
	})
}

func TestInterruptedResponsePanics(t *testing.T) {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	service := New(WithReplyGap(time.Hour), WithReply(func(Turn) []string {
		leave()
		return []string{"a", "b"}
	}))
	id := service.AddAgent(AgentSeed{})
	send := func() {
		request := httptest.NewRequestWithContext(ctx, "POST", "/v1/agents/"+id+"/chat/messages", strings.NewReader(`{"message":"Hi"}`))
		request.Header.Set("X-Api-Key", service.Key())
		service.ServeHTTP(httptest.NewRecorder(), request)
	}
	require.PanicsWithValue(t, http.ErrAbortHandler, send)
	require.Len(t, service.Messages(id), 1)
	service.Close()
	require.PanicsWithValue(t, http.ErrAbortHandler, send)
}

// Close also waits for handlers that were called directly.
func TestCloseWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		service := New(WithMiddleware(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				time.Sleep(time.Second)
				ended = true
			})
		}))
		go service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/account", nil))
		synctest.Wait()
		service.Close()
		require.True(t, ended, "Close waits")
	})
}

func TestServerIsolation(t *testing.T) {
	one, two := start(t), start(t)
	one.AddAgent(AgentSeed{})
	require.NotEqual(t, one.URL, two.URL)
	require.Empty(t, two.Agents())
	g, err := askAs(t, two, one.Key(), "GET", "/v1/account", "")
	require.NoError(t, err)
	g.want(401, "unauthorized")
}

func TestConcurrentCalls(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	id := s.AddAgent(AgentSeed{})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			ask(t, s, "POST", "/v1/agents", createBody)
			ask(t, s, "GET", "/v1/agents", "")
			ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`)
			ask(t, s, "POST", "/v1/agents/"+id+"/knowledge", `{"chunks":[{"content":"same"}]}`)
			openStream(t, s, "/v1/agents/"+id+"/logs/stream?tail=1", nil).block()
			s.Agents()
			s.Requests()
		})
	}
	group.Wait()
	require.Len(t, s.Agents(), 21)
	require.Len(t, s.Messages(id), 40)
	require.Len(t, s.Knowledge(id), 1)
}
