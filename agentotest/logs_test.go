package agentotest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sse "github.com/r3labs/sse/v2"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

func TestRecentLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory())
		defer s.Close()
		id := s.AddAgent(AgentSeed{})
		s.AppendLog(id, "WARN", "disk is full")
		s.AppendLog(id, "", "panic: oh")
		g := ask(t, s, "GET", "/v1/agents/"+id+"/logs", "").want(200, "")
		require.JSONEq(t, `{"data":[
			{"line":"2000-01-01T00:00:00.000Z INFO agent created","timestamp":"2000-01-01T00:00:00.000Z","level":"INFO","message":"agent created"},
			{"line":"2000-01-01T00:00:00.000Z INFO agent running","timestamp":"2000-01-01T00:00:00.000Z","level":"INFO","message":"agent running"},
			{"line":"2000-01-01T00:00:00.000Z WARN disk is full","timestamp":"2000-01-01T00:00:00.000Z","level":"WARN","message":"disk is full"},
			{"line":"panic: oh"}],"pagination":{"total":4,"limit":100,"offset":0}}`, g.body)
		g = ask(t, s, "GET", "/v1/agents/"+id+"/logs?limit=2", "").want(200, "")
		require.Equal(t, "panic: oh", g.text("data", 1, "line"))
		require.Len(t, g.at("data"), 2)
		ask(t, s, "GET", "/v1/agents/"+id+"/logs?limit=0", "").want(400, "validation_error")
		ask(t, s, "GET", "/v1/agents/"+id+"/logs/stream?tail=-1", "").want(400, "validation_error")
	})
}

func TestAgentWritesLog(t *testing.T) {
	s := start(t, WithRateLimit(0, 0))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id
	ask(t, s, "POST", path+"/chat/messages", `{"message":"Hi"}`).want(200, "")
	ask(t, s, "POST", path+"/skills", bodyOf[agento.InstallSkillParams](object{"GitHubURL": "https://github.com/o/r"})).want(201, "")
	ask(t, s, "POST", path+"/restart", "").want(200, "")
	ask(t, s, "POST", path+"/stop", "").want(200, "")
	s.SetStatus(id, "error", "crashed")
	g := ask(t, s, "GET", path+"/logs", "")
	require.Equal(t, []any{
		"agent created", "agent running", "message received in session agent:" + id + ":s1", "message answered in session agent:" + id + ":s1",
		"skill r 1.0.0 installed; a restart loads it", "agent restarting", "agent running", "agent stopped", "crashed",
	}, g.column("message"))
	require.Equal(t, "ERROR", g.text("data", 8, "level"))
}

func TestLogLimit(t *testing.T) {
	s := New()
	id := s.AddAgent(AgentSeed{})
	for i := range 2*maxLogs + 10 {
		s.AppendLog(id, "", fmt.Sprint(i))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	logs := &s.mustAgent(id).logs
	require.LessOrEqual(t, len(logs.entries), 2*maxLogs)
	require.Len(t, logs.last(1<<30), maxLogs)
	require.Equal(t, fmt.Sprint(2*maxLogs+9), logs.last(1)[0].wire["line"])
	require.Equal(t, []logEntry{{2*maxLogs + 12, object{"line": fmt.Sprint(2*maxLogs + 9)}}}, logs.after(2*maxLogs+11))
	require.Equal(t, len(logs.entries), len(logs.after(0)), "after skips dropped entries")
}

func TestLogStreamWithIDs(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{}) // writes the lines 1 and 2
	path := "/v1/agents/" + id + "/logs/stream"
	s.AppendLog(id, "", "three")
	live := openStream(t, s, path, nil)
	tail := openStream(t, s, path+"?tail=2", nil)
	resumed := openStream(t, s, path+"?tail=9", http.Header{"Last-Event-Id": {"1"}})
	ahead := openStream(t, s, path, http.Header{"Last-Event-Id": {"99"}})
	odd := openStream(t, s, path, http.Header{"Last-Event-Id": {"x"}})
	require.Equal(t, 5, s.LogStreams(id))

	require.Contains(t, tail.block(), "id: 2\ndata: {")
	require.Equal(t, "id: 3\ndata: {\"line\":\"three\"}\n\n", tail.block())
	require.Contains(t, resumed.block(), "id: 2\n", "the stream resumes after Last-Event-ID")
	require.Contains(t, resumed.block(), "id: 3\n")
	s.AppendLog(id, "", "four")
	s.AppendLog(id, "", "five")
	for _, each := range []*stream{live, tail, resumed, ahead, odd} {
		require.Equal(t, "id: 4\ndata: {\"line\":\"four\"}\n\n", each.block())
		require.Equal(t, "id: 5\ndata: {\"line\":\"five\"}\n\n", each.block())
	}
}

func TestLogStreamWithoutIDs(t *testing.T) {
	s := start(t, WithLogIDs(false))
	id := s.AddAgent(AgentSeed{})
	s.AppendLog(id, "", "three")
	tail := openStream(t, s, "/v1/agents/"+id+"/logs/stream?tail=1", http.Header{"Last-Event-Id": {"1"}})
	require.Equal(t, "data: {\"line\":\"three\"}\n\n", tail.block())
	s.AppendLog(id, "", "four")
	require.Equal(t, "data: {\"line\":\"four\"}\n\n", tail.block())
	require.Equal(t, 1, s.CloseLogStreams(id))
	require.Equal(t, "data: {}\nevent: close\n\n", tail.block())
	_, err := tail.read()
	require.EqualError(t, err, "EOF")
}

func TestLogStreamEnds(t *testing.T) {
	for _, ids := range []bool{true, false} {
		t.Run(fmt.Sprint("ids ", ids), func(t *testing.T) {
			s := start(t, WithLogIDs(ids))
			one, two := s.AddAgent(AgentSeed{}), s.AddAgent(AgentSeed{})
			follow := func(id string) *stream { return openStream(t, s, "/v1/agents/"+id+"/logs/stream", nil) }

			closed, other := follow(one), follow(two)
			s.AppendLog(one, "", "last")
			require.Equal(t, 1, s.CloseLogStreams(one))
			require.Contains(t, closed.block(), `"last"`)
			require.Contains(t, closed.block(), "event: close\n")
			_, err := closed.read()
			require.EqualError(t, err, "EOF")

			require.Equal(t, 1, s.DropLogStreams())
			rest, err := other.read()
			require.ErrorContains(t, err, "unexpected EOF")
			require.Empty(t, rest)

			deleted := follow(two)
			ask(t, s, "DELETE", "/v1/agents/"+two, "").want(204, "")
			require.Contains(t, deleted.block(), "event: close\n")
			_, err = deleted.read()
			require.EqualError(t, err, "EOF")
			require.Zero(t, s.DropLogStreams())
			require.Zero(t, s.LogStreams(""))
		})
	}
}

// The close event follows all earlier lines, even if both are pending at once.
func TestLogStreamLinesBeforeClose(t *testing.T) {
	for range 64 { // select chooses at random
		s := New()
		id := s.AddAgent(AgentSeed{}) // writes the lines 1 and 2
		l := newLogStream(t.Context(), s.mustAgent(id), nil)
		s.logStreams[l] = true
		var ids []string
		require.True(t, l.feed(s, 1, func(e *sse.Event) {
			if len(ids) == 0 {
				s.AppendLog(id, "", "three")
				s.AppendLog(id, "", "four")
				require.Equal(t, 1, s.CloseLogStreams(id))
			}
			ids = append(ids, string(e.ID)+string(e.Event))
		}))
		require.Equal(t, []string{"2", "3", "4", "5close"}, ids)
	}
}

// The close event has its own ID, so that clients do not take it for a duplicate.
func TestLogStreamCloseEventID(t *testing.T) {
	s := start(t)
	id := s.AddAgent(AgentSeed{})
	open := openStream(t, s, "/v1/agents/"+id+"/logs/stream", http.Header{"Last-Event-Id": {"2"}})
	s.CloseLogStreams(id)
	require.Equal(t, "id: 3\ndata: {}\nevent: close\n\n", open.block())
	next := openStream(t, s, "/v1/agents/"+id+"/logs/stream", http.Header{"Last-Event-Id": {"3"}})
	s.AppendLog(id, "", "line")
	require.Equal(t, "id: 4\ndata: {\"line\":\"line\"}\n\n", next.block())
}

func TestLogKeepAlive(t *testing.T) {
	for _, ids := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := NewServer(WithInMemory(), WithLogIDs(ids), WithLogKeepAlive(15*time.Second))
			defer s.Close()
			id := s.AddAgent(AgentSeed{})
			open := openStream(t, s, "/v1/agents/"+id+"/logs/stream", nil)
			began := time.Now()
			require.Equal(t, ": keep-alive\n\n", open.block())
			require.Equal(t, ": keep-alive\n\n", open.block())
			require.Equal(t, 30*time.Second, time.Since(began))
			time.Sleep(10 * time.Second)
			s.AppendLog(id, "", "x")
			require.Contains(t, open.block(), `"x"`)
			require.Equal(t, ": keep-alive\n\n", open.block())
			require.Equal(t, 55*time.Second, time.Since(began), "the interval begins at the last line")
		})
	}
}

// A client that does not read does not block other clients or DropLogStreams.
func TestLogStreamSlowClient(t *testing.T) {
	for _, ids := range []bool{true, false} {
		t.Run(fmt.Sprint("ids ", ids), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(WithInMemory(), WithLogIDs(ids))
				defer s.Close()
				id := s.AddAgent(AgentSeed{})
				path := "/v1/agents/" + id + "/logs/stream"
				stuck := openStream(t, s, path, nil)
				reading := openStream(t, s, path, nil)
				for i := range 1000 {
					s.AppendLog(id, "INFO", strings.Repeat("x", 1000))
					require.Contains(t, reading.block(), "xxx", i)
				}
				synctest.Wait()
				require.Equal(t, 2, s.DropLogStreams())
				require.Zero(t, s.LogStreams(id))
				synctest.Wait()
				require.Empty(t, s.logStreams)
				require.NotNil(t, stuck)
			})
		})
	}
}

func TestLogStreamOverTLS(t *testing.T) {
	s := start(t, WithTLS())
	id := s.AddAgent(AgentSeed{})
	open := openStream(t, s, "/v1/agents/"+id+"/logs/stream?tail=1", nil)
	require.Equal(t, "HTTP/2.0", open.response.Proto)
	require.Contains(t, open.block(), "agent running")
	require.Equal(t, 1, s.DropLogStreams())
	_, err := open.read()
	require.ErrorContains(t, err, "stream error")
}
