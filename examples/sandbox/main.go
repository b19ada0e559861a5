// Sandbox runs package agentotest as a server: a fake Agento service for clients in any
// language, without an account or a network. It prints its address, a made-up key, and
// commands to try with curl. It keeps its data in memory and runs until Ctrl-C.
//
//	go run ./examples/sandbox
//	go run ./examples/sandbox -addr 127.0.0.1:0 -rate-limit 10 -reply-gap 500ms
//
// It makes no calls, so it needs no key and no scopes. The printed key has all scopes. With
// -scopes it has only those, so you can test which scopes a client needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		stop()
		os.Exit(1)
	}
}

type options struct {
	addr, scopes                string
	agents, limit               int
	window, replyGap, startTime time.Duration
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8787", "address to listen on; port 0 means any free port")
	flags.IntVar(&o.agents, "agents", 3, "number of agents")
	flags.IntVar(&o.limit, "rate-limit", 120, "requests per key in a window; 0 means no limit")
	flags.DurationVar(&o.window, "window", time.Minute, "length of the window")
	flags.DurationVar(&o.replyGap, "reply-gap", 100*time.Millisecond, "time between two events of an answer")
	flags.DurationVar(&o.startTime, "start-delay", 2*time.Second, "time that an agent takes to start")
	flags.StringVar(&o.scopes, "scopes", "", "comma-separated scopes of the key (default all)")
	if err := demo.Parse(flags, args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.agents < 0 || o.limit < 0 || o.window <= 0 || o.replyGap < 0 || o.startTime < 0 {
		return o, errors.New("a flag is negative, the window is 0, or there is an argument after the flags; see -h")
	}
	for scope := range strings.FieldsFuncSeq(o.scopes, isComma) {
		if !slices.Contains(agentotest.AllScopes(), scope) {
			return o, fmt.Errorf("unknown scope %q", scope)
		}
	}
	return o, nil
}

func isComma(r rune) bool { return r == ',' || r == ' ' }

// run serves until the context ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	service := agentotest.New(
		agentotest.WithRateLimit(o.limit, o.window), agentotest.WithReplyGap(o.replyGap),
		agentotest.WithStartDelay(o.startTime), agentotest.WithLogKeepAlive(15*time.Second),
	)
	key := service.Key()
	if o.scopes != "" {
		key = service.AddKey(strings.FieldsFunc(o.scopes, isComma)...)
	}
	for n := range o.agents {
		status := []string{"running", "running", "stopped"}[n%3]
		service.AddAgent(agentotest.AgentSeed{Name: fmt.Sprintf("Agent %d", n+1), Status: status})
	}
	welcome(out, reachable(listener.Addr()), key, service.Agents())

	server := &http.Server{Handler: service, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Shutdown would wait for streams to end by themselves
	defer stop()
	err = server.Serve(listener)
	service.Close() // waits for the handlers to return
	if errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(out, "Ended.")
		return nil
	}
	return err
}

// reachable returns the base URL on this machine.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return "http://" + net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + addr.String()
}

func welcome(out io.Writer, base, key string, agents []agentotest.Agent) {
	fmt.Fprintf(out, "A fake Agento service is on %s until Ctrl-C.\n\n", base)
	fmt.Fprintf(out, "  export AGENTO_BASE_URL=%s AGENTO_API_KEY=%s\n\n", base, key)
	id := "<agent ID>"
	for i, agent := range slices.Backward(agents) { // oldest first
		fmt.Fprintf(out, "  %s  %s, %s\n", agent.ID, agent.Name, agent.Status)
		if i == len(agents)-1 {
			id = agent.ID
		}
	}
	const curl = "  curl -sS -H \"X-Api-Key: $AGENTO_API_KEY\" "
	fmt.Fprintln(out, "\nTry, in another terminal, after the export line:")
	fmt.Fprintln(out, curl+"$AGENTO_BASE_URL/v1/agents")
	fmt.Fprintln(out, curl+"-N -H 'Content-Type: application/json' \\\n    -d '{\"message\":\"Hello\"}' $AGENTO_BASE_URL/v1/agents/"+id+"/chat/messages")
	fmt.Fprintln(out, curl+"-N $AGENTO_BASE_URL/v1/agents/"+id+"/logs/stream")
	fmt.Fprintln(out, "  go run ./examples/quickstart")
}
