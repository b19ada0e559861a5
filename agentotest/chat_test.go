package agentotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// texts joins the text events of a stream.
func texts(t *testing.T, body string) (text string, events int, last string) {
	t.Helper()
	for block := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		data, ok := strings.CutPrefix(block, "data: ")
		require.True(t, ok, block)
		require.NotContains(t, data, "\n")
		var event struct{ Type, Content string }
		require.NoError(t, json.Unmarshal([]byte(data), &event), data)
		if event.Type == "text" {
			text += event.Content
		}
		events, last = events+1, data
	}
	return text, events, last
}

func TestDefaultReply(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	for _, message := range []string{"Hi", "two  words", " <b>&\u2028\n\"quoted\" ", strings.Repeat("word ", 500)} {
		body, err := json.Marshal(map[string]string{"message": message})
		require.NoError(t, err)
		g := ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", string(body)).want(200, "")
		require.Equal(t, "text/event-stream", g.header.Get("Content-Type"))
		text, events, last := texts(t, g.body)
		require.Equal(t, "This is agentotest, a test double of the Agento service: no model has read your message. You wrote: "+message, text)
		require.GreaterOrEqual(t, events, 6)
		require.LessOrEqual(t, events, 4+maxEcho+1)
		require.Equal(t, `{"type":"done"}`, last)
	}
	require.Contains(t, ask(t, s, "POST", "/v1/agents/"+id+"/chat/messages", `{"message":"<b>&"}`).body, `"<b>&"`)
}

func TestWithReply(t *testing.T) {
	var mu sync.Mutex
	var turns []Turn
	s := start(t, WithSessionInDone(true), WithReply(func(turn Turn) []string {
		mu.Lock()
		defer mu.Unlock()
		turns = append(turns, turn)
		if turn.Message == "silence" {
			return nil
		}
		return []string{"a", "", "b"}
	}))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/chat/messages"
	g := ask(t, s, "POST", path, bodyOf[agento.SendMessageParams](object{"Message": "Hi", "PeerID": "pia", "Context": object{"plan": "pro"}}))
	text, events, last := texts(t, g.body)
	require.Equal(t, "ab", text)
	require.Equal(t, 4, events)
	require.JSONEq(t, bodyOf[agento.ChatEvent](object{"Type": "done", "SessionID": "agent:" + id + ":s1"}), last)

	_, events, _ = texts(t, ask(t, s, "POST", path, bodyOf[agento.SendMessageParams](object{"Message": "silence", "PeerID": "pia"})).body)
	require.Equal(t, 1, events)
	require.Equal(t, []Turn{
		{AgentID: id, AgentName: "Ada", SessionID: "agent:" + id + ":s1", PeerID: "pia", Message: "Hi", Context: json.RawMessage(`{"plan":"pro"}`), Number: 1},
		{AgentID: id, AgentName: "Ada", SessionID: "agent:" + id + ":s1", PeerID: "pia", Message: "silence", Number: 2},
	}, turns)
}

func TestReplyEvents(t *testing.T) {
	s := start(t, WithReply(func(turn Turn) []ReplyEvent {
		events := []ReplyEvent{TextEvent("Let me see. "), ToolEvent(map[string]any{"name": "lookup"}), TextEvent("Done.")}
		if turn.Message == "fail" {
			events[2] = ErrorEvent("internal_error", "the model is overloaded")
			events = append(events, TextEvent("never sent"))
		}
		return events
	}))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/chat/messages"
	begin := `data: {"type":"text","content":"Let me see. "}` + "\n\n" + `data: {"name":"lookup","type":"tool"}` + "\n\n"
	require.Equal(t, begin+`data: {"type":"text","content":"Done."}`+"\n\n"+`data: {"type":"done"}`+"\n\n",
		ask(t, s, "POST", path, `{"message":"Hi"}`).want(200, "").body)
	require.Equal(t, "Let me see. Done.", s.Messages(id)[1].Content)

	g := ask(t, s, "POST", path, `{"message":"fail"}`)
	require.Equal(t, begin+`data: {"error":{"code":"internal_error","message":"the model is overloaded"},"type":"error"}`+"\n\n", g.body)
	require.NoError(t, g.err)
	require.Len(t, s.Messages(id), 3, "a failed reply is not in the history")
}

func TestSendMessageInvalid(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/chat/messages"
	for body, message := range map[string]string{
		`{}`:             "message is required",
		`{"message":""}`: "message is required",
		`{"message":7}`:  "message must be a string",

		bodyOf[agento.SendMessageParams](object{"Message": "x", "SessionID": 7}):          jsonname.Of[agento.SendMessageParams]("SessionID") + " must be a string",
		bodyOf[agento.SendMessageParams](object{"Message": "x", "PeerID": []string{"p"}}): jsonname.Of[agento.SendMessageParams]("PeerID") + " must be a string",
	} {
		g := ask(t, s, "POST", path, body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"))
	}
	ask(t, s, "POST", path, bodyOf[agento.SendMessageParams](object{"Message": "x", "SessionID": "none"})).want(404, "session_not_found")
	ask(t, s, "POST", "/v1/agents/"+id+"/stop", "").want(200, "")
	g := ask(t, s, "POST", path, `{"message":"x"}`).want(409, "conflict")
	require.Equal(t, "agent is not running: status is stopped", g.text("error", "message"))
	require.Empty(t, s.Messages(id))
}

func TestSessionOfOtherPeerNotFound(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	other := s.AddAgent(AgentSeed{})
	path := "/v1/agents/" + id + "/chat"
	mine := ask(t, s, "POST", path+"/sessions", bodyOf[agento.CreateSessionParams](object{"Title": "T", "PeerID": "pia"})).want(201, "").text("data", "id")
	open := ask(t, s, "POST", path+"/sessions", `{}`).want(201, "").text("data", "id")
	require.Equal(t, "agent:"+id+":s1", mine)

	send := func(agent, session, peer string) got {
		body := bodyOf[agento.SendMessageParams](object{"Message": "Hi", "SessionID": session, "PeerID": peer})
		return ask(t, s, "POST", "/v1/agents/"+agent+"/chat/messages", body)
	}
	send(id, mine, "pia").want(200, "")
	send(id, mine, "").want(200, "")
	send(id, mine, "bob").want(404, "session_not_found")
	send(id, open, "bob").want(200, "")
	send(other, mine, "pia").want(404, "session_not_found")

	ask(t, s, "POST", path+"/sessions", `{"title":1}`).want(400, "validation_error")
	require.Equal(t, []any{nil, "T"}, ask(t, s, "GET", path+"/sessions", "").column("title"))
	require.Equal(t, []any{nil, "pia"}, ask(t, s, "GET", path+"/sessions", "").column(jsonname.Of[agento.Session]("PeerID")))
	require.Equal(t, []any{mine}, ask(t, s, "GET", path+"/sessions?limit=1&offset=1", "").column("id"))
	require.Equal(t, mine, s.Sessions(id)[1].ID)
	require.Equal(t, "T", s.Sessions(id)[1].Title)
}

func TestImplicitSession(t *testing.T) {
	s := start(t, WithReply(func(turn Turn) []string { return []string{turn.SessionID} }))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/chat/messages"
	session := func(body string) string {
		text, _, _ := texts(t, ask(t, s, "POST", path, body).want(200, "").body)
		return text
	}
	first := session(`{"message":"1"}`)
	require.Equal(t, first, session(`{"message":"2"}`))
	pia := session(bodyOf[agento.SendMessageParams](object{"Message": "3", "PeerID": "pia"}))
	require.NotEqual(t, first, pia)
	require.Equal(t, pia, session(bodyOf[agento.SendMessageParams](object{"Message": "4", "PeerID": "pia"})))
	require.NotEqual(t, s.AddSession(id, "", "eve"), session(bodyOf[agento.SendMessageParams](object{"Message": "5", "PeerID": "eve"})), "messages without a session ID do not use explicit sessions")
	require.NotEqual(t, pia, session(bodyOf[agento.SendMessageParams](object{"Message": "5", "PeerID": "bob"})))
	require.Len(t, s.Sessions(id), 5)
}

func TestHistory(t *testing.T) {
	s := start(t, WithReply(func(turn Turn) []string { return []string{"re: ", turn.Message} }))
	id, _ := seeded(s.Service)
	path := "/v1/agents/" + id + "/chat/messages"
	ask(t, s, "POST", path, bodyOf[agento.SendMessageParams](object{"Message": "a", "PeerID": "pia"})).want(200, "")
	ask(t, s, "POST", path, `{"message":"b"}`).want(200, "")

	g := ask(t, s, "GET", path, "").want(200, "")
	require.Equal(t, []any{"re: b", "b", "re: a", "a"}, g.column("content"))
	require.Equal(t, []any{"assistant", "user", "assistant", "user"}, g.column("role"))
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, g.text("data", 0, "createdAt"))
	sessionID := jsonname.Of[agento.Message]("SessionID")
	session := g.text("data", 3, sessionID)
	require.Equal(t, []any{"re: a", "a"}, ask(t, s, "GET", path+"?"+jsonname.Of[agento.Session]("PeerID")+"=pia", "").column("content"))
	require.Equal(t, []any{"a"}, ask(t, s, "GET", path+"?limit=1&offset=1&"+sessionID+"="+session, "").column("content"))
	ask(t, s, "GET", path+"?"+sessionID+"=none", "").want(404, "session_not_found")
	require.Equal(t, "a", s.Messages(id)[0].Content)
	require.Len(t, s.Messages(id), 4)
}

func TestHistoryLimit(t *testing.T) {
	s := New()
	id := s.AddAgent(AgentSeed{})
	s.AddSession(id, "", "")
	a := s.mustAgent(id)
	for n, rounds := range []int{maxMessages + 1, maxMessages} { // before and after appendLimited drops old rows
		for range rounds {
			a.addMessage(a.chat.sessions[0], "user", "x")
		}
		require.Len(t, s.Messages(id), maxMessages)
		answer := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/v1/agents/"+id+"/chat/messages?limit=1", nil)
		request.Header.Set("X-Api-Key", s.Key())
		s.ServeHTTP(answer, request)
		require.Contains(t, answer.Body.String(), fmt.Sprintf(`"total":%d,`, maxMessages), n)
	}
}

func TestReplyGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithReplyGap(time.Second), WithReply(func(Turn) []string { return []string{"a", "b", "c"} }))
		defer s.Close()
		id := s.AddAgent(AgentSeed{})
		began := time.Now()
		reader := openReply(t, s, id)
		require.Zero(t, time.Since(began), "no delay before the first event")
		for i, want := range []string{`"a"`, `"b"`, `"c"`, `"done"`} {
			require.Contains(t, reader.block(), want)
			require.Equal(t, time.Duration(i)*time.Second, time.Since(began))
		}
	})
}

// A reply is not added to the history if the client disconnects.
func TestClientDisconnectsDuringReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithReplyGap(time.Hour))
		defer s.Close()
		id := s.AddAgent(AgentSeed{})
		reader := openReply(t, s, id)
		reader.block()
		require.NoError(t, reader.response.Body.Close())
		synctest.Wait()
		require.Len(t, s.Messages(id), 1)
		require.Equal(t, "user", s.Messages(id)[0].Role)
	})
}

func TestCloseDuringReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(WithInMemory(), WithReplyGap(time.Hour))
		id := s.AddAgent(AgentSeed{})
		reader := openReply(t, s, id)
		reader.block()
		s.Close()
		_, err := reader.read()
		require.Error(t, err)
		_, err = s.HTTPClient().Get(s.URL)
		require.Error(t, err)
		require.Equal(t, http.StatusOK, s.Requests()[0].Status)
	})
}
