package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
)

const (
	callHeader = "X-Soak-Call"
	lineEvery  = 10 * time.Millisecond
	replyGap   = 2 * time.Millisecond
	fixedRows  = 120 // in each of the lists that do not change
)

// site is a fake service, and what the load needs to know of it.
type site struct {
	URL, Key string
	Chat     string   // the agent that is talked to
	Fixed    string   // the agent whose lists do not change
	Edited   string   // the agent whose SOUL.md is edited
	Logs     []string // the agents whose logs grow
}

// service is the process of the fake services. It keeps the books.
type service struct {
	ledger  *ledger
	mu      sync.Mutex
	did     map[string]int
	servers []*agentotest.Server
	sites   []site
	lines   map[string]*atomic.Int64 // of the logs, by agent
	quiet   chan struct{}            // closed: no faults and no more lines
	closing chan struct{}            // closed: log streams end
	working sync.WaitGroup
}

// beService serves until what comes from in says that it is over, or ends.
func beService(seed uint64, in io.Reader, out io.Writer) error {
	s := &service{
		ledger: newLedger(), did: map[string]int{}, lines: map[string]*atomic.Int64{},
		quiet: make(chan struct{}), closing: make(chan struct{}),
	}
	s.open(fates{seed: seed, often: 0.12, refuse: true}, true)
	s.open(fates{seed: seed + 1, often: 0.12}, false)
	s.working.Go(func() { s.dropNowAndThen(rand.New(rand.NewPCG(seed, 2))) })
	answer := json.NewEncoder(out)
	if err := answer.Encode(s.sites); err != nil {
		return err
	}
	for orders := json.NewDecoder(in); ; {
		var r record
		if err := orders.Decode(&r); err != nil {
			return fmt.Errorf("the load has gone: %w", err)
		}
		switch r.Kind {
		case beQuiet:
			close(s.quiet)
			s.working.Wait()
		case closeAll:
			s.working.Go(s.closeLogs)
		case settle:
			close(s.closing)
			s.working.Wait()
			return answer.Encode(s.settle())
		default:
			s.ledger.note(r)
		}
	}
}

// open starts one fake service. Log streams have ids or not.
func (s *service) open(f fates, ids bool) {
	server := agentotest.NewServer(
		agentotest.WithRateLimit(200_000, time.Minute), agentotest.WithLogIDs(ids), agentotest.WithMaxPage(50),
		agentotest.WithReply(func(t agentotest.Turn) []string { return planOfMessage(t.Message).texts() }),
		agentotest.WithReplyGap(replyGap), agentotest.WithMiddleware(s.countEvents),
	)
	site := site{
		URL: server.URL, Key: server.Key(),
		Chat: server.AddAgent(agentotest.AgentSeed{}), Fixed: server.AddAgent(agentotest.AgentSeed{}),
		Edited: server.AddAgent(agentotest.AgentSeed{SoulMD: "0"}),
	}
	for i := range fixedRows {
		server.AddKnowledge(site.Fixed, agentotest.Chunk{Content: fmt.Sprint("chunk ", i)})
		server.AddSession(site.Fixed, fmt.Sprint("session ", i), "")
	}
	for range 2 {
		agent := server.AddAgent(agentotest.AgentSeed{})
		site.Logs = append(site.Logs, agent)
		count := new(atomic.Int64)
		s.lines[site.name(agent)] = count
		s.working.Go(func() { s.write(server, agent, count) })
	}
	server.Inject(func(r agentotest.Request) (agentotest.Fault, bool) { return s.decide(f, r).fault, true })
	s.servers, s.sites = append(s.servers, server), append(s.sites, site)
}

// name tells the agents of several sites apart.
func (s site) name(agent string) string { return s.URL + " " + agent }

// decide says what happens to a request, and books the effect.
func (s *service) decide(f fates, r agentotest.Request) fate {
	call := r.Header.Get(callHeader)
	nth := 0
	s.ledger.change(call, func(e *entry) { e.requests++; nth = e.requests })
	now := undisturbed()
	select {
	case <-s.quiet:
	default:
		now = f.of(r, call, nth)
	}
	s.mu.Lock()
	s.did[now.name]++
	s.mu.Unlock()
	if r.Method != http.MethodGet && (strings.HasPrefix(call, writeID) || strings.HasPrefix(call, chatID)) {
		s.ledger.change(call, func(e *entry) {
			e.repeatable = r.Method == http.MethodPut || r.Method == http.MethodDelete
			if now.effect {
				e.effects++
			}
			if strings.HasPrefix(call, chatID) {
				e.planned = planOf(r.Body).Events + 1
			}
		})
	}
	return now
}

// write lets a log grow by numbered lines.
func (s *service) write(server *agentotest.Server, agent string, count *atomic.Int64) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.quiet:
			return
		case <-tick.C:
			server.AppendLog(agent, "INFO", fmt.Sprint(linePrefix, count.Add(1)))
			tick.Reset(lineEvery) // no two lines within a millisecond, which is what their times tell
		}
	}
}

const linePrefix = "soak line "

// dropNowAndThen breaks all log streams of a service.
func (s *service) dropNowAndThen(random *rand.Rand) {
	for {
		select {
		case <-s.quiet:
			return
		case <-time.After(time.Second + rand.N(9*time.Second)):
			s.servers[random.IntN(len(s.servers))].DropLogStreams()
		}
	}
}

// closeLogs ends log streams for good, also those that connect again meanwhile.
func (s *service) closeLogs() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
			for _, server := range s.servers {
				server.CloseLogStreams("")
			}
		}
	}
}

func (s *service) settle() books {
	newest, documents := map[string]int{}, map[string]int{}
	for i, server := range s.servers {
		at := s.sites[i]
		for _, agent := range at.Logs {
			newest[at.name(agent)] = int(s.lines[at.name(agent)].Load())
		}
		documents[at.name(at.Edited)] = counted(server.Agent(at.Edited).Soul.Content)
		server.Close() // waits for what is under way
	}
	b := s.ledger.settle(newest, documents)
	b.Requests = s.did
	return b
}

// countEvents counts the whole events that go out in answer to a message.
func (s *service) countEvents(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Header.Get(callHeader)
		if strings.HasPrefix(call, chatID) {
			counter := &eventCounter{ResponseWriter: w}
			defer func() { s.ledger.change(call, func(e *entry) { e.sent += counter.events }) }()
			w = counter
		}
		next.ServeHTTP(w, r)
	})
}

type eventCounter struct {
	http.ResponseWriter
	events   int
	lineEnds int // in a row
}

func (c *eventCounter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	if c.Header().Get("Content-Type") != "text/event-stream" {
		return n, err
	}
	for _, b := range p[:n] {
		if b != '\n' {
			c.lineEnds = 0
		} else if c.lineEnds++; c.lineEnds == 2 {
			c.events++
		}
	}
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *eventCounter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// planOf reads the plan in the body of a request that sends a message.
func planOf(body []byte) plan {
	var sent struct{ Message string }
	_ = json.Unmarshal(body, &sent) // the zero plan is an answer without text
	return planOfMessage(sent.Message)
}

func planOfMessage(message string) plan {
	var p plan
	_ = json.NewDecoder(bytes.NewBufferString(message)).Decode(&p)
	return p
}

func (p plan) texts() []string {
	texts := make([]string, p.Events)
	for i := range texts {
		texts[i] = p.text(i)
	}
	return texts
}
