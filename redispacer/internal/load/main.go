// Command load measures the benefit of sharing a rate limit through Redis. Four
// processes with one key call a service with a sliding window in real time: with
// redispacer, without it, and with a Redis that fails.
//
//	go run ./internal/load            # all cases, about seven minutes
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
	only := flag.String("case", strings.Join(cases, ","), "comma-separated cases to run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := plan{Processes: 4, Calls: 300, Goroutines: 16, Limit: 60, Window: 5 * time.Second, Timeout: 50 * time.Millisecond}
	fmt.Printf("%d processes, %d calls each by %d goroutines, %d in %v; ideal %v\n\n",
		p.Processes, p.Calls, p.Goroutines, p.Limit, p.Window, p.ideal())
	fmt.Println("| case | time | of the ideal | 429s | failed calls | calls paced alone |")
	fmt.Println("|---|---|---|---|---|---|")
	for name := range strings.SplitSeq(*only, ",") {
		if p.Case = name; !slices.Contains(cases, name) {
			fmt.Fprintf(os.Stderr, "unknown case %q\n", name)
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
