package chathttp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// relayed is a backend that relays one answer and records what Relay returned.
type relayed struct {
	w    *widget
	opts []chathttp.RelayOption
	errs chan error
}

func (b *relayed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s, err := b.w.Client.Chat.Send(r.Context(), "a1", agento.SendMessageParams{Message: "Hello"})
	if err != nil {
		b.errs <- err
		return
	}
	b.errs <- chathttp.Relay(w, s, b.opts...)
}

// relayEach runs a test of Relay over each form of connection.
func relayEach(t *testing.T, answer http.HandlerFunc, test func(w *widget, b *relayed), opts ...chathttp.RelayOption) {
	t.Helper()
	overEachBrowser(t, answer, nil, func(w *widget) {
		b := &relayed{w, opts, make(chan error, 100)}
		w.swap(b)
		test(w, b)
	})
}

func TestRelay(t *testing.T) {
	relayEach(t, answering(hi, `data: {"type":"tool","name":"x"}`+"\n\n", more, done), func(w *widget, b *relayed) {
		for range 20 {
			p := read(t, w.post(body("", "")))
			require.NoError(t, <-b.errs)
			require.Equal(t, hi+more+done, p.body)
			require.Equal(t, "text/event-stream", p.header.Get("Content-Type"))
			require.Equal(t, "no-cache, no-transform", p.header.Get("Cache-Control"))
			require.Equal(t, "no", p.header.Get("X-Accel-Buffering"))
		}
		require.Equal(t, 1, w.Listener.Dialled(), "connections to the service for 20 answers")
	})
}

// TestRelayHeadersFirst checks that the headers are written before the first event.
func TestRelayHeadersFirst(t *testing.T) {
	relayEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		_ = s.Flush()
		time.Sleep(10 * time.Second)
		s.Send(hi, done)
	}, func(w *widget, b *relayed) {
		begun := time.Now()
		resp := w.post(body("", ""))
		require.Zero(t, time.Since(begun))
		require.Equal(t, "Hi! ", read(t, resp).text)
	})
}

func TestRelayError(t *testing.T) {
	relayEach(t, answering(hi, `data: {"type":"error","error":{"code":"conflict","message":"m"}}`+"\n\n"), func(w *widget, b *relayed) {
		p := read(t, w.post(body("", "")))
		require.Equal(t, hi+`data: {"type":"error","error":{"code":"unavailable","message":"The chat is not available at the moment."}}`+"\n\n", p.body)
		err := <-b.errs
		require.ErrorIs(t, err, agento.ErrConflict)
		harness.StreamError(t, err)
	})
	relayEach(t, answering(hi), func(w *widget, b *relayed) {
		require.Equal(t, []string{"text", "error:interrupted"}, read(t, w.post(body("", ""))).types)
		require.ErrorIs(t, <-b.errs, agento.ErrStreamTruncated)
	})
}

func TestRelayBrowserLeaves(t *testing.T) {
	ended := make(chan time.Time, 100)
	relayEach(t, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(hi).Hold()
		ended <- time.Now()
	}, func(w *widget, b *relayed) {
		begun := time.Now()
		leave(w, time.Minute)
		require.Error(t, <-b.errs)
		synctest.Wait()
		require.Equal(t, time.Minute, (<-ended).Sub(begun))
	})
}

// TestRelayDetectsFailedWrite covers a stream whose context is not the browser's,
// with a silent agent.
func TestRelayDetectsFailedWrite(t *testing.T) {
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(hi).Hold()
	}, nil, func(w *widget) {
		errs := make(chan error, 1)
		w.swap(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			s := w.Send(w.Ctx)
			errs <- chathttp.Relay(rw, s, chathttp.WithHeartbeat(time.Minute))
			require.NoError(t, s.Err(), "Relay has closed it")
		}))
		begun := time.Now()
		leave(w, 90*time.Second)
		require.ErrorIs(t, <-errs, chathttp.ErrBrowserGone)
		require.Equal(t, 2*time.Minute, time.Since(begun))
	})
}

func TestRelayWriteTimeout(t *testing.T) {
	var begun time.Time
	relayEach(t, func(w http.ResponseWriter, r *http.Request) {
		flooding(make(chan time.Time, 1))(w, r)
	}, func(w *widget, b *relayed) {
		begun = time.Now()
		resp := w.post(body("", ""))
		require.ErrorIs(t, <-b.errs, chathttp.ErrBrowserGone)
		givenUp(t, 3*time.Second, time.Since(begun))
		require.NoError(t, resp.Body.Close())
	}, chathttp.WithWriteTimeout(3*time.Second))
}

// TestRelayWriteTimeoutOnlyForWrites checks that a longer pause between two events
// is allowed.
func TestRelayWriteTimeoutOnlyForWrites(t *testing.T) {
	relayEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(hi)
		time.Sleep(50 * time.Second)
		s.Send(more, done)
	}, func(w *widget, b *relayed) {
		require.Equal(t, hi+more+done, read(t, w.post(body("", ""))).body)
		require.NoError(t, <-b.errs)
	}, chathttp.WithWriteTimeout(3*time.Second), chathttp.WithHeartbeat(time.Minute))
}

func TestRelayOptions(t *testing.T) {
	tool := `data: {"type":"tool","name":"x"}` + "\n\n"
	relayEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(tool)
		time.Sleep(7 * time.Second)
		s.Send(done)
	}, func(w *widget, b *relayed) {
		require.Equal(t, []string{"tool", ":", ":", ":", "done"}, read(t, w.post(body("", ""))).types)
		require.NoError(t, <-b.errs)
	}, chathttp.WithHeartbeat(2*time.Second), chathttp.WithFilter(func(e agento.ChatEvent) any { return e.Raw() }))

	for says, opt := range map[string]chathttp.RelayOption{
		"WithHeartbeat is not positive: 0s":      chathttp.WithHeartbeat(0),
		"WithWriteTimeout is not positive: -1ns": chathttp.WithWriteTimeout(-1),
		"opts contain a nil RelayOption":         nil,
	} {
		harness.Run(t, answering(hi, done), nil, func(w *harness.Env) {
			recorder := httptest.NewRecorder()
			err := chathttp.Relay(recorder, w.Send(w.Ctx), opt)
			require.ErrorIs(t, err, agento.ErrValidation)
			require.ErrorContains(t, err, says)
			require.Empty(t, recorder.Header())
			require.Empty(t, recorder.Body.String())
		})
	}
}

// plainWriter is a middleware's writer that hides every optional method.
type plainWriter struct{ http.ResponseWriter }

// wrappedWriter is a middleware's writer with Unwrap.
type wrappedWriter struct{ http.ResponseWriter }

func (w wrappedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestRelayWriterCannotFlush(t *testing.T) {
	harness.Run(t, answering(hi, done), nil, func(w *harness.Env) {
		recorder := httptest.NewRecorder()
		require.ErrorContains(t, chathttp.Relay(plainWriter{recorder}, w.Send(w.Ctx)), "Unwrap")
		require.Empty(t, recorder.Header())
		require.NoError(t, chathttp.Relay(wrappedWriter{wrappedWriter{recorder}}, w.Send(w.Ctx)))
		require.Equal(t, hi+done, recorder.Body.String())
	})
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		w.swap(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(plainWriter{rw}, r) }))
		p := w.say("pia", "")
		require.Equal(t, 500, p.status)
		require.Contains(t, w.log.String(), "Unwrap")
		require.Equal(t, [2]int{}, w.service.calls())
	})
}

// flushingWriter is a middleware's writer that flushes but hides the deadlines.
type flushingWriter struct{ plainWriter }

func (w flushingWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// flushAlone are middlewares that hide the deadlines.
var flushAlone = map[string]func(http.Handler) http.Handler{
	"Flush alone": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(flushingWriter{plainWriter{w}}, r) })
	},
	"Flush alone, deep inside": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(wrappedWriter{flushingWriter{plainWriter{w}}}, r)
		})
	},
}

func TestRelayWithoutDeadlines(t *testing.T) {
	for name, wrap := range flushAlone {
		t.Run(name, func(t *testing.T) {
			relayEach(t, answering(hi, done), func(w *widget, b *relayed) {
				w.swap(wrap(b))
				require.Equal(t, "Hi! ", read(t, w.post(body("", ""))).text)
				require.NoError(t, <-b.errs)
			})
		})
	}
}

// TestHandlerWithoutDeadlines checks that the answer arrives, and that the log has
// one warning.
func TestHandlerWithoutDeadlines(t *testing.T) {
	for name, wrap := range flushAlone {
		t.Run(name, func(t *testing.T) {
			overEachBrowser(t, answering(hi, done), nil, func(w *widget) {
				w.swap(wrap(w.handler))
				for range 2 {
					p := w.say("pia", "")
					require.Equal(t, 200, p.status)
					require.Equal(t, "Hi! ", p.text)
				}
				require.Equal(t, 1, strings.Count(w.log.String(), "needs a method Unwrap"))
			})
		})
	}
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(flushingWriter{plainWriter{recorder}}, w.inMemory("Hello"))
		require.Equal(t, "Hi! ", read(t, recorder.Result()).text)
		require.NotContains(t, w.log.String(), "Unwrap", "no warning without a server")
	})
}

// failingWriter fails at a later write.
type failingWriter struct {
	*httptest.ResponseRecorder
	left int
}

var errWrite = errors.New("broken pipe")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errWrite
	}
	return w.ResponseRecorder.Write(p)
}

func TestRelayStopsAtFirstFailure(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for range 10 {
			s.Send(hi)
			time.Sleep(time.Second)
		}
	}, nil, func(w *harness.Env) {
		begun := time.Now()
		writer := &failingWriter{httptest.NewRecorder(), 4}
		err := chathttp.Relay(writer, w.Send(w.Ctx))
		require.ErrorIs(t, err, chathttp.ErrBrowserGone)
		require.ErrorIs(t, err, errWrite)
		require.Equal(t, strings.Repeat(hi, 3), writer.Body.String(), "after the headers, three events")
		require.Equal(t, -1, writer.left, "nothing is tried after a failure")
		require.Equal(t, 3*time.Second, time.Since(begun))
	})
}

// countedWrites counts writes.
type countedWrites struct {
	*httptest.ResponseRecorder
	writes, largest int
}

func (w *countedWrites) Write(p []byte) (int, error) {
	w.writes++
	w.largest = max(w.largest, len(p))
	return w.ResponseRecorder.Write(p)
}

// chatStream returns a stream whose events have arrived.
func chatStream(err error, events ...agento.ChatEvent) *agento.ChatStream {
	return &agento.ChatStream{Stream: agento.NewStream(events, err)}
}

// TestRelayBatches checks that available events share a write, up to a size that a
// slow browser can read within the timeout.
func TestRelayBatches(t *testing.T) {
	text := agento.ChatEvent{Type: agento.ChatText, Content: strings.Repeat("x", 1000)}
	event := `data: {"type":"text","content":"` + text.Content + `"}` + "\n\n"
	events := append(slices.Repeat([]agento.ChatEvent{text}, 40), agento.ChatEvent{Type: agento.ChatDone})
	writer := &countedWrites{ResponseRecorder: httptest.NewRecorder()}
	require.NoError(t, chathttp.Relay(writer, chatStream(nil, events...)))
	require.Equal(t, strings.Repeat(event, 40)+done, writer.Body.String())
	require.LessOrEqual(t, writer.largest, 16<<10+len(event))
	require.Equal(t, 4, writer.writes, "the headers, and three times 16 KiB at most")
}

// TestRelayWritesAvailableEvents checks that no event waits for one that is
// filtered out or has not arrived.
func TestRelayWritesAvailableEvents(t *testing.T) {
	text := agento.ChatEvent{Type: agento.ChatText, Content: "Hi! "}
	tool := agento.ChatEvent{Type: agento.ChatTool}
	recorder := httptest.NewRecorder()
	err := chathttp.Relay(recorder, chatStream(agento.ErrStreamIdle, text, tool))
	require.ErrorIs(t, err, agento.ErrStreamIdle)
	require.True(t, strings.HasPrefix(recorder.Body.String(), hi+`data: {"type":"error"`), recorder.Body)

	relayEach(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(hi + `data: {"type":"tool"}` + "\n\n" + `data: {"type":`)
		time.Sleep(50 * time.Second)
		s.Send(`"done"}` + "\n\n")
	}, func(w *widget, b *relayed) {
		begun := time.Now()
		resp := w.post(body("", ""))
		got := make([]byte, len(hi))
		_, err := io.ReadFull(resp.Body, got)
		require.NoError(t, err)
		require.Equal(t, hi, string(got))
		require.Zero(t, time.Since(begun))
		require.Equal(t, []string{":", ":", ":", "done"}, read(t, resp).types)
	})
}

// TestRelayStartsNoGoroutine covers the answer and the heartbeats.
func TestRelayStartsNoGoroutine(t *testing.T) {
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(hi).Hold()
	}, nil, func(w *widget) {
		resp := w.post(body("Hello", ""))
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		require.Contains(t, string(stacks), "agento-go/chathttp.(*relay).run")
		for line := range strings.Lines(string(stacks)) {
			if strings.HasPrefix(line, "created by github.com/remsyshq") {
				require.Regexp(t, "_test|/internal/test/", line)
			}
		}
		require.NoError(t, resp.Body.Close())
	})
}

// TestRelayClosedStream checks that a closed stream is not a complete answer.
func TestRelayClosedStream(t *testing.T) {
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(hi).Hold() }, nil, func(w *harness.Env) {
		s := w.Send(w.Ctx)
		synctest.Wait()
		require.NoError(t, s.Close())
		recorder := httptest.NewRecorder()
		require.ErrorIs(t, chathttp.Relay(recorder, s), agento.ErrStreamTruncated)
		require.Contains(t, recorder.Body.String(), `"code":"interrupted"`)
	})
}
