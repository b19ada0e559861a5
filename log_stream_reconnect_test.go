package agento_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// A stream that began with five lines delivers no older ones after a reconnect.
func TestLogStreamReconnectSkipsOlderLines(t *testing.T) {
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

// A connection that breaks before its first line does not lose the lines that were
// asked for.
func TestLogStreamReconnectKeepsTail(t *testing.T) {
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

// A line that is older than the one before it is delivered.
func TestLogStreamOutOfOrderLines(t *testing.T) {
	connections := 0
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		if connections++; connections == 1 {
			harness.Stream(w, r).Send(": nothing yet\n\n")
			return
		}
		harness.Stream(w, r).Send(
			`data: {"line":"2026-01-01T00:00:01Z INFO one"}`+"\n\n",
			`data: {"line":"2026-01-01T00:00:00Z INFO late"}`+"\n\n",
			"event: close\ndata: {}\n\n")
	}, nil, func(w *harness.Env) {
		stream, err := w.Client.Logs.Stream(w.Ctx, "a1", nil)
		require.NoError(t, err)
		var got []string
		for entry, err := range stream.All() {
			require.NoError(t, err)
			got = append(got, entry.Message)
		}
		require.Equal(t, []string{"", "one", "late"}, got)
	})
}

// timed returns a log line with a time and no ID.
func timed(clock, text string) string {
	return harness.Line("", `{"timestamp":"2026-01-01T`+clock+`Z","line":"`+text+`"}`)
}

// A clock that is set back loses no line, however often the stream reconnects.
func TestLogStreamClockSetBack(t *testing.T) {
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) { s.Send(timed("11:00:00", "boot")) },
		func(s harness.Streaming) {
			require.Equal(t, "1", s.Request.URL.Query().Get("tail"))
			s.Send(timed("11:00:00", "boot"), timed("10:00:01", "clock set"), timed("10:00:02", "one"))
		},
		func(s harness.Streaming) { s.Send(timed("10:00:03", "two"), timed("10:30:00", "three")) },
		func(s harness.Streaming) {
			s.Send(timed("10:30:00", "three"), timed("09:00:00", "set again"), timed("09:00:01", "four"), harness.CloseEvent)
		},
	)(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"boot", "~", "clock set", "one", "~", "two", "three", "~", "set again", "four"}, harness.Lines(w.Follow(nil)))
	})
}

// A service that sends more history than it was asked for causes duplicates. Nothing
// is lost.
func TestLogStreamServiceIgnoresTail(t *testing.T) {
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) { s.Send(timed("10:00:01", "one"), timed("10:00:02", "two")) },
		func(s harness.Streaming) {
			s.Send(timed("09:00:00", "old"), timed("10:00:01", "one"), timed("10:00:02", "two"), timed("10:00:03", "three"), harness.CloseEvent)
		},
	)(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"one", "two", "~", "old", "one", "two", "three"}, harness.Lines(w.Follow(nil)))
	})
}

// The time of a line does not decide whether it is delivered.
func TestLogStreamOldTimes(t *testing.T) {
	for name, begin := range map[string]string{"lines without a time": harness.Line("", "begin"), "ids": harness.Line("1", "begin")} {
		t.Run(name, func(t *testing.T) {
			harness.Run(t, harness.LogService(
				func(s harness.Streaming) { s.Send(begin, timed("10:00:00", "invoice due")) },
				func(s harness.Streaming) {
					s.Send(timed("09:00:00", "invoice overdue"), harness.Line("", "end"), harness.CloseEvent)
				},
			)(), nil, func(w *harness.Env) {
				require.Equal(t, []string{"begin", "invoice due", "~", "invoice overdue", "end"}, harness.Lines(w.Follow(nil)))
			})
		})
	}
}

// A service that goes back further than the ID that was resumed after: the leading
// lines that were delivered are skipped, and the first that was not ends the skipping.
func TestLogStreamReplaysMoreThanTheLastID(t *testing.T) {
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) {
			s.Send(harness.Line("1", "one"), harness.Line("2", "two"), harness.Line("3", "three"))
		},
		func(s harness.Streaming) {
			s.Send(harness.Line("2", "two"), harness.Line("3", "three"), harness.Line("4", "four"), harness.Line("3", "three"), harness.CloseEvent)
		},
	)(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"one", "two", "three", "~", "four", "three"}, harness.Lines(w.Follow(nil)))
	})
}

// The newest 200 delivered lines are known. A service that repeats its whole history
// at each reconnect causes duplicates beyond that.
func TestLogStreamRemembers200Lines(t *testing.T) {
	for name, id := range map[string]func(i int) string{
		"ids": func(i int) string { return fmt.Sprint("n", i) }, "times": func(int) string { return "" },
	} {
		for _, n := range []int{150, 200, 201} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				var history string
				var texts []string
				for i := range n {
					text := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339) + fmt.Sprint(" line ", i)
					history, texts = history+harness.Line(id(i), text), append(texts, text)
				}
				harness.Run(t, harness.LogService(
					func(s harness.Streaming) { s.Send(history) },
					func(s harness.Streaming) { s.Send(history, harness.Line(id(n), "end"), harness.CloseEvent) },
				)(), nil, func(w *harness.Env) {
					want := append(slices.Clone(texts), "~")
					if n > 200 {
						want = append(want, texts...)
					}
					require.Equal(t, append(want, "end"), harness.Lines(w.Follow(nil)))
				})
			})
		}
	}
}

// A restarted service counts its IDs anew and reuses the ID that was resumed after for
// another line.
func TestLogStreamIDsRestart(t *testing.T) {
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) {
			s.Send(harness.Line("1", "a"), harness.Line("2", "b"), harness.Line("3", "c"))
		},
		func(s harness.Streaming) {
			require.Equal(t, "3", s.Request.Header.Get("Last-Event-ID"))
			s.Send(harness.Line("1", "new a"), harness.Line("2", "new b"), harness.Line("3", "new c"), harness.Line("4", "new d"))
		},
		func(s harness.Streaming) {
			s.Send(harness.Line("4", "new d, said otherwise"), "event: beat\nid: 5\n\n", harness.Line("4", "newer"), harness.CloseEvent)
		},
	)(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"a", "b", "c", "~", "new a", "new b", "new c", "new d", "~", "new d, said otherwise", "newer"}, harness.Lines(w.Follow(nil)))
	})
}

// An observer sees the first line, not the reconnect marker, as the first event. The
// marker counts as a delivered event.
func TestLogStreamMarkerNotFirstEvent(t *testing.T) {
	var after []time.Duration
	delivered := 0
	observer := agento.WithObserver(agento.Observer{
		FirstEvent: func(_ context.Context, _ agento.CallInfo, d time.Duration) { after = append(after, d) },
		StreamEnd:  func(_ context.Context, _ agento.CallInfo, e agento.StreamEndInfo) { delivered = e.Events },
	})
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) { s.Send(": nothing yet\n\n") },
		func(s harness.Streaming) {
			s.Send(": nothing yet\n\n")
			time.Sleep(time.Minute)
			s.Send(harness.Line("1", "a"), harness.Line("2", "b"))
		},
		func(s harness.Streaming) { s.Send(harness.Line("3", "c"), harness.CloseEvent) },
	)(), []agento.Option{observer}, func(w *harness.Env) {
		require.Equal(t, []string{"~", "a", "b", "~", "c"}, harness.Lines(w.Follow(nil)))
		require.Len(t, after, 1)
		require.GreaterOrEqual(t, after[0], time.Minute)
		require.Equal(t, 5, delivered)
	})
}

// A service that allows no reconnect for days ends the log.
func TestLogStreamRetryAboveLimit(t *testing.T) {
	for retry, want := range map[string]time.Duration{"90000": 90 * time.Second, "9223372036854775807": 1<<63 - 1} {
		harness.Run(t, func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send("retry: " + retry + "\n\n") }, nil, func(w *harness.Env) {
			begun := time.Now()
			log, err := w.Client.Logs.Stream(w.Ctx, "a1", nil)
			require.NoError(t, err)
			for range log.Events() {
			}
			require.ErrorIs(t, log.Err(), agento.ErrStreamTruncated)
			require.Equal(t, want, harness.StreamError(t, log.Err()).RetryAfter)
			require.Zero(t, time.Since(begun))
		})
	}
}

// Another line with an ID that was delivered is another line: IDs may be counted anew
// on each connection, or several lines may share one.
func TestLogStreamSharedIDs(t *testing.T) {
	for name, connections := range map[string][]string{
		"the ID that was resumed after": {harness.Line("1", "a"), harness.Line("1", "NEW")},
		"IDs per connection":            {harness.Line("1", "a") + harness.Line("2", "b"), harness.Line("1", "c") + harness.Line("2", "d")},
		"one ID for all lines":          {harness.Line("1", "a") + harness.Line("1", "b"), harness.Line("1", "b") + harness.Line("1", "c")},
	} {
		t.Run(name, func(t *testing.T) {
			harness.Run(t, harness.LogService(
				func(s harness.Streaming) { s.Send(connections[0]) },
				func(s harness.Streaming) { s.Send(connections[1], harness.CloseEvent) },
			)(), nil, func(w *harness.Env) {
				var want []string
				for _, c := range []string{connections[0], "~", connections[1]} {
					for l := range strings.SplitSeq(strings.TrimSpace(c), "\n\n") {
						text := l[strings.LastIndex(l, " ")+1:]
						if !slices.Contains(want, text) {
							want = append(want, text)
						}
					}
				}
				require.Equal(t, want, harness.Lines(w.Follow(nil)))
			})
		})
	}
}

// A blank line of a log is a line.
func TestLogStreamBlankLines(t *testing.T) {
	harness.Run(t, harness.LogService(func(s harness.Streaming) {
		s.Send("data:\n\n", harness.Line("", `""`), harness.Line("", `{"line":""}`), "data\n\n", harness.CloseEvent)
	})(), nil, func(w *harness.Env) {
		require.Equal(t, []string{"", "", "", ""}, harness.Lines(w.Follow(nil)))
	})
}

// A quiet log is silent for an hour and gets no mark where the ID that was resumed
// after proves that nothing is missing.
func TestLogStreamQuietLogNotMarked(t *testing.T) {
	n := 0
	harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		s := harness.Stream(w, r)
		switch {
		case n == 1:
			s.Send(harness.Line("7", "a")).Hold()
		case n < 30:
			require.Equal(t, "7", r.Header.Get("Last-Event-ID"))
			s.Hold()
		default:
			s.Send(harness.Line("8", "b"), harness.CloseEvent)
		}
	}, nil, func(w *harness.Env) {
		require.Equal(t, []string{"a", "~", "b"}, harness.Lines(w.Follow(nil)))
	})
}

// LogEntry.ID and LogsParams.After let a tail survive a restart of its program.
func TestLogStreamResumesAfterRestart(t *testing.T) {
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) { s.Send(harness.Line("1", "a"), harness.Line("2", "b")).Hold() },
		func(s harness.Streaming) { // its first connection drops before a line
			require.Equal(t, "2", s.Request.Header.Get("Last-Event-ID"))
			s.Send(": nothing yet\n\n").Abort()
		},
		func(s harness.Streaming) {
			require.Equal(t, "2", s.Request.Header.Get("Last-Event-ID"))
			require.Empty(t, s.Request.URL.Query().Get("tail"))
			s.Send(harness.Line("3", "c"), harness.CloseEvent)
		},
	)(), nil, func(w *harness.Env) {
		var last string
		first := w.Follow(nil)
		for e, err := range first.All() {
			require.NoError(t, err)
			if last = e.ID; last == "2" {
				break
			}
		}
		require.Equal(t, []string{"c"}, harness.Lines(w.Follow(&agento.LogsParams{After: last, Tail: 5})))
	})
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) { t.Error("sent"); return nil, io.EOF }))
	for want, p := range map[string]agento.LogsParams{"Limit": {Limit: 1}, "After": {After: "a\nb"}} {
		_, err := client.Logs.Stream(t.Context(), "a1", &p)
		require.ErrorIs(t, err, agento.ErrValidation)
		require.ErrorContains(t, err, want)
	}
	for want, p := range map[string]agento.LogsParams{"Tail": {Tail: 1}, "After": {After: "7"}} {
		_, err := client.Logs.Recent(t.Context(), "a1", &p)
		require.ErrorIs(t, err, agento.ErrValidation)
		require.ErrorContains(t, err, want)
	}
}

// Reconnects wait for the rate limit behind calls that a person waits for.
func TestLogStreamReconnectsAsBulk(t *testing.T) {
	pacer := &bulkCounter{}
	harness.Run(t, harness.LogService(
		func(s harness.Streaming) { s.Send(harness.Line("1", "a")) }, harness.Refuse(503), func(s harness.Streaming) { s.Send(harness.CloseEvent) },
	)(), []agento.Option{agento.WithPacer(pacer)}, func(w *harness.Env) {
		require.Equal(t, []string{"a", "~"}, append(harness.Lines(w.Follow(nil)), "~")[:2])
		require.Equal(t, []bool{false, true, true}, pacer.bulk)
	})
}

type bulkCounter struct{ bulk []bool }

func (p *bulkCounter) Acquire(_ context.Context, r agento.PaceRequest) error {
	p.bulk = append(p.bulk, r.Bulk)
	return nil
}
func (p *bulkCounter) Observe(agento.PaceResult) {}

// A day with a line a second and a drop every five minutes: with IDs or times nothing
// is lost, with IDs nothing comes twice; without either every gap is marked.
func TestLogStreamForADay(t *testing.T) {
	const day, drop = 24 * 60 * 60, 5 * 60
	for name, c := range map[string]struct {
		ids, times bool
		restarts   bool // each connection starts with the same IDs
	}{
		"ids": {ids: true}, "times": {times: true}, "neither": {}, "ids that restart": {ids: true, times: true, restarts: true},
	} {
		t.Run(name, func(t *testing.T) {
			var begun time.Time
			harness.Run(t, func(w http.ResponseWriter, r *http.Request) {
				s := harness.Stream(w, r)
				now := func() int { return int(time.Since(begun) / time.Second) }
				from, first := now(), now()
				if id, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil && !c.restarts {
					from = id + 1
				} else if tail, err := strconv.Atoi(r.URL.Query().Get("tail")); err == nil {
					from = max(0, from-tail)
				} else if c.restarts {
					from = max(0, from-10)
				}
				for i := from; i < day; i++ {
					if i > now() {
						time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second)))
					}
					text, id := fmt.Sprint(" line ", i%50), ""
					if c.times {
						text = begun.Add(time.Duration(i)*time.Second).Format(time.RFC3339) + text
					}
					if c.ids {
						id = strconv.Itoa(i)
						if c.restarts {
							id = strconv.Itoa(i - from + 1)
						}
					}
					s.Send(harness.Line(id, text))
					if i-first >= drop {
						s.Abort()
					}
				}
				s.Send(harness.CloseEvent)
			}, nil, func(w *harness.Env) {
				begun = time.Now()
				got := map[string]int{}
				marks, total := 0, 0
				for e, err := range w.Follow(nil).All() {
					require.NoError(t, err)
					if e.Reconnected {
						marks++
						continue
					}
					total++
					got[cmp.Or(timeOf(e), e.ID)]++
				}
				require.GreaterOrEqual(t, marks, day/drop-2)
				if c.ids || c.times {
					require.Len(t, got, day, "lost")
				}
				if c.ids && !c.restarts {
					require.Equal(t, day, total, "delivered twice")
				}
				t.Log(name, "lines", total, "marks", marks)
			})
		})
	}
}

func timeOf(e agento.LogEntry) string {
	if e.Time == nil {
		return ""
	}
	return e.Time.String()
}

// Without IDs, a connection after a gap asks for lines after the gap only, so that its
// replay begins with lines that were delivered.
func TestLogStreamReplayAfterGap(t *testing.T) {
	log := []string{harness.Line("", "1"), harness.Line("", "2"), harness.Line("", "3"), harness.Line("", "4")}
	service := harness.LogService(
		func(s harness.Streaming) { s.Send(log[0]).Abort() },
		func(s harness.Streaming) { s.Send(log[2], log[3]).Abort() },
		func(s harness.Streaming) {
			tail, _ := strconv.Atoi(s.Request.URL.Query().Get("tail"))
			s.Send(log[len(log)-tail:]...).Send(harness.Line("", "5"), harness.CloseEvent)
		},
	)
	harness.FollowEach(t, service, nil, func(env *harness.Env) {
		stream := env.Follow(nil)
		require.Equal(t, []string{"1", "~", "3", "4", "~", "5"}, harness.Lines(stream))
		require.NoError(t, stream.Err())
	})
}
