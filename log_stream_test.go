package agento_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestLogStreamResumesByID(t *testing.T) {
	harness.FollowEach(t, harness.LogService(
		func(s harness.Streaming) {
			s.Send(harness.Line("1", "a"), harness.Line("2", "b"), "id: 3\ndata: half").Abort()
		},
		func(s harness.Streaming) {
			require.Equal(t, "2", s.Request.Header.Get("Last-Event-ID"))
			require.Empty(t, s.Request.URL.Query().Get("tail"), "history is requested once")
			s.Send(harness.Line("2", "b"), harness.Line("3", "c"))
		},
		func(s harness.Streaming) {
			require.Equal(t, "3", s.Request.Header.Get("Last-Event-ID"))
			s.Send(harness.Line("4", "d"), harness.Line("", "e"), harness.CloseEvent)
		},
	), nil, func(w *harness.Env) {
		s := w.Follow(&agento.LogsParams{Tail: 2})
		require.Equal(t, []string{"a", "b", "~", "c", "~", "d", "e"}, harness.Lines(s))
		require.NoError(t, s.Err(), "the service ended the log")
	})
}

// A log that has ended leaves nothing in the caller's context.
func TestLogStreamReleasesContextAtEnd(t *testing.T) {
	for _, end := range []string{harness.CloseEvent, "event: error\ndata: failed\n\n"} {
		var sent context.Context
		client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
			sent = r.Context()
			return harness.Respond(200, end, "Content-Type", "text/event-stream"), nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // earlier than the idle timeout
		defer cancel()
		s, err := client.Logs.Stream(ctx, "a1", nil)
		require.NoError(t, err)
		for range s.All() {
		}
		require.ErrorIs(t, sent.Err(), context.Canceled)
		require.NoError(t, ctx.Err())
	}
}

// Lines with a time differ, so the gap is filled and no line comes twice.
func TestLogStreamResumesByTime(t *testing.T) {
	at := func(second int) string {
		return fmt.Sprintf("data: {\"timestamp\":\"2026-01-15T10:30:%02d.000Z\",\"line\":\"line %d\"}\n\n", second, second)
	}
	harness.FollowEach(t, harness.LogService(
		func(s harness.Streaming) { s.Send(at(1), at(2)).Abort() },
		func(s harness.Streaming) {
			require.Empty(t, s.Request.Header.Get("Last-Event-ID"))
			require.Equal(t, "2", s.Request.URL.Query().Get("tail"))
			s.Send(at(1), at(2), at(3), at(3), at(4), harness.CloseEvent)
		},
	), nil, func(w *harness.Env) {
		s := w.Follow(nil)
		require.Equal(t, []string{"line 1", "line 2", "~", "line 3", "line 3", "line 4"}, harness.Lines(s))
	})
}

// Lines with neither an ID nor a time may be equal. The gap is marked.
func TestLogStreamPlainLines(t *testing.T) {
	harness.FollowEach(t, harness.LogService(
		func(s harness.Streaming) { s.Send(harness.Line("", "tick"), harness.Line("", "tick")).Abort() },
		func(s harness.Streaming) {
			require.Equal(t, "2", s.Request.URL.Query().Get("tail"))
			s.Send(harness.Line("", "tick"), harness.Line("", "tick"), harness.Line("", "tock"), harness.Line("", "tick"), harness.CloseEvent)
		},
	), nil, func(w *harness.Env) {
		require.Equal(t, []string{"tick", "tick", "~", "tock", "tick"}, harness.Lines(w.Follow(nil)))
	})
}

// Silence is normal in a log: it costs a new connection and is not an error.
func TestLogStreamIdleReconnects(t *testing.T) {
	harness.FollowEach(t, harness.LogService(
		func(s harness.Streaming) { s.Send(harness.Line("1", "a")).Hold() },
		func(s harness.Streaming) {
			for range 3 {
				time.Sleep(100 * time.Second)
				s.Send(": alive\n\n")
			}
			s.Send(harness.Line("2", "b"), harness.CloseEvent)
		},
	), nil, func(w *harness.Env) {
		begun := time.Now()
		require.Equal(t, []string{"a", "~", "b"}, harness.Lines(w.Follow(nil)))
		took := time.Since(begun)
		require.GreaterOrEqual(t, took, 420*time.Second+500*time.Millisecond)
		require.LessOrEqual(t, took, 420*time.Second+650*time.Millisecond)
	})
}

func TestLogStreamFinalResponses(t *testing.T) {
	first := func(s harness.Streaming) { s.Send(harness.Line("1", "a")) }
	for status, want := range map[int]error{
		204: nil, 401: agento.ErrUnauthorized, 403: agento.ErrForbidden, 404: agento.ErrNoRoute,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			harness.FollowEach(t, harness.LogService(first, harness.Refuse(status)), nil, func(w *harness.Env) {
				s := w.Follow(nil)
				require.Equal(t, []string{"a"}, harness.Lines(s))
				require.ErrorIs(t, s.Err(), want)
			})
		})
	}
	t.Run("another thing than a stream", func(t *testing.T) {
		harness.FollowEach(t, harness.LogService(first, func(s harness.Streaming) {
			s.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(s, "<html>maintenance</html>")
		}), nil, func(w *harness.Env) {
			s := w.Follow(nil)
			require.Equal(t, []string{"a"}, harness.Lines(s))
			require.ErrorIs(t, s.Err(), agento.ErrNotEventStream)
		})
	})
}

// The wait grows while connections fail, honors Retry-After and retry:, and starts over
// after a good connection.
func TestLogStreamBackoff(t *testing.T) {
	var at []time.Time
	opened := func(play func(harness.Streaming)) func(harness.Streaming) {
		return func(s harness.Streaming) {
			at = append(at, time.Now())
			play(s)
		}
	}
	harness.Run(t, harness.LogService(
		opened(func(s harness.Streaming) { s.Send(harness.Line("1", "a")) }),
		opened(harness.Refuse(500)), opened(harness.Refuse(503)), opened(harness.Refuse(502)), opened(harness.Refuse(502)), opened(harness.Refuse(502)), opened(harness.Refuse(502)),
		opened(func(s harness.Streaming) { s.Header().Set("Retry-After", "30"); s.WriteHeader(429) }),
		opened(func(s harness.Streaming) {
			s.Send("retry: 3000\n\n")
			time.Sleep(time.Minute)
		}),
		opened(func(s harness.Streaming) { s.Send(harness.CloseEvent) }),
	)(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"a", "~"}, harness.Lines(w.Follow(nil)))
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

func TestLogStreamCloseWhileWaiting(t *testing.T) {
	harness.FollowEach(t, harness.LogService(func(s harness.Streaming) { s.Send(harness.Line("1", "a")) }, harness.Refuse(500)), nil, func(w *harness.Env) {
		s := w.Follow(nil)
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

func TestLogEntryDecoded(t *testing.T) {
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
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "3", r.URL.Query().Get("limit"))
			_, _ = io.WriteString(w, `{"data":[`+raw+`],"pagination":{"total":1,"limit":1,"offset":0}}`)
		}, nil, func(w *harness.Env) {
			got, err := w.Client.Logs.Recent(w.Ctx, "a1", &agento.LogsParams{Limit: 3})
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
