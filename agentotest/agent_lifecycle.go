package agentotest

import (
	"cmp"
	"time"

	"github.com/remsyshq/agento-go/internal/route"
)

// up reports whether the agent counts toward the plan's limit of running agents.
func (a *agent) up() bool { return a.Status == statusRunning || a.Status == statusCreating }

func (a *Account) running() int { return len(filter(a.agents, (*agent).up)) }

// checkRunning returns an error if the plan does not allow another running agent.
func (a *Account) checkRunning() error {
	if limit := a.service.config.maxRunning; limit > 0 && a.running() >= limit {
		return limitReached("the plan allows %d running agents", limit)
	}
	return nil
}

// boot starts a new container, which loads the agent's current configuration and skills.
func (a *agent) boot() {
	a.stopTimer()
	a.Status, a.LastError = statusCreating, ""
	a.StartedAt, a.StoppedAt = time.Time{}, time.Time{}
	a.Loaded = a.current()
	service := a.account.service
	switch delay := service.config.startDelay; {
	case delay == 0:
		a.run(a.now())
	case delay > 0:
		a.ready = a.now().Add(delay)
		a.timer = time.AfterFunc(delay, func() {
			service.mu.Lock()
			defer service.mu.Unlock()
			a.updateStatus()
		})
	}
}

// current returns what a container started now would load.
func (a *agent) current() Loaded {
	loaded := Loaded{
		SoulMD: a.soul().content, WorkflowMD: a.workflow().content, SharedMode: a.SharedMode,
		Secrets: secretNames(a.settingsAt(route.SetSecrets).secrets), Rules: map[string]string{}, Skills: map[string]string{},
	}
	for _, r := range a.settingsAt(route.ListRules).rules {
		loaded.Rules[r.name] = r.content
	}
	for _, i := range a.installed {
		loaded.Skills[i.Name] = i.Version
	}
	return loaded
}

// updateStatus ends the start delay if it has passed. The timer does this too, but a
// request that arrives at the same instant may run before the timer.
func (a *agent) updateStatus() {
	if a.Status == statusCreating && !a.ready.IsZero() && !a.now().Before(a.ready) {
		a.run(a.ready)
	}
}

func (a *agent) run(at time.Time) {
	a.stopTimer()
	a.Status, a.LastError = statusRunning, ""
	a.StartedAt, a.StoppedAt = a.stamp(at), time.Time{}
	a.Starts++
	a.log("INFO", "agent running")
}

func (a *agent) stop() {
	a.stopTimer()
	a.Status, a.StoppedAt = statusStopped, a.stamp(a.now())
	a.log("INFO", "agent stopped")
}

func (a *agent) stopTimer() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.timer, a.ready = nil, time.Time{}
}

// stamp returns the timestamp of an event at the given time. Each timestamp is at least a
// millisecond, the API's resolution, after the previous one. This shows the order of a
// start and an installation.
func (a *agent) stamp(at time.Time) time.Time {
	at = at.Truncate(time.Millisecond)
	if !at.After(a.clock) {
		at = a.clock.Add(time.Millisecond)
	}
	a.clock = at
	return at
}

// SetStatus sets the status and the last error of an agent. The status may be any
// string; "running" ends the start delay, including [OnDemand]. SetStatus panics if
// there is no such agent.
func (s *Service) SetStatus(agentID, status, lastError string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustAgent(agentID).setStatus(status, lastError)
}

func (a *agent) setStatus(status, lastError string) {
	switch status {
	case statusRunning:
		a.run(a.now())
	case statusStopped:
		a.stop()
	default:
		a.stopTimer()
		a.Status = status
		if status == statusError {
			a.log("ERROR", cmp.Or(lastError, "agent failed"))
		}
	}
	a.LastError = lastError
}
