package agento

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

// The defaults of a deployment.
const (
	deployParallel       = 8
	deployBatchSize      = 5
	deployRestartTimeout = 5 * time.Minute
)

// DeployParams describes a deployment of a skill to agents.
type DeployParams struct {
	// Skill is the skill to upload. Required.
	Skill UploadSkillParams
	// Agents has the IDs of the agents to install it on. At least one.
	Agents []string
	// BatchSize is the number of agents that restart at the same time. The default is 5.
	BatchSize int
	// MaxFailures is the number of failed agents after which no further agent is
	// changed. The default is no limit.
	MaxFailures int
	// Parallel is the number of agents to install on at the same time. The default is 8.
	Parallel int
	// RestartTimeout limits the time until an agent runs. The default is 5 min.
	RestartTimeout time.Duration
}

// DeployReport is the result of a deployment.
type DeployReport struct {
	SkillID string
	Version string
	Results []DeployResult // in the order of DeployParams.Agents
}

// DeployResult is the result of a deployment for one agent.
type DeployResult struct {
	AgentID        string
	Installed      bool   // by this deployment
	Restarted      bool   // by this deployment, and it runs
	AlreadyCurrent bool   // it had the version, and runs with it or does not run
	Status         Status // the last known status; empty if not known
	Err            error  // nil: the agent has the skill, or loads it when it is started
}

// ErrDeployStopped is the error of an agent that was not finished, because MaxFailures was
// reached or the context ended. After the latter, the error also matches the context's.
var ErrDeployStopped = errors.New("agento: the deployment was stopped before this agent was complete")

// Failed returns the results that have an error.
func (r *DeployReport) Failed() []DeployResult {
	return slices.DeleteFunc(slices.Clone(r.Results), func(one DeployResult) bool { return one.Err == nil })
}

// failure returns an error for all agents that failed, with the text of the first.
func (r *DeployReport) failure() error {
	var all []error
	for _, one := range r.Failed() {
		all = append(all, fmt.Errorf("agent %s: %w", errs.Line(one.AgentID), one.Err))
	}
	if all == nil {
		return nil
	}
	first := strings.Replace(all[0].Error(), "agento: ", "", 1)
	return errs.Several(fmt.Sprintf("agento: %d of %d agents were not completed; %s", len(all), len(r.Results), first), all)
}

// Deploy uploads a version of a skill, installs it on the agents that do not have it, and
// restarts running agents in batches, waiting until they run. It waits for agents that are
// being created. It does not start stopped agents; they load the skill when they start.
//
// Deploy may be run again, also after it was interrupted. It then only changes agents that
// do not have the version, and restarts agents that may not have loaded it. The failure of
// an agent does not stop the others, except by MaxFailures.
//
// If an argument is invalid or the upload fails, for example because the version exists
// with other content ([ErrConflict]), Deploy changes no agent and returns no report.
// Otherwise it returns a report, and an error that matches the errors of failed agents.
// Its calls are bulk (see [WithBulk]). [WithResponse] and [WithExtra] are not allowed.
//
//   - API: POST /v1/skills, POST /v1/agents/{id}/skills, POST /v1/agents/{id}/restart,
//     GET /v1/agents (documented); GET /v1/agents/{id}, GET /v1/agents/{id}/skills,
//     GET /v1/agents/{id}/status (paths inferred from the reference's titles)
//   - Scope: skills, agents:read, agents:write
func (s *SkillsService) Deploy(ctx context.Context, p DeployParams, opts ...Option) (*DeployReport, error) {
	if ctx == nil {
		return nil, errs.Argument("ctx", "is nil")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	settings, err := s.core.settings.several("Skills.Deploy", opts)
	if err == nil && settings.extra != nil {
		err = errs.Argument("WithExtra", "is not allowed on Skills.Deploy, which makes several calls")
	}
	if err != nil {
		return nil, err
	}
	p.BatchSize = cmp.Or(p.BatchSize, deployBatchSize)
	p.Parallel = cmp.Or(p.Parallel, deployParallel)
	p.RestartTimeout = cmp.Or(p.RestartTimeout, deployRestartTimeout)
	opts = append([]Option{WithBulk(settings.bulk)}, opts...)
	skill, err := s.uploadForDeploy(ctx, p.Skill, opts)
	if err != nil {
		return nil, fmt.Errorf("agento: no agent was changed: %w", err)
	}
	d := &deployment{
		ctx: ctx, skills: s, agents: &AgentsService{s.core, new(wait.Restarts)}, params: p, opts: opts, settings: settings,
		report: &DeployReport{SkillID: skill.ID, Version: p.Skill.Version},
	}
	d.run()
	return d.report, d.report.failure()
}

func (p DeployParams) check() error {
	if err := p.Skill.check(); err != nil {
		return err
	}
	if len(p.Agents) == 0 {
		return errs.Argument("Agents", "are empty")
	}
	seen := make(map[string]bool, len(p.Agents))
	for i, id := range p.Agents {
		if err := wire.CheckID(fmt.Sprintf("Agents[%d]", i), id); err != nil {
			return err
		}
		if seen[id] {
			return errs.Argument("Agents", "have %q twice", errs.Line(id))
		}
		seen[id] = true
	}
	for name, n := range map[string]int64{
		"BatchSize": int64(p.BatchSize), "MaxFailures": int64(p.MaxFailures),
		"Parallel": int64(p.Parallel), "RestartTimeout": int64(p.RestartTimeout),
	} {
		if n < 0 {
			return errs.Argument(name, "is negative")
		}
	}
	return nil
}

// uploadForDeploy uploads the skill, and retries if the response is lost. That is
// safe: the catalog accepts the same content for a version again.
func (s *SkillsService) uploadForDeploy(ctx context.Context, p UploadSkillParams, opts []Option) (*Skill, error) {
	for n := 0; ; n++ {
		skill, err := s.Upload(ctx, p, opts...)
		if !errors.Is(err, ErrOutcomeUnknown) || n == 2 || !wait.Sleep(ctx, wait.PauseMin<<n) {
			return skill, err
		}
	}
}

// deployment is the state of a Deploy. Each result has one writer at a time.
type deployment struct {
	ctx      context.Context
	skills   *SkillsService
	agents   *AgentsService
	params   DeployParams
	opts     []Option
	settings *settings // of opts
	report   *DeployReport
	failures atomic.Int64
}

// run installs on all agents, then restarts in batches those that need it.
func (d *deployment) run() {
	d.report.Results = make([]DeployResult, len(d.params.Agents))
	all := make([]*member, len(d.params.Agents))
	for i, id := range d.params.Agents {
		d.report.Results[i].AgentID = id
		all[i] = &member{deployment: d, result: &d.report.Results[i]}
	}
	wait.Each(all, d.params.Parallel, (*member).install)
	wait.Each(d.created(all), d.params.Parallel, (*member).install)
	all = slices.DeleteFunc(all, func(m *member) bool { return !m.stale })
	for batch := range slices.Chunk(all, d.params.BatchSize) {
		wait.Each(batch, len(batch), (*member).restart)
	}
}

// stopped returns the reason to change no further agent, nil if there is none.
func (d *deployment) stopped() error {
	if d.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrDeployStopped, errs.Context(d.ctx))
	}
	if most, failed := int64(d.params.MaxFailures), d.failures.Load(); most > 0 && failed >= most {
		return fmt.Errorf("%w: %d agents failed", ErrDeployStopped, failed)
	}
	return nil
}

// member is an agent that the skill is deployed to.
type member struct {
	*deployment
	result *DeployResult
	agent  *Agent // nil: not read
	stale  bool   // it runs, and may not have loaded the version
}

// step does a part of the work on an agent, unless the deployment is stopped.
func (m *member) step(work func() error) {
	if m.result.Err = m.stopped(); m.result.Err != nil {
		m.stale = false
		return
	}
	if err := work(); err != nil {
		m.fail(err)
	}
}

func (m *member) fail(err error) {
	if m.ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrDeployStopped, err)
	}
	m.result.Err, m.stale = err, false
	m.failures.Add(1)
}

// install installs the skill if the agent does not have it, and determines whether the
// agent has loaded it. If an agent is still being created, the skill
// is installed when it runs.
func (m *member) install() {
	m.step(func() error {
		if m.agent == nil {
			agent, err := m.agents.Get(m.ctx, m.result.AgentID, m.opts...)
			if err != nil {
				return err
			}
			m.agent, m.result.Status = agent, agent.Status
			if agent.Status == StatusCreating {
				return nil
			}
		}
		installed, err := m.ensureInstalled()
		if err != nil {
			return err
		}
		started, since := m.agent.StartedAt, installed.InstalledAt
		m.stale = m.agent.Status == StatusRunning && (started == nil || since == nil || !started.After(*since))
		m.result.AlreadyCurrent = !m.result.Installed && !m.stale
		return nil
	})
}

var errNotInTime = errors.New("the agent did not run in time")

func (d *deployment) inTime() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(d.ctx, d.params.RestartTimeout, errNotInTime)
}

// created returns the agents that were being created, once they run.
func (d *deployment) created(all []*member) (ready []*member) {
	ctx, cancel := d.inTime()
	defer cancel()
	creating := make(map[string]*member)
	var ids []string
	for _, m := range all {
		if m.result.Err == nil && m.result.Status == StatusCreating {
			ids, creating[m.result.AgentID] = append(ids, m.result.AgentID), m
		}
	}
	if d.stopped() != nil {
		return slices.Collect(maps.Values(creating)) // they get their error from install
	}
	for agent, err := range d.agents.WaitAll(ctx, ids, StatusRunning, d.opts...) {
		m := creating[agent.ID]
		m.agent, m.result.Status = &agent, cmp.Or(agent.Status, m.result.Status)
		if err != nil {
			m.fail(err)
		} else {
			ready = append(ready, m)
		}
	}
	return ready
}

// ensureInstalled installs the version unless the agent has it. If the response is lost,
// it reads whether the agent has it.
func (m *member) ensureInstalled() (*InstalledSkill, error) {
	installed, err := m.find()
	if err != nil || installed != nil {
		return installed, err
	}
	installed, err = m.skills.Install(m.ctx, m.result.AgentID, InstallSkillParams{SkillID: m.report.SkillID, Version: m.report.Version}, m.opts...)
	if errors.Is(err, ErrOutcomeUnknown) {
		if found, problem := m.find(); problem == nil && found != nil {
			installed, err = found, nil
		}
	}
	m.result.Installed = err == nil
	return installed, err
}

// find returns the version on the agent, nil if it is not installed.
func (m *member) find() (*InstalledSkill, error) {
	all, err := m.skills.Installed(m.ctx, m.result.AgentID, m.opts...)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(one InstalledSkill) bool {
		same := one.SkillID == m.report.SkillID || one.SkillID == "" && one.Name == m.params.Skill.Name && one.Source != SourceGitHub
		return same && one.Version == m.report.Version
	})
	if i < 0 {
		return nil, nil
	}
	return &all[i], nil
}

// restart restarts the agent and waits until it runs.
func (m *member) restart() {
	m.step(func() error {
		ctx, cancel := m.inTime()
		defer cancel()
		before := wait.State{Status: string(m.agent.Status), StartedAt: m.agent.StartedAt}
		now, err := m.agents.restartFrom(ctx, m.result.AgentID, before, m.settings)
		if now != nil {
			m.result.Status = now.Status
		}
		m.result.Restarted = err == nil
		return err
	})
}
