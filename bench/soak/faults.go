package main

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/bench/internal/load"
)

const disturbed = 0.12 // of all requests

// disturb returns a fault for a request and whether a write takes effect.
func (t *target) disturb(r agentotest.Request) (f agentotest.Fault, effect bool) {
	switch {
	case r.Operation == "sendMessage" && rand.IntN(3) > 0:
		return chatFault(load.ParseRequest(r.Body)).AfterCommit(), true
	case r.Operation == "streamLogs" && rand.IntN(2) > 0:
		return logFault(), true
	}
	switch n := rand.IntN(10); {
	case n == 0 && t.logIDs:
		return refusal(http.StatusTooManyRequests), false
	case n <= 1:
		return refusal(http.StatusRequestTimeout), false
	case n <= 3:
		return failure(), false
	case n <= 5:
		return failure().AfterCommit(), true
	}
	return badResponse().AfterCommit(), true
}

// refusal returns a response that guarantees that nothing took effect.
func refusal(status int) agentotest.Fault {
	return agentotest.Answer(agentotest.Raw{
		Status: status, Header: http.Header{"Retry-After": {choose("0", "1")}},
		Body: []byte(`{"error":{"code":"refused","message":"not now"}}`),
	})
}

// failure returns a fault after which it is unknown whether the request took effect.
func failure() agentotest.Fault {
	page := agentotest.Raw{Status: http.StatusBadGateway, Body: []byte("<html>Bad Gateway</html>")}
	return choose(
		agentotest.Fail(choose(500, 502, 503, 504), "internal_error"), agentotest.Answer(page).Bare(),
		agentotest.Drop(), agentotest.Hang(),
	)
}

// badResponse returns a response with status 200 that is late or damaged.
func badResponse() agentotest.Fault {
	return choose(
		agentotest.Delay(rand.N(200*time.Millisecond)), agentotest.Cut(rand.IntN(60)),
		agentotest.Answer(agentotest.Raw{Body: []byte(`{"da`), End: agentotest.EndHold}),
		agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":{"id`)}),
	)
}

// chatFault returns a fault that ends a reply early.
func chatFault(p load.Plan) agentotest.Fault {
	events := p.Wire(rand.IntN(p.Events + 1))
	errorEvent := `data: {"type":"error","error":{"code":"internal_error","message":"m"}}` + "\n\n"
	return choose(
		agentotest.Cut(rand.IntN(40*p.Events+1)), stream(events, agentotest.EndClean), stream(events, agentotest.EndHold),
		stream(events+`data: {"type":"te`, agentotest.EndAbort), stream(events+errorEvent, agentotest.EndClean),
	)
}

// logFault returns a fault that sends nothing, or truncates the log after its history.
func logFault() agentotest.Fault {
	return choose(stream(": nothing\n\n", agentotest.EndHold), agentotest.Cut(100*history+rand.IntN(5_000)))
}

func stream(body string, end agentotest.End) agentotest.Fault {
	raw := load.EventStream(body)
	raw.End = end
	return agentotest.Answer(raw)
}

func choose[T any](from ...T) T { return from[rand.IntN(len(from))] }
