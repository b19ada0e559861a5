package wait

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// seen is a state that is seen at a time after the restart.
type seen struct {
	after   time.Duration
	status  string
	started time.Duration // relative to the restart; never: unknown
	over    bool
	err     string
}

const never = -1 << 62

func TestOver(t *testing.T) {
	lost := errors.New("lost")
	for name, c := range map[string]struct {
		old    *State // known before the restart
		noDate bool
		lost   error
		states []seen
	}{
		"old start, then new":     {states: []seen{{0, "running", -time.Hour, false, ""}, {time.Minute, "running", -time.Hour, false, ""}, {2 * time.Minute, "running", time.Minute, true, ""}}},
		"new start":               {states: []seen{{0, "running", 0, true, ""}}},
		"old error, then running": {states: []seen{{0, "error", never, false, ""}, {time.Second, "running", never, true, ""}}},
		"error stays":             {states: []seen{{0, "error", -time.Hour, false, ""}, {9 * time.Second, "error", -time.Hour, false, ""}, {10 * time.Second, "error", -time.Hour, true, "state error"}}},
		"new error":               {states: []seen{{0, "creating", never, false, ""}, {time.Second, "error", never, true, "state error"}}},
		"no start times":          {states: []seen{{0, "running", never, false, ""}, {9 * time.Second, "running", never, false, ""}, {10 * time.Second, "running", never, true, ""}}},
		"no start times, stopped": {states: []seen{{0, "running", never, false, ""}, {time.Second, "stopped", never, false, ""}, {2 * time.Second, "running", never, true, ""}}},
		"no date, later start":    {noDate: true, states: []seen{{0, "running", 5000 * time.Hour, false, ""}, {time.Second, "running", 5001 * time.Hour, true, ""}}},
		"known, the same":         {old: &State{Status: "running"}, states: []seen{{0, "running", -time.Second, false, ""}, {time.Hour, "running", -time.Second, false, ""}, {2 * time.Hour, "running", -time.Second + 1, true, ""}}},
		"known error":             {old: &State{Status: "error"}, states: []seen{{0, "error", -time.Second, false, ""}, {time.Second, "running", -time.Second, true, ""}}},
		"lost":                    {old: &State{Status: "running"}, lost: lost, states: []seen{{0, "running", -time.Second, false, ""}, {10 * time.Second, "running", -time.Second, true, "lost"}}},
		"lost, no start times":    {lost: lost, noDate: true, states: []seen{{0, "running", never, false, ""}, {10 * time.Second, "running", never, true, "lost"}}},
		"lost but restarted":      {old: &State{Status: "running"}, lost: lost, states: []seen{{time.Second, "creating", never, false, ""}, {time.Minute, "running", time.Minute, true, ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				at := func(d time.Duration) *time.Time {
					if d == never {
						return nil
					}
					start := begun.Add(d)
					return &start
				}
				date := begun.UTC().Format(http.TimeFormat)
				if c.noDate {
					date = ""
				}
				r := At(begun, date)
				if c.old != nil {
					c.old.StartedAt = at(-time.Second)
					r = From(*c.old)
				}
				r.Lost = c.lost
				w := &Wait{ID: "a1", Want: "running", Restart: r}
				for _, s := range c.states {
					time.Sleep(time.Until(begun.Add(s.after)))
					over, err := w.Over(State{Status: s.status, StartedAt: at(s.started)})
					require.Equal(t, s.over, over, "%+v", s)
					if s.err == "" {
						require.True(t, !over || err == nil, "%v", err)
					} else {
						require.ErrorContains(t, err, s.err)
					}
				}
			})
		})
	}
}

// TestAtOtherClock runs the service's clock ahead of and behind this machine's.
func TestAtOtherClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs := time.Now().Add(-time.Hour)
		w := &Wait{ID: "a1", Want: "running", Restart: At(time.Now(), theirs.UTC().Format(http.TimeFormat))}
		old, young := theirs.Add(-time.Minute), theirs.Add(3*time.Second)
		over, _ := w.Over(State{Status: "running", StartedAt: &old})
		require.False(t, over)
		over, err := w.Over(State{Status: "running", StartedAt: &young})
		require.True(t, over)
		require.NoError(t, err)
	})
}

func TestRestartsForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rs Restarts
		require.Nil(t, rs.Get("a"))
		for i := range 100 {
			rs.Add(fmt.Sprint(i), At(time.Now(), ""))
			time.Sleep(time.Minute)
		}
		require.Less(t, len(rs.of), 12)
		require.NotNil(t, rs.Get("99"))
		require.Nil(t, rs.Get("80"))
		require.NotSame(t, rs.Get("99"), rs.Get("99"), "each call returns a copy")
	})
}

func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := &Wait{ID: "a1", Want: "running"}
	require.EqualError(t, w.Ended(ctx, nil), "agento: agent a1 was not seen and is not yet running: context canceled")
	_, _ = w.Over(State{Status: "creating"})
	outage := errors.New("503")
	err := w.Ended(ctx, outage)
	require.EqualError(t, err, "agento: agent a1 is creating, not yet running: context canceled; the last attempt failed: 503")
	require.ErrorIs(t, err, outage)
	require.ErrorIs(t, err, context.Canceled)
}
