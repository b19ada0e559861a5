package agento_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// logService is a log stream whose connections a test plays one after the other;
// the last one is played again for all that follow.
func logService(connections ...func(s streaming)) func() http.HandlerFunc {
	return func() http.HandlerFunc {
		n := 0
		return func(w http.ResponseWriter, r *http.Request) {
			play := connections[min(n, len(connections)-1)]
			n++
			play(stream(w, r))
		}
	}
}

// followEach runs a test over each form of connection, the service new for each.
func followEach(t *testing.T, service func() http.HandlerFunc, opts []agento.Option, test func(w *world)) {
	t.Helper()
	for name, proto := range protocols {
		t.Run(name, func(t *testing.T) { inWorldOver(t, proto, service(), opts, test) })
	}
}

func refuse(status int) func(streaming) {
	return func(s streaming) { s.WriteHeader(status) }
}

func follow(w *world, p *agento.LogsParams, opts ...agento.Option) *agento.LogStream {
	w.t.Helper()
	s, err := w.client.Logs.Stream(w.ctx, "a1", p, opts...)
	require.NoError(w.t, err)
	return s
}

// lines reads a log to its end, markers as "~".
func lines(s *agento.LogStream) []string {
	var all []string
	for e := range s.Events() {
		if e.Reconnected {
			all = append(all, "~")
			continue
		}
		all = append(all, e.Line)
	}
	return all
}

func line(id, text string) string {
	if id != "" {
		id = "id: " + id + "\n"
	}
	return id + "data: " + text + "\n\n"
}

const closeEvent = "event: close\ndata: bye\n\n"

func TestLogsFollowWithIDs(t *testing.T) {
	followEach(t, logService(
		func(s streaming) { s.send(line("1", "a"), line("2", "b"), "id: 3\ndata: half").abort() },
		func(s streaming) {
			require.Equal(t, "2", s.request.Header.Get("Last-Event-ID"))
			require.Empty(t, s.request.URL.Query().Get("tail"), "history was asked for once")
			s.send(line("2", "b"), line("3", "c"))
		},
		func(s streaming) {
			require.Equal(t, "3", s.request.Header.Get("Last-Event-ID"))
			s.send(line("4", "d"), line("", "e"), closeEvent)
		},
	), nil, func(w *world) {
		s := follow(w, &agento.LogsParams{Tail: 2})
		require.Equal(t, []string{"a", "b", "~", "c", "~", "d", "e"}, lines(s))
		require.NoError(t, s.Err(), "the service said that there is no more")
	})
}

// TestLogsFollowWithoutIDs: lines with a time can be told apart, so the gap is
// filled and nothing comes twice.
func TestLogsFollowWithoutIDs(t *testing.T) {
	at := func(second int) string {
		return fmt.Sprintf("data: {\"timestamp\":\"2026-01-15T10:30:%02d.000Z\",\"line\":\"line %d\"}\n\n", second, second)
	}
	followEach(t, logService(
		func(s streaming) { s.send(at(1), at(2)).abort() },
		func(s streaming) {
			require.Empty(t, s.request.Header.Get("Last-Event-ID"))
			require.Equal(t, "2", s.request.URL.Query().Get("tail"))
			s.send(at(1), at(2), at(3), at(3), at(4), closeEvent)
		},
	), nil, func(w *world) {
		s := follow(w, nil)
		require.Equal(t, []string{"line 1", "line 2", "~", "line 3", "line 3", "line 4"}, lines(s))
	})
}

// Lines with neither an ID nor a time cannot be told apart. The gap is marked.
func TestLogStreamPlainLines(t *testing.T) {
	followEach(t, logService(
		func(s streaming) { s.send(line("", "tick"), line("", "tick")).abort() },
		func(s streaming) {
			require.Equal(t, "2", s.request.URL.Query().Get("tail"))
			s.send(line("", "tick"), line("", "tick"), line("", "tock"), line("", "tick"), closeEvent)
		},
	), nil, func(w *world) {
		require.Equal(t, []string{"tick", "tick", "~", "tock", "tick"}, lines(follow(w, nil)))
	})
}

// TestLogsSilenceIsReplaced: silence is normal in a log, so it costs a new
// connection and no error.
func TestLogsSilenceIsReplaced(t *testing.T) {
	followEach(t, logService(
		func(s streaming) { s.send(line("1", "a")).hold() },
		func(s streaming) {
			for range 3 {
				time.Sleep(100 * time.Second)
				s.send(": alive\n\n")
			}
			s.send(line("2", "b"), closeEvent)
		},
	), nil, func(w *world) {
		begun := time.Now()
		require.Equal(t, []string{"a", "~", "b"}, lines(follow(w, nil)))
		took := time.Since(begun)
		require.GreaterOrEqual(t, took, 420*time.Second+500*time.Millisecond)
		require.LessOrEqual(t, took, 420*time.Second+650*time.Millisecond)
	})
}

func TestLogsFinalAnswers(t *testing.T) {
	first := func(s streaming) { s.send(line("1", "a")) }
	for status, want := range map[int]error{
		204: nil, 401: agento.ErrUnauthorized, 403: agento.ErrForbidden, 404: agento.ErrNoRoute,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			followEach(t, logService(first, refuse(status)), nil, func(w *world) {
				s := follow(w, nil)
				require.Equal(t, []string{"a"}, lines(s))
				require.ErrorIs(t, s.Err(), want)
			})
		})
	}
	t.Run("another thing than a stream", func(t *testing.T) {
		followEach(t, logService(first, func(s streaming) {
			s.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(s, "<html>maintenance</html>")
		}), nil, func(w *world) {
			s := follow(w, nil)
			require.Equal(t, []string{"a"}, lines(s))
			require.ErrorIs(t, s.Err(), agento.ErrNotEventStream)
		})
	})
}

// TestLogsBackOff: pauses grow while connections fail, obey the service's
// Retry-After and retry:, and begin anew after a good connection.
func TestLogsBackOff(t *testing.T) {
	var at []time.Time
	opened := func(play func(streaming)) func(streaming) {
		return func(s streaming) {
			at = append(at, time.Now())
			play(s)
		}
	}
	inWorld(t, logService(
		opened(func(s streaming) { s.send(line("1", "a")) }),
		opened(refuse(500)), opened(refuse(503)), opened(refuse(502)), opened(refuse(502)), opened(refuse(502)), opened(refuse(502)),
		opened(func(s streaming) { s.Header().Set("Retry-After", "30"); s.WriteHeader(429) }),
		opened(func(s streaming) {
			s.send("retry: 3000\n\n")
			time.Sleep(time.Minute)
		}),
		opened(func(s streaming) { s.send(closeEvent) }),
	)(), nil, func(w *world) {
		require.Equal(t, []string{"a", "~"}, lines(follow(w, nil)))
		want := []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 63000}
		require.Len(t, at, 1+len(want))
		for i, ms := range want {
			wait := ms * time.Millisecond
			got := at[i+1].Sub(at[i])
			require.GreaterOrEqual(t, got, wait, "pause %d", i)
			require.LessOrEqual(t, got, wait+wait/4+time.Millisecond, "pause %d", i)
		}
	})
}

func TestLogsCloseWhileWaiting(t *testing.T) {
	followEach(t, logService(func(s streaming) { s.send(line("1", "a")) }, refuse(500)), nil, func(w *world) {
		s := follow(w, nil)
		require.Equal(t, "a", (<-s.Events()).Line)
		time.Sleep(3 * time.Second)
		begun := time.Now()
		require.NoError(t, s.Close())
		synctest.Wait()
		require.Zero(t, time.Since(begun))
		for range s.Events() {
		}
		require.NoError(t, s.Err())
	})
}

func TestLogEntryForms(t *testing.T) {
	at := time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC)
	forms := map[string]agento.LogEntry{
		`{"line":"2026-01-15T10:30:00.000Z INFO ready"}`:                                 {Line: "2026-01-15T10:30:00.000Z INFO ready", Time: &at, Level: "INFO", Message: "ready"},
		`{"timestamp":"2026-01-15T10:30:00.000Z","level":"WARN","message":"slow","x":1}`: {Line: "slow", Time: &at, Level: "WARN", Message: "slow"},
		`"ERROR broken"`: {Line: "ERROR broken", Level: "ERROR", Message: "broken"},
		`"[INFO] ready"`: {Line: "[INFO] ready", Level: "INFO", Message: "ready"},
		`"plain text"`:   {Line: "plain text"},
		`{"odd":true}`:   {Line: `{"odd":true}`},
		`{"line":5}`:     {Line: `{"line":5}`},
		`{"line":"x","level":7,"timestamp":"yesterday"}`: {Line: "x"},
	}
	for raw, want := range forms {
		inWorld(t, func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "3", r.URL.Query().Get("limit"))
			_, _ = io.WriteString(w, `{"data":[`+raw+`],"pagination":{"total":1,"limit":1,"offset":0}}`)
		}, nil, func(w *world) {
			got, err := w.client.Logs.Recent(w.ctx, "a1", &agento.LogsParams{Limit: 3})
			require.NoError(t, err)
			require.Len(t, got, 1)
			require.Equal(t, raw, string(got[0].Raw()))
			require.Equal(t, want.Line, got[0].Line, raw)
			require.Equal(t, want.Time, got[0].Time, raw)
			require.Equal(t, want.Level, got[0].Level, raw)
			require.Equal(t, want.Message, got[0].Message, raw)
		})
	}
}
