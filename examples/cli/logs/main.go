// Logs follows the logs of many agents at once, one stream per agent.
//
//	go -C examples/cli run ./logs -level warn
//
// It follows all agents of the account, or those named by -agent. It shows earlier lines
// (-limit, -since) and new ones, until Ctrl-C or for the duration of -for. If a connection
// drops, it reconnects and marks where lines may be missing. When a log ends, it prints a
// line and follows the others. The exit status is 1 if a log ended with an error. Colors are
// used on terminals only; -json prints one object per line.
//
// The key needs the scope logs, and agents:read if -agent is not given. Without
// AGENTO_API_KEY it follows an embedded test service for 10 s.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(terminal.Wrap(os.Stderr), "logs:", err)
		os.Exit(1)
	}
}

type options struct {
	agents     []string
	level      int // in levels
	json       bool
	limit, max int
	since      time.Duration
	length     time.Duration // 0: until interrupted
}

// levels are the known levels, lowest first.
var levels = []agento.LogLevel{"DEBUG", agento.LevelInfo, agento.LevelWarn, agento.LevelError}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("logs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("agent", "ID of an agent to follow; may be repeated (default all)", func(id string) error {
		if !slices.Contains(o.agents, id) {
			o.agents = append(o.agents, id)
		}
		return nil
	})
	flags.Func("level", "minimum level: debug, info, warn or error (lines without a known level are shown)", func(name string) error {
		o.level = slices.Index(levels, agento.LogLevel(strings.ToUpper(name)))
		if o.level < 0 {
			return errors.New("want debug, info, warn or error")
		}
		return nil
	})
	flags.BoolVar(&o.json, "json", false, "print one JSON object per line")
	flags.IntVar(&o.limit, "limit", 20, "maximum number of earlier lines per agent")
	flags.DurationVar(&o.since, "since", 0, "omit lines older than this, such as 10m")
	flags.DurationVar(&o.length, "for", 0, "how long to follow (default until Ctrl-C; 10s on the test service)")
	flags.IntVar(&o.max, "max", 100, "maximum number of streams")
	err := demo.Parse(flags, args)
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	case o.length < 0 || o.since < 0 || o.limit < 0:
		err = errors.New("-for, -since and -limit cannot be negative")
	}
	return o, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var writers sync.WaitGroup
	client, done, err := demo.Connect(stderr, func(s *agentotest.Server) {
		o.length = cmp.Or(o.length, 10*time.Second)
		ids := populate(s)
		writers.Go(func() { writeLogs(ctx, s, ids) })
	})
	if err != nil {
		cancel()
		return err
	}
	defer done()
	defer writers.Wait()
	defer cancel()
	return tail(ctx, client, o, stdout, stderr)
}

// tail follows the logs until ctx or -for ends, or all logs have ended.
func tail(interrupted context.Context, client *agento.Client, o options, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(interrupted)
	defer cancel()
	if o.length > 0 {
		defer time.AfterFunc(o.length, cancel).Stop()
	}
	agents, err := choose(ctx, client, o)
	if errors.Is(err, context.Canceled) && interrupted.Err() == nil {
		err = nil // -for ended before the agents were listed
	}
	if err != nil {
		return err
	}
	items := make(chan item, 64)
	var streams sync.WaitGroup
	for _, a := range agents {
		streams.Go(func() { follow(ctx, client, a, o, items) })
	}
	go func() {
		streams.Wait()
		close(items)
	}()
	p := newPrinter(stdout, agents, o)
	for i := range items {
		if err == nil {
			if err = p.print(i); err != nil {
				cancel() // then drain items until all streams have ended
			}
		}
	}
	fmt.Fprintf(stderr, "logs: %d, lines: %d, gaps: %d, failed: %d\n", len(agents), p.lines, p.gaps, p.failed)
	if err == nil && p.failed > 0 {
		err = fmt.Errorf("%d of %d logs ended with an error", p.failed, len(agents))
	}
	return err
}

// source is an agent and its log.
type source struct{ ID, Name string }

func choose(ctx context.Context, client *agento.Client, o options) ([]source, error) {
	var chosen []source
	for _, id := range o.agents {
		chosen = append(chosen, source{id, id})
	}
	if len(o.agents) == 0 {
		for a, err := range client.Agents.All(ctx, nil) {
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, source{a.ID, cmp.Or(a.Name, a.ID)})
		}
	}
	if len(chosen) > o.max {
		return nil, fmt.Errorf("%d agents are more than -max %d: choose some with -agent, or raise it", len(chosen), o.max)
	}
	return chosen, nil
}

// item is a line of a log or its end.
type item struct {
	source
	entry agento.LogEntry
	ended bool
	err   error
}

// follow sends the lines of one log to items. A slow reader slows the stream.
func follow(ctx context.Context, client *agento.Client, s source, o options, items chan<- item) {
	began := time.Now()
	stream, err := client.Logs.Stream(ctx, s.ID, &agento.LogsParams{Tail: o.limit}, agento.WithBulk(true))
	if err == nil {
		for e := range stream.Events() {
			old := o.since > 0 && e.Time != nil && began.Sub(*e.Time) > o.since
			level := slices.Index(levels, agento.LogLevel(strings.ToUpper(string(e.Level))))
			if !old && (level < 0 || level >= o.level) {
				items <- item{source: s, entry: e}
			}
		}
		err = stream.Err()
	}
	if ctx.Err() == nil {
		items <- item{source: s, ended: true, err: err}
	}
}

func populate(s *agentotest.Server) (ids []string) {
	for _, name := range []string{"Billing", "Support", "Research", "Night shift", "客服"} {
		ids = append(ids, s.AddAgent(agentotest.AgentSeed{Name: name}))
	}
	return ids
}

// writeLogs writes to the logs of the test service's agents.
func writeLogs(ctx context.Context, s *agentotest.Server, ids []string) {
	lines := [][2]string{
		{"INFO", "session 41 opened"}, {"INFO", "answered in 1.8 s, 412 tokens"}, {"DEBUG", "memory compacted: 96 kB to 31 kB"},
		{"WARN", "the model's provider is slow: 9.2 s until the first token"}, {"ERROR", "skill invoice-export failed: no such file: /data/export.csv"},
		{"", "a line without time and level"}, {"WARN", "a line with \x1b[31mcodes for a terminal\x1b[0m, a bell \a and a line\nbreak"},
	}
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(rand.N(200 * time.Millisecond)):
		}
		line := lines[rand.N(len(lines))]
		s.AppendLog(ids[rand.N(len(ids))], line[0], line[1])
		if n == 40 {
			s.DropLogStreams() // simulates a network failure
		}
	}
}
