package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

// asProgram makes the test binary run the program.
const asProgram = "QUICKSTART_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// writes records each write, and can call a function for one.
type writes struct {
	all []string
	on  func(text string)
}

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, string(p))
	if w.on != nil {
		w.on(string(p))
	}
	return len(p), nil
}

func (w *writes) String() string { return strings.Join(w.all, "") }

// leastScopes are the scopes in the program's doc comment.
const leastScopes = "agents:read agents:write chat logs"

func service(t *testing.T, opts ...agentotest.Option) (*agentotest.Server, *agento.Client) {
	const key = "ak_live_00112233445566778899aabbccddeeff"
	server := agentotest.NewServer(append(opts, agentotest.WithKey(key, strings.Fields(leastScopes)...))...)
	t.Cleanup(server.Close)
	client, err := agento.New(key, agento.WithBaseURL(server.URL), agento.WithHTTPClient(server.HTTPClient()))
	require.NoError(t, err)
	return server, client
}

func TestConversation(t *testing.T) {
	server, client := service(t, agentotest.WithReply(func(agentotest.Turn) []string { return []string{"One ", "two ", "three."} }))
	var out writes
	require.NoError(t, converse(t.Context(), client, options{message: "Hello"}, &out))
	require.Contains(t, out.all, "One ", "an increment is printed when it arrives")
	require.Contains(t, out.all, "two ")
	for _, want := range []string{"Created agent", "You:   Hello", "One two three.", "last log lines", "INFO", "requests remain", "Removed agent"} {
		require.Contains(t, out.String(), want)
	}
	require.Empty(t, server.Agents())
}

func TestInterruptedDuringAnswer(t *testing.T) {
	server, client := service(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out := writes{on: func(text string) {
		if strings.Contains(text, "Agent: ") {
			interrupt()
		}
	}}
	err := converse(ctx, client, options{message: "Hello"}, &out)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, out.String(), "Removed agent")
	require.Empty(t, server.Agents())
}

// TestInterruptedDuringCreation checks that the agent is removed.
func TestInterruptedDuringCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, agentotest.WithInMemory())
		server.Next("createAgent", 1, agentotest.Delay(2*time.Second).AfterCommit())
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, interrupt)
		var out writes
		require.ErrorIs(t, converse(ctx, client, options{message: "Hello"}, &out), context.Canceled)
		require.Contains(t, out.String(), "Removed agent")
		require.NotContains(t, out.String(), "Waiting")
		require.Empty(t, server.Agents())

		require.ErrorIs(t, converse(ctx, client, options{message: "Hello"}, &out), context.Canceled)
		require.Len(t, server.RequestsTo("createAgent"), 1, "a context that has ended creates none")
	})
}

func TestCreationOutcomeUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, agentotest.WithInMemory())
		server.Next("createAgent", 1, agentotest.Hang().AfterCommit())
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, interrupt)
		began := time.Now()
		err := converse(ctx, client, options{message: "Hello"}, &writes{})
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.ErrorContains(t, err, `an agent "Quickstart" may have been created and was not removed`)
		require.Equal(t, creation, time.Since(began))
	})
}

// TestClosedOutput is "quickstart | head -1". By default SIGPIPE would kill the
// program.
func TestClosedOutput(t *testing.T) {
	server, _ := service(t)
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), asProgram+"=1", "AGENTO_API_KEY="+server.Key(), "AGENTO_BASE_URL="+server.URL)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	var notes bytes.Buffer
	program.Stdout, program.Stderr = writer, &notes
	require.Error(t, program.Run())
	require.NoError(t, writer.Close())
	require.Equal(t, 1, program.ProcessState.ExitCode(), notes.String())
	require.Contains(t, notes.String(), "quickstart: write")
	require.Len(t, server.RequestsTo("createAgent"), 1)
	require.Empty(t, server.Agents())
	require.Empty(t, server.RequestsTo("sendMessage"), "no message was sent")
}

func TestExistingAgentKept(t *testing.T) {
	server, client := service(t)
	id := server.AddAgent(agentotest.AgentSeed{Name: "Mine"})
	var out writes
	require.NoError(t, converse(t.Context(), client, options{message: "Hello", agent: id}, &out))
	require.Len(t, server.Agents(), 1)
	require.NotContains(t, out.String(), "Created")
}

func TestRealKeyNeedsCredential(t *testing.T) {
	server, _ := service(t)
	t.Setenv("AGENTO_API_KEY", "ak_live_00112233445566778899aabbccddeeff")
	t.Setenv("AGENTO_BASE_URL", "")
	t.Setenv("ANTHROPIC_API_KEY", "")
	var out writes
	require.ErrorContains(t, run(t.Context(), nil, &out), "ANTHROPIC_API_KEY")
	require.Empty(t, out.String(), "nothing was started")

	t.Setenv("AGENTO_BASE_URL", server.URL) // a sandbox accepts a made-up credential
	require.NoError(t, run(t.Context(), []string{"-agent", server.AddAgent(agentotest.AgentSeed{Name: "Mine"})}, &out))
	require.NoError(t, run(t.Context(), nil, &out))
	require.Contains(t, out.String(), "Removed agent")
}

func TestUnexpectedArgument(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	var out writes
	require.EqualError(t, run(t.Context(), []string{"-keep", "extra", "args"}, &out), `unexpected argument "extra"; see -h`)
	require.Empty(t, out.String(), "nothing was started")
}

func TestExplain(t *testing.T) {
	_, client := service(t)
	err := converse(t.Context(), client, options{message: "Hello", agent: "nobody"}, &writes{})
	require.ErrorIs(t, err, agento.ErrNotFound)
	var out bytes.Buffer
	explain(&out, err)
	require.Contains(t, out.String(), "agent_not_found")
	require.Regexp(t, `request id: \S+`, out.String())
	require.NotContains(t, out.String(), "ak_live_")
}
