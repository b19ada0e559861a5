package agento_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

const (
	hi   = `data: {"type":"text","content":"Hi! "}` + "\n\n"
	more = `data: {"type":"text","content":"How can I help?"}` + "\n\n"
	done = `data: {"type":"done"}` + "\n\n"
)

// streaming is a handler's way to write an event stream piece by piece.
type streaming struct {
	http.ResponseWriter
	*http.ResponseController
	request *http.Request
}

func stream(w http.ResponseWriter, r *http.Request) streaming {
	_, _ = io.Copy(io.Discard, r.Body) // only then does HTTP/1.1 notice that a client leaves
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Request-Id", "req_42")
	return streaming{w, http.NewResponseController(w), r}
}

func (s streaming) send(pieces ...string) streaming {
	for _, p := range pieces {
		_, _ = io.WriteString(s, p)
		_ = s.Flush()
	}
	return s
}

// hold keeps the connection open and silent until the client goes away.
func (s streaming) hold() { <-s.request.Context().Done() }

// abort ends the connection in the middle.
func (s streaming) abort() { panic(http.ErrAbortHandler) }

// overEach runs a test over each form of connection that a stream can have, and for
// both ways of reading: through the channel, and on the caller's goroutine.
func overEach(t *testing.T, handler http.HandlerFunc, opts []agento.Option, test func(w *world)) {
	t.Helper()
	for name, proto := range protocols {
		for way, pull := range map[string]bool{"Events": false, "All": true} {
			t.Run(name+"/"+way, func(t *testing.T) {
				inWorldOver(t, proto, handler, opts, func(w *world) {
					w.pull = pull
					test(w)
				})
			})
		}
	}
}

// read reads a stream to its end in the way that the test is for.
func read[T any](w *world, s *agento.Stream[T]) (all []T) {
	if !w.pull {
		for e := range s.Events() {
			all = append(all, e)
		}
		return all
	}
	for e, err := range s.All() {
		if err != nil {
			require.Equal(w.t, s.Err(), err)
			break
		}
		all = append(all, e)
	}
	return all
}

func send(w *world, ctx context.Context, opts ...agento.Option) *agento.ChatStream {
	w.t.Helper()
	s, err := w.client.Chat.Send(ctx, "a1", agento.SendMessageParams{Message: "Hello"}, opts...)
	require.NoError(w.t, err)
	return s
}

func texts(w *world, s *agento.ChatStream) []string {
	var all []string
	for _, e := range read(w, s.Stream) {
		all = append(all, e.Type+":"+e.Content)
	}
	return all
}

// streamError is what every error of a stream is: an Error with the request id.
func streamError(t *testing.T, err error) *agento.Error {
	t.Helper()
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "req_42", e.RequestID)
	return e
}

func TestStreamCompleteWithDone(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, r).send(hi, more, done)
	}, nil, func(w *world) {
		for range 20 {
			s := send(w, w.ctx)
			require.Equal(t, []string{"text:Hi! ", "text:How can I help?", "done:"}, texts(w, s))
			require.NoError(t, s.Err())
			require.NoError(t, s.Close())
		}
		require.Equal(t, 1, w.listener.Dialled(), "connections for 20 chats")
	})
}

// TestStreamDoneOnAnOpenConnection: done is the end, whatever the server does
// with the connection.
func TestStreamDoneOnAnOpenConnection(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, r).send(hi, done).hold()
	}, nil, func(w *world) {
		begun := time.Now()
		s := send(w, w.ctx)
		require.Len(t, texts(w, s), 2)
		require.NoError(t, s.Err())
		require.LessOrEqual(t, time.Since(begun), 100*time.Millisecond)
	})
}

func TestStreamCut(t *testing.T) {
	cuts := map[string]struct {
		pieces []string
		abort  bool
		events int
	}{
		"cleanly between events":     {[]string{hi}, false, 1},
		"cleanly before any event":   {nil, false, 0},
		"cleanly inside an event":    {[]string{hi, `data: {"type":"text","con`}, false, 1},
		"cleanly before the blank":   {[]string{hi, `data: {"type":"done"}` + "\n"}, false, 1},
		"brutally between events":    {[]string{hi, more}, true, 2},
		"brutally inside an event":   {[]string{hi, `data: {"ty`}, true, 1},
		"brutally before the answer": {[]string{": thinking\n\n"}, true, 0},
	}
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			requests := 0
			overEach(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				s := stream(w, r).send(cut.pieces...)
				if cut.abort {
					s.abort()
				}
				if len(cut.pieces) == 0 {
					_ = s.Flush()
				}
			}, nil, func(w *world) {
				requests = 0
				s := send(w, w.ctx)
				require.Len(t, texts(w, s), cut.events)
				require.ErrorIs(t, s.Err(), agento.ErrStreamTruncated)
				streamError(t, s.Err())
				require.Equal(t, 1, requests, "a turn that has begun is not repeated")
			})
		})
	}
}

func TestStreamErrorEvent(t *testing.T) {
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
			overEach(t, func(w http.ResponseWriter, r *http.Request) {
				event := "data: " + form.event + "\n\n"
				switch form.event {
				case "EVENT":
					event = "event: error\ndata: " + `{"error":{"code":"rate_limit_exceeded","message":"m"}}` + "\n\n"
				case "PLAIN":
					event = "event: error\ndata: out of memory\n\n"
				}
				stream(w, r).send(hi, event, more, done)
			}, nil, func(w *world) {
				s := send(w, w.ctx)
				require.Equal(t, []string{"text:Hi! "}, texts(w, s), "the error event is not delivered, nothing after it is")
				e := streamError(t, s.Err())
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

func TestStreamThatIsNone(t *testing.T) {
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
			overEach(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", "req_42")
				w.Header().Set("Content-Type", c.contentType)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}, nil, func(w *world) {
				_, err := w.client.Chat.Send(w.ctx, "a1", agento.SendMessageParams{Message: "x"})
				c.check(t, streamError(t, err))
			})
		})
	}
}

func TestStreamIdle(t *testing.T) {
	t.Run("after an event", func(t *testing.T) {
		overEach(t, func(w http.ResponseWriter, r *http.Request) {
			s := stream(w, r).send(hi)
			for range 3 { // comments are life
				time.Sleep(9 * time.Minute)
				s.send(": still thinking\n\n")
			}
			s.hold()
		}, nil, func(w *world) {
			begun := time.Now()
			s := send(w, w.ctx)
			require.Len(t, texts(w, s), 1)
			require.ErrorIs(t, s.Err(), agento.ErrStreamIdle)
			require.NotErrorIs(t, s.Err(), agento.ErrStreamTruncated)
			streamError(t, s.Err())
			require.Equal(t, 37*time.Minute, time.Since(begun))
		})
	})
	t.Run("before the headers", func(t *testing.T) {
		overEach(t, func(w http.ResponseWriter, r *http.Request) {
			stream(w, r).hold()
		}, nil, func(w *world) {
			begun := time.Now()
			_, err := w.client.Chat.Send(w.ctx, "a1", agento.SendMessageParams{Message: "x"})
			require.ErrorIs(t, err, agento.ErrStreamIdle)
			require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.Equal(t, 10*time.Minute, time.Since(begun))
		})
	})
	t.Run("a reader that is slow is not a silent server", func(t *testing.T) {
		overEach(t, func(w http.ResponseWriter, r *http.Request) {
			stream(w, r).send(strings.Repeat(hi, 100), done)
		}, []agento.Option{agento.WithIdleTimeout(time.Minute)}, func(w *world) {
			s := send(w, w.ctx)
			events := 0
			for range s.Events() {
				events++
				time.Sleep(2 * time.Minute)
			}
			require.Equal(t, 101, events)
			require.NoError(t, s.Err())
		})
	})
}

func TestStreamContext(t *testing.T) {
	cause := errors.New("the visitor has left")
	states := map[string]http.HandlerFunc{
		"while the server is silent": func(w http.ResponseWriter, r *http.Request) { stream(w, r).send(hi).hold() },
		"while the channel is full": func(w http.ResponseWriter, r *http.Request) {
			stream(w, r).send(strings.Repeat(hi, 1000)).hold()
		},
	}
	for name, handler := range states {
		t.Run(name, func(t *testing.T) {
			overEach(t, handler, nil, func(w *world) {
				ctx, cancel := context.WithCancelCause(w.ctx)
				s := send(w, ctx)
				synctest.Wait()
				begun := time.Now()
				cancel(cause)
				synctest.Wait()
				for range s.Events() {
				}
				require.Zero(t, time.Since(begun))
				require.ErrorIs(t, s.Err(), context.Canceled)
				require.ErrorIs(t, s.Err(), cause)
				streamError(t, s.Err())
			})
		})
		t.Run("deadline "+name, func(t *testing.T) {
			overEach(t, handler, nil, func(w *world) {
				ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
				defer cancel()
				begun := time.Now()
				s := send(w, ctx)
				time.Sleep(6 * time.Second)
				for range s.Events() {
				}
				require.Equal(t, 6*time.Second, time.Since(begun))
				require.ErrorIs(t, s.Err(), context.DeadlineExceeded)
			})
		})
	}
}

// TestStreamReadyEventIsNotDropped: the answer is complete at the very moment
// when the deadline strikes. Whichever comes first, nothing that was delivered
// to the SDK is lost, and a complete answer is never called an error.
func TestStreamReadyEventIsNotDropped(t *testing.T) {
	for i := range 200 {
		inWorld(t, func(w http.ResponseWriter, r *http.Request) {
			s := stream(w, r).send(hi)
			time.Sleep(5 * time.Second)
			s.send(done)
		}, nil, func(w *world) {
			ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
			defer cancel()
			s := send(w, ctx)
			got := texts(w, s)
			if s.Err() == nil {
				require.Equal(t, []string{"text:Hi! ", "done:"}, got, "run %d", i)
			} else {
				require.Equal(t, []string{"text:Hi! "}, got, "run %d", i)
				require.ErrorIs(t, s.Err(), context.DeadlineExceeded)
			}
		})
	}
}

func TestStreamEventTooLarge(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, r).send(hi, "data: "+strings.Repeat("x", 2000)+"\n\n", done)
	}, nil, func(w *world) {
		s := send(w, w.ctx, agento.WithMaxEventSize(1000))
		require.Len(t, texts(w, s), 1)
		require.ErrorIs(t, s.Err(), agento.ErrEventTooLarge)
		streamError(t, s.Err())
	})
}

func TestStreamUnknownPasses(t *testing.T) {
	odd := []string{
		`{"type":"tool","name":"search","args":{"q":"x"}}`,
		`{"type":"mood","content":"good","level":3}`,
		`{"content":"no type"}`,
		`not JSON`,
		`[1,2]`,
	}
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := stream(w, r)
		for _, o := range odd {
			s.send("data: " + o + "\n\n")
		}
		s.send(done)
	}, nil, func(w *world) {
		s := send(w, w.ctx)
		var raw []string
		for e := range s.Events() {
			require.Empty(t, e.Content, "only text has content")
			raw = append(raw, string(e.Raw()))
		}
		require.NoError(t, s.Err())
		require.Equal(t, append(odd, `{"type":"done"}`), raw)
	})
}

// TestStreamTextThatCannotBeRead: an answer must not lack a piece without a word.
func TestStreamTextThatCannotBeRead(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, r).send(hi, `data: {"type":"text","content":{"parts":["a"]}}`+"\n\n", done)
	}, nil, func(w *world) {
		s := send(w, w.ctx)
		require.Len(t, texts(w, s), 1)
		streamError(t, s.Err())
	})
}

// TestStreamFailureBeforeItBegins: 429 and errors of dialling are repeated,
// nothing else of a POST is.
func TestStreamFailureBeforeItBegins(t *testing.T) {
	for status, want := range map[int]int{429: 2, 425: 2, 500: 1, 503: 1} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			requests := 0
			overEach(t, func(w http.ResponseWriter, r *http.Request) {
				if requests++; requests == 1 {
					w.WriteHeader(status)
					return
				}
				stream(w, r).send(hi, done)
			}, nil, func(w *world) {
				requests = 0
				s, err := w.client.Chat.Send(w.ctx, "a1", agento.SendMessageParams{Message: "x"})
				if err == nil {
					require.Len(t, texts(w, s), 2)
				}
				require.Equal(t, want, requests)
				require.Equal(t, want == 1, errors.Is(err, agento.ErrOutcomeUnknown))
			})
		})
	}
}

func TestStreamClose(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		s := stream(w, r)
		for r.Context().Err() == nil {
			s.send(hi)
			time.Sleep(time.Millisecond)
		}
	}
	ways := map[string]func(*world, *agento.ChatStream){
		"at once": func(*world, *agento.ChatStream) {},
		"inside a range": func(w *world, s *agento.ChatStream) {
			after := 0
			for range s.Events() {
				if after == 0 {
					require.NoError(w.t, s.Close())
				}
				after++
			}
			require.LessOrEqual(w.t, after, 1+16)
		},
		"from many goroutines": func(w *world, s *agento.ChatStream) {
			for range 8 {
				go func() { _ = s.Close() }()
			}
		},
		"by leaving All": func(w *world, s *agento.ChatStream) {
			for range s.All() {
				break
			}
		},
		"full": func(w *world, s *agento.ChatStream) { time.Sleep(time.Minute) },
	}
	for name, leave := range ways {
		t.Run(name, func(t *testing.T) {
			overEach(t, endless, nil, func(w *world) {
				s := send(w, w.ctx)
				leave(w, s)
				require.NoError(t, s.Close())
				require.NoError(t, s.Close())
				for range s.Events() {
				}
				require.NoError(t, s.Err(), "closed by the caller")
			})
		})
	}
}

func TestStreamTextAndReply(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := stream(w, r)
		time.Sleep(2 * time.Second)
		s.send(hi)
		time.Sleep(time.Second)
		s.send(more)
		if r.URL.Path == "/v1/agents/whole/chat/messages" {
			s.send(`data: {"type":"done","sessionId":"agent:1:s"}` + "\n\n")
		}
	}, nil, func(w *world) {
		reply, err := w.client.Chat.Ask(w.ctx, "whole", agento.SendMessageParams{Message: "x"})
		require.NoError(t, err)
		require.Equal(t, &agento.Reply{
			Text: "Hi! How can I help?", SessionID: "agent:1:s", RequestID: "req_42", Events: 3,
			FirstToken: 2 * time.Second, Duration: 3 * time.Second,
		}, reply)

		reply, err = w.client.Chat.Ask(w.ctx, "cut", agento.SendMessageParams{Message: "x"})
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Equal(t, "Hi! How can I help?", reply.Text, "what arrived is kept")

		s := send(w, w.ctx)
		text, err := s.Text()
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Equal(t, "Hi! How can I help?", text)
	})
}

func TestRawStream(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := stream(w, r).send("id: 7\nevent: tick\ndata: a\ndata: b\n\n", "data: c\n\n")
		if r.URL.Query().Has("cut") {
			s.send("data: half")
		}
	}, nil, func(w *world) {
		for path, want := range map[string]error{"/v1/ticks": nil, "/v1/ticks?cut=1": agento.ErrStreamTruncated} {
			s, err := w.client.Stream(w.ctx, "GET", path, nil)
			require.NoError(t, err)
			var events []agento.Event
			for e := range s.Events() {
				events = append(events, e)
			}
			require.Equal(t, []agento.Event{
				{ID: "7", Type: "tick", Data: []byte("a\nb")},
				{ID: "7", Type: "message", Data: []byte("c")},
			}, events)
			require.ErrorIs(t, s.Err(), want)
		}
	})
}

// A body that is not an event stream is an error, whatever its Content-Type.
func TestStreamOfAnotherForm(t *testing.T) {
	for _, contentType := range []string{"", "text/event-stream"} {
		for body, want := range map[string]error{
			"<html>\n":                 agento.ErrNotEventStream,
			"<html>":                   agento.ErrNotEventStream,
			`{"data":{"text":"Hi"}}`:   agento.ErrNotEventStream,
			"{\"a\":1}\n{\"a\":2}\n":   agento.ErrNotEventStream,
			"\n\n[1]":                  agento.ErrNotEventStream,
			"upstream connect error\n": agento.ErrNotEventStream,
			`{"error":{"code":"conflict","message":"m"}}`: agento.ErrConflict,
		} {
			inWorld(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{contentType}
				w.Header().Set("X-Request-Id", "req_42")
				_, _ = io.WriteString(w, body)
			}, nil, func(w *world) {
				raw, err := w.client.Stream(w.ctx, "GET", "/v1/x", nil)
				require.NoError(t, err)
				require.Empty(t, read(w, raw))
				require.ErrorIs(t, raw.Err(), want, "%q", body)
				chat := send(w, w.ctx)
				require.Empty(t, texts(w, chat))
				require.ErrorIs(t, streamError(t, chat.Err()), want, "%q", body)
				log, err := w.client.Logs.Stream(w.ctx, "a1", nil)
				require.NoError(t, err)
				require.Empty(t, read(w, log.Stream))
				require.ErrorIs(t, log.Err(), want, "%q", body)
			})
		}
	}
}

// A character that is split between two events is joined, wherever it is split.
func TestStreamJoinsSplitCharacters(t *testing.T) {
	for name, events := range map[string][]string{
		"surrogate pair": {`"Hi \ud83d"`, `"\ude00!"`},
		"UTF-8, 1 byte":  {"\"Hi \xf0\"", "\"\x9f\x98\x80!\""},
		"UTF-8, 3 bytes": {"\"Hi \xf0\x9f\x98\"", "\"\x80!\""},
		"byte by byte":   {"\"Hi \"", "\"\xf0\"", "\"\x9f\"", "\"\x98\"", "\"\x80\"", `"!"`},
	} {
		t.Run(name, func(t *testing.T) {
			overEach(t, func(w http.ResponseWriter, r *http.Request) {
				s := stream(w, r)
				for _, content := range events {
					s.send(`data: {"type":"text","content":` + content + "}\n\n")
				}
				s.send(`data: {"type":"tool"}`+"\n\n", done)
			}, nil, func(w *world) {
				text, err := send(w, w.ctx).Text()
				require.NoError(t, err)
				require.Equal(t, "Hi 😀!", text)
			})
		})
	}
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, r).send(`data: {"type":"text","content":"Hi \ud83d"}`+"\n\n", done)
	}, nil, func(w *world) {
		require.Equal(t, []string{"text:Hi ", "text:\ufffd", "done:"}, texts(w, send(w, w.ctx)))
	})
}

// Reading a stream starts no goroutine of the SDK; Events starts one.
func TestStreamGoroutines(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) { stream(w, r).send(hi).hold() }, []agento.Option{agento.WithPacing(false)}, func(w *world) {
		const streams = 1000
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(w.ctx)
		for range streams {
			all.Go(func() {
				for range send(w, ctx).All() {
				}
			})
		}
		synctest.Wait()
		stacks := make([]byte, 64<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		require.Equal(t, streams, bytes.Count(stacks, []byte("created by sync.(*WaitGroup).Go")))
		require.NotContains(t, string(stacks), "created by github.com/remsyshq/agento-go.")
		require.NotContains(t, string(stacks), "created by github.com/remsyshq/agento-go/internal/stream")
		require.NotContains(t, string(stacks), "created by github.com/remsyshq/agento-go/internal/transport")
		cancel()
		all.Wait()
	})
}

// A zero stream behaves like one that has ended.
func TestZeroStream(t *testing.T) {
	for _, s := range []*agento.Stream[agento.Event]{nil, {}} {
		for range s.All() {
			t.Error("an event")
		}
		_, open := <-s.Events()
		require.False(t, open)
		require.True(t, s.Buffered())
		require.NoError(t, s.Err())
		require.NoError(t, s.Close())
		require.Zero(t, s.Response().StatusCode)
	}
	text, err := new(agento.ChatStream).Text()
	require.Empty(t, text)
	require.ErrorIs(t, err, agento.ErrStreamTruncated, "no answer is complete without done")
	for range new(agento.LogStream).All() {
		t.Error("an event")
	}
}

// Close makes a blocked read return, from any goroutine.
func TestStreamCloseWhileReading(t *testing.T) {
	overEach(t, func(w http.ResponseWriter, r *http.Request) { stream(w, r).send(hi).hold() }, nil, func(w *world) {
		for _, open := range map[string]func() (read func(), close func() error, err func() error){
			"chat": func() (func(), func() error, func() error) {
				s := send(w, w.ctx)
				return func() { read(w, s.Stream) }, s.Close, s.Err
			},
			"log": func() (func(), func() error, func() error) {
				s := follow(w, nil)
				return func() { read(w, s.Stream) }, s.Close, s.Err
			},
		} {
			read, closeStream, streamErr := open()
			ended := make(chan struct{})
			go func() { read(); close(ended) }()
			synctest.Wait()
			require.NoError(t, closeStream())
			<-ended
			require.NoError(t, streamErr())
		}
	})
}

// Buffered reports whether the next event is there already.
func TestStreamBuffered(t *testing.T) {
	next := make(chan string)
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		next := next
		s := stream(w, r)
		for piece := range next {
			s.send(piece)
		}
	}, nil, func(w *world) {
		next = make(chan string)
		go func() {
			next <- hi + more + "data: {\"type\""
			time.Sleep(time.Second)
			next <- ":\"done\"}\n\n"
			close(next)
		}()
		var got []bool
		s := send(w, w.ctx)
		for range s.All() {
			got = append(got, s.Buffered())
		}
		require.Equal(t, []bool{true, false, true}, got)
	})
}
