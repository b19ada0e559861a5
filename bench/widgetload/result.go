package main

import (
	"errors"
	"fmt"
	"io"
)

// result counts what browsers received.
type result struct {
	browsers, turns, events int
	failures                []error
}

func (r *result) add(o result) {
	r.browsers += o.browsers
	r.turns += o.turns
	r.events += o.events
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
	return errors.Join(failures...)
}
