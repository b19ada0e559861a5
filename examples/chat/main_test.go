package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key = "ak_live_00112233445566778899aabbccddeeff"
	// leastScopes are the scopes in the program's doc comment.
	leastScopes = "chat"
)

// service starts a service with a key with leastScopes, and sets the program's environment
// to it and an agent.
func service(t *testing.T, opts ...agentotest.Option) (server *agentotest.Server, agent string) {
	t.Helper()
	server = agentotest.NewServer(append(opts, agentotest.WithKey(key, leastScopes))...)
	t.Cleanup(server.Close)
	agent = server.AddAgent(agentotest.AgentSeed{Name: "Guide"})
	t.Setenv("AGENTO_API_KEY", key)
	t.Setenv("AGENTO_BASE_URL", server.URL)
	t.Setenv("AGENTO_AGENT_ID", agent)
	return server, agent
}

// screen records the output, and calls each function once when its text is printed.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	on   map[string]func()
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	for text, act := range s.on {
		if strings.Contains(s.text.String(), text) {
			delete(s.on, text)
			act()
		}
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// talk runs the program with lines as its whole input.
func talk(t *testing.T, args []string, lines ...string) (string, error) {
	t.Helper()
	out := new(screen)
	err := run(t.Context(), args, terminal{strings.NewReader(strings.Join(lines, "\n")), out, nil})
	return out.String(), err
}

func TestConversation(t *testing.T) {
	server, agent := service(t)
	out, err := talk(t, nil, "Hello", "", "  And again  ", "/quit", "never")
	require.NoError(t, err)
	require.Contains(t, out, "You wrote: Hello")
	require.Contains(t, out, "You wrote: And again\n")
	require.NotContains(t, out, "never")
	sessions := server.Sessions(agent)
	require.Len(t, sessions, 1, "one session for both")
	require.Contains(t, out, "-agent "+agent+" -session "+sessions[0].ID)
	require.Len(t, server.Messages(agent), 4)
}

func TestHistory(t *testing.T) {
	server, agent := service(t)
	_, err := talk(t, nil, "first")
	require.NoError(t, err)
	_, err = talk(t, nil, "of another session")
	require.NoError(t, err)
	id := server.Messages(agent)[0].SessionID
	out, err := talk(t, []string{"-session", id}, "second")
	require.NoError(t, err)
	require.Regexp(t, `(?s)You:   first\nAgent: This.*You wrote: first\n.*Agent: .*You wrote: second`, out)
	require.NotContains(t, out, "another")
	require.Len(t, server.Sessions(agent), 2)
}

// TestInterrupts uses a gap so long that only an interrupt ends the answer.
func TestInterrupts(t *testing.T) {
	server, agent := service(t, agentotest.WithReplyGap(time.Hour))
	interrupts := make(chan os.Signal, 1)
	in, keyboard := io.Pipe()
	defer in.Close()
	out := &screen{on: map[string]func(){
		"This is agentotest": func() { interrupts <- os.Interrupt },
		"[stopped]\n\nYou:":  func() { interrupts <- os.Interrupt }, // at the prompt
	}}
	go func() { _, _ = keyboard.Write([]byte("Hello\n")) }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // an answer that does not stop
	defer cancel()
	require.NoError(t, run(ctx, nil, terminal{in, out, interrupts}))
	require.NoError(t, ctx.Err())
	require.Empty(t, out.on, "it returned to the prompt and ended there")
	require.Contains(t, out.String(), "To continue:")
	require.Len(t, server.Messages(agent), 1, "the answer has ended in the service too")
}

func TestInterruptedAtStart(t *testing.T) {
	server, _ := service(t)
	server.Next("Chat.CreateSession", 1, agentotest.Hang())
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt
	out := new(screen)
	require.NoError(t, run(t.Context(), nil, terminal{strings.NewReader("Hello"), out, interrupts}))
	require.Empty(t, out.String())
}

func TestFailureDoesNotEndConversation(t *testing.T) {
	server, _ := service(t)
	server.Next("Chat.Send", 1, agentotest.Fail(409, "agent_not_running"))
	server.Next("Chat.Send", 1, agentotest.Cut(70))
	out, err := talk(t, nil, "one", "two", "three")
	require.NoError(t, err)
	require.Contains(t, out, "agent_not_running")
	require.Contains(t, out, "stream ended before it was complete")
	require.Contains(t, out, "You wrote: three")
	require.NotContains(t, out, key)
}

// TestControlCharacters checks that they are not sent to the terminal.
func TestControlCharacters(t *testing.T) {
	service(t, agentotest.WithReply(func(agentotest.Turn) []string {
		return []string{"a\x1b[2Jb", "\x07c\u009b31m\r", "line\n\tend"}
	}))
	out, err := talk(t, nil, "Hello")
	require.NoError(t, err)
	require.Contains(t, out, "a[2Jbc31mline\n\tend")
}

func TestWithoutKey(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	t.Setenv("AGENTO_AGENT_ID", "")
	out, err := talk(t, nil, "Hello")
	require.NoError(t, err)
	require.Contains(t, out, "You wrote: Hello")
	require.NotContains(t, out, "To continue", "sessions of the fake end with the program")
}

func TestInvalidUse(t *testing.T) {
	server, _ := service(t)
	_, err := talk(t, []string{"-session", "nobody's"})
	require.ErrorContains(t, err, "session")
	_, err = talk(t, []string{"-agent", "nobody"})
	require.ErrorContains(t, err, "agent_not_found")
	_, err = talk(t, []string{"-unknown"})
	require.Error(t, err)
	out, err := talk(t, []string{"junk"})
	require.EqualError(t, err, `unexpected argument "junk"; see -h`)
	require.Empty(t, out, "nothing was started")
	t.Setenv("AGENTO_AGENT_ID", "")
	_, err = talk(t, nil)
	require.ErrorContains(t, err, "-agent")

	broken := errors.New("terminal closed")
	t.Setenv("AGENTO_AGENT_ID", server.AddAgent(agentotest.AgentSeed{}))
	err = run(context.Background(), nil, terminal{iotest.ErrReader(broken), io.Discard, nil})
	require.ErrorIs(t, err, broken)
}

func TestKeyWithoutScope(t *testing.T) {
	server, _ := service(t)
	t.Setenv("AGENTO_API_KEY", server.AddKey("agents:read", "agents:write"))
	_, err := talk(t, nil, "Hello")
	require.ErrorContains(t, err, "scope")
}
