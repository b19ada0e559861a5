// Package load contains what the load programs share: replies that can be checked event by
// event, and checks for leaked goroutines and memory.
package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
)

// Plan describes the reply to a message: the number of events and the size of their text.
type Plan struct{ Events, Size int }

// Message returns a message that requests the reply.
func (p Plan) Message() string {
	message, _ := json.Marshal(p) // two integers
	return string(message)
}

// ParseMessage returns the plan in a message.
func ParseMessage(message string) (p Plan) {
	_ = json.Unmarshal([]byte(message), &p) // a message without a plan gets no text
	return p
}

// ParseRequest returns the plan in a request that sends a message.
func ParseRequest(body []byte) Plan {
	var sent struct{ Message string }
	_ = json.Unmarshal(body, &sent)
	return ParseMessage(sent.Message)
}

// Text returns the text of event i, which contains i. All texts have the same length.
func (p Plan) Text(number int) string {
	text := fmt.Sprintf("%04d/%04d ", number, p.Events)
	return text + strings.Repeat("x", max(0, p.Size-len(text)))
}

// Texts returns the texts of all events.
func (p Plan) Texts() []string {
	texts := make([]string, p.Events)
	for i := range texts {
		texts[i] = p.Text(i)
	}
	return texts
}

// Wire returns the first n events as the service sends them.
func (p Plan) Wire(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`data: {"type":"text","content":"` + p.Text(i) + `"}` + "\n\n")
	}
	return b.String()
}

// EventStream returns a response of the service with the given event stream.
func EventStream(body string) agentotest.Raw {
	return agentotest.Raw{Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: []byte(body)}
}

// Heap returns the size of the live heap in bytes.
func Heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the second collection empties every sync.Pool
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

const leakTimeout = 10 * time.Second

// CheckGoroutines waits until at most n goroutines exist. If that takes too long, it returns
// an error with their stacks. It also finds open connections, because an open connection of
// an http.Client has goroutines.
func CheckGoroutines(n int) error {
	settled := func() bool {
		runtime.GC() // otherwise the count may include a goroutine that has ended
		return runtime.NumGoroutine() <= n
	}
	if eventually(settled) {
		return nil
	}
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // a Builder does not fail
	return fmt.Errorf("%d goroutines are left, at most %d expected:\n%s", runtime.NumGoroutine(), n, &stacks)
}

// CheckHeap waits until the live heap is at most n bytes.
func CheckHeap(n uint64) error {
	if eventually(func() bool { return Heap() <= n }) {
		return nil
	}
	return fmt.Errorf("live heap is %d bytes, at most %d expected", Heap(), n)
}

func eventually(condition func() bool) bool {
	for end := time.Now().Add(leakTimeout); !condition(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}
