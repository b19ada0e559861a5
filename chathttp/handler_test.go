package chathttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestHandler(t *testing.T) {
	overEachBrowser(t, answering(hi, more, done), nil, func(w *widget) {
		first := w.say("pia", "")
		require.Equal(t, 200, first.status)
		require.Equal(t, []string{"session", "text", "text", "done"}, first.types)
		require.Equal(t, "Hi! How can I help?", first.text)

		second := w.say("pia", first.token)
		require.Equal(t, first.types, second.types)
		require.Equal(t, []string{"s1", "s1"}, w.service.sentTo())
		require.Equal(t, []agento.CreateSessionParams{{PeerID: "pia"}}, w.service.sessions)

		w.say("pia", "")
		require.Equal(t, []string{"s1", "s1", "s2"}, w.service.sentTo(), "a message without a token gets a new session")
		require.Equal(t, "pia", w.service.messages[2].PeerID)
		require.Equal(t, "Hello", w.service.messages[2].Message)
	})
}

// TestHandlerWire checks the headers, which keep proxies from buffering, and the
// exact bytes, which pages depend on.
func TestHandlerWire(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		p := w.say("pia", "")
		require.Equal(t, "text/event-stream", p.header.Get("Content-Type"))
		require.Equal(t, "no-cache, no-transform", p.header.Get("Cache-Control"))
		require.Equal(t, "no", p.header.Get("X-Accel-Buffering"))
		require.Equal(t, "nosniff", p.header.Get("X-Content-Type-Options"))
		require.Equal(t, `data: {"type":"session","token":"`+p.token+`"}`+"\n\n"+hi+done, p.body)
	})
}

func TestHandlerTurn(t *testing.T) {
	visits := make(chan chathttp.Visit, 1)
	configure := func(c *chathttp.Config) {
		c.Turn = func(r *http.Request, v chathttp.Visit) (chathttp.Turn, error) {
			visits <- v
			return chathttp.Turn{AgentID: "a1", SessionID: "own", Context: map[string]string{"plan": "pro"}}, nil
		}
	}
	inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
		p := w.say("pia", "not even a token")
		require.Equal(t, []string{"text", "done"}, p.types, "a session chosen by the backend needs no token")
		require.Equal(t, chathttp.Visit{PeerID: "pia", Message: "Hello"}, <-visits)
		require.Equal(t, [2]int{0, 1}, w.service.calls())
		require.Equal(t, agento.SendMessageParams{
			Message: "Hello", SessionID: "own", PeerID: "pia", Context: map[string]any{"plan": "pro"},
		}, w.service.messages[0])
	})
}

func TestHandlerInvalidRequest(t *testing.T) {
	cases := map[string]struct {
		method, body string
		header       []string
		status       int
		code         string
	}{
		"wrong method":         {"GET", "", nil, 405, "method_not_allowed"},
		"HEAD":                 {"HEAD", "", nil, 405, ""},
		"OPTIONS":              {"OPTIONS", "", nil, 405, "method_not_allowed"},
		"form":                 {"", "message=Hi", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
		"no content type":      {"", body("Hi", ""), []string{"Content-Type", ""}, 415, "unsupported_media_type"},
		"bad content type":     {"", body("Hi", ""), []string{"Content-Type", ";;"}, 415, "unsupported_media_type"},
		"compressed":           {"", body("Hi", ""), []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		"too large":            {"", body(strings.Repeat("x", 70_000), ""), nil, 413, "body_too_large"},
		"no body":              {"", "", nil, 400, "invalid_body"},
		"not JSON":             {"", "Hello", nil, 400, "invalid_body"},
		"truncated":            {"", `{"message":"Hel`, nil, 400, "invalid_body"},
		"two objects":          {"", body("Hi", "") + body("Hi", ""), nil, 400, "invalid_body"},
		"not an object":        {"", `["Hi"]`, nil, 400, "invalid_body"},
		"a number for text":    {"", `{"message":7}`, nil, 400, "invalid_body"},
		"deep":                 {"", strings.Repeat("[", 20_000), nil, 400, "invalid_body"},
		"no message":           {"", `{}`, nil, 400, "empty_message"},
		"null":                 {"", `null`, nil, 400, "empty_message"},
		"an empty message":     {"", body("", ""), nil, 400, "empty_message"},
		"blanks":               {"", body(" \n\t", ""), nil, 400, "empty_message"},
		"other origin":         {"", body("Hi", ""), []string{"Origin", "https://evil.example"}, 403, "origin_not_allowed"},
		"origin null":          {"", body("Hi", ""), []string{"Origin", "null"}, 403, "origin_not_allowed"},
		"longer host name":     {"", body("Hi", ""), []string{"Origin", "http://localhost.evil.example"}, 403, "origin_not_allowed"},
		"other port":           {"", body("Hi", ""), []string{"Origin", "http://localhost:8080"}, 403, "origin_not_allowed"},
		"another site's fetch": {"", body("Hi", ""), []string{"Sec-Fetch-Site", "cross-site"}, 403, "origin_not_allowed"},
		"no visitor":           {"", body("Hi", ""), []string{"X-Visitor", ""}, 401, "unauthorized"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			overEachBrowser(t, answering(hi, done), nil, func(w *widget) {
				if c.method == "" {
					c.method = "POST"
				}
				p := read(t, w.do(w.dial(), c.method, strings.NewReader(c.body), c.header...))
				require.Equal(t, c.status, p.status, p.body)
				require.Equal(t, c.code, p.code)
				require.Equal(t, "application/json", p.header.Get("Content-Type"))
				require.Equal(t, "no-store", p.header.Get("Cache-Control"))
				require.Empty(t, p.header.Get("Retry-After"))
				require.Equal(t, c.status == 405, p.header.Get("Allow") == "POST")
				require.Equal(t, [2]int{}, w.service.calls(), "rejected without a call")
			})
		})
	}
}

func TestHandlerValidRequest(t *testing.T) {
	cases := map[string][]string{
		"charset":          {"Content-Type", "Application/JSON; charset=utf-8"},
		"own origin":       {"Origin", "http://localhost"},
		"own fetch":        {"Sec-Fetch-Site", "same-origin", "Origin", "https://behind.a.proxy"},
		"identity":         {"Content-Encoding", "identity"},
		"a proxy's header": {"X-Forwarded-For", "203.0.113.9"},
	}
	for name, header := range cases {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
				require.Equal(t, "Hi! ", w.say("pia", "", header...).text)
			})
		})
	}
	t.Run("unknown body size", func(t *testing.T) {
		inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
			for message, status := range map[string]int{"Hi": 200, strings.Repeat("x", 70_000): 413} {
				resp := w.do(w.dial(), "POST", struct{ *strings.Reader }{strings.NewReader(body(message, ""))})
				require.Zero(t, resp.Request.ContentLength, "net/http sends chunks then")
				require.Equal(t, status, read(t, resp).status)
			}
		})
	})
}

func TestHandlerRejectedByBackend(t *testing.T) {
	const inside = "the database db7 is away"
	cases := map[string]struct {
		visitor    func(*http.Request) (string, error)
		turn       error
		status     int
		code       string
		level, log string
	}{
		"no peer ID":         {func(*http.Request) (string, error) { return "", nil }, nil, 401, "unauthorized", "DEBUG", "no peer ID"},
		"a long peer id":     {func(*http.Request) (string, error) { return strings.Repeat("p", 257), nil }, nil, 401, "unauthorized", "DEBUG", "256 bytes"},
		"an invalid peer ID": {func(*http.Request) (string, error) { return "pia\xc8", nil }, nil, 401, "unauthorized", "DEBUG", "UTF-8"},
		"visitor refused":    {func(*http.Request) (string, error) { return "", errors.New(inside) }, nil, 401, "unauthorized", "DEBUG", inside},
		"turn refused":       {nil, fmt.Errorf("%w: %s", agento.ErrForbidden, inside), 403, "forbidden", "DEBUG", inside},
		"turn got a 403":     {nil, &agento.Error{StatusCode: 403, Code: agento.CodeForbidden, Message: inside}, 500, "unavailable", "WARN", `"status":403`},
		"turn failed":        {nil, errors.New(inside), 500, "unavailable", "WARN", inside},
		"turn has no agent":  {nil, nil, 500, "unavailable", "WARN", "agentID is empty"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			configure := func(config *chathttp.Config) {
				if c.visitor != nil {
					config.Visitor = c.visitor
				}
				config.Turn = func(*http.Request, chathttp.Visit) (chathttp.Turn, error) { return chathttp.Turn{}, c.turn }
			}
			inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
				p := w.say("pia", "")
				require.Equal(t, c.status, p.status)
				require.Equal(t, c.code, p.code)
				require.NotContains(t, p.body, inside)
				require.Contains(t, w.log.String(), c.log)
				require.Contains(t, w.log.String(), `"level":"`+c.level+`"`)
				require.Equal(t, [2]int{}, w.service.calls())
			})
		})
	}
}

// TestHandlerPanicInTurn checks that a panic in the function Turn does not keep
// the limiter's slot.
func TestHandlerPanicInTurn(t *testing.T) {
	for name, spoil := range map[string]func(c *chathttp.Config, panicOnce func()){
		"Visitor": func(c *chathttp.Config, panicOnce func()) {
			visitor := c.Visitor
			c.Visitor = func(r *http.Request) (string, error) {
				panicOnce()
				return visitor(r)
			}
		},
		"Turn": func(c *chathttp.Config, panicOnce func()) {
			turn := c.Turn
			c.Turn = func(r *http.Request, v chathttp.Visit) (chathttp.Turn, error) {
				panicOnce()
				return turn(r, v)
			}
		},
		"Filter": func(c *chathttp.Config, panicOnce func()) {
			c.Filter = func(agento.ChatEvent) any {
				panicOnce()
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var once sync.Once
			configure := func(c *chathttp.Config) {
				c.VisitorLimit.AtOnce, c.TotalLimit.AtOnce, c.FinishTurns = 1, 1, true
				spoil(c, func() { once.Do(func() { panic(http.ErrAbortHandler) }) })
			}
			tool := `data: {"type":"tool"}` + "\n\n"
			inWidget(t, harness.Protocol{}, answering(hi, tool, more, done), configure, func(w *widget) {
				c := w.dial()
				resp, err := c.Do(w.request(w.Ctx, c, http.MethodPost, strings.NewReader(body("Hello", ""))))
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				require.Error(t, err)
				require.Equal(t, "Hi! How can I help?", w.say("pia", "").text, "the slot is free")
			})
		})
	}
}

func TestNewHandlerInvalidConfig(t *testing.T) {
	short := chathttp.NewTokenKey("short", widgetSecret[:31])
	cases := map[string]struct {
		change func(*chathttp.Config)
		says   string
	}{
		"no visitor":       {func(c *chathttp.Config) { c.Visitor = nil }, "Visitor is nil"},
		"no turn":          {func(c *chathttp.Config) { c.Turn = nil }, "Turn is nil"},
		"no keys":          {func(c *chathttp.Config) { c.TokenKeys = nil }, "TokenKeys are empty"},
		"an empty key":     {func(c *chathttp.Config) { c.TokenKeys = make([]chathttp.TokenKey, 1) }, "NewTokenKey"},
		"a short secret":   {func(c *chathttp.Config) { c.TokenKeys = append(c.TokenKeys, short) }, "fewer than 32 bytes: short"},
		"the same id":      {func(c *chathttp.Config) { c.TokenKeys = append(c.TokenKeys, c.TokenKeys...) }, "two keys with the ID k1"},
		"no id":            {func(c *chathttp.Config) { c.TokenKeys[0] = chathttp.NewTokenKey("", widgetSecret) }, " ID"},
		"an id with a dot": {func(c *chathttp.Config) { c.TokenKeys[0] = chathttp.NewTokenKey("a.b", widgetSecret) }, " ID"},
		"an origin's path": {func(c *chathttp.Config) { c.AllowedOrigins = []string{"https://a.example/"} }, "AllowedOrigins"},
		"a bare host":      {func(c *chathttp.Config) { c.AllowedOrigins = []string{"a.example"} }, "AllowedOrigins"},
		"any origin":       {func(c *chathttp.Config) { c.AllowedOrigins = []string{"*"} }, "AllowedOrigins"},
		"two sources": {func(c *chathttp.Config) {
			c.TokenKeysFunc = func(context.Context) ([]chathttp.TokenKey, error) { return nil, nil }
		}, "together with TokenKeysFunc"},
		"negative limit": {func(c *chathttp.Config) { c.TotalLimit.PerMinute = -1 }, "TotalLimit.PerMinute is negative: -1"},
		"negative time":  {func(c *chathttp.Config) { c.Heartbeat = -time.Second }, "Heartbeat is negative: -1s"},
		"negative size":  {func(c *chathttp.Config) { c.MaxBody = -1 }, "MaxBody is negative"},
	}
	client := harness.Client(t, http.DefaultTransport)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config := widgetConfig()
			c.change(&config)
			_, err := chathttp.NewHandler(client, config)
			require.ErrorIs(t, err, agento.ErrValidation)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), string(widgetSecret[:31]))
		})
	}
	_, err := chathttp.NewHandler(nil, widgetConfig())
	require.ErrorContains(t, err, "client is nil")
}

// TestHandlerPrintsNoSecret formats the handler with every verb.
func TestHandlerPrintsNoSecret(t *testing.T) {
	config := widgetConfig()
	handler, err := chathttp.NewHandler(harness.Client(t, http.DefaultTransport), config)
	require.NoError(t, err)
	forms := []string{string(widgetSecret), fmt.Sprintf("%x", widgetSecret), strings.Trim(fmt.Sprint(widgetSecret), "[]")}
	hidden := struct {
		key     chathttp.TokenKey
		config  chathttp.Config
		handler *chathttp.Handler
	}{config.TokenKeys[0], config, handler}
	for _, value := range []any{config.TokenKeys[0], &config.TokenKeys[0], config, &config, handler, hidden} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed := fmt.Sprintf(verb, value)
			for _, form := range append(forms, harness.TestKey) {
				require.NotContains(t, printed, form, "%T with %s", value, verb)
			}
		}
	}
	require.Equal(t, "chathttp.TokenKey(k1)", fmt.Sprint(config.TokenKeys[0]))
}
