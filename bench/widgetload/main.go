// Widgetload puts chathttp.Handler under the load of many browsers on loopback. A third of
// them disconnect during a reply, and a tenth read slowly. It checks that each reply is
// complete and that nothing is leaked:
//
//	go -C bench run ./widgetload -browsers 500 -for 1m
//
// It prints the results and exits with status 1 if a check fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/bench/internal/load"
	"github.com/remsyshq/agento-go/chathttp"
)

const (
	writeTimeout    = 5 * time.Second
	shutdownTimeout = 20 * time.Second
	sendBuffer      = 16 << 10 // per connection to a browser; a larger one hides slow reading
	heapPerBrowser  = 16 << 10 // bytes that may remain allocated: counts of the last minute, descriptors of goroutines
)

func main() {
	browsers := flag.Int("browsers", 500, "number of browsers")
	duration := flag.Duration("for", time.Minute, "how long browsers send messages")
	flag.Parse()
	if err := run(*browsers, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "widgetload:", err)
		os.Exit(1)
	}
}

func run(browsers int, duration time.Duration) error {
	service := agentotest.NewServer(agentotest.WithRateLimit(1_000_000, time.Minute))
	defer service.Close()
	service.Inject(reply)
	client, err := agento.New(service.Key(), agento.WithBaseURL(service.URL))
	if err != nil {
		return err
	}
	handler, err := newHandler(client, service.AddAgent(agentotest.AgentSeed{}))
	if err != nil {
		return err
	}
	backend := httptest.NewUnstartedServer(handler)
	backend.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(sendBuffer)
		return ctx
	}
	backend.Start()
	defer backend.Close()

	heap, goroutines := load.Heap(), runtime.NumGoroutine()
	failure := report(browse(backend.URL, browsers, duration))
	client.CloseIdleConnections()
	service.ForgetRequests()
	leaks := errors.Join(load.CheckGoroutines(goroutines), load.CheckHeap(heap+uint64(browsers)*heapPerBrowser))
	fmt.Printf("goroutines %d before, %d after; heap growth %d bytes\n", goroutines, runtime.NumGoroutine(), int64(load.Heap()-heap))
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return errors.Join(failure, leaks, handler.Shutdown(ctx), backend.Config.Shutdown(ctx))
}

func newHandler(client *agento.Client, agent string) (*chathttp.Handler, error) {
	return chathttp.NewHandler(client, chathttp.Config{
		Visitor: func(r *http.Request) (string, error) { return r.Header.Get("X-Visitor"), nil },
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agent}, nil
		},
		TokenKeys:    []chathttp.TokenKey{chathttp.NewTokenKey("k1", []byte(strings.Repeat("s", 32)))},
		VisitorLimit: chathttp.Limit{AtOnce: 10, PerMinute: 100_000}, // a browser may return before the handler detects its disconnect
		TotalLimit:   chathttp.Limit{AtOnce: 5000, PerMinute: 100_000},
		WriteTimeout: writeTimeout,
	})
}

// reply is the service's response to a message: the planned events with pauses.
func reply(r agentotest.Request) (agentotest.Fault, bool) {
	if r.Operation != "sendMessage" {
		return agentotest.Fault{}, false
	}
	p := load.ParseRequest(r.Body)
	raw := load.EventStream(p.Wire(p.Events) + `data: {"type":"done"}` + "\n\n")
	raw.Piece, raw.Gap = len(p.Wire(1)), gap(p)
	return agentotest.Answer(raw), true
}

// browse sends messages from browsers for a while.
func browse(url string, n int, duration time.Duration) []*browser {
	browsers := make([]*browser, n)
	var running sync.WaitGroup
	end := time.Now().Add(duration)
	for i := range browsers {
		browsers[i] = newBrowser(kindOf(i), url, fmt.Sprint("visitor ", i))
		running.Go(func() { browsers[i].browse(end) })
	}
	running.Wait()
	return browsers
}

// report prints what browsers received and returns an error if one failed or if a kind of
// browser had no turn.
func report(browsers []*browser) error {
	var turns, events [kinds]int
	var failures []error
	for _, b := range browsers {
		turns[b.kind] += b.turns
		events[b.kind] += b.events
		if b.err != nil {
			failures = append(failures, fmt.Errorf("%s browser: %w", kindNames[b.kind], b.err))
		}
	}
	for k, name := range kindNames {
		fmt.Printf("%-8s browsers: %6d turns, %8d events\n", name, turns[k], events[k])
		if turns[k] == 0 {
			failures = append(failures, fmt.Errorf("%s browsers: no turns", name))
		}
	}
	return errors.Join(failures[:min(len(failures), 20)]...)
}
