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
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestStreamCompleteWithDone(t *testing.T) {
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(harness.Hi, harness.More, harness.Done)
	}, nil, func(w *harness.Env) {
		for range 20 {
			s := w.Send(w.Ctx)
			require.Equal(t, []string{"text:Hi! ", "text:How can I help?", "done:"}, w.Texts(s))
			require.NoError(t, s.Err())
			require.NoError(t, s.Close())
		}
		require.Equal(t, 1, w.Listener.Dialled(), "connections for 20 chats")
	})
}

// The done event ends a stream although the connection stays open.
func TestStreamDoneBeforeConnectionCloses(t *testing.T) {
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(harness.Hi, harness.Done).Hold()
	}, nil, func(w *harness.Env) {
		begun := time.Now()
		s := w.Send(w.Ctx)
		require.Len(t, w.Texts(s), 2)
		require.NoError(t, s.Err())
		require.LessOrEqual(t, time.Since(begun), 100*time.Millisecond)
	})
}

// Nobody receives from the channel when the context ends.
func TestEventsContextEndsWhileChannelFull(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for range 40 {
			s.Send(harness.Hi)
		}
		s.Hold()
	}, nil, func(w *harness.Env) {
		ctx, cancel := context.WithCancel(w.Ctx)
		s := w.Send(ctx)
		events := s.Events()
		synctest.Wait()
		require.Len(t, events, cap(events))
		require.NoError(t, s.Err())
		cancel()
		synctest.Wait()
		require.ErrorIs(t, s.Err(), context.Canceled)
		require.Len(t, events, cap(events), "the events in the channel are not lost")
	})
}

func TestStreamTruncated(t *testing.T) {
	cuts := map[string]struct {
		pieces []string
		abort  bool
		events int
	}{
		"ended between events":      {[]string{harness.Hi}, false, 1},
		"ended before any event":    {nil, false, 0},
		"ended inside an event":     {[]string{harness.Hi, `data: {"type":"text","con`}, false, 1},
		"ended before the blank":    {[]string{harness.Hi, `data: {"type":"done"}` + "\n"}, false, 1},
		"aborted between events":    {[]string{harness.Hi, harness.More}, true, 2},
		"aborted inside an event":   {[]string{harness.Hi, `data: {"ty`}, true, 1},
		"aborted before the answer": {[]string{": thinking\n\n"}, true, 0},
	}
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			requests := 0
			harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				s := harness.Stream(w, r).Send(cut.pieces...)
				if cut.abort {
					s.Abort()
				}
				if len(cut.pieces) == 0 {
					_ = s.Flush()
				}
			}, nil, func(w *harness.Env) {
				requests = 0
				s := w.Send(w.Ctx)
				require.Len(t, w.Texts(s), cut.events)
				require.ErrorIs(t, s.Err(), agento.ErrStreamTruncated)
				harness.StreamError(t, s.Err())
				require.Equal(t, 1, requests, "a message is not retried")
			})
		})
	}
}

func TestStreamIdleTimeout(t *testing.T) {
	t.Run("after an event", func(t *testing.T) {
		harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r).Send(harness.Hi)
			for range 3 { // comments reset the timer
				time.Sleep(9 * time.Minute)
				s.Send(": still thinking\n\n")
			}
			s.Hold()
		}, nil, func(w *harness.Env) {
			begun := time.Now()
			s := w.Send(w.Ctx)
			require.Len(t, w.Texts(s), 1)
			require.ErrorIs(t, s.Err(), agento.ErrStreamIdle)
			require.NotErrorIs(t, s.Err(), agento.ErrStreamTruncated)
			harness.StreamError(t, s.Err())
			require.Equal(t, 37*time.Minute, time.Since(begun))
		})
	})
	t.Run("before the headers", func(t *testing.T) {
		harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Hold()
		}, nil, func(w *harness.Env) {
			begun := time.Now()
			_, err := w.Client.Chat.Send(w.Ctx, "a1", agento.SendMessageParams{Message: "x"})
			require.ErrorIs(t, err, agento.ErrStreamIdle)
			require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.Equal(t, 10*time.Minute, time.Since(begun))
		})
	})
	t.Run("a reader that is slow is not a silent server", func(t *testing.T) {
		harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Send(strings.Repeat(harness.Hi, 100), harness.Done)
		}, []agento.Option{agento.WithIdleTimeout(time.Minute)}, func(w *harness.Env) {
			s := w.Send(w.Ctx)
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

func TestStreamContextEnds(t *testing.T) {
	cause := errors.New("the visitor has left")
	states := map[string]http.HandlerFunc{
		"while the server is silent": func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() },
		"while the channel is full": func(w http.ResponseWriter, r *http.Request) {
			harness.Stream(w, r).Send(strings.Repeat(harness.Hi, 1000)).Hold()
		},
	}
	for name, handler := range states {
		t.Run(name, func(t *testing.T) {
			harness.RunEach(t, handler, nil, func(w *harness.Env) {
				ctx, cancel := context.WithCancelCause(w.Ctx)
				s := w.Send(ctx)
				synctest.Wait()
				begun := time.Now()
				cancel(cause)
				synctest.Wait()
				for range s.Events() {
				}
				require.Zero(t, time.Since(begun))
				require.ErrorIs(t, s.Err(), context.Canceled)
				require.ErrorIs(t, s.Err(), cause)
				harness.StreamError(t, s.Err())
			})
		})
		t.Run("deadline "+name, func(t *testing.T) {
			harness.RunEach(t, handler, nil, func(w *harness.Env) {
				ctx, cancel := context.WithTimeout(w.Ctx, 5*time.Second)
				defer cancel()
				begun := time.Now()
				s := w.Send(ctx)
				time.Sleep(6 * time.Second)
				for range s.Events() {
				}
				require.Equal(t, 6*time.Second, time.Since(begun))
				require.ErrorIs(t, s.Err(), context.DeadlineExceeded)
			})
		})
	}
}

// The answer is complete at the moment of the deadline. No delivered event is lost, and
// a complete answer is not an error.
func TestStreamEventAtDeadlineNotLost(t *testing.T) {
	for i := range 200 {
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r).Send(harness.Hi)
			time.Sleep(5 * time.Second)
			s.Send(harness.Done)
		}, nil, func(w *harness.Env) {
			ctx, cancel := context.WithTimeout(w.Ctx, 5*time.Second)
			defer cancel()
			s := w.Send(ctx)
			got := w.Texts(s)
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
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(harness.Hi, "data: "+strings.Repeat("x", 2000)+"\n\n", harness.Done)
	}, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx, agento.WithMaxEventSize(1000))
		require.Len(t, w.Texts(s), 1)
		require.ErrorIs(t, s.Err(), agento.ErrEventTooLarge)
		harness.StreamError(t, s.Err())
	})
}

// Of the failures before a stream begins, only a 429, a 425 and a dial error are retried.
func TestStreamOpenRetries(t *testing.T) {
	for status, want := range map[int]int{429: 2, 425: 2, 500: 1, 503: 1} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			requests := 0
			harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
				if requests++; requests == 1 {
					w.WriteHeader(status)
					return
				}
				harness.Stream(w, r).Send(harness.Hi, harness.Done)
			}, nil, func(w *harness.Env) {
				requests = 0
				s, err := w.Client.Chat.Send(w.Ctx, "a1", agento.SendMessageParams{Message: "x"})
				if err == nil {
					require.Len(t, w.Texts(s), 2)
				}
				require.Equal(t, want, requests)
				require.Equal(t, want == 1, errors.Is(err, agento.ErrOutcomeUnknown))
			})
		})
	}
}

func TestStreamClose(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for r.Context().Err() == nil {
			s.Send(harness.Hi)
			time.Sleep(time.Millisecond)
		}
	}
	ways := map[string]func(*harness.Env, *agento.ChatStream){
		"at once": func(*harness.Env, *agento.ChatStream) {},
		"inside a range": func(w *harness.Env, s *agento.ChatStream) {
			after := 0
			for range s.Events() {
				if after == 0 {
					require.NoError(w.T, s.Close())
				}
				after++
			}
			require.LessOrEqual(w.T, after, 1+16)
		},
		"from many goroutines": func(w *harness.Env, s *agento.ChatStream) {
			for range 8 {
				go func() { _ = s.Close() }()
			}
		},
		"by leaving All": func(w *harness.Env, s *agento.ChatStream) {
			for range s.All() {
				break
			}
		},
		"full": func(w *harness.Env, s *agento.ChatStream) { time.Sleep(time.Minute) },
	}
	for name, leave := range ways {
		t.Run(name, func(t *testing.T) {
			harness.RunEach(t, endless, nil, func(w *harness.Env) {
				s := w.Send(w.Ctx)
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

func TestClientStreamRawEvents(t *testing.T) {
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send("id: 7\nevent: tick\ndata: a\ndata: b\n\n", "data: c\n\n")
		if r.URL.Query().Has("cut") {
			s.Send("data: half")
		}
	}, nil, func(w *harness.Env) {
		for path, want := range map[string]error{"/v1/ticks": nil, "/v1/ticks?cut=1": agento.ErrStreamTruncated} {
			s, err := w.Client.Stream(w.Ctx, "GET", path, nil)
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
func TestStreamBodyNotEventStream(t *testing.T) {
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
			harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{contentType}
				w.Header().Set("X-Request-Id", "req_42")
				_, _ = io.WriteString(w, body)
			}, nil, func(w *harness.Env) {
				raw, err := w.Client.Stream(w.Ctx, "GET", "/v1/ticks", nil)
				require.NoError(t, err)
				require.Empty(t, harness.Read(w, raw))
				require.ErrorIs(t, raw.Err(), want, "%q", body)
				chat := w.Send(w.Ctx)
				require.Empty(t, w.Texts(chat))
				require.ErrorIs(t, harness.StreamError(t, chat.Err()), want, "%q", body)
				log, err := w.Client.Logs.Stream(w.Ctx, "a1", nil)
				require.NoError(t, err)
				require.Empty(t, harness.Read(w, log.Stream))
				require.ErrorIs(t, log.Err(), want, "%q", body)
			})
		}
	}
}

// Reading a stream starts no goroutine of the SDK; Events starts one.
func TestStreamGoroutines(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() }, []agento.Option{agento.WithPacing(false)}, func(w *harness.Env) {
		const streams = 1000
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(w.Ctx)
		for range streams {
			all.Go(func() {
				for range w.Send(ctx).All() {
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

// The zero Stream behaves like one that has ended.
func TestStreamZeroValue(t *testing.T) {
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
	harness.RunEach(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(harness.Hi).Hold() }, nil, func(w *harness.Env) {
		for _, open := range map[string]func() (read func(), close func() error, err func() error){
			"chat": func() (func(), func() error, func() error) {
				s := w.Send(w.Ctx)
				return func() { harness.Read(w, s.Stream) }, s.Close, s.Err
			},
			"log": func() (func(), func() error, func() error) {
				s := w.Follow(nil)
				return func() { harness.Read(w, s.Stream) }, s.Close, s.Err
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

// Buffered reports whether the next event has arrived already.
func TestStreamBuffered(t *testing.T) {
	next := make(chan string)
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		next := next
		s := harness.Stream(w, r)
		for piece := range next {
			s.Send(piece)
		}
	}, nil, func(w *harness.Env) {
		next = make(chan string)
		go func() {
			next <- harness.Hi + harness.More + "data: {\"type\""
			time.Sleep(time.Second)
			next <- ":\"done\"}\n\n"
			close(next)
		}()
		var got []bool
		s := w.Send(w.Ctx)
		for range s.All() {
			got = append(got, s.Buffered())
		}
		require.Equal(t, []bool{true, false, true}, got)
	})
}
