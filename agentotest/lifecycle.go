package agentotest

import (
	"maps"
	"slices"
	"time"
)

// up tells whether the agent counts against the plan's running agents.
func (a *agent) up() bool { return a.status == statusRunning || a.status == statusCreating }

// mayRun tells whether the plan allows one more agent to run.
func (s *Service) mayRun() error {
	limit := s.config.maxRunning
	if limit <= 0 {
		return nil
	}
	running := 0
	for _, a := range s.state.agents {
		if a.up() {
			running++
		}
	}
	if running >= limit {
		return limitReached("the plan allows %d running agents", limit)
	}
	return nil
}

// boot starts a new container, which loads what is set and installed now.
func (s *Service) boot(a *agent) {
	a.stopTimer()
	a.status, a.lastError = statusCreating, ""
	a.started, a.stopped = time.Time{}, time.Time{}
	a.loaded = a.current()
	delay := s.config.startDelay
	switch {
	case delay == 0:
		s.run(a, s.now())
	case delay > 0:
		a.ready = s.now().Add(delay)
		a.timer = time.AfterFunc(delay, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.settle(a)
		})
	}
}

// current is what a container that starts now loads.
func (a *agent) current() Loaded {
	loaded := Loaded{
		SoulMD: a.soul.content, WorkflowMD: a.workflow.content, SharedMode: a.sharedMode,
		Secrets: secretNames(a.secrets), Rules: map[string]string{}, Skills: map[string]string{},
	}
	for _, r := range a.rules {
		loaded.Rules[r.name] = r.content
	}
	for _, i := range a.installed {
		loaded.Skills[i.name] = i.version
	}
	return loaded
}

func (l Loaded) clone() Loaded {
	l.Secrets = slices.Clone(l.Secrets)
	l.Rules = maps.Clone(l.Rules)
	l.Skills = maps.Clone(l.Skills)
	return l
}

// settle lets a container run whose time has come. The timer does the same; a
// call that arrives at that very moment must not depend on which is first.
func (s *Service) settle(a *agent) {
	if a.status == statusCreating && !a.ready.IsZero() && !s.now().Before(a.ready) {
		s.run(a, a.ready)
	}
}

func (s *Service) run(a *agent, at time.Time) {
	a.stopTimer()
	a.status, a.lastError = statusRunning, ""
	a.started, a.stopped = a.stamp(at), time.Time{}
	a.starts++
	s.log(a, "INFO", "agent running")
}

func (s *Service) stop(a *agent) {
	a.stopTimer()
	a.status, a.stopped = statusStopped, a.stamp(s.now())
	s.log(a, "INFO", "agent stopped")
}

func (a *agent) stopTimer() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.timer, a.ready = nil, time.Time{}
}

// stamp returns the time to write down for what happens at a time: always later
// than the last stamp by what the wire form can tell, so that the order of a
// start and an installation shows however fast they follow each other.
func (a *agent) stamp(at time.Time) time.Time {
	at = at.Truncate(time.Millisecond)
	if !at.After(a.clock) {
		at = a.clock.Add(time.Millisecond)
	}
	a.clock = at
	return at
}
