package agento_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// A stream that began with five lines must not deliver older ones after a
// reconnect.
func TestLogReconnectBringsNothingOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithLogIDs(false), agentotest.WithInMemory())
		defer s.Close()
		id := s.AddAgent(agentotest.AgentSeed{})
		for i := range 50 {
			time.Sleep(time.Second)
			s.AppendLog(id, "INFO", fmt.Sprintf("line %d", i))
		}
		stream, err := s.Client().Logs.Stream(t.Context(), id, &agento.LogsParams{Tail: 5})
		require.NoError(t, err)
		defer stream.Close()
		for i := range 5 {
			require.Equal(t, fmt.Sprintf("line %d", 45+i), (<-stream.Events()).Message)
		}
		s.DropLogStreams()
		time.Sleep(time.Millisecond)
		s.AppendLog(id, "INFO", "line 50")
		require.True(t, (<-stream.Events()).Reconnected)
		require.Equal(t, "line 50", (<-stream.Events()).Message)
	})
}

// A connection that breaks before its first line must not cost the lines that
// were asked for.
func TestLogReconnectKeepsTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory())
		defer s.Close()
		id := s.AddAgent(agentotest.AgentSeed{})
		for i := range 5 {
			s.AppendLog(id, "INFO", fmt.Sprintf("line %d", i))
		}
		s.Next("Logs.Stream", 1, agentotest.Cut(3))
		stream, err := s.Client().Logs.Stream(t.Context(), id, &agento.LogsParams{Tail: 5})
		require.NoError(t, err)
		defer stream.Close()
		require.True(t, (<-stream.Events()).Reconnected)
		require.Equal(t, "line 0", (<-stream.Events()).Message)
	})
}

// What came out of order on one connection is not taken for something older.
func TestLogOutOfOrderAfterReconnect(t *testing.T) {
	connections := 0
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if connections++; connections == 1 {
			stream(w, r).send(": nothing yet\n\n")
			return
		}
		stream(w, r).send(
			`data: {"line":"2026-01-01T00:00:01Z INFO one"}`+"\n\n",
			`data: {"line":"2026-01-01T00:00:00Z INFO late"}`+"\n\n",
			"event: close\ndata: {}\n\n")
	}, nil, func(w *world) {
		stream, err := w.client.Logs.Stream(w.ctx, "a1", nil)
		require.NoError(t, err)
		var got []string
		for entry, err := range stream.All() {
			require.NoError(t, err)
			got = append(got, entry.Message)
		}
		require.Equal(t, []string{"", "one", "late"}, got)
	})
}

// timed is a line of a log that tells its time, and has no id.
func timed(clock, text string) string {
	return line("", `{"timestamp":"2026-01-01T`+clock+`Z","line":"`+text+`"}`)
}

// A clock that was ahead when the log began, and was then set right, takes no line
// away, on however many connections; nor does one that is set back later.
func TestLogClockSetBack(t *testing.T) {
	inWorld(t, logService(
		func(s streaming) { s.send(timed("11:00:00", "boot")) },
		func(s streaming) {
			require.Equal(t, "200", s.request.URL.Query().Get("tail"))
			s.send(timed("11:00:00", "boot"), timed("10:00:01", "clock set"), timed("10:00:02", "one"))
		},
		func(s streaming) { s.send(timed("10:00:03", "two"), timed("10:30:00", "three")) },
		func(s streaming) {
			s.send(timed("10:30:00", "three"), timed("09:00:00", "set again"), timed("09:00:01", "four"), closeEvent)
		},
	)(), nil, func(w *world) {
		require.Equal(t, []string{"boot", "~", "clock set", "one", "~", "two", "three", "~", "set again", "four"}, lines(follow(w, nil)))
	})
}

// Of history that was asked for again, what is older than the log is left out, a
// line without a time in between or not.
func TestLogReplayGoesBackTooFar(t *testing.T) {
	inWorld(t, logService(
		func(s streaming) { s.send(timed("10:00:02", "late"), timed("10:00:01", "early")) },
		func(s streaming) {
			s.send(timed("09:00:00", "old"), line("", "no time"), timed("10:00:00", "old too"))
			s.send(timed("10:00:02", "late"), timed("10:00:01", "early"), timed("10:00:00", "new, and behind"), closeEvent)
		},
	)(), nil, func(w *world) {
		require.Equal(t, []string{"late", "early", "~", "no time", "new, and behind"}, lines(follow(w, nil)))
	})
}

// Where no history was asked for again, nothing is too old.
func TestLogOldTimeWithoutReplay(t *testing.T) {
	for name, begin := range map[string]string{"lines without a time": line("", "begin"), "ids": line("1", "begin")} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, logService(
				func(s streaming) { s.send(begin, timed("10:00:00", "invoice due")) },
				func(s streaming) {
					require.Empty(t, s.request.URL.Query().Get("tail"))
					s.send(timed("09:00:00", "invoice overdue"), line("", "end"), closeEvent)
				},
			)(), nil, func(w *world) {
				require.Equal(t, []string{"begin", "invoice due", "~", "invoice overdue", "end"}, lines(follow(w, nil)))
			})
		})
	}
}

// A service that goes back further than it was asked does not make the lines come
// twice, and one that counts anew does not make them go.
func TestLogReplaysMoreThanTheLastID(t *testing.T) {
	connections := 0
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		s := stream(w, r)
		if connections++; connections == 1 {
			s.send("id: 1\ndata: one\n\n", "id: 2\ndata: two\n\n", "id: 3\ndata: three\n\n")
			return
		}
		s.send("id: 1\ndata: one\n\n", "id: 2\ndata: new\n\n", "id: 3\ndata: three\n\n", "id: 4\ndata: four\n\n", "event: close\n\n")
	}, nil, func(w *world) {
		log, err := w.client.Logs.Stream(w.ctx, "a1", nil)
		require.NoError(t, err)
		var lines []string
		for e := range log.Events() {
			lines = append(lines, e.Line)
		}
		require.NoError(t, log.Err())
		require.Equal(t, []string{"one", "two", "three", "", "new", "four"}, lines)
	})
}

// Of a replay that is longer than what is remembered, only what was forgotten comes
// twice, and what came last stays known.
func TestLogReplaysMoreThanIsRemembered(t *testing.T) {
	for name, id := range map[string]func(i int) string{
		"ids": func(i int) string { return fmt.Sprint("n", i) }, "times": func(int) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			history := func(from, to int) (wire string, texts []string) {
				for i := from; i < to; i++ {
					text := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339) + fmt.Sprint(" line ", i)
					wire, texts = wire+line(id(i), text), append(texts, text)
				}
				return wire, texts
			}
			begun, first := history(0, 1500)
			whole, all := history(0, 1501)
			newest, _ := history(501, 1501)
			inWorld(t, logService(
				func(s streaming) { s.send(begun) },
				func(s streaming) { s.send(whole) },
				func(s streaming) { s.send(newest, line(id(1501), "end"), closeEvent) },
			)(), nil, func(w *world) {
				want := slices.Concat(first, []string{"~"}, all[:500], all[1500:], []string{"~", "end"})
				require.Equal(t, want, lines(follow(w, nil)))
			})
		})
	}
}

// A service that has restarted counts its ids anew, and gets to the one that was
// resumed from with another line.
func TestLogCountsPastTheLastID(t *testing.T) {
	inWorld(t, logService(
		func(s streaming) { s.send(line("1", "a"), line("2", "b"), line("3", "c")) },
		func(s streaming) {
			require.Equal(t, "3", s.request.Header.Get("Last-Event-ID"))
			s.send(line("1", "new a"), line("2", "new b"), line("3", "new c"), line("4", "new d"))
		},
		func(s streaming) {
			s.send(line("4", "new d, said otherwise"), "event: beat\nid: 5\n\n", line("4", "newer"), closeEvent)
		},
	)(), nil, func(w *world) {
		require.Equal(t, []string{"a", "b", "c", "~", "new a", "new b", "new c", "new d", "~", "newer"}, lines(follow(w, nil)))
	})
}

// The marker of a new connection is not what an observer waits for as the first
// event, but it is delivered, and counts so.
func TestLogMarkerIsNoFirstEvent(t *testing.T) {
	var after []time.Duration
	delivered := 0
	observer := agento.WithObserver(agento.Observer{
		FirstEvent: func(_ context.Context, _ agento.CallInfo, d time.Duration) { after = append(after, d) },
		StreamEnd:  func(_ context.Context, _ agento.CallInfo, e agento.StreamEndInfo) { delivered = e.Events },
	})
	inWorld(t, logService(
		func(s streaming) { s.send(": nothing yet\n\n") },
		func(s streaming) {
			s.send(": nothing yet\n\n")
			time.Sleep(time.Minute)
			s.send(line("1", "a"), line("2", "b"))
		},
		func(s streaming) { s.send(line("3", "c"), closeEvent) },
	)(), []agento.Option{observer}, func(w *world) {
		require.Equal(t, []string{"~", "a", "b", "~", "c"}, lines(follow(w, nil)))
		require.Len(t, after, 1)
		require.GreaterOrEqual(t, after[0], time.Minute)
		require.Equal(t, 5, delivered)
	})
}

// A service that lets nobody connect again for days ends the log, and says so.
func TestLogRetryBeyondTheLimit(t *testing.T) {
	for retry, want := range map[string]time.Duration{"90000": 90 * time.Second, "9223372036854775807": 1<<63 - 1} {
		inWorld(t, func(w http.ResponseWriter, r *http.Request) { stream(w, r).send("retry: " + retry + "\n\n") }, nil, func(w *world) {
			begun := time.Now()
			log, err := w.client.Logs.Stream(w.ctx, "a1", nil)
			require.NoError(t, err)
			for range log.Events() {
			}
			require.ErrorIs(t, log.Err(), agento.ErrStreamTruncated)
			require.Equal(t, want, streamError(t, log.Err()).RetryAfter)
			require.Zero(t, time.Since(begun))
		})
	}
}
