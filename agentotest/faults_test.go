package agentotest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const createBody = `{"name":"a",` + credentials + `}`

func TestFail(t *testing.T) {
	s := start(t)
	s.Next("createAgent", 2, Fail(503, "unavailable"))
	s.Next("Agents.Create", 1, Fail(500, "internal_error").AfterCommit())
	ask(t, s, "GET", "/v1/agents", "").want(200, "")
	for range 2 {
		g := ask(t, s, "POST", "/v1/agents", createBody).want(503, "unavailable")
		require.Equal(t, "scripted failure: Service Unavailable", g.text("error", "message"))
		require.NotEmpty(t, g.header.Get("X-RateLimit-Remaining"))
		require.NotEmpty(t, g.header.Get("X-Request-Id"))
		require.Empty(t, s.Agents())
	}
	ask(t, s, "POST", "/v1/agents", createBody).want(500, "internal_error")
	require.Len(t, s.Agents(), 1)
	ask(t, s, "POST", "/v1/agents", createBody).want(201, "")
	require.Len(t, s.Agents(), 2)
}

func TestNextSkipsRejectedCalls(t *testing.T) {
	s := start(t)
	s.Next("", 1, Fail(500, "internal_error"))
	g, err := askAs(t, s, "ak_live_none", "GET", "/v1/account", "")
	require.NoError(t, err)
	g.want(401, "unauthorized")
	ask(t, s, "GET", "/v1/nowhere", "").want(404, "unknown_route")
	ask(t, s, "GET", "/v1/account", "").want(500, "internal_error")
	ask(t, s, "GET", "/v1/account", "").want(200, "")
	s.Next("", 0, Drop())
	ask(t, s, "GET", "/v1/account", "").want(200, "")
}

// AfterCommit also discards the response of an invalid operation.
func TestAfterCommitInvalid(t *testing.T) {
	s := start(t)
	s.Next("createAgent", 1, Fail(500, "internal_error").AfterCommit())
	ask(t, s, "POST", "/v1/agents", `{}`).want(500, "internal_error")
	require.Empty(t, s.Agents())
}

func TestDrop(t *testing.T) {
	for _, tls := range []Option{func(*config) {}, WithTLS()} {
		s := start(t, tls)
		s.Next("createAgent", 1, Drop())
		_, err := askAs(t, s, s.Key(), "POST", "/v1/agents", createBody)
		require.Error(t, err)
		require.Empty(t, s.Agents())
		s.Next("createAgent", 1, Drop().AfterCommit())
		_, err = askAs(t, s, s.Key(), "POST", "/v1/agents", createBody)
		require.Error(t, err)
		require.Len(t, s.Agents(), 1)
		require.Equal(t, []int{0, 0}, []int{s.Requests()[0].Status, s.Requests()[1].Status})
	}
}

func TestDropGET(t *testing.T) {
	s := start(t)
	ask(t, s, "GET", "/v1/account", "").want(200, "")
	s.Next("getAccount", 1, Drop())
	ask(t, s, "GET", "/v1/account", "").want(200, "")
	require.Len(t, s.Requests(), 3, "net/http retries the request")
	s.HTTPClient().CloseIdleConnections()
	s.Next("getAccount", 1, Drop())
	_, err := askAs(t, s, s.Key(), "GET", "/v1/account", "")
	require.Error(t, err)
}

func TestCut(t *testing.T) {
	for name, opt := range map[string]Option{"plain": func(*config) {}, "TLS and HTTP/2": WithTLS()} {
		t.Run(name, func(t *testing.T) {
			s := start(t, opt)
			whole := ask(t, s, "GET", "/v1/account", "").body
			for _, n := range []int{0, 1, len(whole) - 1} {
				s.Next("getAccount", 1, Cut(n))
				g, err := askAs(t, s, s.Key(), "GET", "/v1/account", "")
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, g.status)
				require.Equal(t, whole[:n], g.body)
				require.Error(t, g.err)
				require.Equal(t, fmt.Sprint(len(whole)), g.header.Get("Content-Length"), "an HTTP/1.0 proxy needs the length to detect the truncation")
			}
			s.Next("getAccount", 1, Cut(len(whole)))
			g, err := askAs(t, s, s.Key(), "GET", "/v1/account", "")
			require.NoError(t, err)
			require.Equal(t, whole, g.body)
			if name != "plain" { // an HTTP/1.1 client stops reading after the whole body
				require.Error(t, g.err)
			}
			s.HTTPClient().CloseIdleConnections()
			s.Next("createAgent", 1, Cut(5))
			g, err = askAs(t, s, s.Key(), "POST", "/v1/agents", createBody)
			require.NoError(t, err)
			require.Equal(t, `{"dat`, g.body)
			require.Error(t, g.err)
			require.Len(t, s.Agents(), 1, "the operation took effect")
		})
	}
}

func TestCutStream(t *testing.T) {
	for name, opt := range map[string]Option{"plain": func(*config) {}, "TLS and HTTP/2": WithTLS(), "without ids": WithLogIDs(false)} {
		t.Run(name, func(t *testing.T) {
			s := start(t, opt)
			id := s.AddAgent(AgentSeed{})
			whole := ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`).body
			for _, n := range []int{0, 10, len(whole) - 1, len(whole), len(whole) + 1} {
				s.Next("Chat.Send", 1, Cut(n))
				g, err := askAs(t, s, s.Key(), "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`)
				require.NoError(t, err)
				require.Equal(t, whole[:min(n, len(whole))], g.body)
				require.Error(t, g.err, n)
			}
			require.Len(t, s.Messages(id), 12, "a truncated reply is added to the history")

			s.Next("streamLogs", 1, Cut(12))
			logs := openStream(t, s, "/v1/agents/"+id+"/logs/stream?tail=2", nil)
			rest, err := logs.read()
			require.Error(t, err)
			require.Len(t, rest, 12)
			require.Zero(t, s.LogStreams(""))
		})
	}
}

// Both messages are in the history although the response is discarded.
func TestAfterCommitChatHistory(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{})
	s.Next("sendMessage", 1, Fail(502, "bad_gateway").AfterCommit())
	ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`).want(502, "bad_gateway")
	require.Len(t, s.Messages(id), 2)
	s.Next("sendMessage", 1, Fail(502, "bad_gateway"))
	ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`).want(502, "bad_gateway")
	require.Len(t, s.Messages(id), 2)
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		defer s.Close()
		s.Next("createAgent", 1, Delay(time.Hour))
		s.Next("createAgent", 1, Delay(time.Hour).AfterCommit())
		s.Next("createAgent", 1, Fail(500, "internal_error").Delayed(time.Minute))
		began := time.Now()
		for _, before := range []int{0, 2} {
			halfway := make(chan int, 1)
			time.AfterFunc(30*time.Minute, func() { halfway <- len(s.Agents()) })
			ask(t, s, "POST", "/v1/agents", createBody).want(201, "")
			require.Equal(t, before, <-halfway)
		}
		require.Equal(t, 2*time.Hour, time.Since(began))
		require.Len(t, s.Agents(), 2)
		ask(t, s, "POST", "/v1/agents", createBody).want(500, "internal_error")
		require.Equal(t, 2*time.Hour+time.Minute, time.Since(began))
	})
}

// The operation is not performed if the client disconnects during the delay.
func TestClientDisconnectsDuringDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		defer s.Close()
		for _, fault := range []Fault{Delay(time.Hour), Hang(), Hang().AfterCommit()} {
			s.Next("createAgent", 1, fault)
			client := *s.HTTPClient()
			client.Timeout = time.Minute
			request, err := http.NewRequest("POST", s.URL+"/v1/agents", strings.NewReader(createBody))
			require.NoError(t, err)
			request.Header.Set("X-Api-Key", s.Key())
			_, err = client.Do(request)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		time.Sleep(2 * time.Hour)
		require.Len(t, s.Agents(), 1)
	})
}

func TestAnswer(t *testing.T) {
	s := start(t)
	s.Next("getAccount", 1, Answer(Raw{Status: 502, Body: []byte("<html>"), Header: http.Header{
		"content-type": {"text/html"}, "X-Many": {"a", "b"}, "X-Request-Id": nil, "Date": nil,
	}}))
	g := ask(t, s, "GET", "/v1/account", "")
	require.Equal(t, 502, g.status)
	require.Equal(t, "<html>", g.body)
	require.Equal(t, []string{"a", "b"}, g.header["X-Many"])
	require.Equal(t, "text/html", g.header.Get("Content-Type"))
	require.NotContains(t, g.header, "X-Request-Id")
	require.NotContains(t, g.header, "Date")
	require.NotEmpty(t, g.header.Get("X-RateLimit-Limit"))

	s.Next("getAccount", 1, Answer(Raw{Status: 504, Body: []byte("gateway")}).Bare())
	g = ask(t, s, "GET", "/v1/account", "")
	require.Equal(t, 504, g.status)
	require.NotContains(t, g.header, "X-Request-Id")
	require.NotContains(t, g.header, "X-Ratelimit-Limit")

	s.Next("createAgent", 1, Answer(Raw{Status: 204}).AfterCommit())
	g = ask(t, s, "POST", "/v1/agents", createBody)
	require.Equal(t, 204, g.status)
	require.Empty(t, g.body)
	require.Len(t, s.Agents(), 1)

	s.Next("getAccount", 1, Answer(Raw{Body: []byte("short"), Header: http.Header{"Content-Length": {"99"}}}))
	g, err := askAs(t, s, s.Key(), "GET", "/v1/account", "")
	require.NoError(t, err)
	require.Equal(t, "short", g.body)
	require.ErrorIs(t, g.err, io.ErrUnexpectedEOF)

	s.Next("getAccount", 1, Answer(Raw{Body: []byte("longer"), Header: http.Header{"Content-Length": {"2"}}}))
	g, _ = askAs(t, s, s.Key(), "GET", "/v1/account", "")
	require.LessOrEqual(t, len(g.body), 2)
}

func TestAnswerPiecesAndEnds(t *testing.T) {
	const body = "data: é\r\n\r\n"
	for name, end := range map[string]End{"clean": EndClean, "abort": EndAbort, "hold": EndHold} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(WithInMemory())
				defer s.Close()
				s.Next("getAccount", 1, Answer(Raw{
					Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: []byte(body), Piece: 1, Gap: time.Second, End: end,
				}))
				began := time.Now()
				response, err := open(t, s, s.Key(), "GET", "/v1/account", "", nil)
				require.NoError(t, err)
				defer response.Body.Close()
				for i := range len(body) {
					one := make([]byte, 1)
					_, err := io.ReadFull(response.Body, one)
					require.NoError(t, err)
					require.Equal(t, body[i:i+1], string(one))
					require.Equal(t, time.Duration(i)*time.Second, time.Since(began))
				}
				if end == EndHold {
					stop := time.AfterFunc(time.Hour, func() { _ = response.Body.Close() })
					defer stop.Stop()
				}
				_, err = response.Body.Read(make([]byte, 1))
				switch end {
				case EndClean:
					require.Equal(t, io.EOF, err)
				case EndAbort:
					require.Equal(t, io.ErrUnexpectedEOF, err)
				case EndHold:
					require.Error(t, err)
					require.Equal(t, time.Hour+time.Duration(len(body)-1)*time.Second, time.Since(began))
				}
			})
		})
	}
}

func TestAnswerInPieces(t *testing.T) {
	s := start(t)
	s.Next("getAccount", 2, Answer(Raw{Body: []byte("abcdefgh"), Piece: 3}))
	require.Equal(t, "abcdefgh", ask(t, s, "GET", "/v1/account", "").body)
	require.Equal(t, "abcdefgh", ask(t, s, "GET", "/v1/account", "").body)
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		defer s.Close()
		id := s.AddAgent(AgentSeed{})
		whole := ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`).body
		s.Next("", 3, Slow(2))
		began := time.Now()
		slow := ask(t, s, "GET", "/v1/account", "").want(200, "")
		require.Equal(t, time.Duration(len(slow.body)-1)*time.Second/2, time.Since(began), "no delay before the first byte")

		began = time.Now()
		require.Equal(t, whole, ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`).body)
		require.Equal(t, time.Duration(len(whole)-1)*time.Second/2, time.Since(began))

		response, err := open(t, s, s.Key(), "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`, nil)
		require.NoError(t, err)
		_, err = io.ReadFull(response.Body, make([]byte, 5))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		synctest.Wait()
		require.Len(t, s.Messages(id), 5, "the response ends when the client disconnects")

		s.Next("", 1, Slow(1000))
		began = time.Now()
		ask(t, s, "GET", "/v1/account", "").want(200, "")
		require.Equal(t, time.Duration(len(slow.body)-len(slow.body)%100)*time.Millisecond, time.Since(began), "pieces of 100 bytes")
	})
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		defer s.Close()
		id := s.AddAgent(AgentSeed{})
		account := ask(t, s, "GET", "/v1/account", "").body
		chat := ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"Hi"}`).body
		for _, call := range []struct{ method, path, body, whole string }{
			{"GET", "/v1/account", "", account}, {"POST", "/v1/agents/" + id + "/chat/messages", `{"message":"Hi"}`, chat},
		} {
			for _, n := range []int{0, 10, len(call.whole), len(call.whole) + 1} {
				s.Next("", 1, Stall(n))
				response, err := open(t, s, s.Key(), call.method, call.path, call.body, nil)
				require.NoError(t, err)
				began := time.Now()
				stop := time.AfterFunc(time.Hour, func() { _ = response.Body.Close() })
				body, err := io.ReadAll(response.Body)
				stop.Stop()
				require.Error(t, err)
				require.Equal(t, call.whole[:min(n, len(call.whole))], string(body))
				require.Equal(t, time.Hour, time.Since(began))
			}
		}
		synctest.Wait()
		require.Len(t, s.Messages(id), 10, "five messages, each with its reply")
		logs := s.AddAgent(AgentSeed{})
		s.Next("", 1, Stall(12))
		response, err := open(t, s, s.Key(), "GET", "/v1/agents/"+logs+"/logs/stream?tail=2", "", nil)
		require.NoError(t, err)
		_, err = io.ReadFull(response.Body, make([]byte, 12))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		synctest.Wait()
		require.Zero(t, s.LogStreams(""))
	})
}

// Close does not wait for slow or stalled responses.
func TestCloseDuringResponse(t *testing.T) {
	for name, fault := range map[string]Fault{
		"stall": Stall(1), "slow": Slow(1), "piece": Answer(Raw{Body: []byte("ab"), Piece: 1, Gap: time.Hour}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(WithInMemory())
				s.Next("", 1, fault)
				response, err := open(t, s, s.Key(), "GET", "/v1/account", "", nil)
				require.NoError(t, err)
				_, err = io.ReadFull(response.Body, make([]byte, 1))
				require.NoError(t, err)
				began := time.Now()
				s.Close()
				require.Zero(t, time.Since(began))
				_, err = io.ReadAll(response.Body)
				require.Error(t, err)
				require.NoError(t, response.Body.Close())
			})
		})
	}
}

func TestInject(t *testing.T) {
	s := start(t)
	calls := 0
	s.Inject(func(r Request) (Fault, bool) {
		require.Equal(t, "createAgent", r.Operation)
		require.Equal(t, createBody, string(r.Body))
		require.Zero(t, r.Status)
		calls++
		return Fail(500, "internal_error").AfterCommit(), calls%2 == 0
	})
	s.Next("createAgent", 1, Fail(503, "unavailable"))
	for _, status := range []int{503, 201, 500, 201, 500} {
		require.Equal(t, status, ask(t, s, "POST", "/v1/agents", createBody).status)
	}
	require.Len(t, s.Agents(), 4)
	s.Inject(nil)
	ask(t, s, "POST", "/v1/agents", createBody).want(201, "")
}
