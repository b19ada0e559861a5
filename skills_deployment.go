package agento

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// deployment is a Deploy under way. Each result has one writer at a time.
type deployment struct {
	ctx      context.Context
	skills   *SkillsService
	agents   *AgentsService
	params   DeployParams
	opts     []Option
	report   *DeployReport
	failures atomic.Int64
}

func newDeployment(ctx context.Context, s *SkillsService, p DeployParams, skillID string, opts []Option) *deployment {
	d := &deployment{
		ctx: ctx, skills: s, agents: &AgentsService{s.core}, params: p, opts: opts,
		report: &DeployReport{SkillID: skillID, Version: p.Skill.Version},
	}
	for _, id := range p.Agents {
		d.report.Results = append(d.report.Results, DeployResult{AgentID: id})
	}
	return d
}

// run installs on all agents, then restarts in batches those that need it.
func (d *deployment) run() {
	all := make([]*member, len(d.report.Results))
	for i := range all {
		all[i] = &member{deployment: d, result: &d.report.Results[i]}
	}
	each(all, d.params.Parallel, (*member).install)
	all = slices.DeleteFunc(all, func(m *member) bool { return !m.stale })
	for batch := range slices.Chunk(all, d.params.BatchSize) {
		each(batch, len(batch), (*member).restart)
	}
}

// each calls f for every row, at most parallel at a time, and returns when all
// are done.
func each[T any](rows []T, parallel int, f func(T)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(rows), parallel) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(rows)); i = next.Add(1) - 1 {
				f(rows[i])
			}
		})
	}
	all.Wait()
}

// stopped is why nothing more is to be begun; nil if it is.
func (d *deployment) stopped() error {
	if d.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrDeployStopped, errs.Context(d.ctx))
	}
	if most := d.params.MaxFailures; most > 0 && d.failures.Load() >= int64(most) {
		return fmt.Errorf("%w: %d agents failed", ErrDeployStopped, most)
	}
	return nil
}

// member is an agent that the skill is deployed to.
type member struct {
	*deployment
	result  *DeployResult
	started *time.Time // before the restart
	stale   bool       // runs, and not with the skill
}

// step does a part of the work on an agent, unless the deployment was stopped.
func (m *member) step(work func() error) {
	if m.result.Err = m.stopped(); m.result.Err != nil {
		m.stale = false
		return
	}
	err := work()
	if err == nil {
		return
	}
	if m.ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrDeployStopped, err)
	}
	m.result.Err, m.stale = err, false
	m.failures.Add(1)
}

// install sees to it that the agent has the skill, and finds out whether it has
// loaded it.
func (m *member) install() {
	m.step(func() error {
		agent, err := m.settled()
		if err != nil {
			return err
		}
		installed, err := m.ensureInstalled()
		if err != nil {
			return err
		}
		m.started = agent.StartedAt
		m.stale = agent.Status == StatusRunning && !isAfter(agent.StartedAt, installed.InstalledAt)
		m.result.AlreadyCurrent = !m.result.Installed && !m.stale
		return nil
	})
}

// isAfter reports whether a is known to be after b.
func isAfter(a, b *time.Time) bool { return a != nil && b != nil && a.After(*b) }

// settled returns the agent once it is not being created any more: what a
// container loads while it starts cannot be told from outside.
func (m *member) settled() (*Agent, error) {
	agent, err := m.look()
	if err != nil || agent.Status != StatusCreating {
		return agent, err
	}
	ctx, cancel := m.bounded()
	defer cancel()
	if _, err := m.agents.WaitUntil(ctx, m.result.AgentID, StatusRunning, m.opts...); err != nil {
		return nil, err
	}
	return m.look()
}

func (m *member) look() (*Agent, error) {
	agent, err := m.agents.Get(m.ctx, m.result.AgentID, m.opts...)
	if err == nil {
		m.result.Status = agent.Status
	}
	return agent, err
}

var errNotInTime = errors.New("the agent did not run in time")

func (m *member) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(m.ctx, m.params.RestartTimeout, errNotInTime)
}

// ensureInstalled installs the version unless the agent has it. Where the answer
// is lost, it looks whether the agent has it now.
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

// find returns the version as it is installed on the agent; nil if it is not.
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

// restart restarts the agent and waits until it runs again. Where the answer is
// lost, it looks once whether the agent was started.
func (m *member) restart() {
	m.step(func() error {
		ctx, cancel := m.bounded()
		defer cancel()
		lost := m.agents.Restart(ctx, m.result.AgentID, m.opts...)
		if lost != nil && !errors.Is(lost, ErrOutcomeUnknown) {
			return lost
		}
		again, err := m.awaitStart(ctx, lost == nil)
		if err == nil && !again {
			return lost
		}
		m.result.Restarted = again
		return err
	})
}

// awaitStart waits until the agent runs, and reports whether it was started since
// we looked. If it was surely told to, it waits for that as well, and believes a
// service that does not tell when an agent was started.
func (m *member) awaitStart(ctx context.Context, told bool) (again bool, err error) {
	for {
		st, err := m.agents.WaitUntil(ctx, m.result.AgentID, StatusRunning, m.opts...)
		if st != nil {
			m.result.Status = st.Status
		}
		if err != nil {
			return false, err
		}
		known := st.StartedAt != nil && m.started != nil
		switch {
		case known && !st.StartedAt.Equal(*m.started):
			return true, nil
		case !known || !told:
			return told, nil
		case !sleep(ctx, pollMax):
			return false, fmt.Errorf("agento: agent %s was not started again: %w", errs.Line(m.result.AgentID), errs.Context(ctx))
		}
	}
}
