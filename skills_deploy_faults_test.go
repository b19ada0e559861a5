package agento_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

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
		require.Empty(t, s.RequestsTo("Agents.Restart"), "what has failed so often is not restarted")
	})
}

func TestDeploySettlesLostAnswers(t *testing.T) {
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

func TestDeployDoesNotWaitForEver(t *testing.T) {
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
