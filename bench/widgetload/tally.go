package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// tally adds up what browsers have counted.
type tally struct {
	mu    sync.Mutex
	kinds [kinds]counts
}

type counts struct {
	browsers, turns, events, lost int
	latencies                     []time.Duration
	faults                        []error
}

func newTally() *tally { return &tally{} }

func (t *tally) add(b *browser) {
	b.client.CloseIdleConnections()
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &t.kinds[b.kind]
	c.browsers++
	c.turns += b.turns
	c.events += b.events
	c.lost += b.lost
	c.latencies = append(c.latencies, b.latencies...)
	c.faults = append(c.faults, b.faults...)
}

func (t *tally) report(out io.Writer) {
	fmt.Fprintf(out, "%-9s%9s%9s%10s%7s%8s%12s%12s\n", "", "browsers", "turns", "events", "lost", "faults", "p50", "p99")
	for k := range kinds {
		c := &t.kinds[k]
		fmt.Fprintf(out, "%-9s%9d%9d%10d%7d%8d", kindNames[k], c.browsers, c.turns, c.events, c.lost, len(c.faults))
		if len(c.latencies) > 0 {
			fmt.Fprintf(out, "%12v%12v", c.percentile(50), c.percentile(99))
		}
		fmt.Fprintln(out)
	}
	through, past := &t.kinds[steady], &t.kinds[direct]
	fmt.Fprintf(out, "added latency of an event: p50 %v, p99 %v\n",
		through.percentile(50)-past.percentile(50), through.percentile(99)-past.percentile(99))
}

// percentile is 0 where nothing was measured.
func (c *counts) percentile(p int) time.Duration {
	if len(c.latencies) == 0 {
		return 0
	}
	slices.Sort(c.latencies)
	return c.latencies[(len(c.latencies)-1)*p/100].Round(time.Microsecond)
}

// fault is what should not have been.
func (t *tally) fault() error {
	var all []error
	for k := range kinds {
		c := &t.kinds[k]
		if c.lost > 0 {
			all = append(all, fmt.Errorf("%s browsers have lost %d events", kindNames[k], c.lost))
		}
		if len(c.faults) > 0 {
			all = append(all, fmt.Errorf("%s browsers: %d faults, such as: %w", kindNames[k], len(c.faults), c.faults[0]))
		}
		if c.turns == 0 {
			all = append(all, fmt.Errorf("no %s browser took a turn", kindNames[k]))
		}
	}
	return errors.Join(all...)
}
