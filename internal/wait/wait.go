// Package wait decides when the wait for an agent's state is over. It distinguishes
// the container that a restart created from the one before it.
package wait

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// The states that the old container may still report after a restart.
const (
	running = "running"
	failed  = "error"
)

const (
	// grace is how long after a restart such a state is ignored if it may be the
	// old container's.
	grace = 10 * time.Second
	// memory is how long a restart is remembered.
	memory = 10 * time.Minute
	// clockSkew is the assumed maximum difference between two clocks of the service: those
	// of its Date header and of StartedAt.
	clockSkew = 5 * time.Second
)

// State is the state of an agent.
type State struct {
	Status    string
	StartedAt *time.Time // nil: unknown
	LastError string
}

// Wait is a wait for an agent.
type Wait struct {
	ID, Want string
	Restart  *Restart // nil: no restart
	seen     string
}

// Over reports whether a state ends the wait, and with which error.
func (w *Wait) Over(now State) (bool, error) {
	w.seen = now.Status
	switch {
	case !w.Restart.isNew(now):
		return w.Restart.Lost != nil && w.Restart.late(), w.Restart.Lost
	case now.Status == w.Want:
		return true, nil
	case now.Status == failed:
		return true, fmt.Errorf("agento: agent %s is in state error, not %s: %s", errs.Line(w.ID), errs.Line(w.Want), errs.Line(now.LastError))
	}
	return false, nil
}

// Ended returns the error of a wait that the context ended. outage is the error of the
// last attempt to get the agent's state, if any.
func (w *Wait) Ended(ctx context.Context, outage error) error {
	state := "was not seen and is"
	if w.seen != "" {
		state = "is " + errs.Line(w.seen) + ","
	}
	err := errs.Context(ctx)
	if outage != nil && !errors.Is(outage, ctx.Err()) {
		err = fmt.Errorf("%w; the last attempt failed: %w", err, outage)
	}
	return fmt.Errorf("agento: agent %s %s not yet %s: %w", errs.Line(w.ID), state, errs.Line(w.Want), err)
}

// Found is the state of an agent as one call of look reports it.
type Found struct {
	State
	Gone error // the agent does not exist
}

// All waits for several agents, and calls report for each when its wait is over. look
// returns the states of the given agents. lasting marks an error that does not pass, and
// pause is the minimum time before the next call of look. All returns early if report
// returns false.
func All(ctx context.Context, waits []*Wait, look func([]*Wait) (found map[string]Found, pause time.Duration, lasting bool, err error), report func(id string, err error) bool) {
	for next := PauseMin; len(waits) > 0; next = min(next*2, PauseMax) {
		found, pause, lasting, err := look(waits)
		stopped := false
		waits = slices.DeleteFunc(waits, func(w *Wait) bool {
			one, ok := found[w.ID]
			over, problem := one.Gone != nil, one.Gone
			if ok && !over {
				over, problem = w.Over(one.State)
			}
			if !over && lasting {
				over, problem = true, err
			}
			stopped = stopped || over && !report(w.ID, problem)
			return over
		})
		if stopped {
			return
		}
		if len(waits) == 0 || Sleep(ctx, max(next, pause)) {
			continue
		}
		for _, w := range waits {
			if !report(w.ID, w.Ended(ctx, err)) {
				return
			}
		}
		return
	}
}

// The pauses between calls of look grow from PauseMin to PauseMax.
const (
	PauseMin = time.Second
	PauseMax = 5 * time.Second
)

// Sleep waits for d. It returns false if the context ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Restart is a requested start or restart of an agent.
type Restart struct {
	Asked time.Time
	Lost  error // the response was lost, so the restart may not have happened

	first   State     // before the restart, or the first state seen after it
	since   time.Time // the new container has at least this StartedAt; zero: unknown
	certain bool      // since is exact; otherwise it may differ by clockSkew
	done    bool      // the new container was seen
}

// From returns a restart of an agent in a known state.
func From(before State) *Restart {
	r := &Restart{Asked: time.Now(), first: before}
	if before.StartedAt != nil {
		r.since, r.certain = before.StartedAt.Add(1), true
	}
	return r
}

// At returns a restart that was requested at a time and was just confirmed by a response
// with this Date. If the clocks agree, the time of the request is used.
func At(asked time.Time, date string) *Restart {
	r := &Restart{Asked: asked}
	if at, err := http.ParseTime(date); err == nil {
		r.since = at.Add(-time.Since(asked))
		if r.since.Sub(asked).Abs() < 2*time.Second {
			r.since = asked.Truncate(time.Millisecond)
		}
	}
	return r
}

func (r *Restart) late() bool { return time.Since(r.Asked) >= grace }

// isNew reports whether now is the state of the new container.
func (r *Restart) isNew(now State) bool {
	if r == nil || r.done {
		return true
	}
	started := now.StartedAt
	switch {
	case now.Status != running && now.Status != failed,
		started != nil && !r.since.IsZero() && !started.Before(r.since):
		r.done = true
	case r.first.Status == "":
		r.first = now
	case now.Status != r.first.Status,
		started != nil && r.first.StartedAt != nil && started.After(*r.first.StartedAt):
		r.done = true
	}
	tolerance := clockSkew
	if r.certain {
		tolerance = 0
	}
	isOld := now.Status == running && started != nil && started.Before(r.since.Add(-tolerance))
	return r.done || !isOld && r.Lost == nil && r.late()
}

// Restarts remembers the newest restarts of a client.
type Restarts struct {
	mu sync.Mutex
	of map[string]Restart
}

// Add remembers a restart.
func (rs *Restarts) Add(id string, r *Restart) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.of == nil {
		rs.of = make(map[string]Restart)
	}
	for id, old := range rs.of {
		if time.Since(old.Asked) > memory {
			delete(rs.of, id)
		}
	}
	rs.of[id] = *r
}

// Get returns a copy of an agent's newest restart, or nil if there was no recent one.
func (rs *Restarts) Get(id string) *Restart {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r, ok := rs.of[id]
	if !ok || time.Since(r.Asked) > memory {
		return nil
	}
	return &r
}

// Each calls f for every row, at most parallel at a time, and waits for all calls.
func Each[T any](rows []T, parallel int, f func(T)) {
	var all sync.WaitGroup
	running := make(chan struct{}, parallel)
	for _, row := range rows {
		running <- struct{}{}
		all.Go(func() {
			f(row)
			<-running
		})
	}
	all.Wait()
}

const (
	roundMin = 50 * time.Millisecond
	roundMax = 30 * time.Second
)

// AfterRound returns the wait after another editor was faster n+1 times. It is random, and
// longer after each time, so that some of many editors succeed.
func AfterRound(n int, took time.Duration) time.Duration {
	most := min(max(took, roundMin)<<min(n, 10), roundMax)
	return most/2 + rand.N(most/2)
}
