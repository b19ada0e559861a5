// Package wait decides when the wait for an agent's state is over. It tells the
// container that a restart made from the one before it.
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

// The states that the container before a restart may still report after it.
const (
	running = "running"
	failed  = "error"
)

const (
	// grace is how long after a restart such a state is not believed, where nothing
	// tells which container it is of.
	grace = 10 * time.Second
	// memory is how long a restart is remembered.
	memory = 10 * time.Minute
	// clockSkew is how far apart the clocks of the service may be.
	clockSkew = 5 * time.Second
)

// State is the state of an agent.
type State struct {
	Status    string
	StartedAt *time.Time // nil: not known
	LastError string
}

// Wait is a wait for an agent.
type Wait struct {
	ID, Want string
	Restart  *Restart // nil: there was none
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
		return true, fmt.Errorf("agento: agent %s is in the state error, not %s: %s", errs.Line(w.ID), errs.Line(w.Want), errs.Line(now.LastError))
	}
	return false, nil
}

// Ended returns the error of a wait that the context ended. outage is why the last
// attempt to see the agent failed, nil if it did not.
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

// Found is what one look shows of an agent.
type Found struct {
	State
	Gone error // the agent does not exist
}

// All reports each of the agents once, when its wait is over. look returns what it finds
// of the agents that are still waited for; lasting is set for an error that does not
// pass, and pause is the least pause before the next look. All returns early if report
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
			return over || stopped
		})
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

// The pauses between two looks grow from PauseMin to PauseMax.
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

// Restart is a start or a restart of an agent that was asked for.
type Restart struct {
	Asked time.Time
	Lost  error // the response was lost, and it may not have been carried out

	first   State     // before it, or the first state that was seen after it
	since   time.Time // starts from then on are new; zero: not known
	certain bool      // starts before since are old; else only those long before it
	done    bool      // the new container was seen
}

// From returns a restart of an agent whose state is known.
func From(before State) *Restart {
	r := &Restart{Asked: time.Now(), first: before}
	if before.StartedAt != nil {
		r.since, r.certain = before.StartedAt.Add(1), true
	}
	return r
}

// At returns a restart that was asked for at a time and has just been confirmed by a
// response with this Date. A clock of the service that agrees with this machine's is
// as exact as that.
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

// isNew reports whether a state is of the new container.
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

// Get returns a copy of the newest restart of an agent, nil if there was none lately.
func (rs *Restarts) Get(id string) *Restart {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r, ok := rs.of[id]
	if !ok || time.Since(r.Asked) > memory {
		return nil
	}
	return &r
}

// Each calls f for every row, at most parallel at a time, and returns when all
// are done.
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

// AfterRound is the wait after the nth round that another editor won, counted from 0. It grows from the time that a round took, so that of many editors some get
// through, and it is never the same for two of them.
func AfterRound(n int, took time.Duration) time.Duration {
	most := min(max(took, roundMin)<<min(n, 10), roundMax)
	return most/2 + rand.N(most/2)
}
