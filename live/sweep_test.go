//go:build live

package live

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	agento "github.com/remsyshq/agento-go"
)

// sweep removes all agents, swarms and custom skills whose names have the prefix, and checks
// that they are gone. It has its own time limit, because the run may have been interrupted.
func sweep(whose string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(run.ctx), cleanUpTime)
	defer cancel()
	removed, err := removeAll(ctx)
	for _, name := range removed {
		fmt.Fprintf(os.Stderr, "live: removed %s, %s\n", name, whose)
	}
	if err == nil {
		removed, err = removeAll(ctx)
		if err == nil && len(removed) > 0 {
			err = fmt.Errorf("still there after its removal: %s", strings.Join(removed, ", "))
		}
	}
	return err
}

// removeAll returns what it removed. It removes agents before their swarm and skill.
func removeAll(ctx context.Context) ([]string, error) {
	c := run.client
	var removed []string
	var errs []error
	errs = append(errs, removeEach("agent", &removed, c.Agents.All(ctx, nil),
		func(a agento.Agent) (id, name string) { return a.ID, a.Name },
		func(id string) error { return c.Agents.Delete(ctx, id) }))
	errs = append(errs, removeEach("swarm", &removed, c.Swarms.All(ctx, nil),
		func(s agento.Swarm) (id, name string) { return s.ID, s.Name },
		func(id string) error { return c.Swarms.Delete(ctx, id) }))
	errs = append(errs, removeEach("skill", &removed, c.Skills.AllCustom(ctx, nil),
		func(s agento.Skill) (id, name string) { return s.ID, s.Name },
		func(id string) error { return c.Skills.Delete(ctx, id) }))
	return removed, errors.Join(errs...)
}

func removeEach[T any](kind string, removed *[]string, all iter.Seq2[T, error], of func(T) (id, name string), remove func(id string) error) error {
	var rows []T // read all pages first, because removing shifts the rows
	for row, err := range all {
		if err != nil {
			return fmt.Errorf("%ss: %w", kind, err)
		}
		id, name := of(row)
		switch {
		case name == "":
			return fmt.Errorf("%ss: a row has no name", kind)
		case !strings.HasPrefix(name, prefix):
		case id == "":
			return fmt.Errorf("%s %s has no ID", kind, name)
		default:
			rows = append(rows, row)
		}
	}
	for _, row := range rows {
		id, name := of(row)
		if err := remove(id); err != nil && !errors.Is(err, agento.ErrNotFound) {
			return fmt.Errorf("%s %s: %w", kind, name, err)
		}
		*removed = append(*removed, kind+" "+name)
	}
	return nil
}
