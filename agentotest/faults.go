package agentotest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/remsyshq/agento-go/internal/route"
)

// Fault is what a call gets in place of its ordinary answer. The functions that
// make one say whether the operation takes effect; [Fault.AfterCommit] makes it
// take effect in any case, with its answer thrown away.
type Fault struct {
	kind   faultKind
	commit bool
	delay  time.Duration
	bare   bool
	bytes  int
	raw    Raw
	// exhausted gives the response the rate-limit headers of a 429.
	exhausted bool
}

type faultKind int

const (
	faultNone faultKind = iota // the ordinary answer
	faultRaw
	faultDrop
	faultCut
	faultHang
)

// Fail answers with a status and the error envelope, and does nothing else. A 429
// has the headers of an exhausted rate limit: one second until the reset. Fail
// panics if no answer can have that status; see [Raw].
func Fail(status int, code string) Fault {
	mustSend("Fail", status)
	message := "scripted failure"
	if text := http.StatusText(status); text != "" {
		message += ": " + text
	}
	f := Answer(Raw{Status: status, Body: errorBody(code, message)})
	f.exhausted = status == http.StatusTooManyRequests
	return f
}

// Delay waits for d, then carries the operation out and answers as usual. With
// AfterCommit it carries the operation out first.
func Delay(d time.Duration) Fault { return Fault{delay: d} }

// Drop breaks the connection without a byte of an answer, and does nothing else.
// A client of net/http repeats a GET by itself when that happens on a connection
// that it had used before; such a call comes twice.
func Drop() Fault { return Fault{kind: faultDrop} }

// Cut carries the operation out, sends the headers and the first n bytes of the
// answer's body, and breaks the connection. It cuts event streams likewise. An
// answer that is shorter arrives whole, on a connection that is then of no use.
func Cut(n int) Fault { return Fault{kind: faultCut, bytes: max(0, n)} }

// Hang does nothing, until the client goes away.
func Hang() Fault { return Fault{kind: faultHang} }

// Answer gives the answer as it stands, and does nothing else. It panics if no
// answer can have that status; see [Raw].
func Answer(raw Raw) Fault {
	mustSend("Answer", raw.Status)
	raw.Header, raw.Body = raw.Header.Clone(), bytes.Clone(raw.Body)
	return Fault{kind: faultRaw, raw: raw}
}

// mustSend panics at a status that net/http would panic at, out of the test's
// sight, and at one that cannot end an answer: net/http would add a 200 to it.
func mustSend(function string, status int) {
	if status != 0 && (status < 200 || status > 999) {
		panic(fmt.Sprintf("agentotest: %s: status %d cannot be sent: it must be from 200 to 999, or 0 for 200", function, status))
	}
}

// AfterCommit makes the operation take effect before the fault, if it is one
// that would have succeeded.
func (f Fault) AfterCommit() Fault {
	f.commit = true
	return f
}

// Delayed makes the fault wait for d, after the effect if there is one.
func (f Fault) Delayed(d time.Duration) Fault {
	f.delay = d
	return f
}

// Bare leaves the service's own headers out of the answer, as if a proxy gave it.
func (f Fault) Bare() Fault {
	f.bare = true
	return f
}

// Raw is an answer to the last byte.
type Raw struct {
	Status int         // from 200 to 999; 0 is 200
	Header http.Header // set besides the service's own; a name without values is left out of the answer
	Body   []byte
	Piece  int           // how many bytes of the body to send at a time; 0 is all at once
	Gap    time.Duration // between two pieces
	End    End           // what follows the body
}

// End is how a [Raw] answer ends.
type End int

const (
	EndClean End = iota // as HTTP has it
	EndAbort            // the connection breaks
	EndHold             // nothing more comes, and the answer stays open until the client goes away
)

// Next scripts the next n calls of an operation that pass the checks of key,
// scope and rate limit. Faults for the same call queue up in order. The
// operation is named as in the API ("createAgent") or as in the SDK
// ("Agents.Create"); "" stands for any. It panics when there is none of that name.
func (s *Service) Next(operation string, n int, fault Fault) {
	s.faults.add(operationNames(operation), n, fault)
}

// Inject asks f about every call that passes the checks and for which
// [Service.Next] has nothing; f returns false to let it pass. The request's
// status is not known yet. f must be safe for concurrent use; nil ends it.
func (s *Service) Inject(f func(Request) (Fault, bool)) { s.faults.inject(f) }

// operationNames returns the names of the operations that are meant.
func operationNames(operation string) []string {
	var names []string
	for _, r := range route.All() {
		if operation == "" || operation == r.Name || operation == r.Call {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		panic(fmt.Sprintf("agentotest: the API has no operation %q", operation))
	}
	return names
}

type faultScript struct {
	mu    sync.Mutex
	queue []scripted
	hook  func(Request) (Fault, bool)
}

type scripted struct {
	operations []string
	left       int
	fault      Fault
}

func (q *faultScript) add(operations []string, n int, fault Fault) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n > 0 {
		q.queue = append(q.queue, scripted{operations, n, fault})
	}
}

func (q *faultScript) inject(f func(Request) (Fault, bool)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hook = f
}

// take returns what is scripted for a call; the zero Fault is nothing.
func (q *faultScript) take(request Request, r *route.Route) Fault {
	fault, hook := q.pop(r.Name)
	if hook == nil {
		return fault
	}
	if fault, ok := hook(request); ok {
		return fault
	}
	return Fault{}
}

// pop returns the next fault in the queue, or else the hook.
func (q *faultScript) pop(operation string) (Fault, func(Request) (Fault, bool)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.queue, func(e scripted) bool { return slices.Contains(e.operations, operation) })
	if i < 0 {
		return Fault{}, q.hook
	}
	fault := q.queue[i].fault
	if q.queue[i].left--; q.queue[i].left == 0 {
		q.queue = slices.Delete(q.queue, i, i+1)
	}
	return fault, nil
}
