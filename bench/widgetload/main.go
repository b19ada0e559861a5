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
	"io"
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
	if err := run(*browsers, *duration, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "widgetload:", err)
		os.Exit(1)
	}
}

func run(browsers int, duration time.Duration, out io.Writer) error {
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
	results := browse(backend.URL, browsers, duration)
	client.CloseIdleConnections()
	service.ForgetRequests()
	failures := []error{report(out, results), load.CheckGoroutines(goroutines), load.CheckHeap(heap + uint64(browsers)*heapPerBrowser)}
	fmt.Fprintf(out, "goroutines %d before, %d after; heap growth %d bytes\n", goroutines, runtime.NumGoroutine(), int64(load.Heap()-heap))
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return errors.Join(append(failures, handler.Shutdown(ctx), backend.Config.Shutdown(ctx))...)
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

// browse sends messages from browsers for a while and returns a result for each kind.
func browse(url string, browsers int, duration time.Duration) [kinds]result {
	var results [kinds]result
	var mu sync.Mutex
	var running sync.WaitGroup
	end := time.Now().Add(duration)
	for i := range browsers {
		running.Go(func() {
			b := newBrowser(kindOf(i), url, fmt.Sprint("visitor ", i))
			b.browse(end)
			mu.Lock()
			defer mu.Unlock()
			results[b.kind].add(b.result)
		})
	}
	running.Wait()
	return results
}
