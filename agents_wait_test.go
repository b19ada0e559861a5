package agento_test

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
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func stateOf(status string, started time.Time) *http.Response {
	return harness.Respond(200, fmt.Sprintf(`{"data":{"status":%q,"startedAt":%q}}`, status, started.Format(time.RFC3339Nano)))
}

// Right after a start or a restart, the state of the container before it does not count.
func TestWaitUntilAfterRestart(t *testing.T) {
	for name, ask := range map[string]func(*agento.Client, context.Context) error{
		"Restart": func(c *agento.Client, ctx context.Context) error { return c.Agents.Restart(ctx, "a1") },
		"Start":   func(c *agento.Client, ctx context.Context) error { return c.Agents.Start(ctx, "a1") },
	} {
		for _, before := range []string{"running", "error"} {
			t.Run(name+" when "+before, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					old := time.Now()
					time.Sleep(time.Hour)
					asked := 0
					client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
						if r.Method == http.MethodPost {
							return harness.Respond(204, "", "Date", time.Now().UTC().Format(http.TimeFormat)), nil
						}
						if asked++; asked <= 3 {
							return stateOf(before, old), nil
						}
						return stateOf("running", time.Now()), nil
					}))
					require.NoError(t, ask(client, t.Context()))
					status, err := client.Agents.WaitUntil(t.Context(), "a1", agento.StatusRunning)
					require.NoError(t, err)
					require.Equal(t, 4, asked)
					require.True(t, status.StartedAt.After(old))
				})
			})
		}
	}
}

// An outage does not end a wait; its context does, and the error has both.
func TestWaitsBearOutages(t *testing.T) {
	down := map[string]func() (*http.Response, error){
		"503":     func() (*http.Response, error) { return harness.Respond(503, "<html>down</html>"), nil },
		"429":     func() (*http.Response, error) { return harness.Respond(429, "", "Retry-After", "120"), nil },
		"refused": func() (*http.Response, error) { return nil, errors.New("connection refused") },
	}
	for name, respond := range down {
		for _, ends := range []time.Duration{10 * time.Minute, time.Hour} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					begun := time.Now()
					client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
						switch {
						case time.Since(begun) < 20*time.Minute:
							return respond()
						case strings.HasSuffix(r.URL.Path, "/status"):
							return harness.Respond(200, `{"data":{"status":"running"}}`), nil
						}
						return harness.Respond(200, `{"data":[{"id":"a1","status":"running"}]}`), nil
					}))
					ctx, cancel := context.WithTimeout(t.Context(), ends)
					defer cancel()
					_, one := client.Agents.WaitUntil(ctx, "a1", agento.StatusRunning)
					var all []agento.Agent
					var failed error
					for agent, err := range client.Agents.WaitAll(ctx, []string{"a1"}, agento.StatusRunning) {
						all, failed = append(all, agent), err
					}
					require.Len(t, all, 1)
					require.Equal(t, "a1", all[0].ID)
					for _, err := range []error{one, failed} {
						if ends == time.Hour {
							require.NoError(t, err)
							continue
						}
						require.ErrorIs(t, err, context.DeadlineExceeded)
						require.ErrorContains(t, err, "not yet running")
					}
				})
			})
		}
	}
}

// Sixty agents are created and waited for with few requests, within the rate limit.
func TestWaitAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithStartDelay(45*time.Second), agentotest.WithMaxPage(20))
		defer s.Close()
		client := s.Client()
		var ids []string
		for i := range 60 {
			agent, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: fmt.Sprint(i), Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-test"}})
			require.NoError(t, err)
			ids = append(ids, agent.ID)
		}
		ready := map[string]bool{}
		for agent, err := range client.Agents.WaitAll(t.Context(), ids, agento.StatusRunning) {
			require.NoError(t, err)
			require.Equal(t, agento.StatusRunning, agent.Status)
			require.False(t, ready[agent.ID])
			ready[agent.ID] = true
		}
		require.Len(t, ready, 60)
		t.Logf("60 agents created and waited for: %d requests", len(s.Requests()))
		require.LessOrEqual(t, len(s.Requests()), 150)
		require.Empty(t, s.RequestsTo("Agents.Get"))
	})
}

func TestWaitAll(t *testing.T) {
	harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(7 * time.Second)}, func(t *testing.T, s *agentotest.Server) {
		client := s.Client()
		ids := fleet(s, 3)
		stuck := s.AddAgent(agentotest.AgentSeed{Status: "creating"})
		failed := s.AddAgent(agentotest.AgentSeed{Status: "stopped"})
		s.SetStatus(failed, "error", "out of memory")
		require.NoError(t, client.Agents.Restart(t.Context(), ids[1]))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var order []string
		errs := map[string]error{}
		for agent, err := range client.Agents.WaitAll(ctx, append(ids, "gone", failed, stuck, ids[0]), agento.StatusRunning) {
			order = append(order, agent.ID)
			errs[agent.ID] = err
		}
		require.Equal(t, []string{ids[0], ids[2], "gone", failed, ids[1], stuck}, order)
		require.NoError(t, errors.Join(errs[ids[0]], errs[ids[1]], errs[ids[2]]))
		require.ErrorIs(t, errs["gone"], agento.ErrNotFound)
		require.ErrorContains(t, errs[failed], "out of memory")
		require.ErrorIs(t, errs[stuck], context.DeadlineExceeded)
		require.ErrorContains(t, errs[stuck], "is creating")
		require.Len(t, s.RequestsTo("Agents.Get"), 1)

		s.ForgetRequests()
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range client.Agents.WaitAll(ctx, []string{stuck, ids[0]}, agento.StatusRunning) {
			break // before the first is over
		}
		require.Len(t, s.Requests(), 1)
		s.ForgetRequests()
		for range client.Agents.WaitAll(ctx, nil, agento.StatusRunning) {
			t.Error("nothing to wait for")
		}
		require.Empty(t, s.Requests())
		s.Next("Agents.List", 1, agentotest.Fail(403, "forbidden"))
		n := 0
		for agent, err := range client.Agents.WaitAll(t.Context(), ids, agento.StatusRunning) {
			require.Contains(t, ids, agent.ID)
			require.ErrorIs(t, err, agento.ErrForbidden)
			n++
		}
		require.Equal(t, 3, n)
	})
	for _, ids := range [][]string{{""}, {"a", ".."}} {
		for _, err := range harness.Client(t, harness.Always("{}")).Agents.WaitAll(t.Context(), ids, agento.StatusRunning) {
			require.ErrorIs(t, err, agento.ErrValidation)
			require.ErrorContains(t, err, "ids[")
		}
	}
}

func TestRestartAndWait(t *testing.T) {
	harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(7 * time.Second)}, func(t *testing.T, s *agentotest.Server) {
		client := s.Client()
		id := fleet(s, 1)[0]
		before := s.Agent(id).StartedAt
		status, err := client.Agents.RestartAndWait(t.Context(), id)
		require.NoError(t, err)
		require.True(t, status.StartedAt.After(before))
		require.Equal(t, 2, s.Agent(id).Starts)

		s.SetStatus(id, "error", "broken") // a restart repairs it
		_, err = client.Agents.RestartAndWait(t.Context(), id)
		require.NoError(t, err)

		s.Next("Agents.Restart", 1, agentotest.Drop().AfterCommit())
		_, err = client.Agents.RestartAndWait(t.Context(), id)
		require.NoError(t, err, "the response was lost, but the agent was restarted")
		require.Equal(t, 4, s.Agent(id).Starts)

		s.Next("Agents.Restart", 1, agentotest.Drop())
		_, err = client.Agents.RestartAndWait(t.Context(), id)
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.ErrorIs(t, err, io.EOF)
		_, err = client.Agents.RestartAndWait(t.Context(), "gone")
		require.ErrorIs(t, err, agento.ErrNotFound)
	})
}
