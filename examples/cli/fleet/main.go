// Fleet shows all agents of an account in a table with their live state, and starts those
// that are stopped. It makes calls in parallel; the SDK keeps them within the rate limit.
//
//	go -C examples/cli run ./fleet -start
//
// On a terminal the table is redrawn as responses arrive, with a progress bar below it on
// stderr. Into a pipe or a file it is printed once, without colors, and with -json as one
// object per line. The exit status is 1 if an agent failed, and the error names it. Ctrl-C
// stops the work and prints what is known.
//
// The key needs the scope agents:read, and agents:write for -start. Without AGENTO_API_KEY it
// shows an embedded test service with about 40 agents.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
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

const (
	parallel  = 32              // concurrent calls; the SDK limits the rate
	startWait = 5 * time.Minute // for a started agent to run, including waits for the rate limit
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(terminal.Wrap(os.Stderr), "fleet:", err)
		os.Exit(1)
	}
}

type options struct{ start, json bool }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.start, "start", false, "start the agents that are stopped")
	flags.BoolVar(&o.json, "json", false, "print one JSON object per agent")
	if err := demo.Parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	client, done, err := demo.Connect(stderr, populate, agentotest.WithStartDelay(700*time.Millisecond))
	if err != nil {
		return err
	}
	defer done()
	return report(ctx, client, o, stdout, stderr)
}

// agent is a row of the table.
type agent struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Status  agento.Status `json:"status"`
	CPU     string        `json:"cpu,omitempty"`
	Memory  string        `json:"memory,omitempty"`
	Uptime  agento.Uptime `json:"uptime,omitempty"`
	Region  string        `json:"region,omitempty"`
	Started bool          `json:"started,omitempty"` // by this run
	Note    string        `json:"note,omitempty"`    // the problem with the agent
	busy    bool          // it is being started
	err     error
}

// fleet is the table. It is safe for concurrent use.
type fleet struct {
	mu     sync.Mutex
	agents []agent
	tick   func() // called after each agent, without the lock
}

func report(ctx context.Context, client *agento.Client, o options, stdout, stderr io.Writer) error {
	f := &fleet{}
	for a, err := range client.Agents.All(ctx, nil) {
		if err != nil {
			return err
		}
		f.agents = append(f.agents, agent{ID: a.ID, Name: a.Name, Status: a.Status, Region: a.Region, Note: a.LastError})
	}
	slices.SortFunc(f.agents, func(a, b agent) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	began := time.Now()
	finish := f.show(stdout, stderr, o.json)
	slots := make(chan struct{}, parallel)
	var group sync.WaitGroup
	for i := range f.agents {
		slots <- struct{}{}
		group.Go(func() {
			f.visit(ctx, client, i, o)
			<-slots
		})
	}
	group.Wait()
	finish()
	summary := fmt.Sprintf("%s (%s)", f.summary(), time.Since(began).Round(100*time.Millisecond))
	width, _ := size(stdout)
	if width == 0 { // a table in a pipe may be shown later, or be in one file with the summary
		fmt.Fprintln(terminal.Wrap(stderr), summary)
	}
	if err := f.print(stdout, o.json); err != nil {
		return err
	}
	if width > 0 {
		fmt.Fprintln(terminal.Wrap(stderr), summary)
	}
	return f.problem(ctx)
}

// visit gets the live state of an agent, and starts it if requested.
func (f *fleet) visit(ctx context.Context, client *agento.Client, i int, o options) {
	f.mu.Lock()
	a := f.agents[i]
	start := o.start && a.Status == agento.StatusStopped
	f.agents[i].busy = start
	f.mu.Unlock()
	var live *agento.AgentStatus
	if start {
		if a.err = client.Agents.Start(ctx, a.ID, agento.WithBulk(true)); a.err == nil {
			a.Status = agento.StatusCreating // until the service reports another status
			wait, cancel := context.WithTimeout(ctx, startWait)
			defer cancel()
			live, a.err = client.Agents.WaitUntil(wait, a.ID, agento.StatusRunning)
			a.Started = a.err == nil
		}
	} else if a.Status != agento.StatusStopped {
		live, a.err = client.Agents.Status(ctx, a.ID, agento.WithBulk(true))
	}
	if live != nil {
		a.Status, a.CPU, a.Memory, a.Uptime, a.Note = live.Status, live.CPU, live.Memory, live.Uptime, live.LastError
	}
	if a.err != nil {
		a.Note = reason(ctx, a.err)
	}
	f.mu.Lock()
	f.agents[i] = a
	f.mu.Unlock()
	f.tick() // without the lock: it may wait for a render, which locks it
}

const interrupted = "interrupted"

// reason returns an error in a form that is short enough for the table.
func reason(ctx context.Context, err error) string {
	var e *agento.Error
	switch {
	case errors.Is(err, agento.ErrOutcomeUnknown):
		return "unknown whether it was started"
	case ctx.Err() != nil:
		return interrupted
	case errors.As(err, &e) && e.Message != "":
		return e.Message
	}
	return err.Error()
}

// summary counts the agents by state.
func (f *fleet) summary() string {
	counts := map[string]int{}
	started := 0
	for _, a := range f.agents {
		counts[terminal.Visible(string(a.Status))]++
		if a.Started {
			started++
		}
	}
	text := fmt.Sprintf("total %d:", len(f.agents))
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		text += fmt.Sprintf(" %d %s,", counts[status], status)
	}
	return fmt.Sprintf("%s %d of them started now", text, started)
}

// problem returns an error that names the agents that failed.
func (f *fleet) problem(ctx context.Context) error {
	var names []string
	for _, a := range f.agents {
		if a.err != nil && a.Note != interrupted {
			names = append(names, fmt.Sprintf("\n  %s (%s): %s", terminal.Visible(a.Name), terminal.Visible(a.ID), terminal.Visible(a.err.Error())))
		}
	}
	what := fmt.Sprintf("%d of %d agents failed", len(names), len(f.agents))
	if ctx.Err() != nil {
		what = "interrupted: the table is incomplete, " + what
	} else if names == nil {
		return nil
	}
	return errors.New(what + strings.Join(names, ""))
}

// populate adds agents to the test service.
func populate(s *agentotest.Server) {
	names := []string{"Billing", "Support", "Onboarding", "Research", "Returns", "客服", "Night shift", "Release notes"}
	for i := range 40 {
		seed := agentotest.AgentSeed{Name: fmt.Sprintf("%s %d", names[i%len(names)], i/len(names)+1), Region: []string{"eu", "us"}[i%2]}
		if i%4 > 1 {
			seed.Status = "stopped"
		}
		s.AddAgent(seed)
	}
	s.AddAgent(agentotest.AgentSeed{Name: "Zed \x1b[31mred\x1b[0m, whose name is long and has a terminal color code"})
	s.SetStatus(s.AddAgent(agentotest.AgentSeed{Name: "Yard"}), "error", "out of memory: the container was stopped after 3 restarts")
	s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
		return agentotest.Delay(rand.N(2 * time.Second)), r.Operation == "startAgent" || r.Operation == "getAgentStatus"
	})
}
