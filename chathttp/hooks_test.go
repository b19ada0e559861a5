package chathttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestOnTurn(t *testing.T) {
	const second = time.Second
	slowly := func(pieces ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s := harness.Stream(w, r)
			for i, p := range pieces {
				if i > 0 {
					time.Sleep(second)
				}
				s.Send(p)
			}
		}
	}
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req_42")
		w.WriteHeader(http.StatusInternalServerError)
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		finish bool
		leave  time.Duration // 0: the browser stays
		want   chathttp.TurnInfo
		err    error
	}{
		"complete":  {slowly(hi, more, done), false, 0, chathttp.TurnInfo{Text: "Hi! How can I help?", Duration: 2 * second}, nil},
		"truncated": {slowly(hi, ""), false, 0, chathttp.TurnInfo{Text: "Hi! ", Duration: second}, agento.ErrStreamTruncated},
		"refused":   {refuse, false, 0, chathttp.TurnInfo{}, agento.ErrInternal},
		"left":      {slowly(hi, more, done), false, second + 1, chathttp.TurnInfo{Text: "Hi! How can I help?", Duration: second + 1, BrowserGone: true}, context.Canceled},
		"left, FinishTurns": {slowly(hi, hi, more, done), true, second + 1,
			chathttp.TurnInfo{Text: "Hi! Hi! How can I help?", Duration: 3 * second, BrowserGone: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var turns chan chathttp.TurnInfo
			configure := func(config *chathttp.Config) {
				config.FinishTurns = c.finish
				config.OnTurn = func(ctx context.Context, info chathttp.TurnInfo) {
					if ctx.Err() != nil || ctx.Value(http.ServerContextKey) == nil {
						info.Err = errors.New("the context is canceled, or has no values")
					}
					turns <- info
				}
			}
			overEachBrowser(t, c.answer, configure, func(w *widget) {
				turns = make(chan chathttp.TurnInfo, 1)
				if c.leave > 0 {
					leave(w, c.leave)
				} else {
					w.say("pia", "")
				}
				got := <-turns
				require.ErrorIs(t, got.Err, c.err)
				c.want.Err, got.Err = nil, nil
				c.want.PeerID, c.want.AgentID, c.want.SessionID = "pia", "a1", "s1"
				c.want.Message, c.want.RequestID = "Hello", "req_42"
				require.Equal(t, c.want, got)
				refused := w.post("{}")
				require.Equal(t, 400, refused.StatusCode)
				require.NoError(t, refused.Body.Close())
				synctest.Wait()
				require.Empty(t, turns, "no turn")
			})
		})
	}
}

// TestSlowOnTurn checks that a slow OnTurn neither delays nor truncates the
// response, and that Shutdown waits for it.
func TestSlowOnTurn(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"answer":  {answering(hi, done), done},
		"refusal": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			ended := false
			configure := func(c *chathttp.Config) {
				c.OnTurn = func(context.Context, chathttp.TurnInfo) {
					time.Sleep(time.Minute)
					ended = true
				}
			}
			overEachBrowser(t, c.answer, configure, func(w *widget) {
				ended = false
				begun := time.Now()
				resp := w.post(body("Hello", ""))
				var got []byte
				for one := make([]byte, 1); !strings.HasSuffix(string(got), c.want); got = append(got, one...) {
					_, err := io.ReadFull(resp.Body, one)
					require.NoError(t, err)
				}
				require.Zero(t, time.Since(begun))
				require.NoError(t, w.handler.Shutdown(w.Ctx))
				require.True(t, ended)
				rest, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Empty(t, rest)
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

// TestTurnClient checks that each tenant's agent is called with its account's key.
func TestTurnClient(t *testing.T) {
	tenants := map[string]*agento.Client{}
	var keys []string
	configure := func(c *chathttp.Config) {
		c.Turn = func(r *http.Request, _ chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: "a1", Client: tenants[r.Header.Get("X-Agent")]}, nil
		}
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("X-Api-Key"))
		answering(hi, done)(w, r)
	}
	inWidget(t, harness.Protocol{}, answer, configure, func(w *widget) {
		const other = "ak_live_ffffffffffffffffffffffffffffffff"
		client, err := agento.New(other, agento.WithBaseURL("http://localhost"),
			agento.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: w.Listener.Dial}}))
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		tenants["other"] = client
		require.Equal(t, 200, w.say("pia", "").status)
		require.Equal(t, 200, w.say("pia", "", "X-Agent", "other").status)
		require.Equal(t, []string{harness.TestKey, other}, keys)
	})
}

// TestBackendError checks that the browser receives a chathttp.Error, and that the
// text around it is only logged.
func TestBackendError(t *testing.T) {
	wrapped := func(e chathttp.Error) error { return fmt.Errorf("account 17: %w", &e) }
	for name, c := range map[string]struct {
		err        error
		visitor    string // status, code and message; "" as from Turn
		turn       string
		retryAfter string
	}{
		"all fields": {wrapped(chathttp.Error{Status: 429, Code: "quota_used", Message: "No messages left.", RetryAfter: 90 * time.Second}),
			"", "429 quota_used No messages left.", "90"},
		"no fields":      {wrapped(chathttp.Error{}), "401 unauthorized Sign in to use the chat.", "403 forbidden This chat is not open to you.", ""},
		"message":        {wrapped(chathttp.Error{Message: "Not now."}), "401 unauthorized Not now.", "403 forbidden Not now.", ""},
		"code":           {wrapped(chathttp.Error{Code: "x"}), "401 x Sign in to use the chat.", "403 x This chat is not open to you.", ""},
		"server error":   {wrapped(chathttp.Error{Status: 503, Code: "closed", Message: "Closed."}), "", "503 closed Closed.", ""},
		"invalid status": {wrapped(chathttp.Error{Status: 200, Message: "Fine."}), "", "500 unavailable The chat is not available at the moment.", ""},
		"with ErrForbidden": {fmt.Errorf("%w: %w", agento.ErrForbidden, &chathttp.Error{Status: 402, Code: "pay", Message: "Pay."}),
			"", "402 pay Pay.", ""},
		"wraps an error of the service": {fmt.Errorf("%w: %w", &agento.Error{StatusCode: 404}, &chathttp.Error{Status: 404, Code: "gone", Message: "Gone."}),
			"", "404 gone Gone.", ""},
	} {
		if c.visitor == "" {
			c.visitor = c.turn
		}
		for function, want := range map[string]string{"Visitor": c.visitor, "Turn": c.turn} {
			t.Run(name+" from "+function, func(t *testing.T) {
				configure := func(config *chathttp.Config) {
					if function == "Visitor" {
						config.Visitor = func(*http.Request) (string, error) { return "", c.err }
					} else {
						config.Turn = func(*http.Request, chathttp.Visit) (chathttp.Turn, error) { return chathttp.Turn{}, c.err }
					}
				}
				inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
					p := w.say("pia", "")
					e := decode[wireEvent]([]byte(p.body)).Error
					require.Equal(t, want, fmt.Sprint(p.status, " ", e.Code, " ", e.Message))
					require.Equal(t, c.retryAfter, p.header.Get("Retry-After"))
					require.NotContains(t, p.body, "17")
					require.Contains(t, w.log.String(), "refused")
				})
			})
		}
	}
	require.EqualError(t, &chathttp.Error{Status: 429, Code: "quota_used", Message: "No messages left."},
		"agento: refused with 429 quota_used No messages left.")
}
