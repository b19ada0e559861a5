package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	readScopes  = "agents:read"
	startScopes = "agents:read agents:write"
)

// service returns an in-memory service; call it in a bubble.
func service(t *testing.T, scopes string, opts ...agentotest.Option) (*agentotest.Server, *agento.Client) {
	const key = "ak_live_00112233445566778899aabbccddeeff"
	opts = append(opts, agentotest.WithInMemory(), agentotest.WithKey(key, strings.Fields(scopes)...))
	server := agentotest.NewServer(opts...)
	t.Cleanup(server.Close)
	client, err := agento.New(key, agento.WithBaseURL(server.URL), agento.WithHTTPClient(server.HTTPClient()))
	require.NoError(t, err)
	return server, client
}

func addAgents(server *agentotest.Server, status string, names ...string) (ids []string) {
	for _, name := range names {
		ids = append(ids, server.AddAgent(agentotest.AgentSeed{Name: name, Status: status}))
	}
	return ids
}

var starting = options{start: true}

func TestStatusNeedsReadScopeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, readScopes)
		addAgents(server, "running", "Up")
		addAgents(server, "stopped", "Down")
		var out, notes bytes.Buffer
		require.NoError(t, report(t.Context(), client, options{}, &out, &notes))
		require.Regexp(t, `(?m)^Up +running +3% `, out.String())
		require.Regexp(t, `(?m)^Down +stopped +eu`, out.String())
		require.Equal(t, "total 2: 1 running, 1 stopped, 0 of them started now (0s)\n", notes.String())
	})
}

// TestSummaryBeforeTableInFile checks the order if both are written to one file.
func TestSummaryBeforeTableInFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, readScopes)
		addAgents(server, "running", "Up")
		var out bytes.Buffer
		require.NoError(t, report(t.Context(), client, options{}, &out, &out))
		require.Regexp(t, `^total 1: .*\nNAME .*\nUp .*\n$`, out.String())
	})
}

func TestStartsStoppedAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes, agentotest.WithStartDelay(2*time.Second))
		ids := addAgents(server, "stopped", "A", "B", "C")
		addAgents(server, "running", "D")
		var out, notes bytes.Buffer
		require.NoError(t, report(t.Context(), client, starting, &out, &notes))
		for _, id := range ids {
			require.Equal(t, "running", server.Agent(id).Status)
		}
		require.Len(t, server.RequestsTo("startAgent"), 3)
		require.Equal(t, 4, strings.Count(out.String(), "running"))
		require.NotContains(t, out.String()+notes.String(), "\x1b", "neither is a terminal")
		require.Contains(t, notes.String(), "total 4: 4 running, 3 of them started now")
	})
}

// TestTickWithoutTheLock checks for a deadlock: tick waits for a render, which locks the table.
func TestTickWithoutTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, readScopes)
		id := addAgents(server, "running", "Up")[0]
		f := &fleet{agents: []agent{{ID: id, Status: agento.StatusRunning}}}
		ticks := 0
		f.tick = func() {
			ticks++
			require.True(t, f.mu.TryLock())
			require.Equal(t, "3%", f.agents[0].CPU, "the next picture has the response")
			f.mu.Unlock()
		}
		f.visit(t.Context(), client, 0, options{})
		require.Equal(t, 1, ticks)
	})
}

func TestManyAgentsWithinRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes)
		addAgents(server, "stopped", strings.Fields(strings.Repeat("Many ", 150))...)
		var out, notes bytes.Buffer
		require.NoError(t, report(t.Context(), client, starting, &out, &notes))
		require.Contains(t, notes.String(), "total 150: 150 running, 150 of them started now")
		for _, r := range server.Requests() {
			require.NotEqual(t, http.StatusTooManyRequests, r.Status)
		}
	})
}

func TestFailuresAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes)
		server.Next("startAgent", 1, agentotest.Fail(http.StatusForbidden, "plan_limit_reached"))
		addAgents(server, "stopped", "One \x1b[31m")
		addAgents(server, "running", "Two")
		var out, notes bytes.Buffer
		err := report(t.Context(), client, starting, &out, &notes)
		require.ErrorContains(t, err, "1 of 2 agents failed\n  One \\u001b[31m (")
		require.ErrorContains(t, err, "plan_limit_reached")
		require.Contains(t, out.String(), "Two")
		require.NotContains(t, err.Error()+out.String(), "\x1b")
	})
}

func TestStartWithoutScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, readScopes)
		addAgents(server, "stopped", "One")
		err := report(t.Context(), client, starting, &bytes.Buffer{}, &bytes.Buffer{})
		require.ErrorContains(t, err, "1 of 1 agents failed")
	})
}

func TestAgentThatNeverRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes, agentotest.WithStartDelay(agentotest.OnDemand))
		addAgents(server, "stopped", "Slow")
		err := report(t.Context(), client, starting, &bytes.Buffer{}, &bytes.Buffer{})
		require.ErrorContains(t, err, "is creating, not yet running")
	})
}

func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes, agentotest.WithStartDelay(agentotest.OnDemand))
		addAgents(server, "stopped", "Slow")
		addAgents(server, "running", "Up")
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, interrupt)
		var out, notes bytes.Buffer
		err := report(ctx, client, starting, &out, &notes)
		require.EqualError(t, err, "interrupted: the table is incomplete, 0 of 2 agents failed")
		require.Regexp(t, `(?m)^Slow +creating .*interrupted$`, out.String())
		require.Regexp(t, `(?m)^Up +running`, out.String(), "the agent that was read")
		require.Contains(t, notes.String(), "(1.5s)")
	})
}

func TestInterruptedDuringStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes)
		server.Next("startAgent", 1, agentotest.Delay(time.Hour))
		addAgents(server, "stopped", "Slow")
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, interrupt)
		var out bytes.Buffer
		err := report(ctx, client, starting, &out, &bytes.Buffer{})
		require.ErrorContains(t, err, "1 of 1 agents failed\n  Slow (", "the start may have succeeded")
		require.Contains(t, out.String(), "unknown whether it was started")
	})
}

func TestInterruptedAfterStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes)
		server.Next("getAgentStatus", 1, agentotest.Delay(time.Hour))
		addAgents(server, "stopped", "Slow")
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, interrupt)
		var out bytes.Buffer
		require.Error(t, report(ctx, client, starting, &out, &bytes.Buffer{}))
		require.Regexp(t, `(?m)^Slow +creating .*interrupted$`, out.String(), "it was started, so it is not shown as stopped")
	})
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, startScopes)
		const name = "Odd \x1b[31m\u009b\x7f\u202e\U000e0041\n\t\"é客"
		addAgents(server, "stopped", name)
		var out bytes.Buffer
		o := starting
		o.json = true
		require.NoError(t, report(t.Context(), client, o, &out, &bytes.Buffer{}))
		require.Equal(t, 1, strings.Count(out.String(), "\n"))
		require.Equal(t, terminal.Visible(out.String()), strings.ReplaceAll(out.String(), "\n", `\u000a`), "no terminal control characters")
		var a agent
		require.NoError(t, json.Unmarshal(out.Bytes(), &a))
		require.Equal(t, name, a.Name)
		require.True(t, a.Started)
		require.Equal(t, agento.StatusRunning, a.Status)
	})
}

func TestRefusedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := service(t, "chat")
		require.ErrorIs(t, report(t.Context(), client, options{}, &bytes.Buffer{}, &bytes.Buffer{}), agento.ErrForbidden)
	})
}

func TestDemo(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	synctest.Test(t, func(t *testing.T) {
		server := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithStartDelay(time.Second))
		defer server.Close()
		populate(server)
		var out, notes bytes.Buffer
		require.NoError(t, report(t.Context(), server.Client(), starting, &out, &notes))
		require.Contains(t, notes.String(), "total 42: 1 error, 41 running, 20 of them started now")
	})
	var notes bytes.Buffer
	require.ErrorContains(t, run(t.Context(), []string{"-nonsense"}, &bytes.Buffer{}, &notes), "-nonsense")
	require.Empty(t, notes.String(), "only main prints the error")
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &bytes.Buffer{}, &notes), flag.ErrHelp)
	require.Contains(t, notes.String(), "-start")
	notes.Reset()
	require.EqualError(t, run(t.Context(), []string{"junk", "-start"}, &bytes.Buffer{}, &notes), `unexpected argument "junk"; see -h`)
	require.Empty(t, notes.String(), "nothing was started")
}
