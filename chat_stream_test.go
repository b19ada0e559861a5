package agento_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// An answer whose stream another goroutine has closed is truncated.
func TestChatReplyAfterClose(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() }, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		time.AfterFunc(time.Second, func() { _ = s.Close() })
		reply, err := s.Reply()
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Equal(t, "Hi! ", reply.Text)
	})
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi, harness.Done) }, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		for range s.Events() {
		}
		require.NoError(t, s.Close())
		_, err := s.Reply()
		require.NoError(t, err, "complete before it was closed")
	})
}

// An event that cannot be decoded ends an answer with an error, because it may have
// been a part of the text.
func TestChatInvalidEvent(t *testing.T) {
	for name, event := range map[string]string{
		"a tab in a text": "data: {\"type\":\"text\",\"content\":\"but\tnot with milk\"}\n\n",
		"cut":             "data: {\"type\":\"text\",\"content\":\"but no\n\n",
		"blanks before":   "data:   {\"type\":\n\n",
	} {
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Send(harness.Hi, event, harness.Done)
		}, nil, func(w *harness.Env) {
			text, err := w.Send(w.Ctx).Text()
			require.ErrorContains(t, err, "cannot be read", name)
			require.Equal(t, "Hi! ", text)
		})
	}
}

// The documented example of an answer has one data line for each event and no blank
// lines between them.
func TestEventsWithoutBlankLines(t *testing.T) {
	example := "data: {\"type\":\"text\",\"content\":\"Hi! \"}\ndata: {\"type\":\"text\",\"content\":\"How can I help you?\"}\ndata: {\"type\":\"done\"}\n\n"
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(example) }, nil, func(w *harness.Env) {
		reply, err := w.Send(w.Ctx).Reply()
		require.NoError(t, err)
		require.Equal(t, "Hi! How can I help you?", reply.Text)
		require.Equal(t, 3, reply.Events)
	})
	logs := "data: {\"line\":\"a\"}\ndata: {\"line\":\"b\"}\n\ndata: {\"line\":\ndata: \"c\"}\n\ndata: d\ndata: e\n\n"
	harness.Run(t, harness.LogService(func(s harness.Streaming) { s.Send(logs, "event: ping\n\n", "event: close\n\n") })(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"a", "b", "c", "d\ne"}, harness.Lines(w.Follow(nil)), "the close event needs no data")
	})
}

func TestChatErrorEvent(t *testing.T) {
	forms := map[string]struct {
		event string
		is    error
		code  agento.Code
		text  string
	}{
		"object":       {`{"type":"error","error":{"code":"rate_limit_exceeded","message":"too many"}}`, agento.ErrRateLimited, "rate_limit_exceeded", "too many"},
		"message":      {`{"type":"error","message":"the model is away"}`, nil, "", "the model is away"},
		"neither":      {`{"type":"error"}`, nil, "", `{"type":"error"}`},
		"no type":      {`{"error":{"code":"conflict","message":"m"}}`, agento.ErrConflict, "conflict", "m"},
		"beside done":  {`{"type":"done","error":{"code":"internal_error","message":"m"}}`, agento.ErrInternal, "internal_error", "m"},
		"event: error": {"EVENT", agento.ErrRateLimited, "rate_limit_exceeded", "m"},
		"not JSON":     {"PLAIN", nil, "", "out of memory"},
		"unknown code": {`{"type":"error","error":{"code":"odd","message":"m"}}`, nil, "odd", "m"},
		"a string":     {`{"type":"error","error":"plain"}`, nil, "", "plain"},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
				event := "data: " + form.event + "\n\n"
				switch form.event {
				case "EVENT":
					event = "event: error\ndata: " + `{"error":{"code":"rate_limit_exceeded","message":"m"}}` + "\n\n"
				case "PLAIN":
					event = "event: error\ndata: out of memory\n\n"
				}
				harness.Stream(w, r).Send(harness.Hi, event, harness.More, harness.Done)
			}, nil, func(w *harness.Env) {
				s := w.Send(w.Ctx)
				require.Equal(t, []string{"text:Hi! "}, w.Texts(s), "neither the error event nor what follows is delivered")
				e := harness.StreamError(t, s.Err())
				require.Equal(t, form.code, e.Code)
				require.Equal(t, form.text, e.Message)
				require.Zero(t, e.StatusCode)
				if form.is != nil {
					require.ErrorIs(t, s.Err(), form.is)
				}
			})
		})
	}
}

func TestChatResponseNotEventStream(t *testing.T) {
	cases := map[string]struct {
		contentType, body string
		status            int
		check             func(*testing.T, *agento.Error)
	}{
		"HTML": {"text/html", "<html>Sign in</html>", 200, func(t *testing.T, e *agento.Error) {
			require.ErrorIs(t, e, agento.ErrNotEventStream)
			require.Contains(t, e.Error(), "Sign in")
		}},
		"JSON": {"application/json", `{"data":{"text":"Hi"}}`, 200, func(t *testing.T, e *agento.Error) {
			require.ErrorIs(t, e, agento.ErrNotEventStream)
			require.Contains(t, e.Error(), "Hi")
		}},
		"error envelope with 200": {"application/json", `{"error":{"code":"agent_not_found","message":"gone"}}`, 200, func(t *testing.T, e *agento.Error) {
			require.ErrorIs(t, e, agento.ErrNotFound)
			require.NotErrorIs(t, e, agento.ErrNotEventStream)
		}},
		"error status": {"application/json", `{"error":{"code":"agent_not_found","message":"gone"}}`, 404, func(t *testing.T, e *agento.Error) {
			require.ErrorIs(t, e, agento.ErrNotFound)
		}},
		"204": {"", "", 204, func(t *testing.T, e *agento.Error) {
			require.ErrorIs(t, e, agento.ErrNotEventStream)
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", "req_42")
				w.Header().Set("Content-Type", c.contentType)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}, nil, func(w *harness.Env) {
				_, err := w.Client.Chat.Send(w.Ctx, "a1", agento.SendMessageParams{Message: "x"})
				c.check(t, harness.StreamError(t, err))
			})
		})
	}
}

func TestChatUnknownEventsDelivered(t *testing.T) {
	odd := []string{
		`{"type":"tool","name":"search","args":{"q":"x"}}`,
		`{"type":"mood","content":"good","level":3}`,
		`{"content":"no type"}`,
		`not JSON`,
		`[1,2]`,
	}
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for _, o := range odd {
			s.Send("data: " + o + "\n\n")
		}
		s.Send(harness.Done)
	}, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		var raw []string
		for e := range s.Events() {
			require.Empty(t, e.Content, "only text has content")
			raw = append(raw, string(e.Raw()))
		}
		require.NoError(t, s.Err())
		require.Equal(t, append(odd, `{"type":"done"}`), raw)
	})
}

// A text event whose content is not a string is an error, so that no text is missing
// silently.
func TestChatTextWithoutString(t *testing.T) {
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(harness.Hi, `data: {"type":"text","content":{"parts":["a"]}}`+"\n\n", harness.Done)
	}, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		require.Len(t, w.Texts(s), 1)
		harness.StreamError(t, s.Err())
	})
}

func TestChatTextAndReply(t *testing.T) {
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		time.Sleep(2 * time.Second)
		s.Send(harness.Hi)
		time.Sleep(time.Second)
		s.Send(harness.More)
		if r.URL.Path == "/v1/agents/whole/chat/messages" {
			s.Send(`data: {"type":"done","` + jsonname.Of[agento.ChatEvent]("SessionID") + `":"agent:1:s"}` + "\n\n")
		}
	}, nil, func(w *harness.Env) {
		reply, err := w.Client.Chat.Ask(w.Ctx, "whole", agento.SendMessageParams{Message: "x"})
		require.NoError(t, err)
		require.Equal(t, &agento.Reply{
			Text: "Hi! How can I help?", SessionID: "agent:1:s", RequestID: "req_42", Events: 3,
			FirstToken: 2 * time.Second, Duration: 3 * time.Second,
		}, reply)

		reply, err = w.Client.Chat.Ask(w.Ctx, "cut", agento.SendMessageParams{Message: "x"})
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Equal(t, "Hi! How can I help?", reply.Text, "what arrived is kept")

		s := w.Send(w.Ctx)
		text, err := s.Text()
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Equal(t, "Hi! How can I help?", text)
	})
}

// A character that is split between two events is joined, wherever it is split.
func TestChatJoinsSplitCharacters(t *testing.T) {
	for name, events := range map[string][]string{
		"surrogate pair": {`"Hi \ud83d"`, `"\ude00!"`},
		"UTF-8, 1 byte":  {"\"Hi \xf0\"", "\"\x9f\x98\x80!\""},
		"UTF-8, 3 bytes": {"\"Hi \xf0\x9f\x98\"", "\"\x80!\""},
		"byte by byte":   {"\"Hi \"", "\"\xf0\"", "\"\x9f\"", "\"\x98\"", "\"\x80\"", `"!"`},
	} {
		t.Run(name, func(t *testing.T) {
			harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
				s := harness.Stream(w, r)
				for _, content := range events {
					s.Send(`data: {"type":"text","content":` + content + "}\n\n")
				}
				s.Send(`data: {"type":"tool"}`+"\n\n", harness.Done)
			}, nil, func(w *harness.Env) {
				text, err := w.Send(w.Ctx).Text()
				require.NoError(t, err)
				require.Equal(t, "Hi 😀!", text)
			})
		})
	}
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(`data: {"type":"text","content":"Hi \ud83d"}`+"\n\n", harness.Done)
	}, nil, func(w *harness.Env) {
		require.Equal(t, []string{"text:Hi ", "text:\ufffd", "done:"}, w.Texts(w.Send(w.Ctx)))
	})
}
