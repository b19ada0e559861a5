package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The scopes in the program's doc comment.
const (
	allScopes   = "logs agents:read"
	namedScopes = "logs" // with -agent
)

// service returns an in-memory service; call it in a bubble.
func service(t *testing.T, scopes string, opts ...agentotest.Option) (*agentotest.Server, *agento.Client) {
	const key = "ak_live_00112233445566778899aabbccddeeff"
	server := agentotest.NewServer(append(opts, agentotest.WithInMemory(), agentotest.WithKey(key, strings.Fields(scopes)...))...)
	t.Cleanup(server.Close)
	client, err := agento.New(key, agento.WithBaseURL(server.URL), agento.WithHTTPClient(server.HTTPClient()))
	require.NoError(t, err)
	return server, client
}

// watch runs tail for a while with command-line arguments, calls during, and returns the
// output and the error.
func watch(t *testing.T, client *agento.Client, args string, during func()) (out, notes string, err error) {
	var stdout, stderr bytes.Buffer
	o, err := parse(strings.Fields(args), &stderr)
	require.NoError(t, err)
	if o.length == 0 {
		o.length = time.Minute
	}
	defer time.AfterFunc(time.Second, during).Stop() // of the bubble: all streams are open
	err = tail(t.Context(), client, o, &stdout, &stderr)
	require.NotContains(t, stdout.String()+stderr.String(), "\x1b", "neither is a terminal")
	return stdout.String(), stderr.String(), err
}

func nothing() {}

func TestAllAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		one := server.AddAgent(agentotest.AgentSeed{Name: "One"})
		two := server.AddAgent(agentotest.AgentSeed{Name: "Another"})
		server.AppendLog(one, "INFO", "before")
		out, notes, err := watch(t, client, "-limit 1", func() {
			server.AppendLog(two, "ERROR", "disk is full")
			time.Sleep(time.Second)
			server.AppendLog(one, "", "bare line")
		})
		require.NoError(t, err)
		require.Regexp(t, `(?m)^\d{4}-\S+ INFO  One     before\n(?s:.*)ERROR Another disk is full\n {31}One     bare line\n$`, out)
		require.Equal(t, "logs: 2, lines: 4, gaps: 0, failed: 0\n", notes)
		synctest.Wait()
		require.Zero(t, server.LogStreams(""))
	})
}

func TestNamedAgentsNeedNoList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, namedScopes)
		id := server.AddAgent(agentotest.AgentSeed{Name: "One"})
		server.AppendLog(server.AddAgent(agentotest.AgentSeed{Name: "Two"}), "INFO", "of another")
		out, notes, err := watch(t, client, "-limit 0 -agent "+id+" -agent "+id, func() { server.AppendLog(id, "INFO", "hello") })
		require.NoError(t, err)
		require.Contains(t, out, "hello")
		require.NotContains(t, out, "of another")
		require.Contains(t, notes, "logs: 1, lines: 1")
		require.Empty(t, server.RequestsTo("listAgents"))
	})
}

func TestLevelSinceAndLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		id := server.AddAgent(agentotest.AgentSeed{Name: "One"})
		server.AppendLog(id, "ERROR", "old")
		time.Sleep(time.Hour)
		for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR", "AUDIT", ""} {
			server.AppendLog(id, level, "is "+level+".")
		}
		for args, want := range map[string][]string{
			"-limit 7":               {"old", "is DEBUG.", "is INFO.", "is WARN.", "is ERROR.", "is AUDIT.", "is ."},
			"-since 10m":             {"is DEBUG.", "is INFO.", "is WARN.", "is ERROR.", "is AUDIT.", "is ."},
			"-level warn":            {"old", "is WARN.", "is ERROR.", "is AUDIT.", "is ."},
			"-level error -since 1m": {"is ERROR.", "is AUDIT.", "is ."},
			"-limit 1":               {"is ."},
		} {
			out, _, err := watch(t, client, args+" -for 1ms", nothing)
			require.NoError(t, err)
			require.Equal(t, len(want), strings.Count(out, "\n"), "%q: %s", args, out)
			for _, text := range want {
				require.Contains(t, out, text, args)
			}
		}
	})
}

func TestGapsAreMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		id := server.AddAgent(agentotest.AgentSeed{Name: "One"})
		out, notes, err := watch(t, client, "", func() {
			server.DropLogStreams()
			server.AppendLog(id, "INFO", "afterwards")
		})
		require.NoError(t, err)
		require.Regexp(t, `----  One reconnected; lines may be missing here\n.*afterwards`, out)
		require.Contains(t, notes, "gaps: 1, failed: 0")
	})
}

func TestOtherLogsContinueAfterOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, namedScopes)
		closed := server.AddAgent(agentotest.AgentSeed{})
		lasting := server.AddAgent(agentotest.AgentSeed{})
		out, notes, err := watch(t, client, "-limit 0 -agent "+closed+" -agent nobody -agent "+lasting, func() {
			server.CloseLogStreams(closed)
			time.Sleep(time.Second)
			server.AppendLog(lasting, "INFO", "still here")
		})
		require.EqualError(t, err, "1 of 3 logs ended with an error")
		require.Regexp(t, `----  nobody +the log ended: .*agent_not_found`, out)
		require.Regexp(t, `(?m)the log ended$[^$]*still here`, out)
		require.Contains(t, notes, "logs: 3, lines: 1, gaps: 0, failed: 1")
	})
}

func TestEndsAfterLastLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		server.AddAgent(agentotest.AgentSeed{})
		began := time.Now()
		_, _, err := watch(t, client, "-for 1h", func() { server.CloseLogStreams("") })
		require.NoError(t, err)
		require.Less(t, time.Since(began), time.Minute)
	})
}

// TestEndsWhileAgentsAreListed ends -for before the agents are known.
func TestEndsWhileAgentsAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		server.Next("listAgents", 1, agentotest.Delay(time.Minute))
		began := time.Now()
		_, notes, err := watch(t, client, "-for 1s", nothing)
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, "logs: 0, lines: 0, gaps: 0, failed: 0\n", notes)

		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		require.ErrorIs(t, tail(ctx, client, options{max: 1}, io.Discard, io.Discard), context.Canceled, "ended by the context, not by -for")
	})
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const odd = "codes \x1b[2J \u009b1m \u202e \U000e0041 \a\n\"é客"
		server, client := service(t, allScopes)
		id := server.AddAgent(agentotest.AgentSeed{Name: "One " + odd})
		out, _, err := watch(t, client, "-limit 0 -json", func() {
			server.AppendLog(id, "WARN", odd)
			time.Sleep(time.Second)
			server.DropLogStreams()
			time.Sleep(10 * time.Second)
			server.CloseLogStreams("")
		})
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(out, "\n", `\u000a`), terminal.Visible(out), "no terminal control characters")
		var events []string
		for line := range strings.Lines(out) {
			var o struct{ Agent, Name, Event, Level, Message string }
			require.NoError(t, json.Unmarshal([]byte(line), &o))
			require.Equal(t, id, o.Agent)
			require.Equal(t, "One "+odd, o.Name)
			events = append(events, o.Event)
			if o.Event == "" {
				require.Equal(t, "WARN", o.Level)
				require.Equal(t, odd, o.Message)
			}
		}
		require.Equal(t, []string{"", "reconnected", "ended"}, events)
	})
}

func TestControlCharactersAreEscaped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		id := server.AddAgent(agentotest.AgentSeed{Name: "\x1b[31mred"})
		out, _, err := watch(t, client, "-limit 0", func() { server.AppendLog(id, "INFO", "a\tb\r\x1b]0;title\a\nforged line \u202e") })
		require.NoError(t, err)
		require.Contains(t, out, `\u001b[31mred`)
		require.Contains(t, out, `a    b\u000d\u001b]0;title\u0007\u000aforged line \u202e`)
		require.Equal(t, 1, strings.Count(out, "\n"))
	})
}

func TestMoreAgentsThanMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		server.AddAgent(agentotest.AgentSeed{})
		server.AddAgent(agentotest.AgentSeed{})
		_, _, err := watch(t, client, "-max 1", nothing)
		require.ErrorContains(t, err, "2 agents are more than -max 1")
		require.Empty(t, server.RequestsTo("streamLogs"))
	})
}

func TestWithoutScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, "agents:read")
		server.AddAgent(agentotest.AgentSeed{})
		out, _, err := watch(t, client, "", nothing)
		require.Error(t, err)
		require.Contains(t, out, "403 forbidden")
	})
}

// broken is an output that fails after a number of writes.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestBrokenOutputEndsAllStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		for range 3 {
			id := server.AddAgent(agentotest.AgentSeed{})
			for range 300 {
				server.AppendLog(id, "INFO", "much")
			}
		}
		o := options{limit: 300, max: 10, length: time.Hour}
		began := time.Now()
		require.ErrorContains(t, tail(t.Context(), client, o, &broken{left: 5}, io.Discard), "no space left")
		require.Less(t, time.Since(began), time.Minute)
	})
}

// interrupting calls a function at the first write.
type interrupting struct {
	text      strings.Builder
	at        string
	interrupt func()
}

func (w *interrupting) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if strings.Contains(w.text.String(), w.at) {
		w.interrupt()
	}
	return n, err
}

func TestDemoInterrupted(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	ctx, interrupt := context.WithCancel(t.Context())
	out := &interrupting{at: "agent running", interrupt: interrupt}
	var notes bytes.Buffer
	require.NoError(t, run(ctx, []string{"-json"}, out, &notes))
	require.Contains(t, notes.String(), "logs: 5")
}

func TestDemoEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		ids := populate(server)
		ctx, cancel := context.WithCancel(t.Context())
		go writeLogs(ctx, server, ids)
		var out, notes bytes.Buffer
		require.NoError(t, tail(t.Context(), client, options{max: 10, length: 10 * time.Second}, &out, &notes))
		cancel()
		require.Contains(t, out.String(), "skill invoice-export failed")
		require.Contains(t, notes.String(), "gaps: 5, failed: 0")
	})
}

func TestArguments(t *testing.T) {
	var notes bytes.Buffer
	_, err := parse([]string{"-level", "loud"}, &notes)
	require.ErrorContains(t, err, "want debug, info, warn or error")
	require.Error(t, run(t.Context(), []string{"-nonsense"}, &notes, &notes))
	notes.Reset()
	for args, problem := range map[string]string{
		"junk -for 1s": `unexpected argument "junk"; see -h`,
		"-for -1s":     "-for, -since and -limit cannot be negative",
		"-since -1s":   "-for, -since and -limit cannot be negative",
		"-limit -1":    "-for, -since and -limit cannot be negative",
	} {
		_, err := parse(strings.Fields(args), &notes)
		require.EqualError(t, err, problem)
	}
	require.Empty(t, notes.String())
}

// onTerminal returns the output on a terminal with a number of columns.
func onTerminal(t *testing.T, columns uint16) string {
	screen, tty, err := pty.Open()
	require.NoError(t, err)
	defer screen.Close()
	require.NoError(t, pty.Setsize(tty, &pty.Winsize{Cols: columns, Rows: 24}))
	sent := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen) // ends with an error when the other side is closed
		sent <- string(text)
	}()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, allScopes)
		id := server.AddAgent(agentotest.AgentSeed{Name: "A name that is longer than its column"})
		server.AppendLog(id, "ERROR", "a message of some length, which a narrow terminal has to break: 客服客服客服客服客服客服客服")
		server.AppendLog(id, "WARN", "codes \x1b[2J")
		require.NoError(t, tail(t.Context(), client, options{limit: 2, max: 1, length: time.Second}, tty, io.Discard))
	})
	require.NoError(t, tty.Close())
	return <-sent
}

func TestTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	for _, columns := range []uint16{20, 40, 80, 200} {
		sent := onTerminal(t, columns)
		require.Contains(t, sent, "\x1b[", "color")
		require.NotContains(t, sent, "\x1b[2J")
		for line := range strings.Lines(ansi.Strip(sent)) {
			require.LessOrEqual(t, lipgloss.Width(strings.TrimRight(line, "\r\n")), int(columns), line)
		}
	}
	require.Regexp(t, `(?m)^\S+ ERROR A name that is … a message of some length, which .*\r\n\S+ WARN  A name`, ansi.Strip(onTerminal(t, 200)))
}

func TestTerminalWithoutColor(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "1")
	require.NotRegexp(t, `\x1b\[[0-9;]*3[0-7]m`, onTerminal(t, 80))
	t.Setenv("TERM", "dumb")
	require.NotContains(t, onTerminal(t, 80), "\x1b")
}
