package agento_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

func demoSkill() agento.UploadSkillParams {
	return agento.UploadSkillParams{Name: "demo", Version: "1.0.0", Files: map[string]string{"SKILL.md": skillMD}}
}

// fleet adds n running agents.
func fleet(s *agentotest.Server, n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, s.AddAgent(agentotest.AgentSeed{Name: fmt.Sprintf("agent %d", i)}))
	}
	return ids
}

// loaded returns those of the agents that run with the skill.
func loaded(s *agentotest.Server, ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		a := s.Agent(id)
		return a.Status != "running" || a.Loaded.Skills["demo"] != "1.0.0"
	})
}

func ofAgent(r agentotest.Request, id string) bool { return strings.Contains(r.Path, "/"+id) }

func TestDeploy(t *testing.T) {
	harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(7 * time.Second)}, func(t *testing.T, s *agentotest.Server) {
		ids := fleet(s, 20)
		missing, refusing, broken := ids[3], ids[8], ids[14]
		var mostDown, restarts atomic.Int64
		s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
			down := 0
			for _, a := range s.Agents() {
				if a.Status == "creating" {
					down++
				}
			}
			mostDown.Store(max(mostDown.Load(), int64(down)))
			switch {
			case ofAgent(r, missing):
				return agentotest.Fail(404, "agent_not_found"), true
			case ofAgent(r, refusing) && r.Operation == "installSkill":
				return agentotest.Fail(403, "limit_reached"), true
			case ofAgent(r, broken) && r.Operation == "getAgentStatus":
				s.SetStatus(broken, "error", "out of memory")
			}
			if r.Operation == "restartAgent" {
				restarts.Add(1)
			}
			return agentotest.Fault{}, false
		})
		report, err := s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: ids, BatchSize: 4})

		require.ErrorContains(t, err, "3 of 20 agents")
		require.ErrorIs(t, err, agento.ErrNotFound)
		require.ErrorIs(t, err, agento.ErrLimitReached)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, "1.0.0", report.Version)
		require.Equal(t, s.Skills()[0].ID, report.SkillID)
		require.Len(t, report.Results, 20)
		require.Len(t, report.Failed(), 3)
		for i, r := range report.Results {
			require.Equal(t, ids[i], r.AgentID)
			switch r.AgentID {
			case missing:
				require.ErrorIs(t, r.Err, agento.ErrNotFound)
				require.Equal(t, agento.DeployResult{AgentID: missing, Err: r.Err}, r)
			case refusing:
				require.ErrorIs(t, r.Err, agento.ErrLimitReached)
				require.Equal(t, agento.DeployResult{AgentID: refusing, Status: "running", Err: r.Err}, r)
			case broken:
				require.ErrorContains(t, r.Err, "out of memory")
				require.Equal(t, agento.DeployResult{AgentID: broken, Installed: true, Status: "error", Err: r.Err}, r)
			default:
				require.Equal(t, agento.DeployResult{AgentID: r.AgentID, Installed: true, Restarted: true, Status: "running"}, r)
			}
		}
		require.Len(t, loaded(s, ids), 17)
		require.EqualValues(t, 4, mostDown.Load(), "agents down at a time")
		require.EqualValues(t, 18, restarts.Load())

		s.Inject(nil)
		s.SetStatus(broken, "running", "")
		report, err = s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: ids})
		require.NoError(t, err)
		require.Len(t, loaded(s, ids), 20)
		require.EqualValues(t, 18, restarts.Load(), "counted above")
		for _, r := range report.Results {
			again := r.AgentID == missing || r.AgentID == refusing
			require.Equal(t, agento.DeployResult{AgentID: r.AgentID, Installed: again, Restarted: again, AlreadyCurrent: !again, Status: "running"}, r)
		}
	})
}

func TestDeployTwice(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		ids := fleet(s, 6)
		p := agento.DeployParams{Skill: demoSkill(), Agents: ids}
		_, err := s.Client().Skills.Deploy(t.Context(), p)
		require.NoError(t, err)
		before := s.Agents()
		s.ForgetRequests()

		report, err := s.Client().Skills.Deploy(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, before, s.Agents())
		require.Empty(t, s.RequestsTo("Skills.Install"))
		require.Empty(t, s.RequestsTo("Agents.Restart"))
		for _, r := range report.Results {
			require.Equal(t, agento.DeployResult{AgentID: r.AgentID, AlreadyCurrent: true, Status: "running"}, r)
		}

		p.Skill.Version = "1.1.0"
		_, err = s.Client().Skills.Deploy(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, "1.1.0", s.Agent(ids[0]).Loaded.Skills["demo"])
	})
}

// However a deployment ends, the next one brings all agents to the same state and
// restarts none twice.
func TestDeployResumesAfterCancel(t *testing.T) {
	killed := errors.New("killed")
	for k := 1; ; k++ {
		ended := false
		harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(3 * time.Second)}, func(t *testing.T, s *agentotest.Server) {
			ids := fleet(s, 5)
			ctx, kill := context.WithCancelCause(t.Context())
			defer kill(nil)
			var n atomic.Int64
			s.Inject(func(agentotest.Request) (agentotest.Fault, bool) {
				if n.Add(1) == int64(k) {
					kill(killed)
					return agentotest.Drop().AfterCommit(), true
				}
				return agentotest.Fault{}, false
			})
			p := agento.DeployParams{Skill: demoSkill(), Agents: ids, BatchSize: 2, Parallel: 2}
			report, err := s.Client().Skills.Deploy(ctx, p)
			if ended = err == nil; ended {
				require.Len(t, loaded(s, ids), 5)
				return
			}
			require.ErrorIs(t, err, killed)
			if report != nil {
				for _, r := range report.Failed() {
					require.ErrorIs(t, r.Err, agento.ErrDeployStopped)
				}
			}

			synctest.Wait() // requests of the canceled deployment arrive first
			report, err = s.Client().Skills.Deploy(t.Context(), p)
			require.NoError(t, err, "killed at request %d", k)
			require.Empty(t, report.Failed())
			require.Len(t, loaded(s, ids), 5, "killed at request %d", k)
			for _, id := range ids {
				require.Equal(t, 2, s.Agent(id).Starts, "killed at request %d: started once more", k)
			}
		})
		if ended {
			require.Greater(t, k, 20, "there were points to kill it at")
			return
		}
	}
}

func TestDeployToStoppedAgents(t *testing.T) {
	harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(20 * time.Second)}, func(t *testing.T, s *agentotest.Server) {
		stopped := s.AddAgent(agentotest.AgentSeed{Status: "stopped"})
		failed := s.AddAgent(agentotest.AgentSeed{Status: "error"})
		client := s.Client()
		young, err := client.Agents.Create(t.Context(), agento.CreateAgentParams{Name: "new", Secrets: agento.Secrets{agento.AnthropicAPIKey: "sk-test"}})
		require.NoError(t, err)
		require.Equal(t, agento.StatusCreating, young.Status)

		p := agento.DeployParams{Skill: demoSkill(), Agents: []string{stopped, failed, young.ID}}
		report, err := client.Skills.Deploy(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, []agento.DeployResult{
			{AgentID: stopped, Installed: true, Status: "stopped"},
			{AgentID: failed, Installed: true, Status: "error"},
			{AgentID: young.ID, Installed: true, Restarted: true, Status: "running"},
		}, report.Results)
		require.Equal(t, []string{young.ID}, loaded(s, p.Agents))

		require.NoError(t, client.Agents.Start(t.Context(), stopped))
		time.Sleep(time.Minute)
		require.Equal(t, []string{stopped, young.ID}, loaded(s, p.Agents), "the skill is loaded at the start")
		report, err = client.Skills.Deploy(t.Context(), p)
		require.NoError(t, err)
		for _, r := range report.Results {
			require.True(t, r.AlreadyCurrent)
		}
	})
}

func TestDeployVersionWithOtherContent(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		s.AddSkill(agentotest.SkillSeed{Name: "demo", Version: "1.0.0", Custom: true})
		report, err := s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: fleet(s, 3)})
		require.ErrorIs(t, err, agento.ErrConflict)
		require.ErrorContains(t, err, "no agent was changed")
		require.Nil(t, report)
		require.Len(t, s.Requests(), 1)
	})
}

// If the service returns no times of starts and installations, the agent is restarted.
func TestDeployWithoutTimesRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var restarts int
		client := harness.Client(t, harness.RoundTripper(func(r *http.Request) (*http.Response, error) {
			switch {
			case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/restart"):
				restarts++
				return harness.Respond(204, ""), nil
			case r.Method == http.MethodPost:
				return harness.Respond(201, `{"data":{"id":"k1"}}`), nil
			case strings.HasSuffix(r.URL.Path, "/skills"):
				return harness.Respond(200, `{"data":[{"id":"i1","name":"demo","version":"1.0.0"}]}`), nil
			}
			return harness.Respond(200, `{"data":{"id":"a1","status":"running"}}`), nil
		}))
		report, err := client.Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: []string{"a1"}})
		require.NoError(t, err)
		require.Equal(t, 1, restarts)
		require.Equal(t, agento.DeployResult{AgentID: "a1", Restarted: true, Status: "running"}, report.Results[0])
	})
}

func TestDeployBulkAndParallelLimit(t *testing.T) {
	var calls, busy, most atomic.Int64
	var mu sync.Mutex
	notBulk := []string{}
	harness.RunService(t, []agentotest.Option{agentotest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			most.Store(max(most.Load(), busy.Add(1)))
			defer busy.Add(-1)
			time.Sleep(10 * time.Millisecond)
			next.ServeHTTP(w, r)
		})
	})}, func(t *testing.T, s *agentotest.Server) {
		client := s.Client(agento.WithObserver(agento.Observer{CallEnd: func(_ context.Context, call agento.CallInfo, _ agento.CallEndInfo) {
			calls.Add(1)
			if !call.Bulk {
				mu.Lock()
				notBulk = append(notBulk, call.Operation)
				mu.Unlock()
			}
		}}))
		_, err := client.Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: fleet(s, 12), Parallel: 3, BatchSize: 3})
		require.NoError(t, err)
		require.EqualValues(t, 3, most.Load())
		require.GreaterOrEqual(t, calls.Load(), int64(1+12*5))
		require.Empty(t, notBulk)
	})
}

func TestDeployInvalidArguments(t *testing.T) {
	client := harness.Client(t, harness.RoundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.ErrUnsupported
	}))
	good := func(change func(*agento.DeployParams)) agento.DeployParams {
		p := agento.DeployParams{Skill: demoSkill(), Agents: []string{"a1"}}
		change(&p)
		return p
	}
	same := good(func(*agento.DeployParams) {})
	for _, tt := range []struct {
		names string
		p     agento.DeployParams
		opts  []agento.Option
	}{
		{"Name", good(func(p *agento.DeployParams) { p.Skill.Name = "" }), nil},
		{"Version", good(func(p *agento.DeployParams) { p.Skill.Version = "1" }), nil},
		{"SKILL.md", good(func(p *agento.DeployParams) { p.Skill.Files = nil }), nil},
		{"Agents are empty", good(func(p *agento.DeployParams) { p.Agents = nil }), nil},
		{"Agents[1] is empty", good(func(p *agento.DeployParams) { p.Agents = []string{"a", ""} }), nil},
		{`Agents[0] is ".."`, good(func(p *agento.DeployParams) { p.Agents = []string{".."} }), nil},
		{`"a1" twice`, good(func(p *agento.DeployParams) { p.Agents = []string{"a1", "a2", "a1"} }), nil},
		{"BatchSize is negative", good(func(p *agento.DeployParams) { p.BatchSize = -1 }), nil},
		{"MaxFailures is negative", good(func(p *agento.DeployParams) { p.MaxFailures = -1 }), nil},
		{"Parallel is negative", good(func(p *agento.DeployParams) { p.Parallel = -1 }), nil},
		{"RestartTimeout is negative", good(func(p *agento.DeployParams) { p.RestartTimeout = -1 }), nil},
		{"WithResponse", same, []agento.Option{agento.WithResponse(new(agento.Response))}},
		{"WithExtra", same, []agento.Option{agento.WithExtra("k", 1)}},
		{"WithPacing", same, []agento.Option{agento.WithPacing(true)}},
	} {
		report, err := client.Skills.Deploy(t.Context(), tt.p, tt.opts...)
		require.ErrorIs(t, err, agento.ErrValidation, tt.names)
		require.ErrorContains(t, err, tt.names)
		require.Nil(t, report)
	}
	//lint:ignore SA1012 the test is about it
	_, err := client.Skills.Deploy(nil, same)
	require.ErrorIs(t, err, agento.ErrValidation)
}

func TestDeployMaxFailures(t *testing.T) {
	harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
		ids := fleet(s, 10)
		s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
			return agentotest.Fail(404, "agent_not_found"), ofAgent(r, ids[2]) || ofAgent(r, ids[4])
		})
		report, err := s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: ids, Parallel: 1, MaxFailures: 2})
		require.ErrorIs(t, err, agento.ErrNotFound)
		require.ErrorIs(t, err, agento.ErrDeployStopped)
		for i, r := range report.Results {
			require.Equal(t, i == 2 || i == 4, errors.Is(r.Err, agento.ErrNotFound))
			require.Equal(t, i != 2 && i != 4, errors.Is(r.Err, agento.ErrDeployStopped))
			require.Equal(t, i < 4 && i != 2, r.Installed)
		}
		require.Empty(t, s.RequestsTo("Agents.Restart"), "no restart after MaxFailures")
	})
}

func TestDeployResponseLost(t *testing.T) {
	lost := agentotest.Drop().AfterCommit()
	for _, operation := range []string{"Skills.Upload", "Skills.Install", "Agents.Restart"} {
		t.Run(operation, func(t *testing.T) {
			harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(3 * time.Second)}, func(t *testing.T, s *agentotest.Server) {
				ids := fleet(s, 2)
				s.Next(operation, 2, lost)
				_, err := s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: ids})
				require.NoError(t, err)
				require.Len(t, loaded(s, ids), 2)
				require.Equal(t, 2, s.Agent(ids[0]).Starts)
				require.Len(t, s.RequestsTo("Skills.Install"), 2)
			})
		})
		t.Run(operation+" not carried out", func(t *testing.T) {
			harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
				s.Next(operation, 3, agentotest.Drop())
				report, err := s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: fleet(s, 1)})
				require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
				if report != nil {
					require.False(t, report.Results[0].Restarted)
					require.Equal(t, operation == "Agents.Restart", report.Results[0].Installed)
				}
			})
		})
	}
}

func TestDeployRestartTimeout(t *testing.T) {
	tests := map[string]func(s *agentotest.Server, id string){
		"never runs again": func(*agentotest.Server, string) {},
		"is never begun anew": func(s *agentotest.Server, _ string) {
			s.Next("Agents.Restart", 1, agentotest.Answer(agentotest.Raw{Status: 204}))
		},
		"is being created": func(s *agentotest.Server, id string) { s.SetStatus(id, "creating", "") },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			harness.RunService(t, []agentotest.Option{agentotest.WithStartDelay(agentotest.OnDemand)}, func(t *testing.T, s *agentotest.Server) {
				ids := fleet(s, 1)
				prepare(s, ids[0])
				begun := time.Now()
				report, err := s.Client().Skills.Deploy(t.Context(), agento.DeployParams{Skill: demoSkill(), Agents: ids, RestartTimeout: time.Minute})
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "did not run in time")
				require.NotErrorIs(t, err, agento.ErrDeployStopped)
				require.False(t, report.Results[0].Restarted)
				require.Equal(t, time.Minute, time.Since(begun))
			})
		})
	}
}
