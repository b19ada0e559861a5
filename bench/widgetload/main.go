// Widgetload puts chathttp.Handler under the load of many browsers on
// loopback, a third of which leave in the middle of an answer and a tenth of
// which read slowly, and reports what it adds to the latency of an event, what
// it takes, and what it leaves behind.
//
//	go -C bench run ./widgetload -browsers 500 -for 1m
//
// The service, the backend and the browsers are processes of their own. The
// program fails if an event is lost, a stream is left or memory is not bounded.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	role := flag.String("role", "", "which part to be; empty starts them all")
	service := flag.String("service", "", "address of the service, for the backend")
	browsers := flag.Int("browsers", 500, "browsers at a time")
	duration := flag.Duration("for", time.Minute, "for how long new turns begin")
	flag.Parse()
	var err error
	switch *role {
	case "service":
		err = beService()
	case "backend":
		err = beBackend(*service)
	default:
		err = run(*browsers, *duration, os.Stdout)
	}
	if err != nil {
		log.Fatal("widgetload: ", err)
	}
}

func run(browsers int, duration time.Duration, out io.Writer) error {
	service, err := start("-role", "service")
	if err != nil {
		return err
	}
	defer service.kill()
	backend, err := start("-role", "backend", "-service", service.address)
	if err != nil {
		return err
	}
	defer backend.kill()

	before, err := backend.usage("settle")
	if err != nil {
		return err
	}
	peak := backend.watch()
	tally := load(service.address, backend.address, browsers, duration)
	most := peak()
	after, err := backend.settled(before)
	if err != nil {
		return err
	}
	if err := backend.terminate(); err != nil {
		return err
	}
	tally.report(out)
	fmt.Fprintf(out, "\nbackend          before      peak     after\n")
	fmt.Fprintf(out, "goroutines   %10d%10d%10d\n", before.Goroutines, most.Goroutines, after.Goroutines)
	fmt.Fprintf(out, "connections  %10d%10d%10d\n", before.Files, most.Files, after.Files)
	fmt.Fprintf(out, "heap, MB     %10.1f%10.1f%10.1f\n", before.Heap, most.Heap, after.Heap)
	fmt.Fprintf(out, "resident, MB %10.1f%10.1f%10.1f\n", before.Resident, most.Resident, after.Resident)
	return errors.Join(tally.fault(), leak(before, after))
}

// process is a part that runs by itself.
type process struct {
	command *exec.Cmd
	address string
}

// start runs this program in another role, and waits for its address.
func start(args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, args...)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = command.Process.Kill()
		return nil, fmt.Errorf("%v did not start: %w", args, err)
	}
	return &process{command, strings.TrimSpace(address)}, nil
}

func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	_ = p.command.Wait()
}

// terminate ends a part as a server is ended, and expects it to end well.
func (p *process) terminate() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.command.Wait()
}

// usage asks a part what it uses, after it has settled if that is asked too.
func (p *process) usage(query string) (usage, error) {
	var u usage
	response, err := http.Get("http://" + p.address + "/usage?" + query)
	if err != nil {
		return u, err
	}
	defer func() { _ = response.Body.Close() }()
	return u, json.NewDecoder(response.Body).Decode(&u)
}

// watch looks at what a part uses until peak is called, which says what the
// most was.
func (p *process) watch() (peak func() usage) {
	ctx, stop := context.WithCancel(context.Background())
	seen := make(chan usage)
	go func() {
		var most usage
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if u, err := p.usage(""); err == nil {
				most = most.max(u)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		seen <- most
	}()
	return func() usage {
		stop()
		return <-seen
	}
}

// settled waits until nothing more is given back.
func (p *process) settled(before usage) (usage, error) {
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(time.Second) {
		u, err := p.usage("settle")
		if err != nil || leak(before, u) == nil || time.Now().After(deadline) {
			return u, err
		}
	}
}

// leak compares what is used before and after a load.
func leak(before, after usage) error {
	const fewGoroutines, fewFiles, littleHeap = 10, 10, 4
	if after.Goroutines > before.Goroutines+fewGoroutines || after.Files > before.Files+fewFiles || after.Heap > before.Heap+littleHeap {
		return fmt.Errorf("something is left behind: %+v before, %+v after", before, after)
	}
	return nil
}
