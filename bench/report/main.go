// Report compares the SDK with other ways to call the service, in one run:
//
//	go -C bench run ./report
//
// It makes the generated clients where they are missing or older than
// openapi.json, measures, prints the tables, and writes docs/benchmarks.md and
// docs/benchmarks.svg. With -short it shows in little time that all of it works,
// and with -only it measures a part; then it writes only where -o says.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/remsyshq/agento-go/bench/rows"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// options is what the command line asks for.
type options struct {
	short bool
	only  *regexp.Regexp
	pairs int
	out   string // "": nowhere
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.BoolVar(&o.short, "short", false, "small sizes and one pair: does everything work?")
	only := flags.String("only", "", "only the rows whose key matches this regular expression; binary and build are rows too")
	flags.IntVar(&o.pairs, "pairs", 0, "pairs of samples (15, with -short 1)")
	flags.StringVar(&o.out, "o", "", "folder to write to (../docs; none with -short or -only)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("arguments are not expected: %q", flags.Args())
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	switch {
	case o.pairs < 0:
		return o, fmt.Errorf("-pairs is negative: %d", o.pairs)
	case o.pairs == 0 && o.short:
		o.pairs = 1
	case o.pairs == 0:
		o.pairs = 15
	}
	if o.out == "" && !o.short && *only == "" {
		o.out = filepath.Join("..", "docs")
	}
	return o, nil
}

func (o options) size() rows.Size {
	if o.short {
		return rows.Short
	}
	return rows.Full
}

// run does what the command line says. Relative folders are below the module.
func run(ctx context.Context, args []string, out, errs io.Writer) error {
	o, err := parse(args, errs)
	if err != nil {
		return err
	}
	tree, err := findModule(ctx, errs)
	if err != nil {
		return err
	}
	if err := tree.generate(ctx); err != nil {
		return fmt.Errorf("the generated clients: %w", err)
	}
	build, err := os.MkdirTemp("", "agento-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(build)
	results, err := tree.measure(ctx, build, o)
	if err != nil {
		return err
	}
	programs, err := tree.footprint(ctx, build, o)
	if err != nil {
		return err
	}
	p := page{rows: rows.All(o.size()), figures: figuresOf(results), programs: programs, made: tree.circumstances(ctx), options: o}
	text := p.markdown()
	if _, err := out.Write(text); err != nil {
		return err
	}
	if o.out == "" {
		return nil
	}
	return write(tree.below(o.out), map[string][]byte{"benchmarks.md": text, "benchmarks.svg": p.picture()})
}

func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// measure runs the program of that name, built with the generated clients.
func (m module) measure(ctx context.Context, build string, o options) ([]rows.Result, error) {
	program := filepath.Join(build, "measure")
	if err := m.goCommand(ctx, "build", "-tags", "generated", "-o", program, "./measure").Run(); err != nil {
		return nil, fmt.Errorf("building measure: %w", err)
	}
	args := []string{"-pairs", strconv.Itoa(o.pairs), "-only", o.only.String()}
	if o.short {
		args = append(args, "-short")
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Stderr = m.errs
	var out bytes.Buffer
	command.Stdout = &out
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	var results []rows.Result
	err := json.Unmarshal(out.Bytes(), &results)
	return results, err
}
