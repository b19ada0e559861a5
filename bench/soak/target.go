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

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/bench/internal/load"
)

const (
	workers     = 48
	followers   = 3 // of each log
	callTimeout = 30 * time.Second
	silence     = 2 * time.Second // maximum of an attempt or a stream
	fixedRows   = 120             // in the list that does not change
	history     = 200             // lines that a client without IDs requests when it reconnects
	writeHeader = "X-Soak-Write"  // contains the ID of a write
)

// target is a fake service with its client.
type target struct {
	*ledger
	server *agentotest.Server
	client *agento.Client
	logIDs bool
	agent  string // is called and modified
	fixed  string // has a list that does not change, and a growing log
	lines  int    // in the log; read it after writeLog has returned

	edits, unknownEdits atomic.Int64
}

// newTarget starts a service. With IDs in its log streams, it also responds with status 429,
// which would slow down a client that paces itself.
func newTarget(l *ledger, logIDs bool, opts []agentotest.Option) *target {
	server := agentotest.NewServer(append([]agentotest.Option{
		agentotest.WithRateLimit(200_000, time.Minute), agentotest.WithLogIDs(logIDs), agentotest.WithMaxPage(50),
		agentotest.WithReply(func(t agentotest.Turn) []string { return load.ParseMessage(t.Message).Texts() }),
		agentotest.WithReplyGap(2 * time.Millisecond),
	}, opts...)...)
	t := &target{
		ledger: l, server: server, logIDs: logIDs,
		client: server.Client(agento.WithPacing(!logIDs), agento.WithTimeout(silence), agento.WithIdleTimeout(silence)),
		agent:  server.AddAgent(agentotest.AgentSeed{SoulMD: "0"}), fixed: server.AddAgent(agentotest.AgentSeed{}),
	}
	for i := range fixedRows {
		server.AddSession(t.fixed, fmt.Sprint("session ", i), "")
	}
	for range history {
		t.appendLine()
	}
	server.Inject(func(r agentotest.Request) (agentotest.Fault, bool) { return t.decide(r), true })
	return t
}

// decide returns the fault of a request and records the effect of a write.
func (t *target) decide(r agentotest.Request) agentotest.Fault {
	// An undisturbed request completes even if the client disconnects, so that the ledger is exact.
	fault, effect := agentotest.Delay(0).AfterCommit(), true
	if rand.Float64() < disturbed {
		fault, effect = t.disturb(r)
		t.count("requests disturbed", 1)
	}
	t.count("requests", 1)
	if id, err := strconv.Atoi(r.Header.Get(writeHeader)); err == nil && effect && r.Method != http.MethodGet {
		t.tookEffect(id, r)
	}
	return fault
}

// soak loads two services, with additional options, until ctx ends, and waits for all
// calls and streams. The clients are returned with what they retain.
func soak(ctx context.Context, opts ...agentotest.Option) ([]*agento.Client, *ledger) {
	l := newLedger()
	targets := []*target{newTarget(l, true, opts), newTarget(l, false, opts)}
	goroutines := runtime.NumGoroutine()
	var working sync.WaitGroup
	var following atomic.Int64
	for _, t := range targets {
		for range workers / len(targets) {
			working.Go(func() { t.work(ctx) })
		}
		for range followers {
			following.Add(1)
			go func() { t.followLog(ctx); following.Add(-1) }()
		}
		working.Go(func() { t.writeLog(ctx) })
	}
	working.Wait()
	for following.Load() > 0 {
		for _, t := range targets {
			t.server.Inject(nil)
			t.server.CloseLogStreams("")
		}
		time.Sleep(50 * time.Millisecond)
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
		t.server.HTTPClient().Transport.(*http.Transport).DialContext = nil // it retains the server
	}
	return clients, l
}

// writeLog appends numbered lines to the log, and drops its streams now and then.
func (t *target) writeLog(ctx context.Context) {
	for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		t.appendLine()
		if rand.IntN(100) == 0 {
			t.server.DropLogStreams()
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
	n, err := strconv.Atoi(t.server.Agent(t.agent).Soul.Content)
	if err != nil || n < edits || n > edits+unknown {
		t.violated("the document has %d edits, %d succeeded, the outcome of %d is unknown", n, edits, unknown)
	}
}
