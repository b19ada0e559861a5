package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/bench/internal/load"
)

const (
	workers     = 48
	followers   = 3  // of each log
	perSecond   = 80 // calls, or sequences of calls
	callTimeout = 30 * time.Second
	silence     = 2 * time.Second // maximum of an attempt or a stream
	fixedRows   = 120             // in each list that does not change
	history     = 200             // lines that a client without IDs requests when it reconnects
	writeHeader = "X-Soak-Write"  // contains the ID of a write
)

// config is changed by tests.
type config struct {
	inMemory   bool
	middleware func(http.Handler) http.Handler
}

// target is a fake service with its client.
type target struct {
	*ledger
	server  *agentotest.Server
	client  *agento.Client
	limiter *rate.Limiter
	agent   string // is called and modified
	fixed   string // has lists that do not change, and a growing log
	lines   int    // in the log; read it after writeLog has returned

	edits, unknownEdits atomic.Int64
}

// newTarget starts a service. With IDs in its log streams, it also responds with status 429,
// which would slow down a client that paces itself.
func newTarget(c config, l *ledger, limiter *rate.Limiter, logIDs bool) *target {
	opts := []agentotest.Option{
		agentotest.WithRateLimit(200_000, time.Minute), agentotest.WithLogIDs(logIDs), agentotest.WithMaxPage(50),
		agentotest.WithReply(func(t agentotest.Turn) []string { return load.ParseMessage(t.Message).Texts() }),
		agentotest.WithReplyGap(2 * time.Millisecond),
	}
	if c.inMemory {
		opts = append(opts, agentotest.WithInMemory())
	}
	if c.middleware != nil {
		opts = append(opts, agentotest.WithMiddleware(c.middleware))
	}
	server := agentotest.NewServer(opts...)
	var transport http.RoundTripper = &http.Transport{MaxIdleConnsPerHost: workers} // does not retain the server
	if c.inMemory {
		transport = server.HTTPClient().Transport
	}
	t := &target{
		ledger: l, server: server, limiter: limiter,
		client: server.Client(agento.WithHTTPClient(&http.Client{Transport: transport}), agento.WithPacing(!logIDs),
			agento.WithTimeout(silence), agento.WithIdleTimeout(silence), agento.WithMaxRetries(2)),
		agent: server.AddAgent(agentotest.AgentSeed{SoulMD: "0"}), fixed: server.AddAgent(agentotest.AgentSeed{}),
	}
	for i := range fixedRows {
		server.AddKnowledge(t.fixed, agentotest.Chunk{Content: fmt.Sprint("chunk ", i)})
		server.AddSession(t.fixed, fmt.Sprint("session ", i), "")
	}
	for range history {
		t.appendLine()
	}
	refusals := []int{http.StatusRequestTimeout}
	if logIDs {
		refusals = append(refusals, http.StatusTooManyRequests)
	}
	server.Inject(func(r agentotest.Request) (agentotest.Fault, bool) { return t.decide(r, refusals), true })
	return t
}

// decide returns the fault of a request and records the effect of a write.
func (t *target) decide(r agentotest.Request, refusals []int) agentotest.Fault {
	fault, effect := undisturbed(), true
	if rand.Float64() < disturbed {
		fault, effect = disturb(r, refusals)
		t.count("requests disturbed", 1)
	}
	t.count("requests", 1)
	if id, err := strconv.Atoi(r.Header.Get(writeHeader)); err == nil && effect && r.Method != http.MethodGet {
		t.tookEffect(id, r)
	}
	return fault
}

// soak loads two services until ctx ends and waits for all calls and streams.
func soak(ctx context.Context, c config) ([]*agento.Client, *ledger) {
	l, limiter := newLedger(), rate.NewLimiter(perSecond, 1)
	targets := []*target{newTarget(c, l, limiter, true), newTarget(c, l, limiter, false)}
	goroutines := runtime.NumGoroutine()
	var working, following sync.WaitGroup
	for _, t := range targets {
		for range workers / len(targets) {
			working.Go(func() { t.work(ctx) })
		}
		for range followers {
			following.Go(func() { t.followLog(ctx) })
		}
		working.Go(func() { t.writeLog(ctx) })
	}
	working.Wait()
	followed := make(chan struct{})
	go func() { following.Wait(); close(followed) }()
	for open := true; open; {
		select {
		case <-followed:
			open = false
		case <-time.After(50 * time.Millisecond):
			for _, t := range targets {
				t.server.Inject(nil)
				t.server.CloseLogStreams("")
			}
		}
	}
	var clients []*agento.Client
	for _, t := range targets {
		t.client.CloseIdleConnections()
		clients = append(clients, t.client)
	}
	if err := load.CheckGoroutines(goroutines); err != nil { // before the servers drop connections
		l.violated("%v", err)
	}
	for _, t := range targets {
		t.server.Close()
		t.checkEdits()
	}
	return clients, l
}

// writeLog appends numbered lines to the log, and drops its streams now and then.
func (t *target) writeLog(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.appendLine()
			if rand.IntN(100) == 0 {
				t.server.DropLogStreams()
			}
		}
	}
}

func (t *target) appendLine() {
	t.lines++
	t.server.AppendLog(t.fixed, "INFO", fmt.Sprint(linePrefix, t.lines))
}

// checkEdits compares the number in the edited document with the number of edits.
func (t *target) checkEdits() {
	edits, unknown := int(t.edits.Load()), int(t.unknownEdits.Load())
	if n := parseNumber(t.server.Agent(t.agent).Soul.Content); n < edits || n > edits+unknown {
		t.violated("the document has %d edits, %d succeeded, the outcome of %d is unknown", n, edits, unknown)
	}
}
