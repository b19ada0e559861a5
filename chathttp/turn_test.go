package chathttp_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// TestOnlyTextAndDoneReachBrowser covers tool events, which may contain a secret,
// and unknown events.
func TestOnlyTextAndDoneReachBrowser(t *testing.T) {
	const secret = "sk-ant-000111222333"
	sessionID := jsonname.Of[agento.ChatEvent]("SessionID")
	answer := answering(
		`data: {"type":"tool","name":"fetch","args":{"token":"`+secret+`"}}`+"\n\n",
		`data: {"type":"text","content":"Hi! ","debug":"`+secret+`","`+sessionID+`":"`+secret+`"}`+"\n\n",
		`data: {"type":"thought","content":"`+secret+`"}`+"\n\n",
		`data: {"type":"session","token":"`+secret+`"}`+"\n\n",
		"data: "+secret+"\n\n", ": "+secret+"\n\n",
		`data: {"type":"done","`+sessionID+`":"`+secret+`"}`+"\n\n",
	)
	inWidget(t, harness.Protocol{}, answer, nil, func(w *widget) {
		p := w.say("pia", "")
		require.Equal(t, []string{"session", "text", "done"}, p.types)
		require.NotContains(t, p.body, secret)
		require.NotContains(t, w.log.String(), secret)
	})
	filter := func(c *chathttp.Config) {
		c.Filter = func(e agento.ChatEvent) any {
			switch e.Type {
			case agento.ChatTool:
				name := struct{ Name string }{}
				_ = json.Unmarshal(e.Raw(), &name)
				return map[string]string{"type": "tool", "content": name.Name}
			case "thought":
				return e.Raw()
			case "session":
				return map[string]string(nil) // null is not sent
			}
			return nil
		}
	}
	inWidget(t, harness.Protocol{}, answer, filter, func(w *widget) {
		p := w.say("pia", "")
		require.Equal(t, []string{"session", "tool", "text", "thought", "done"}, p.types)
		require.Equal(t, "fetchHi! "+secret, p.text, "the filter decides")
	})
}

// TestRawEventOverSeveralLines checks that a filtered event stays on one data line.
func TestRawEventOverSeveralLines(t *testing.T) {
	answer := answering("data: {\"type\":\"card\",\ndata: \"content\":\"a\"}\n\n", done)
	raw := func(c *chathttp.Config) { c.Filter = func(e agento.ChatEvent) any { return e.Raw() } }
	inWidget(t, harness.Protocol{}, answer, raw, func(w *widget) {
		require.Contains(t, w.say("pia", "").body, "data: {\"type\":\"card\",\"content\":\"a\"}\n\n")
	})
}

// failingJSON cannot be encoded.
type failingJSON struct{}

func (failingJSON) MarshalJSON() ([]byte, error) { return nil, errors.New("no JSON") }

// TestFilterResultNotEncodable checks that only the event is skipped.
func TestFilterResultNotEncodable(t *testing.T) {
	for name, filter := range map[string]func(agento.ChatEvent) any{
		"raw event that is not JSON": func(e agento.ChatEvent) any { return e.Raw() },
		"raw event within a value":   func(e agento.ChatEvent) any { return map[string]any{"type": "x", "data": e.Raw()} },
		"channel":                    func(agento.ChatEvent) any { return make(chan int) },
		"not a number":               func(agento.ChatEvent) any { return math.NaN() },
		"failing MarshalJSON":        func(agento.ChatEvent) any { return failingJSON{} },
	} {
		t.Run(name, func(t *testing.T) {
			answer := answering(hi, "data: not JSON\n\n", more, "data: not JSON\n\n", done)
			inWidget(t, harness.Protocol{}, answer, func(c *chathttp.Config) { c.Filter = filter }, func(w *widget) {
				p := w.say("pia", "")
				require.Equal(t, []string{"session", "text", "text", "done"}, p.types)
				require.Equal(t, "Hi! How can I help?", p.text)
				require.Equal(t, 1, strings.Count(w.log.String(), "event of Filter skipped"))
				require.Contains(t, w.log.String(), "chat turn complete")
			})
		})
	}
}

func TestTextArrivesUnchanged(t *testing.T) {
	texts := []string{
		`<script>alert("x")</script>`, "</script><!--", "a\nb\r\n\ndata: {\"type\":\"done\"}\n\n", "\u2028\u2029", "日本語 🙂", "\x00", "",
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for _, text := range texts {
			raw, _ := json.Marshal(map[string]string{"type": "text", "content": text})
			s.Send("data: " + string(raw) + "\n\n")
		}
		s.Send(done)
	}
	inWidget(t, harness.Protocol{}, answer, nil, func(w *widget) {
		p := w.say("pia", "")
		require.Equal(t, strings.Join(texts, ""), p.text)
		require.Len(t, p.types, 2+len(texts))
		require.NotContains(t, p.body, "<")
		require.Contains(t, p.body, `{"type":"text","content":""}`)
	})
}

// TestServiceFails checks that the browser receives a code, that the log has the
// details, and that neither has the service's message.
func TestServiceFails(t *testing.T) {
	const inside = "container 7f3a ran out of memory at 10.0.3.9; you wrote: Hello"
	envelope := `{"error":{"code":"%s","message":"` + inside + `"}}`
	status := func(status int, code string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "req_42")
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, envelope, code)
		}
	}
	cases := map[string]struct {
		answer     http.HandlerFunc
		status     int
		code       string // of an error before the stream
		types      string
		retryAfter string
		logs       []string
	}{
		"an error event": {answering(hi, `data: {"type":"error","error":{"code":"internal_error","message":"`+inside+`"}}`+"\n\n"), 200, "", "session text error:unavailable", "", []string{"internal_error"}},
		"a limit inside": {answering(hi, `data: {"type":"error","error":{"code":"rate_limit_exceeded","message":"`+inside+`"}}`+"\n\n"), 200, "", "session text error:busy", "", []string{"rate_limit_exceeded"}},
		"truncated":      {answering(hi), 200, "", "session text error:interrupted", "", []string{"before it was complete"}},
		"aborted":        {func(w http.ResponseWriter, r *http.Request) { harness.Stream(w, r).Send(hi).Abort() }, 200, "", "session text error:interrupted", "", []string{"unexpected EOF"}},
		"empty":          {answering(), 200, "", "session error:interrupted", "", nil},
		"no stream": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "req_42")
			_, _ = fmt.Fprintf(w, envelope, "odd")
		}, 502, "unavailable", "", "", []string{"odd"}},
		"a page": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "req_42")
			_, _ = io.WriteString(w, "<html>"+inside)
		}, 502, "unavailable", "", "", []string{"not an event stream"}},
		"internal":          {status(500, "internal_error"), 502, "unavailable", "", "", []string{"internal_error", `"status":500`}},
		"key revoked":       {status(401, "unauthorized"), 502, "unavailable", "", "", []string{`"status":401`}},
		"scope missing":     {status(403, "forbidden"), 502, "unavailable", "", "", []string{`"status":403`}},
		"agent gone":        {status(404, "agent_not_found"), 502, "unavailable", "", "", []string{"agent_not_found"}},
		"agent stopped":     {status(409, "conflict"), 502, "unavailable", "", "", []string{"conflict"}},
		"rate limit, long":  {status(429, "rate_limit_exceeded", "Retry-After", "40"), 503, "busy", "", "40", []string{"rate_limit_exceeded"}},
		"rate limit, again": {status(429, "rate_limit_exceeded", "Retry-After", "1"), 503, "busy", "", "5", []string{`"attempts":4`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, c.answer, nil, func(w *widget) {
				p := w.say("pia", "")
				require.Equal(t, c.status, p.status, p.body)
				require.Equal(t, c.code, p.code)
				require.Equal(t, c.types, strings.Join(p.types, " "))
				require.Equal(t, c.retryAfter, p.header.Get("Retry-After"))
				require.NotEmpty(t, p.token, "the browser receives the session that was created")
				for _, words := range []string{inside, "req_42", "10.0.3.9", "agento", "localhost"} {
					require.NotContains(t, p.body+fmt.Sprint(p.header), words)
				}
				require.NotContains(t, w.log.String(), inside)
				require.NotContains(t, w.log.String(), "Hello")
				require.Contains(t, w.log.String(), `"level":"WARN"`)
				for _, words := range append(c.logs, `"request_id":"req_42"`, `"agent":"a1"`) {
					require.Contains(t, w.log.String(), words)
				}
			})
		})
	}
}

// TestOnlyValidCodesLogged checks that a code field with other text, such as a
// visitor's message, is not logged.
func TestOnlyValidCodesLogged(t *testing.T) {
	for code, logged := range map[string]bool{
		"quota_exceeded":                      true,
		"refused: Hello, my card is 4111":     false,
		"Hello":                               false,
		"hello\u2028":                         false,
		strings.Repeat("hello_", 8) + "hello": false,
		"":                                    false,
	} {
		answer := answering(`data: {"type":"error","error":{"code":"` + code + `","message":"x"}}` + "\n\n")
		inWidget(t, harness.Protocol{}, answer, nil, func(w *widget) {
			p := w.say("pia", "")
			require.Equal(t, []string{"session", "error:unavailable"}, p.types)
			require.Contains(t, w.log.String(), `"request_id":"req_42"`)
			require.Equal(t, logged, strings.Contains(w.log.String(), `"code":"`+code+`"`), code)
			require.Equal(t, logged, strings.Contains(w.log.String(), `"code":`), code)
		})
	}
}

// TestSessionWithoutID checks that the turn fails.
func TestSessionWithoutID(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		w.service.nameless.Store(true)
		p := w.say("pia", "")
		require.Equal(t, 502, p.status)
		require.Equal(t, [2]int{1, 0}, w.service.calls())
		require.Contains(t, w.log.String(), "the response has no id")
	})
}

// TestRetryUsesSessionOfFailedTurn checks that the session of a failed turn is used
// for the next attempt.
func TestRetryUsesSessionOfFailedTurn(t *testing.T) {
	fail := true
	answer := func(w http.ResponseWriter, r *http.Request) {
		if fail {
			w.WriteHeader(500)
			return
		}
		answering(hi, done)(w, r)
	}
	inWidget(t, harness.Protocol{}, answer, nil, func(w *widget) {
		first := w.say("pia", "")
		require.Equal(t, 502, first.status)
		fail = false
		require.Equal(t, 200, w.say("pia", first.token).status)
		require.Equal(t, []string{"s1", "s1"}, w.service.sentTo())
	})
}

// TestServiceSlow checks that heartbeats begin before the service responds, and
// that a later failure is reported as an event.
func TestServiceSlow(t *testing.T) {
	for name, c := range map[string]struct {
		then  http.HandlerFunc
		types string
	}{
		"then answers": {answering(hi, done), ": : session text done"},
		"then fails":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, ": : session error:unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			overEachBrowser(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(40 * time.Second)
				c.then(w, r)
			}, nil, func(w *widget) {
				begun := time.Now()
				resp := w.post(body("Hello", ""))
				require.Equal(t, 200, resp.StatusCode)
				require.Equal(t, 15*time.Second, time.Since(begun))
				require.Equal(t, c.types, strings.Join(read(t, resp).types, " "))
				require.Equal(t, 40*time.Second, time.Since(begun))
			})
		})
	}
}

// TestHeartbeats covers a silent agent and one whose events are not sent.
func TestHeartbeats(t *testing.T) {
	tool := `data: {"type":"tool"}` + "\n\n"
	overEachBrowser(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r).Send(hi)
		time.Sleep(7*time.Minute + 5*time.Second)
		for range 60 {
			s.Send(tool)
			time.Sleep(time.Second)
		}
		s.Send(more, done)
	}, nil, func(w *widget) {
		p := w.say("pia", "")
		require.Equal(t, "session text"+strings.Repeat(" :", 8*4)+" text done", strings.Join(p.types, " "))
	})
}

// TestEventsArriveOneByOne checks that each event arrives when it is sent, and that
// simultaneous events arrive whole.
func TestEventsArriveOneByOne(t *testing.T) {
	overEachBrowser(t, func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for range 100 {
			s.Send(hi)
			time.Sleep(time.Second)
		}
		s.Send(strings.Repeat(hi, 1000))
		s.Send(done)
	}, nil, func(w *widget) {
		resp := w.post(body("Hello", ""))
		defer resp.Body.Close()
		begun, lines := time.Now(), bufio.NewReader(resp.Body)
		next := func() string {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			_, err = lines.Discard(1)
			require.NoError(t, err)
			return line + "\n"
		}
		require.Contains(t, next(), "session")
		for i := range 100 {
			require.Equal(t, hi, next())
			require.Equal(t, time.Duration(i)*time.Second, time.Since(begun))
		}
		for range 1000 {
			require.Equal(t, hi, next())
		}
		require.Equal(t, done, next())
		require.Equal(t, 100*time.Second, time.Since(begun))
		_, err := lines.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		synctest.Wait()
		require.Contains(t, w.log.String(), "chat turn complete")
	})
}

func TestTurnTimeout(t *testing.T) {
	for name, c := range map[string]struct{ set, want time.Duration }{"default": {0, 15 * time.Minute}, "set": {time.Minute, time.Minute}} {
		t.Run(name, func(t *testing.T) {
			endless := func(w http.ResponseWriter, r *http.Request) {
				s := harness.Stream(w, r)
				for r.Context().Err() == nil {
					s.Send(hi)
					time.Sleep(time.Second)
				}
			}
			inWidget(t, harness.Protocol{}, endless, func(config *chathttp.Config) { config.TurnTimeout = c.set }, func(w *widget) {
				begun := time.Now()
				p := w.say("pia", "")
				require.Equal(t, "error:interrupted", p.types[len(p.types)-1])
				require.Equal(t, c.want, time.Since(begun))
				require.Contains(t, w.log.String(), "TurnTimeout")
			})
		})
	}
}
