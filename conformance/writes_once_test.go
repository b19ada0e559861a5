package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

var (
	writeRuns = flag.Int("writes.runs", 3, "number of runs of each write with each fault")
	writeSeed = flag.Uint64("writes.seed", 1, "random seed of the runs")
)

// runsPerServer limits the memory that a fake service uses.
const runsPerServer = 100

// TestWritesHappenOnce runs every write of the API with every fault, before and after the
// write takes effect, and compares the result with the state of the service.
//
//	go test ./conformance -run TestWritesHappenOnce -v -writes.runs=1000
func TestWritesHappenOnce(t *testing.T) {
	var all tally
	t.Run("writes", func(t *testing.T) {
		for i, w := range writes() {
			t.Run(w.call, func(t *testing.T) {
				t.Parallel()
				for j, f := range writeFaultTable() {
					random := rand.New(rand.NewPCG(*writeSeed, uint64(i<<16|j)))
					for done := 0; done < *writeRuns; done += runsPerServer {
						harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
							for n := range min(runsPerServer, *writeRuns-done) {
								all.add(runWrite(t, s, newPlan(w, f, done+n, random)))
							}
						})
					}
				}
			})
		}
	})
	t.Log(all.String())
	if !t.Failed() {
		require.NotZero(t, all.success.Load(), "no write succeeded")
		require.NotZero(t, all.failure.Load(), "no write failed")
		require.NotZero(t, all.unknownApplied.Load(), "no write with unknown outcome was applied")
		require.NotZero(t, all.unknownNot.Load(), "every write with unknown outcome was applied")
	}
}

// TestEveryWriteTested checks that writes contains all operations that write.
func TestEveryWriteTested(t *testing.T) {
	covered := map[string]bool{}
	methods := harness.ServiceMethods()
	for _, w := range writes() {
		require.Contains(t, methods, strings.SplitN(w.call, ",", 2)[0])
		covered[w.route.Name] = true
	}
	for _, r := range route.All() {
		require.Equal(t, r.Method != http.MethodGet, covered[r.Name], r.Name)
	}
}

// tally counts the results of runs.
type tally struct{ success, failure, unknownApplied, unknownNot atomic.Int64 }

func (a *tally) add(applied int, err error) {
	switch {
	case err == nil || errors.As(err, new(acceptedError)):
		a.success.Add(1)
	case !errors.Is(err, agento.ErrOutcomeUnknown):
		a.failure.Add(1)
	case applied > 0:
		a.unknownApplied.Add(1)
	default:
		a.unknownNot.Add(1)
	}
}

func (a *tally) String() string {
	s, f, u, n := a.success.Load(), a.failure.Load(), a.unknownApplied.Load(), a.unknownNot.Load()
	return fmt.Sprintf("%d runs: %d reported success, %d failure, %d unknown (%d of them applied, %d not)", s+f+u+n, s, f, u+n, u, n)
}

// acceptedError is the error of an accepted message whose answer was truncated.
type acceptedError struct{ error }

// plan is one run: a write, a fault, and the attempts that have the fault.
type plan struct {
	write    write
	fault    writeFault
	hits     hits
	opener   writeFault // fault of the first attempt if only the second has fault
	reads    bool       // reads fail too
	name     string
	mu       sync.Mutex
	attempts int
	commits  int // requests that took effect
}

// hits are the attempts of a write that have a fault.
type hits int

const (
	hitFirst hits = iota
	hitSecond
	hitEvery
)

func (h hits) String() string { return [...]string{"the first", "the second", "every"}[h] }

func newPlan(w write, f writeFault, run int, random *rand.Rand) *plan {
	openers := openers(w)
	return &plan{
		write: w, fault: f, hits: hits(run % 3), opener: openers[random.IntN(len(openers))],
		reads: random.IntN(5) == 0, name: fmt.Sprintf("w-%d", run),
	}
}

func (p *plan) String() string {
	return fmt.Sprintf("%s, %s, on %s attempt, opener %s, reads fail: %t, run %s",
		p.write.call, p.fault.name, p.hits, p.opener.name, p.reads, p.name)
}

// current returns the fault of the newest attempt, or the zero writeFault.
func (p *plan) current() writeFault {
	switch {
	case p.hits == hitSecond && p.attempts == 1:
		return p.opener
	case p.hits == hitEvery, p.hits == hitFirst && p.attempts == 1, p.hits == hitSecond && p.attempts == 2:
		return p.fault
	}
	return writeFault{}
}

// send counts an attempt and returns whether the connection fails while the request is
// sent, and after how many bytes.
func (p *plan) send() (after int, breaks bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts++
	f := p.current()
	return f.requestBytes, f.breaks
}

// receive is called for each request that the service receives.
func (p *plan) receive(r agentotest.Request) (agentotest.Fault, bool) {
	if r.Method == http.MethodGet {
		return agentotest.Drop(), p.reads
	}
	p.mu.Lock()
	f := p.current()
	if f.play == nil || f.commits {
		p.commits++
	}
	p.mu.Unlock()
	if f.play == nil {
		return agentotest.Fault{}, false
	}
	time.Sleep(f.late)
	return *f.play, true
}

// runWrite runs a plan and checks its result.
func runWrite(t *testing.T, s *agentotest.Server, p *plan) (applied int, err error) {
	x := subject{name: p.name}
	if p.write.prepare != nil {
		p.write.prepare(s, &x)
	}
	s.ForgetRequests()
	s.Inject(p.receive)
	defer s.Inject(nil)
	ctx, cancel := t.Context(), context.CancelFunc(func() {})
	if p.fault.deadline > 0 {
		ctx, cancel = context.WithTimeout(ctx, p.fault.deadline)
	}
	defer cancel()
	client := s.Client(agento.WithHTTPClient(&http.Client{Transport: faultyTransport(s, p)}))
	err = p.write.do(ctx, client, x)
	client.CloseIdleConnections()
	if p.fault.late > 0 {
		time.Sleep(time.Hour) // delayed requests take effect
	}
	synctest.Wait()
	applied = p.write.applied(s, x)
	require.Empty(t, p.contradiction(s, err, applied), "%v: error %v, applied %d times", p, err, applied)
	return applied, err
}

// contradiction describes how the result contradicts the state of the service. It
// returns "" if it does not.
func (p *plan) contradiction(s *agentotest.Server, err error, applied int) string {
	var typed *agento.Error
	switch {
	case err != nil && !errors.As(err, &typed):
		return "the error is not an Error"
	case applied > 1:
		return "applied more than once"
	case p.once() && p.commits > 1:
		return fmt.Sprintf("the service applied %d requests", p.commits)
	case p.once() && accepted(s, p.write.route.Name) > 1:
		return "retried after a request that was not rejected"
	case (applied > 0) != (p.commits > 0):
		return fmt.Sprintf("the service applied %d requests, which contradicts its state", p.commits)
	case err == nil && applied != 1:
		return "a success that was not applied"
	case errors.As(err, new(acceptedError)) && applied != 1:
		return "accepted, and not applied"
	case err != nil && !errors.Is(err, agento.ErrOutcomeUnknown) && !errors.As(err, new(acceptedError)) && applied != 0:
		return "a failure that was applied"
	}
	return ""
}

// once reports whether a second request would be a second write.
func (p *plan) once() bool {
	return p.write.route.Method == http.MethodPost || p.write.route.Method == http.MethodPatch
}

// accepted counts the requests to an operation that the service did not reject with a
// status that permits a retry.
func accepted(s *agentotest.Server, operation string) int {
	n := 0
	for _, r := range s.RequestsTo(operation) {
		if r.Status != http.StatusTooManyRequests && r.Status != http.StatusTooEarly {
			n++
		}
	}
	return n
}

// faultyTransport returns a transport whose connections fail as planned.
func faultyTransport(s *agentotest.Server, p *plan) http.RoundTripper {
	tr := s.HTTPClient().Transport.(*http.Transport).Clone()
	dial := tr.DialContext
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &faultyConn{Conn: conn, plan: p}, nil
	}
	return tr
}

// faultyConn fails while a request of the write is sent, if planned. net/http sends these
// small requests with one call of Write.
type faultyConn struct {
	net.Conn
	plan *plan
}

func (c *faultyConn) Write(b []byte) (int, error) {
	if !strings.HasPrefix(string(b), c.plan.write.route.Method+" ") {
		return c.Conn.Write(b)
	}
	after, breaks := c.plan.send()
	if !breaks {
		return c.Conn.Write(b)
	}
	n, _ := c.Conn.Write(b[:min(after, len(b)-1)])
	_ = c.Conn.Close()
	return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
}
