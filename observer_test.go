package agento_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func TestWithLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		attempts := 0
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				return harness.Respond(503, "", "X-Request-Id", "req_1"), nil
			}
			return harness.Respond(200, harness.AgentJSON, "X-Request-Id", "req_2"), nil
		}), agento.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		_, err := client.Agents.Get(t.Context(), "a1")
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 2)
		require.Contains(t, lines[0], "level=WARN")
		require.Contains(t, lines[0], "request_id=req_1")
		require.Contains(t, lines[1], "level=DEBUG")
		require.Contains(t, lines[1], "request_id=req_2")
		require.Contains(t, lines[1], "attempts=2")
		require.NotContains(t, out.String(), harness.TestKey)
	})
}

func TestCallInfoAgentAndSwarm(t *testing.T) {
	var out strings.Builder
	var got agento.CallInfo
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		return harness.Respond(200, `{"data":[],"pagination":{"total":0}}`), nil
	}), agento.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))), agento.WithObserver(agento.Observer{
		Start: func(ctx context.Context, call agento.CallInfo) context.Context {
			got = call
			return ctx
		},
	}))
	ctx := t.Context()
	for _, c := range []struct {
		call         func() error
		agent, swarm string
		logged       string
	}{
		{func() error { return client.Agents.Restart(ctx, "a/1 b") }, "a/1 b", "", `agent="a/1 b"`},
		{func() error { return client.Swarms.Delete(ctx, "w1") }, "", "w1", "swarm=w1"},
		{func() error { return client.Account.DeleteRule(ctx, agento.ForAgent("a2"), "r") }, "a2", "", "agent=a2"},
		{func() error { return client.Knowledge.Delete(ctx, agento.ForSwarm("w2"), "c") }, "", "w2", "swarm=w2"},
		{func() error { return client.Skills.Uninstall(ctx, "a3", "s") }, "a3", "", "agent=a3"},
		{func() error { return client.Skills.Delete(ctx, "s1") }, "", "", ""},
		{func() error { _, err := client.Agents.List(ctx, nil); return err }, "", "", ""},
		{func() error { return client.Do(ctx, "POST", "/v1/agents/a4/restart", nil, nil) }, "", "", ""},
	} {
		out.Reset()
		require.NoError(t, c.call())
		require.Equal(t, []string{c.agent, c.swarm}, []string{got.AgentID, got.SwarmID}, got.Path)
		require.Contains(t, out.String(), c.logged)
		if c.logged == "" {
			require.NotRegexp(t, "(agent|swarm)=", out.String())
		}
	}
}

// slowPacer delays each call.
type slowPacer time.Duration

func (p slowPacer) Acquire(context.Context, agento.PaceRequest) error {
	time.Sleep(time.Duration(p))
	return nil
}

func (slowPacer) Observe(agento.PaceResult) {}

func TestLoggerLevelOfWait(t *testing.T) {
	for wait, level := range map[time.Duration]string{
		999 * time.Millisecond: "level=DEBUG",
		time.Second:            "level=WARN",
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
				return harness.Respond(200, harness.AgentJSON), nil
			}), agento.WithPacer(slowPacer(wait)), agento.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			_, err := client.Agents.Get(t.Context(), "a1")
			require.NoError(t, err)
			record, _, _ := strings.Cut(out.String(), "\n")
			require.Contains(t, record, "waited for the rate limit")
			require.Contains(t, record, level)
		})
	}
}

// The other calls wait for the first response, which is no reason for a warning.
func TestLoggerFirstCallsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(50 * time.Millisecond)
			return harness.Respond(200, harness.AgentJSON), nil
		}), agento.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		var wg sync.WaitGroup
		for range 300 {
			wg.Go(func() {
				if _, err := client.Agents.Get(t.Context(), "a1"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Empty(t, out.String())
	})
}

// Drift is reported once for each operation, field and kind, without values.
func TestObserverDrift(t *testing.T) {
	var got []string
	body := `{"data":{"id":"a1","name":"n","status":"hibernating","region":"eu","image":"i","created_at":"x","swarm":null,"description":"","sharedMode":false,"lastError":""}}`
	var logged bytes.Buffer
	client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/agents") {
			return harness.Respond(200, `{"data":[`+strings.TrimSuffix(strings.TrimPrefix(body, `{"data":`), "}")+`],"pagination":{"total":1}}`), nil
		}
		return harness.Respond(200, body), nil
	}), agento.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))), agento.WithObserver(agento.Observer{
		Drift: func(_ context.Context, call agento.CallInfo, d agento.DriftInfo) {
			got = append(got, fmt.Sprintf("%s %s %s", call.Operation, d.Kind, d.Field))
		},
	}))
	for range 3 {
		_, err := client.Agents.Get(t.Context(), "a1")
		require.NoError(t, err)
		_, err = client.Agents.List(t.Context(), nil)
		require.NoError(t, err)
	}
	require.ElementsMatch(t, []string{
		"getAgent absent createdAt", "getAgent unknown created_at", "getAgent value status",
		"listAgents absent createdAt", "listAgents unknown created_at", "listAgents value status",
	}, got)
	require.Equal(t, 6, strings.Count(logged.String(), "differs from what the SDK expects"))
	require.NotContains(t, logged.String(), "hibernating")
}

// The service that the SDK expects causes no drift.
func TestObserverNoDrift(t *testing.T) {
	service := agentotest.NewServer()
	t.Cleanup(service.Close)
	client := service.Client(agento.WithObserver(agento.Observer{
		Drift: func(_ context.Context, call agento.CallInfo, d agento.DriftInfo) {
			t.Errorf("%s: %+v", call.Operation, d)
		},
	}))
	agent := service.AddAgent(agentotest.AgentSeed{Name: "x"})
	_, err := client.Agents.Get(t.Context(), agent)
	require.NoError(t, err)
	_, err = client.Agents.List(t.Context(), nil)
	require.NoError(t, err)
	_, err = client.Account.Get(t.Context())
	require.NoError(t, err)
	_, err = client.Account.Personality(t.Context(), agento.ForAgent(agent))
	require.NoError(t, err)
	_, err = client.Chat.Sessions(t.Context(), agent, nil)
	require.NoError(t, err)
	_, err = client.Agents.Status(t.Context(), agent)
	require.NoError(t, err)
}
