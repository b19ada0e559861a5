// Soak puts the SDK under a mixed load of calls and streams, concurrently and at
// random, against the fake service on loopback, where a part of all requests goes
// wrong, and then draws up a balance:
//
//	go -C bench run ./soak -for 10m
//
// Calls made = results + typed errors; events sent = events received + events
// reported as lost; no write twice, and none claimed that is not so; memory,
// goroutines and connections flat. It ends with status 1 if it does not add up.
// Ctrl-C ends it early, with the balance. The fake service is a process of its
// own, so that what is measured is the SDK.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

type config struct {
	duration  time.Duration
	seed      uint64
	rate      int // calls a second
	workers   int
	followers int // log streams for each log
	silence   time.Duration
}

func main() {
	serveIfAsked()
	c := config{followers: 2}
	flag.DurationVar(&c.duration, "for", time.Minute, "for how long calls are made")
	flag.Uint64Var(&c.seed, "seed", 1, "of the faults and of what is called")
	flag.IntVar(&c.rate, "rate", 150, "calls a second at most")
	flag.IntVar(&c.workers, "workers", 48, "calls at a time at most")
	flag.DurationVar(&c.silence, "silence", 2*time.Second, "how long an attempt or a stream may be silent")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

var errDoesNotAddUp = errors.New("it does not add up")

// run makes the load for a time, or until ctx ends, and draws up the balance.
func run(ctx context.Context, c config, out io.Writer) error {
	if c.duration <= 0 || c.rate <= 0 || c.workers <= 0 || c.silence <= 0 {
		return errors.New("-for, -rate, -workers and -silence must be positive")
	}
	rest := runtime.NumGoroutine()
	service, err := startService(c.seed)
	if err != nil {
		return err
	}
	defer service.kill()
	limited, end := context.WithTimeout(ctx, c.duration)
	defer end()
	loading, fail := context.WithCancelCause(limited)
	defer fail(nil)
	l, err := newLoad(loading, c, service, fail)
	if err != nil {
		return err
	}
	s := &sheet{Seed: c.seed, Tally: l.tally}
	begun := time.Now()
	if err := l.run(c, s, begun); err != nil {
		return err
	}
	s.Took = time.Since(begun)
	s.Under, s.Dialled = l.under.Load(), l.dialled.Load()
	if s.Books, err = service.books(); err != nil {
		return err
	}
	s.check()
	flat(s.Samples, &s.Problems)
	l.atRest(rest, &s.Problems)
	s.write(out)
	if s.Problems.Count > 0 {
		return errDoesNotAddUp
	}
	return nil
}

// run makes the load, takes the samples and lets everything come to its end.
func (l *load) run(c config, s *sheet, begun time.Time) error {
	var workers, followers sync.WaitGroup
	go l.pace(c.rate)
	for i := range c.workers {
		workers.Go(func() { l.work(rand.New(rand.NewPCG(c.seed, uint64(i)))) })
	}
	serial := uint64(c.workers)
	for _, t := range l.targets {
		for _, agent := range t.Logs {
			for range c.followers {
				serial++
				random := rand.New(rand.NewPCG(c.seed, serial))
				followers.Go(func() { l.follow(t, agent, random) })
			}
		}
	}
	s.Samples = l.samples(c, begun)
	stuck := !ends(&workers, callLimit)
	if stuck {
		s.stuck("workers did not end")
	}
	l.tell(record{Kind: beQuiet})
	l.tell(record{Kind: closeAll})
	if !ends(&followers, callLimit) {
		s.stuck("log streams did not end with the service's word")
	}
	s.Samples = append(s.Samples, l.sample(begun))
	if cause := context.Cause(l.ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// stuck tells where the goroutines are that did not end.
func (s *sheet) stuck(problem string) {
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // a builder takes everything
	s.Problems.add("%s:\n%s", problem, stacks.String())
}

// samples takes one a minute, or six in a shorter run, until the load is over.
func (l *load) samples(c config, begun time.Time) []sample {
	var all []sample
	every := min(time.Minute, c.duration/6)
	end, _ := l.ctx.Deadline()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return all
		case <-tick.C:
			if time.Until(end) > every/2 { // the last one is taken when all has ended
				all = append(all, l.sample(begun))
			}
		}
	}
}

// ends waits for a group, within bounds.
func ends(group *sync.WaitGroup, within time.Duration) bool {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(within):
		return false
	}
}

// atRest sees that nothing is left once everything has ended.
func (l *load) atRest(goroutines int, p *problems) {
	for _, t := range l.targets {
		t.client.CloseIdleConnections()
	}
	if !waitFor(func() bool { return l.conns.Load() == 0 }) {
		p.add("%d connections are left open", l.conns.Load())
	}
	if !waitFor(func() bool { return runtime.NumGoroutine() <= goroutines }) {
		p.add("%d goroutines are left, and there were %d at first", runtime.NumGoroutine(), goroutines)
	}
}
