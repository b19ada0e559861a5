// Command load shows what sharing a rate limit through Redis is worth: some
// processes with one key call a service that enforces a sliding window in real
// time, with redispacer and without it, and with a Redis that fails meanwhile.
//
//	go run ./internal/load            # all four, some seven minutes
//	go run ./internal/load -case shared
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	if spec, ok := os.LookupEnv(workerEnv); ok {
		if err := work(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	p := plan{}
	flag.IntVar(&p.Processes, "processes", 4, "processes")
	flag.IntVar(&p.Calls, "calls", 300, "calls of each process")
	flag.IntVar(&p.Goroutines, "goroutines", 16, "goroutines of each process")
	flag.IntVar(&p.Limit, "limit", 60, "requests that the service allows in a window")
	flag.DurationVar(&p.Window, "window", 5*time.Second, "length of the window")
	flag.DurationVar(&p.Timeout, "timeout", 50*time.Millisecond, "longest wait for Redis")
	only := flag.String("case", strings.Join(cases, ","), "what to run, of "+strings.Join(cases, ", "))
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Printf("%d processes, %d calls each by %d goroutines, %d in %v; ideal %v\n\n",
		p.Processes, p.Calls, p.Goroutines, p.Limit, p.Window, p.ideal())
	fmt.Println("| case | time | of the ideal | 429s | failed calls | calls paced alone | Redis round trips a call | of one call, p50 | p99 |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for name := range strings.SplitSeq(*only, ",") {
		if p.Case = name; !slices.Contains(cases, name) {
			fmt.Fprintf(os.Stderr, "no case %q\n", name)
			os.Exit(2)
		}
		r, err := p.run(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(r.row(&p))
	}
}
