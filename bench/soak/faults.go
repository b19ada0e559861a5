package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
)

// fate is what becomes of one request.
type fate struct {
	name   string
	fault  agentotest.Fault
	effect bool // a write takes effect
}

// undisturbed is the ordinary answer. A write takes effect even if its caller
// has gone meanwhile, so that the books are exact.
func undisturbed() fate { return fate{"undisturbed", agentotest.Delay(0).AfterCommit(), true} }

// fates decides about requests, each time the same for the same seed.
type fates struct {
	seed   uint64
	often  float64 // the part of requests that is disturbed
	refuse bool    // some are refused for the rate limit
}

// of decides about the nth request of a call.
func (f fates) of(r agentotest.Request, call string, nth int) fate {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s %d", call, nth)
	random := rand.New(rand.NewPCG(f.seed, hash.Sum64()))
	if random.Float64() >= f.often {
		return undisturbed()
	}
	if f.refuse && random.IntN(10) == 0 {
		return refused(http.StatusTooManyRequests, random)
	}
	switch r.Operation {
	case "sendMessage":
		if random.IntN(3) > 0 {
			return chatFate(r, random)
		}
	case "streamLogs":
		if random.IntN(2) > 0 {
			return logFate(random)
		}
	}
	return callFate(random)
}

// callFate is what can happen to any request.
func callFate(random *rand.Rand) fate {
	switch random.IntN(10) {
	case 0:
		return refused(http.StatusRequestTimeout, random)
	case 1, 2:
		status := []int{500, 502, 503, 504}[random.IntN(4)]
		return beforeOrAfter(fmt.Sprintf("answered by %d", status), agentotest.Fail(status, "internal_error"), random)
	case 3:
		return beforeOrAfter("answered by a proxy's 502", page(http.StatusBadGateway), random)
	case 4:
		return beforeOrAfter("connection dropped", agentotest.Drop(), random)
	case 5:
		return beforeOrAfter("never answered", agentotest.Hang(), random)
	case 6:
		return after("answer cut", agentotest.Cut(random.IntN(60)))
	case 7:
		return after("answer stalled", agentotest.Answer(agentotest.Raw{Body: []byte(`{"da`), End: agentotest.EndHold}))
	case 8:
		return after("answer garbled", agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":{"id`)}))
	}
	return after("answer late", agentotest.Delay(time.Duration(random.IntN(200))*time.Millisecond))
}

// chatFate is what can happen to an answer that is a stream.
func chatFate(r agentotest.Request, random *rand.Rand) fate {
	p := planOf(r.Body)
	sent := p.events(random.IntN(p.Events + 1))
	switch random.IntN(5) {
	case 0:
		return after("chat cut", agentotest.Cut(random.IntN(40*p.Events+1)))
	case 1:
		return after("chat ended before done", stream(sent, agentotest.EndClean))
	case 2:
		return after("chat silent", stream(sent, agentotest.EndHold))
	case 3:
		return after("chat cut inside of an event", stream(sent+`data: {"type":"te`, agentotest.EndAbort))
	}
	return after("error event", stream(sent+`data: {"type":"error","error":{"code":"internal_error","message":"m"}}`+"\n\n", agentotest.EndClean))
}

// logFate is what can happen to a log stream, besides that it is dropped later.
func logFate(random *rand.Rand) fate {
	if random.IntN(4) == 0 {
		return after("log silent", stream(": nothing\n\n", agentotest.EndHold))
	}
	return after("log cut", agentotest.Cut(100+random.IntN(20_000)))
}

func stream(body string, end agentotest.End) agentotest.Fault {
	return agentotest.Answer(agentotest.Raw{
		Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: []byte(body), End: end,
	})
}

func page(status int) agentotest.Fault {
	return agentotest.Answer(agentotest.Raw{
		Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html>Bad Gateway</html>"),
	}).Bare()
}

func refused(status int, random *rand.Rand) fate {
	return fate{name: "refused with " + http.StatusText(status), fault: agentotest.Answer(agentotest.Raw{
		Status: status, Header: http.Header{"Retry-After": {fmt.Sprint(random.IntN(2))}},
		Body: []byte(`{"error":{"code":"refused","message":"not now"}}`),
	})}
}

func after(name string, f agentotest.Fault) fate {
	return fate{name + ", after it took effect", f.AfterCommit(), true}
}

func beforeOrAfter(name string, f agentotest.Fault, random *rand.Rand) fate {
	if random.IntN(2) == 0 {
		return after(name, f)
	}
	return fate{name + ", before it took effect", f, false}
}

// plan is what an answer is to be like. A message is its JSON.
type plan struct{ Events, Size int }

// text is what the event with a number says.
func (p plan) text(number int) string {
	text := fmt.Sprintf("%d/%d ", number, p.Events)
	return text + strings.Repeat("x", max(0, p.Size-len(text)))
}

// events are the first n events of the answer, in the form of the wire.
func (p plan) events(n int) string {
	var b strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&b, `data: {"type":"text","content":"%s"}`+"\n\n", p.text(i))
	}
	return b.String()
}
