package agento

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// The defaults of a deployment.
const (
	deployParallel       = 8
	deployBatchSize      = 5
	deployRestartTimeout = 5 * time.Minute
)

// DeployParams says which skill goes to which agents, and how carefully.
type DeployParams struct {
	// Skill is uploaded, unless the account's catalog has it already. Required.
	Skill UploadSkillParams
	// Agents are the ids of the agents that are to get it. At least one.
	Agents []string
	// BatchSize is how many agents restart at a time; the next ones follow when
	// these run again. 0 is 5.
	BatchSize int
	// MaxFailures ends the deployment once so many agents have failed: 1 stops
	// at the first. What is under way is finished. 0 is no bound.
	MaxFailures int
	// Parallel is how many agents are looked at and installed on at a time. 0 is
	// 8. The rate limit paces all of it.
	Parallel int
	// RestartTimeout is how long an agent may take to run, again or at all. 0 is
	// 5 min.
	RestartTimeout time.Duration
}

// DeployReport tells what a deployment did.
type DeployReport struct {
	SkillID string
	Version string
	Results []DeployResult // in the order of DeployParams.Agents
}

// DeployResult tells what a deployment did to one agent.
type DeployResult struct {
	AgentID        string
	Installed      bool   // now, by this deployment
	Restarted      bool   // now, and it runs again
	AlreadyCurrent bool   // nothing was to be done
	Status         Status // of the agent, as last seen; empty if it was not
	Err            error  // nil: the agent runs with the skill, or will when it is started
}

// ErrDeployStopped is the error of an agent that a deployment did not get to, or
// not to the end with, because it was stopped: by DeployParams.MaxFailures, or by
// its context, whose error it then has too.
var ErrDeployStopped = errors.New("agento: the deployment was stopped before it was done with this agent")

// Failed returns the results that have an error.
func (r *DeployReport) Failed() []DeployResult {
	return slices.DeleteFunc(slices.Clone(r.Results), func(one DeployResult) bool { return one.Err == nil })
}

// failure sums up the errors of the agents; nil if there are none.
func (r *DeployReport) failure() error {
	failed := r.Failed()
	if len(failed) == 0 {
		return nil
	}
	e := &deployError{total: len(r.Results)}
	for _, one := range failed {
		e.errs = append(e.errs, fmt.Errorf("agent %s: %w", errs.Line(one.AgentID), one.Err))
	}
	return e
}

// deployError is the errors of the agents that failed. Its text names the first.
type deployError struct {
	total int
	errs  []error
}

func (e *deployError) Error() string {
	first := strings.Replace(e.errs[0].Error(), "agento: ", "", 1)
	return fmt.Sprintf("agento: %d of %d agents do not have the skill loaded; %s", len(e.errs), e.total, first)
}

func (e *deployError) Unwrap() []error { return e.errs }

// Deploy brings a version of a skill to agents: it uploads it, installs it on
// each agent that does not have it, and restarts those that run, batch by batch,
// waiting until each runs again. An agent that is being created is waited for
// first. One that does not run is not started; it loads the skill when it is.
//
// It may be run again, also after it was killed halfway: an agent that has the
// version is left alone, except that it is restarted if it was started before the
// skill was installed on it, or if the service does not tell. One agent's failure
// does not stop the others, unless MaxFailures says so.
//
// Bad arguments, and an upload that fails, as by a version that exists with other
// content ([ErrConflict]), are errors before any agent is touched, without a report. After that there
// always is one, and an error if any agent failed, which matches what the agents'
// errors match. When the context ends, what was done so far is reported, and the
// agents that were not got to have [ErrDeployStopped].
//
// POST /v1/skills, POST /v1/agents/{id}/skills and POST /v1/agents/{id}/restart,
// documented; GET /v1/agents/{id}, GET /v1/agents/{id}/skills and GET
// /v1/agents/{id}/status, inferred from the titles. Scopes: skills, agents:read,
// agents:write. All calls are bulk ([WithBulk]). [WithResponse] and [WithExtra]
// do not fit, since it makes several calls.
func (s *SkillsService) Deploy(ctx context.Context, p DeployParams, opts ...Option) (*DeployReport, error) {
	if ctx == nil {
		return nil, errs.Argument("ctx", "is nil")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	opts, err := deployOptions(opts)
	if err != nil {
		return nil, err
	}
	skill, err := s.uploadForDeploy(ctx, p.Skill, opts)
	if err != nil {
		return nil, fmt.Errorf("agento: no agent was touched: %w", err)
	}
	d := newDeployment(ctx, s, p.withDefaults(), skill.ID, opts)
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
		if err := checkSegment(pathArg{name: fmt.Sprintf("Agents[%d]", i), value: id}); err != nil {
			return err
		}
		if seen[id] {
			return errs.Argument("Agents", "hold %q twice", errs.Line(id))
		}
		seen[id] = true
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"BatchSize", int64(p.BatchSize)}, {"MaxFailures", int64(p.MaxFailures)},
		{"Parallel", int64(p.Parallel)}, {"RestartTimeout", int64(p.RestartTimeout)},
	} {
		if n.value < 0 {
			return errs.Argument(n.name, "is negative")
		}
	}
	return nil
}

func (p DeployParams) withDefaults() DeployParams {
	if p.BatchSize == 0 {
		p.BatchSize = deployBatchSize
	}
	if p.Parallel == 0 {
		p.Parallel = deployParallel
	}
	if p.RestartTimeout == 0 {
		p.RestartTimeout = deployRestartTimeout
	}
	return p
}

func deployOptions(opts []Option) ([]Option, error) {
	const method = "Skills.Deploy"
	var s settings
	if err := s.set(onCall, opts); err != nil {
		return nil, err
	}
	if s.extra != nil {
		return nil, errs.Argument("WithExtra", "does not fit %s, which makes several calls", method)
	}
	return severalCalls(method, opts)
}

// uploadForDeploy uploads the skill. An upload whose answer is lost is made
// again: the catalog takes the same content for the same version.
func (s *SkillsService) uploadForDeploy(ctx context.Context, p UploadSkillParams, opts []Option) (*Skill, error) {
	for n := 0; ; n++ {
		skill, err := s.Upload(ctx, p, opts...)
		switch {
		case err == nil && skill.ID == "":
			return nil, errNoSkillID
		case !errors.Is(err, ErrOutcomeUnknown) || n == 2 || !sleep(ctx, pollMin<<n):
			return skill, err
		}
	}
}

var errNoSkillID = errors.New("agento: the answer to the upload has no id")
