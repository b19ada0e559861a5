package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// result is what browsers got.
type result struct {
	browsers, turns, events int
	intervals               []time.Duration // between two events
	failures                []error
}

func (r *result) add(o result) {
	r.browsers += o.browsers
	r.turns += o.turns
	r.events += o.events
	r.intervals = append(r.intervals, o.intervals...)
	r.failures = append(r.failures, o.failures...)
}

// report prints the results and returns the failures in them.
func report(out io.Writer, results [kinds]result) error {
	var failures []error
	fmt.Fprintf(out, "%-9s%9s%9s%10s%10s\n", "", "browsers", "turns", "events", "failures")
	for k, r := range results {
		name := kindNames[k]
		fmt.Fprintf(out, "%-9s%9d%9d%10d%10d\n", name, r.browsers, r.turns, r.events, len(r.failures))
		if len(r.failures) > 0 {
			failures = append(failures, fmt.Errorf("%s browsers: %d failures, such as: %w", name, len(r.failures), r.failures[0]))
		}
		if r.turns == 0 {
			failures = append(failures, fmt.Errorf("%s browsers: no turns", name))
		}
	}
	if all := results[steady].intervals; len(all) > 0 {
		slices.Sort(all)
		fmt.Fprintf(out, "events sent %v apart arrive %v apart (p50), %v (p99)\n", gap(ordinary),
			all[len(all)/2].Round(time.Millisecond/10), all[len(all)*99/100].Round(time.Millisecond/10))
	}
	return errors.Join(failures...)
}
