package agentotest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/remsyshq/agento-go/internal/route"
)

// Fault changes how the service responds to a call. Each constructor documents whether
// the operation takes effect; with [Fault.AfterCommit], every valid operation does.
type Fault struct {
	kind      faultKind
	commit    bool
	delay     time.Duration
	bare      bool
	bytes     int // byte limit (faultLimit) or bytes per second (faultSlow)
	stall     bool
	raw       Raw
	exhausted bool // send the rate-limit headers of a 429
}

type faultKind int

const (
	faultNone faultKind = iota // send the normal response
	faultRaw
	faultDrop
	faultHang
	faultLimit
	faultSlow
)

func (f Fault) discardsResponse() bool {
	return f.kind == faultRaw || f.kind == faultDrop || f.kind == faultHang
}

// Fail responds with a status and an error envelope. The operation has no effect. A 429
// has Retry-After: 1 and rate-limit headers that report a reset in one second. To send
// other headers, use [Answer].
func Fail(status int, code string) Fault {
	f := Answer(Raw{Status: status, Body: errorBody(code, "scripted failure: "+http.StatusText(status))})
	f.exhausted = status == http.StatusTooManyRequests
	return f
}

// Delay waits for d, then performs the operation and responds normally. With AfterCommit
// it performs the operation before it waits.
func Delay(d time.Duration) Fault { return Fault{delay: d} }

// Drop closes the connection without sending a response. The operation has no effect.
// If the connection was reused, net/http retries a GET request once, so such a call
// arrives twice.
func Drop() Fault { return Fault{kind: faultDrop} }

// Cut performs the operation, sends the headers and the first n bytes of the body or
// event stream, and closes the connection. A shorter body is sent in full before the
// connection is closed.
func Cut(n int) Fault { return Fault{kind: faultLimit, bytes: n} }

// Stall performs the operation, sends the headers and the first n bytes of the body or
// event stream, and then sends nothing until the client disconnects. A shorter body is
// sent in full before the response stalls.
func Stall(n int) Fault { return Fault{kind: faultLimit, bytes: n, stall: true} }

// Slow performs the operation and sends the body or event stream at a limited rate: in
// ten pieces per second, or byte by byte below ten bytes per second.
func Slow(bytesPerSecond int) Fault { return Fault{kind: faultSlow, bytes: bytesPerSecond} }

// Hang sends nothing until the client disconnects. The operation has no effect.
func Hang() Fault { return Fault{kind: faultHang} }

// Answer responds with raw. The operation has no effect.
func Answer(raw Raw) Fault { return Fault{kind: faultRaw, raw: raw} }

// AfterCommit performs the operation before the fault. An invalid operation still has no
// effect.
func (f Fault) AfterCommit() Fault {
	f.commit = true
	return f
}

// Delayed waits for d before the fault. With [Fault.AfterCommit] the operation is
// performed before the wait.
func (f Fault) Delayed(d time.Duration) Fault {
	f.delay = d
	return f
}

// Bare omits the service's own headers from the response, as if a proxy had sent it.
func (f Fault) Bare() Fault {
	f.bare = true
	return f
}

// Raw is a response for [Answer].
type Raw struct {
	Status int         // from 200 to 999; default 200
	Header http.Header // added to the service's own; a name without values removes the header
	Body   []byte
	Piece  int           // number of bytes sent at a time; 0 means all at once
	Gap    time.Duration // delay between two pieces
	End    End           // what happens after the body
}

func (raw Raw) response() response {
	return response{status: cmp.Or(raw.Status, http.StatusOK), header: raw.Header, body: raw.Body}
}

// End is how a [Raw] response ends.
type End int

const (
	EndClean End = iota // complete the response
	EndAbort            // close the connection
	EndHold             // keep the response open until the client disconnects
)

type scriptedFault struct {
	operations []string
	left       int
	fault      Fault
}

// Next applies a fault to the next n calls of an operation. Calls rejected because of
// their key, scope or rate limit do not count. Faults for the same operation apply in
// order, each to its own calls. The operation is named as in the API ("createAgent") or
// as in the SDK ("Agents.Create"); "" means any. Next panics if there is no such
// operation.
func (s *Service) Next(operation string, n int, fault Fault) {
	names := operationNames(operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 {
		s.faults = append(s.faults, scriptedFault{names, n, fault})
	}
}

// Inject sets a function that chooses the fault of each call for which [Service.Next]
// scripted none. If f returns false, the call proceeds normally. f is not called for
// calls rejected because of their key, scope or rate limit. f must be safe for
// concurrent use; nil removes it.
func (s *Service) Inject(f func(Request) (Fault, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.injected = f
}

// operationNames returns the names of the matching operations.
func operationNames(operation string) []string {
	var names []string
	for _, r := range route.All() {
		if operation == "" || operation == r.Name || operation == r.Call {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		panic(fmt.Sprintf("agentotest: no operation %q", operation))
	}
	return names
}

// nextFault returns the fault for a call, or the zero Fault.
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
	if injected != nil { // called unlocked, because it may call methods of the service
		if fault, ok := injected(request); ok {
			return fault
		}
	}
	return Fault{}
}
