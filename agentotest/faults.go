package agentotest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/remsyshq/agento-go/internal/route"
)

// Fault is what happens to a call in place of its normal response. The functions that
// make one say whether the operation takes effect; [Fault.AfterCommit] makes it take
// effect in any case.
type Fault struct {
	kind   faultKind
	commit bool
	delay  time.Duration
	bare   bool
	bytes  int // until the limit, or a second
	stall  bool
	raw    Raw
	// exhausted gives the response the rate-limit headers of a 429.
	exhausted bool
}

type faultKind int

const (
	faultNone faultKind = iota // the normal response
	faultRaw
	faultDrop
	faultHang
	faultLimit
	faultSlow
)

func (f Fault) discardsResponse() bool {
	return f.kind == faultRaw || f.kind == faultDrop || f.kind == faultHang
}

// Fail responds with a status and the error envelope; the operation takes no effect. A
// 429 has the headers of an exhausted rate limit: one second until the reset. For
// other headers see [Answer].
func Fail(status int, code string) Fault {
	f := Answer(Raw{Status: status, Body: errorBody(code, "scripted failure: "+http.StatusText(status))})
	f.exhausted = status == http.StatusTooManyRequests
	return f
}

// Delay waits for d, then does the operation and responds as usual. With AfterCommit
// it does the operation first.
func Delay(d time.Duration) Fault { return Fault{delay: d} }

// Drop breaks the connection without a byte of a response; the operation takes no
// effect. A client of net/http retries a GET by itself if that happens on a connection
// that it used before; such a call arrives twice.
func Drop() Fault { return Fault{kind: faultDrop} }

// Cut does the operation, sends the headers and the first n bytes of the response's
// body, which may be an event stream, and breaks the connection. A shorter body arrives
// whole, and the connection breaks after it.
func Cut(n int) Fault { return Fault{kind: faultLimit, bytes: n} }

// Stall does the operation, sends the headers and the first n bytes of the response's
// body, which may be an event stream, and then nothing more until the client goes away.
// A shorter body stalls at its end.
func Stall(n int) Fault { return Fault{kind: faultLimit, bytes: n, stall: true} }

// Slow does the operation and sends the response's body, which may be an event stream,
// at a limited rate: in ten pieces a second, or byte by byte below ten bytes a second. It
// ends when the client goes away.
func Slow(bytesPerSecond int) Fault { return Fault{kind: faultSlow, bytes: bytesPerSecond} }

// Hang does nothing until the client goes away.
func Hang() Fault { return Fault{kind: faultHang} }

// Answer responds with raw as it stands; the operation takes no effect.
func Answer(raw Raw) Fault { return Fault{kind: faultRaw, raw: raw} }

// AfterCommit makes the operation take effect before the fault, if it is one that
// would have succeeded.
func (f Fault) AfterCommit() Fault {
	f.commit = true
	return f
}

// Delayed makes the fault wait for d, after the effect if there is one.
func (f Fault) Delayed(d time.Duration) Fault {
	f.delay = d
	return f
}

// Bare leaves the service's own headers out of the response, as if a proxy gave it.
func (f Fault) Bare() Fault {
	f.bare = true
	return f
}

// Raw is a response that is given byte by byte.
type Raw struct {
	Status int         // from 200 to 999; 0 is 200
	Header http.Header // in addition to the service's own; a name without values is left out of the response
	Body   []byte
	Piece  int           // how many bytes of the body to send at a time; 0 is all at once
	Gap    time.Duration // between two pieces
	End    End           // what follows the body
}

func (raw Raw) response() response {
	return response{status: cmp.Or(raw.Status, http.StatusOK), header: raw.Header, body: raw.Body}
}

// End is how a [Raw] response ends.
type End int

const (
	EndClean End = iota // as usual in HTTP
	EndAbort            // the connection breaks
	EndHold             // nothing more is sent, and the response stays open until the client goes away
)

type scriptedFault struct {
	operations []string
	left       int
	fault      Fault
}

// Next scripts the next n calls of an operation that pass the checks of key, scope and
// rate limit. Faults for the same call queue up in order. The operation is named as in
// the API ("createAgent") or as in the SDK ("Agents.Create"); "" stands for any. Next
// panics if there is no operation of that name.
func (s *Service) Next(operation string, n int, fault Fault) {
	names := operationNames(operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 {
		s.faults = append(s.faults, scriptedFault{names, n, fault})
	}
}

// Inject calls f with every call that passes the checks and for which [Service.Next]
// has nothing; f returns false to let the call pass. The status of the request is not
// known yet. f must be safe for concurrent use; nil ends it.
func (s *Service) Inject(f func(Request) (Fault, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.injected = f
}

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

// nextFault returns what is scripted for a call. The zero Fault is nothing.
func (s *Service) nextFault(entry *Request) Fault {
	s.mu.Lock()
	request, injected := *entry, s.injected
	for i := range s.faults {
		if next := &s.faults[i]; slices.Contains(next.operations, request.Operation) {
			fault := next.fault
			if next.left--; next.left == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
			s.mu.Unlock()
			return fault
		}
	}
	s.mu.Unlock()
	if injected != nil { // it may call the service's methods
		if fault, ok := injected(request); ok {
			return fault
		}
	}
	return Fault{}
}
