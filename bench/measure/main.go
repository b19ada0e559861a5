// Measure runs the rows against a service in a process of its own, and prints
// the results as JSON. It is a part of report, which builds it with the
// generated clients.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/remsyshq/agento-go/bench/rows"
	"github.com/remsyshq/agento-go/bench/wire"
)

func main() {
	run := measure
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		run = serve
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// serve is the other process: it ends with its standard input.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, wire.NewServer()) }()
	fmt.Println(l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func measure() error {
	plan := rows.Plan{Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	only := flag.String("only", "", "rows whose key matches this")
	flag.IntVar(&plan.Pairs, "pairs", 15, "pairs of samples")
	short := flag.Bool("short", false, "small sizes and samples")
	flag.Parse()
	plan.Size = rows.Full
	if *short {
		plan.Size = rows.Short
	}
	var err error
	if plan.Only, err = regexp.Compile(*only); err != nil {
		return err
	}
	url, stop, err := startServer()
	if err != nil {
		return err
	}
	defer stop()
	plan.Server = url
	results, err := rows.Run(context.Background(), plan)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

func startServer() (url string, stop func(), err error) {
	server := exec.Command(os.Args[0], "serve")
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = server.Wait()
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the server did not start: %w", err)
	}
	return "http://" + strings.TrimSpace(address), stop, nil
}
