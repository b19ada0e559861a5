package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
	"github.com/remsyshq/agento-go/internal/test/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key = "ak_live_00112233445566778899aabbccddeeff"
	// leastScopes are the scopes in the program's doc comment.
	leastScopes = "chat"
	secret      = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// service starts a service with a key with leastScopes, and sets the program's environment
// to it and an agent.
func service(t *testing.T, opts ...agentotest.Option) (server *agentotest.Server, agent string) {
	t.Helper()
	server = agentotest.NewServer(append(opts, agentotest.WithKey(key, leastScopes))...)
	t.Cleanup(server.Close)
	agent = server.AddAgent(agentotest.AgentSeed{Name: "Guide", SharedMode: true})
	t.Setenv("AGENTO_API_KEY", key)
	t.Setenv("AGENTO_BASE_URL", server.URL)
	t.Setenv("AGENTO_AGENT_ID", agent)
	t.Setenv("CHATWIDGET_SECRET", secret)
	return server, agent
}

// program is a run of this program.
type program struct {
	url       string
	interrupt context.CancelFunc
	lines     *bufio.Scanner
	ended     chan error
}

func start(t *testing.T) *program {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	p := &program{interrupt: interrupt, lines: bufio.NewScanner(reader), ended: make(chan error, 1)}
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0"}, writer)
		_ = writer.Close()
		p.ended <- err
	}()
	t.Cleanup(func() {
		interrupt()
		_ = reader.Close()
	})
	p.url, _, _ = strings.Cut(strings.TrimPrefix(p.line(t, "http://"), "The page is at "), " ")
	return p
}

// line reads lines until one contains a text.
func (p *program) line(t *testing.T, want string) string {
	t.Helper()
	for p.lines.Scan() {
		if strings.Contains(p.lines.Text(), want) {
			return p.lines.Text()
		}
	}
	t.Fatalf("the program ended without %q: %v", want, <-p.ended)
	return ""
}

func (p *program) stop(t *testing.T) {
	t.Helper()
	p.interrupt()
	p.line(t, "Finishing")
	require.NoError(t, <-p.ended)
}

// visitor opens the page like a browser with cookies.
func visitor(t *testing.T, url string) *agentotest.Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Jar: jar, Transport: transport}
	response, err := client.Get(url)
	require.NoError(t, err)
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Contains(t, string(page), "<textarea")
	return &agentotest.Browser{URL: url + "/chat", Client: client, Header: http.Header{"Origin": {url}}}
}

func TestVisitorsHaveSeparateSessions(t *testing.T) {
	server, agent := service(t)
	p := start(t)
	pia, tom := visitor(t, p.url), visitor(t, p.url)
	for _, said := range []string{"first", "second"} {
		answer, err := pia.Say(t.Context(), said)
		require.NoError(t, err)
		require.Empty(t, answer.Code)
		require.Contains(t, answer.Text, said)
	}
	tom.Token = pia.Token
	answer, err := tom.Say(t.Context(), "What did Pia say?")
	require.NoError(t, err)
	require.Equal(t, "session_refused", answer.Code)
	tom.Token = ""
	answer, err = tom.Say(t.Context(), "Hello")
	require.NoError(t, err)
	require.Empty(t, answer.Code)

	sessions := server.Sessions(agent)
	require.Len(t, sessions, 2)
	require.NotEqual(t, sessions[0].PeerID, sessions[1].PeerID)
	p.stop(t)
	_, err = net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.Error(t, err, "it no longer listens")
}

func TestConversationSurvivesRestart(t *testing.T) {
	server, agent := service(t)
	p := start(t)
	pia := visitor(t, p.url)
	_, err := pia.Say(t.Context(), "first")
	require.NoError(t, err)
	p.stop(t)

	p = start(t) // on another port, which does not affect cookies
	pia.URL, pia.Header = p.url+"/chat", http.Header{"Origin": {p.url}}
	answer, err := pia.Say(t.Context(), "second")
	require.NoError(t, err)
	require.Empty(t, answer.Code)
	require.Len(t, server.Sessions(agent), 1)
	p.stop(t)
}

func TestShutdownFinishesAnswers(t *testing.T) {
	begun, goOn := make(chan bool, 1), make(chan bool)
	finish := sync.OnceFunc(func() { close(goOn) })
	service(t, agentotest.WithReply(func(agentotest.Turn) []string {
		begun <- true
		<-goOn
		return []string{"The whole ", "answer."}
	}))
	t.Cleanup(finish)
	p := start(t)
	pia, tom := visitor(t, p.url), visitor(t, p.url)
	answered := make(chan *agentotest.BrowserAnswer, 1)
	go func() {
		answer, _ := pia.Say(context.WithoutCancel(t.Context()), "Hello")
		answered <- answer
	}()
	<-begun
	p.interrupt()
	p.line(t, "Finishing")
	refused, err := tom.Say(t.Context(), " ")
	for err == nil && refused.Code != "shutting_down" { // not yet
		refused, err = tom.Say(t.Context(), " ")
	}
	require.NoError(t, err, "the listener is open until the answers have ended")
	require.Equal(t, "shutting_down", refused.Code)
	finish()
	answer := <-answered
	require.NotNil(t, answer)
	require.Equal(t, "The whole answer.", answer.Text)
	require.Empty(t, answer.Code)
	require.NoError(t, <-p.ended)
}

func TestWithoutKey(t *testing.T) {
	for _, name := range []string{"AGENTO_API_KEY", "AGENTO_AGENT_ID", "CHATWIDGET_SECRET"} {
		t.Setenv(name, "")
	}
	p := start(t)
	answer, err := visitor(t, p.url).Say(t.Context(), "Is this real?")
	require.NoError(t, err)
	require.Contains(t, answer.Text, "“Is this real?”")
	require.Contains(t, answer.Text, "message 1 of our session")
	require.Greater(t, len(answer.Events), 10)
	p.stop(t)
}

func TestInvalidUse(t *testing.T) {
	service(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // valid arguments end at once
	for name, test := range map[string]struct{ variable, value, want string }{
		"no agent":       {"AGENTO_AGENT_ID", "", "-agent"},
		"secret no hex":  {"CHATWIDGET_SECRET", strings.Repeat("xy", 32), "CHATWIDGET_SECRET"},
		"secret short":   {"CHATWIDGET_SECRET", strings.Repeat("ab", 31), "CHATWIDGET_SECRET"},
		"key unreadable": {"AGENTO_API_KEY", "ak_live_0123\n4567", "key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			err := run(ctx, []string{"-listen", "127.0.0.1:0"}, io.Discard)
			require.ErrorContains(t, err, test.want)
			if test.value != "" {
				require.NotContains(t, err.Error(), test.value)
			}
		})
	}
	require.Error(t, run(ctx, []string{"-listen", "127.0.0.1:no"}, io.Discard))
	require.Error(t, run(ctx, []string{"-unknown"}, io.Discard))
	require.EqualError(t, run(ctx, []string{"junk"}, io.Discard), `unexpected argument "junk"; see -h`)
}

// TestServiceErrorAtStart checks that an error that would affect every visitor is reported
// at startup.
func TestServiceErrorAtStart(t *testing.T) {
	server, _ := service(t)
	for name, c := range map[string]struct{ variable, value, want string }{
		"another key":   {"AGENTO_API_KEY", "ak_live_ffffffffffffffffffffffffffffffff", "service rejects AGENTO_API_KEY"},
		"no scope":      {"AGENTO_API_KEY", server.AddKey("agents:read", "agents:write"), "needs the scope chat"},
		"another agent": {"AGENTO_AGENT_ID", "nope", `no agent "nope"`},
		"no service":    {"AGENTO_BASE_URL", "http://127.0.0.1:1", "cannot use the service"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			err := run(t.Context(), []string{"-listen", "127.0.0.1:0"}, io.Discard)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "ak_live")
		})
	}
}

// TestServiceWithoutSessionList checks that a missing path, which is inferred, is accepted.
func TestServiceWithoutSessionList(t *testing.T) {
	server, _ := service(t)
	server.Next("listSessions", 1, agentotest.Fail(http.StatusNotFound, "not_here"))
	p := start(t)
	answer, err := visitor(t, p.url).Say(t.Context(), "Hello")
	require.NoError(t, err)
	require.Empty(t, answer.Code)
	p.stop(t)
}

// TestBodyThatNeverArrives checks that the connection is closed, for any path.
func TestBodyThatNeverArrives(t *testing.T) {
	s := testSite(t)
	synctest.Test(t, func(t *testing.T) {
		listener := memnet.Listen()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.serve(ctx, listener, io.Discard) }()
		for _, path := range []string{"/", "/chat", "/nothing"} {
			begun := time.Now()
			conn, err := listener.Dial(t.Context(), "", "")
			require.NoError(t, err)
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n", path)
			require.NoError(t, err)
			_, _ = io.ReadAll(conn)
			require.LessOrEqual(t, time.Since(begun), time.Minute, path)
			require.NoError(t, conn.Close())
		}
		stop()
		require.NoError(t, <-ended)
	})
}
