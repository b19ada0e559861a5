package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPageOfDocument runs the JavaScript of docs/chat-widget.md against responses of a
// backend and of proxies in front of it.
func TestPageOfDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/chat-widget.md")
	require.NoError(t, err)
	script := regexp.MustCompile("(?s)```js\n(.*?)```").FindSubmatch(document)
	require.NotNil(t, script)

	const unreachable, interrupted = "The chat cannot be reached. Try again later.", "The answer was interrupted."
	text := "data: {\"type\":\"session\",\"token\":\"T1\"}\n\ndata: {\"type\":\"text\",\"content\":\"Hi\"}\n\n"
	failure := "data: {\"type\":\"error\",\"error\":{\"code\":\"busy\",\"message\":\"Later.\"}}\n\n"
	abort := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	cases := map[string]struct {
		status int
		body   string
		then   func(http.ResponseWriter)
		want   string // expected text and error
		token  string
	}{
		"answer":                 {200, text + ":\n\ndata: {\"type\":\"done\"}\n\n", nil, "Hi|", "T1"},
		"error event":            {200, text + failure, nil, "Hi|Later.", "T1"},
		"truncated":              {200, text, nil, "Hi|" + interrupted, "T1"},
		"connection lost":        {200, text, abort, "Hi|" + interrupted, "T1"},
		"no connection":          {0, "", abort, "|" + unreachable, "T0"},
		"proxy with HTML":        {502, "<html>502 Bad Gateway</html>", nil, "|" + unreachable, "T0"},
		"proxy with other JSON":  {504, `{"error":"upstream timed out"}`, nil, "|" + unreachable, "T0"},
		"proxy with null":        {503, `null`, nil, "|" + unreachable, "T0"},
		"proxy with empty body":  {502, "", nil, "|" + unreachable, "T0"},
		"login page":             {200, "<html>Sign in</html>", nil, "|" + interrupted, "T0"},
		"refused":                {429, `{"error":{"code":"too_many_turns","message":"Too many."}}`, nil, "|Too many.", "T0"},
		"refused with a session": {502, `{"error":{"code":"unavailable","message":"Not now."},"session":"T2"}`, nil, "|Not now.", "T2"},
		"session refused":        {403, `{"error":{"code":"session_refused","message":"Start again."}}`, nil, "|Start again.", ""},
	}
	var current string
	shown := map[string]chan bool{}
	for name := range cases {
		shown[name] = make(chan bool, 1)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chat":
		case "/shown":
			shown[r.URL.Query().Get("case")] <- true
			return
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(w, "<!doctype html><link rel=icon href=data:,><script>%s</script>", script[1])
			return
		}
		c := cases[current]
		if c.status != 0 {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
			_ = http.NewResponseController(w).Flush()
			if c.body == text { // text that arrives together with the end may be lost
				<-shown[current]
			}
		}
		if c.then != nil {
			c.then(w)
		}
	}))
	defer server.Close()
	page := openTab(t, server.URL)
	for name, c := range cases {
		current = name
		got := evaluate[string](page, fmt.Sprintf(`(async () => {
			let text = "", failure = "";
			session = "T0";
			await say("Hello", (piece) => { text += piece; fetch("/shown?case=" + %q); }).catch((error) => failure = error.message);
			return text + "|" + failure + "|" + session;
		})()`, url.QueryEscape(name)))
		require.Equal(t, c.want+"|"+c.token, got, name)
	}
}
