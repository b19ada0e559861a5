package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/spread"
)

// program is the smallest one that makes a call in some way: it prints the name
// of an agent.
type program struct {
	kind    string
	path    string
	size    int64           // of the binary
	modules []string        // whose packages it takes
	wall    []time.Duration // of builds with an empty cache
	cpu     []time.Duration // the same, of all processors
}

const (
	footprints = "github.com/remsyshq/agento-go/internal/test/footprint/"
	hellos     = "github.com/remsyshq/agento-go/bench/hello/"
	benchPath  = "github.com/remsyshq/agento-go/bench"
)

func everyProgram() []*program {
	return []*program{
		{kind: clients.Raw, path: footprints + "raw"},
		{kind: clients.Retryable, path: hellos + "retryable"},
		{kind: clients.SDK, path: footprints + "sdk"},
		{kind: clients.Oapi, path: hellos + "oapi"},
		{kind: clients.Ogen, path: hellos + "ogen"},
	}
}

// footprint builds the programs. The cold builds take minutes; the short form
// leaves them out.
func (m module) footprint(ctx context.Context, build string, o options) ([]*program, error) {
	programs := everyProgram()
	if o.only.MatchString("binary") {
		for _, p := range programs {
			if err := m.weigh(ctx, p, filepath.Join(build, "hello")); err != nil {
				return nil, fmt.Errorf("%s: %w", p.path, err)
			}
		}
	}
	if o.only.MatchString("build") && !o.short {
		if err := m.buildCold(ctx, programs, build); err != nil {
			return nil, err
		}
	}
	return programs, nil
}

func buildArgs(out, path string) []string {
	return []string{"build", "-trimpath", "-ldflags=-s -w", "-tags", "generated", "-o", out, path}
}

func (m module) weigh(ctx context.Context, p *program, out string) error {
	if err := m.goCommand(ctx, buildArgs(out, p.path)...).Run(); err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	p.size = info.Size()
	list := m.goCommand(ctx, "list", "-deps", "-tags", "generated",
		"-f", "{{with .Module}}{{$.ImportPath}} {{.Path}}{{end}}", p.path)
	list.Stdout = nil
	packages, err := list.Output()
	if err != nil {
		return err
	}
	p.modules = modulesOf(string(packages), p.path)
	return nil
}

// modulesOf are the modules in lines of a package and its module each, without
// the program itself and what belongs to this module.
func modulesOf(lines, program string) []string {
	var modules []string
	for line := range strings.Lines(lines) {
		path, module, found := strings.Cut(strings.TrimSpace(line), " ")
		if found && path != program && module != benchPath {
			modules = append(modules, module)
		}
	}
	slices.Sort(modules)
	return slices.Compact(modules)
}

// buildCold builds with an empty cache: the SDK's program three times, each time
// beside the raw one, the others once.
func (m module) buildCold(ctx context.Context, programs []*program, build string) error {
	raw, others := programs[0], programs[1:]
	for n := range 3 {
		for _, p := range others {
			if p.kind != clients.SDK && n > 0 {
				continue
			}
			pair := []*program{p}
			if p.kind == clients.SDK {
				pair = [][]*program{{raw, p}, {p, raw}}[n%2]
			}
			for _, one := range pair {
				if err := m.buildOnce(ctx, one, build); err != nil {
					return fmt.Errorf("%s: %w", one.path, err)
				}
			}
		}
	}
	return nil
}

func (m module) buildOnce(ctx context.Context, p *program, build string) error {
	cache, err := os.MkdirTemp(build, "cache-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	command := m.goCommand(ctx, buildArgs(filepath.Join(build, "cold"), p.path)...)
	command.Env = append(os.Environ(), "GOCACHE="+cache)
	begun := time.Now()
	if err := command.Run(); err != nil {
		return err
	}
	took := time.Since(begun)
	p.wall = append(p.wall, took)
	p.cpu = append(p.cpu, cpuOf(command))
	fmt.Fprintf(m.errs, "cold build of %-18s %5.1fs\n", p.kind, took.Seconds())
	return nil
}

// cpuOf is what a command and all that it started used.
func cpuOf(command *exec.Cmd) time.Duration {
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}

// seconds is the middle of durations.
func seconds(ds []time.Duration) float64 {
	all := make([]float64, len(ds))
	for i, d := range ds {
		all[i] = d.Seconds()
	}
	return spread.Of(all).Median
}

// binaryOver is how many bytes a program has more than another.
func (p *program) binaryOver(other *program) int64 { return p.size - other.size }

// buildOver is how many seconds longer a cold build takes than another's.
func (p *program) buildOver(other *program) float64 { return seconds(p.wall) - seconds(other.wall) }
