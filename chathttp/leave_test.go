package chathttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// ending is when the service's request ended, and whether the answer was complete.
type ending struct {
	at    time.Time
	whole bool
}

// talking sends an event a second, then done, unless the request is canceled.
func talking(seconds int, ended chan<- ending) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for range seconds {
			s.Send(hi)
			select {
			case <-r.Context().Done():
				ended <- ending{time.Now(), false}
				return
			case <-time.After(time.Second):
			}
		}
		s.Send(done)
		ended <- ending{time.Now(), true}
	}
}

// leave sends a message and disconnects after d, before or after the headers have
// arrived.
func leave(w *widget, d time.Duration) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.Ctx, d)
	defer cancel()
	begun, browser := time.Now(), w.dial()
	resp, err := browser.Do(w.request(ctx, browser, http.MethodPost, strings.NewReader(body("Hello", ""))))
	if err == nil {
		_, _ = io.ReadAll(resp.Body) // over TLS the body may end without an error
		_ = resp.Body.Close()
	}
	require.Equal(w.T, d, time.Since(begun))
}

func TestBrowserLeaves(t *testing.T) {
	for name, after := range map[string]time.Duration{"in the middle": 3500 * time.Millisecond, "immediately": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			for proto, p := range harness.Protocols {
				t.Run(proto, func(t *testing.T) {
					var answer http.HandlerFunc
					inWidget(t, p, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, nil, func(w *widget) {
						ended := make(chan ending, 1)
						answer = talking(100, ended)
						begun := time.Now()
						leave(w, after)
						e := <-ended
						require.False(t, e.whole)
						require.Equal(t, after, e.at.Sub(begun), "the request to the service ends at the same time")
						synctest.Wait()
						require.Contains(t, w.log.String(), "chat turn ended: browser disconnected")
						require.NotContains(t, w.log.String(), `"level":"WARN"`)
					})
				})
			}
		})
	}
}

// TestBrowserLeavesWhileServiceSilent disconnects before the headers, and between
// two events.
func TestBrowserLeavesWhileServiceSilent(t *testing.T) {
	for name, pieces := range map[string][]string{"before the headers": nil, "after an event": {hi}} {
		t.Run(name, func(t *testing.T) {
			for proto, p := range harness.Protocols {
				t.Run(proto, func(t *testing.T) {
					var gone time.Time
					inWidget(t, p, func(w http.ResponseWriter, r *http.Request) {
						harness.Stream(w, r).Send(pieces...).Hold()
						gone = time.Now()
					}, nil, func(w *widget) {
						begun := time.Now()
						leave(w, 50*time.Second)
						synctest.Wait()
						require.Equal(t, 50*time.Second, gone.Sub(begun))
						require.NoError(t, w.handler.Shutdown(w.Ctx), "the turn's slot is free")
					})
				})
			}
		})
	}
}

func TestFinishTurns(t *testing.T) {
	cases := map[string]struct {
		timeout time.Duration
		whole   bool
		after   time.Duration
	}{
		"to its end":         {0, true, 100 * time.Second},
		"within TurnTimeout": {time.Minute, false, time.Minute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for proto, p := range harness.Protocols {
				t.Run(proto, func(t *testing.T) {
					var answer http.HandlerFunc
					configure := func(config *chathttp.Config) {
						config.FinishTurns, config.TurnTimeout = true, c.timeout
					}
					inWidget(t, p, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, configure, func(w *widget) {
						ended := make(chan ending, 1)
						answer = talking(100, ended)
						begun := time.Now()
						leave(w, 3500*time.Millisecond)
						ctx, cancel := context.WithTimeout(w.Ctx, time.Second)
						require.ErrorIs(t, w.handler.Shutdown(ctx), context.DeadlineExceeded, "Shutdown waits for it")
						cancel()
						e := <-ended
						require.Equal(t, c.whole, e.whole)
						require.Equal(t, c.after, e.at.Sub(begun))
						require.NoError(t, w.handler.Shutdown(w.Ctx))
						require.Equal(t, !c.whole, strings.Contains(w.log.String(), "TurnTimeout"))
					})
				})
			}
		})
	}
}

// TestTurnLeavesNoConnection checks that the stream ends with the turn, even where
// closing takes time.
func TestTurnLeavesNoConnection(t *testing.T) {
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(hi).Hold()
	}, nil, func(w *widget) {
		var ended atomic.Bool
		client := harness.Client(t, &http.Transport{DialContext: w.Listener.Dial}, agento.WithObserver(agento.Observer{
			StreamEnd: func(context.Context, agento.CallInfo, agento.StreamEndInfo) {
				time.Sleep(500 * time.Millisecond)
				ended.Store(true)
			},
		}))
		turn := func(begin func()) {
			handler, err := chathttp.NewHandler(client, widgetConfig())
			require.NoError(t, err)
			w.swap(handler)
			ended.Store(false)
			begin()
			synctest.Wait()
			require.NoError(t, handler.Shutdown(w.Ctx))
			require.True(t, ended.Load())
		}
		turn(func() { leave(w, time.Second) })
		var conn net.Conn
		turn(func() { // it does not read, and is disconnected
			message := body("Hello", "")
			conn = w.raw(len(message)) // after the new handler is installed
			_, err := io.WriteString(conn, message)
			require.NoError(t, err)
		})
		require.NoError(t, conn.Close())
		client.CloseIdleConnections()
	})
}

// TestServerWithTimeouts checks that a server's timeouts do not truncate answers.
func TestServerWithTimeouts(t *testing.T) {
	setup := func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = 5*time.Second, 5*time.Second }
	for name, p := range harness.Protocols {
		t.Run(name, func(t *testing.T) {
			var answer http.HandlerFunc
			inWidgetServer(t, p, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, nil, setup, func(w *widget) {
				ended := make(chan ending, 1)
				answer = talking(60, ended)
				require.Len(t, w.say("pia", "").types, 62)
				require.True(t, (<-ended).whole)
			})
		})
	}
}
