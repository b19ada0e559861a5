// Soak makes random calls and reads streams against fake services on loopback, which cause
// faults in a part of the requests, and then checks that
//
//   - no write took effect twice or was lost without an error,
//   - no event of a chat or a log is missing without an error or a marker,
//   - every error has a type,
//   - no goroutine, connection or memory is leaked.
//
// For example:
//
//	go -C bench run ./soak -for 10m
//
// It prints a summary and exits with status 1 if a check fails. An interrupt ends the
// load early.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/remsyshq/agento-go/bench/internal/load"
)

const (
	heapGrowth  = 1 << 20     // bytes that may remain allocated
	hangTimeout = time.Minute // for calls and streams to end after the load
)

func main() {
	duration := flag.Duration("for", time.Minute, "duration of the load")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *duration)
	defer cancel()
	context.AfterFunc(ctx, func() { time.AfterFunc(hangTimeout, exitHung) })
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func exitHung() {
	fmt.Fprintln(os.Stderr, "soak: calls or streams did not end")
	_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
	os.Exit(1)
}

func run(ctx context.Context) error {
	heap := load.Heap()
	clients, l := soak(ctx)
	text, err := l.check()
	*l = ledger{}
	leak := load.CheckHeap(heap + heapGrowth)
	runtime.KeepAlive(clients)
	fmt.Printf("%s%-28s %8d bytes\n", text, "heap growth", int64(load.Heap()-heap))
	return errors.Join(err, leak)
}
