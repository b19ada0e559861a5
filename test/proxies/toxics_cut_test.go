package proxies

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

const toxicCut = "toxiproxy: connections that break"

// sizes are the bytes after which a connection is closed, by the kind of call.
type sizes struct{ read, write, chat, log int }

var (
	inHead = sizes{20, 20, 20, 20}
	inBody = sizes{300, 300, 400, 1500}
)

func cutToxics() []fault {
	ends := func(bytes int) []toxic { return []toxic{limit(down, bytes)} }
	resets := func(bytes int) []toxic { return []toxic{resetting, limit(down, bytes)} }
	always := func(one toxic) func(int) []toxic { return func(int) []toxic { return []toxic{one} } }
	request := func(bytes int) []toxic { return []toxic{limit(up, bytes)} }

	rows := noResponse("limit_data, the connection ends in the response header", inHead, ends, 1)
	rows = append(rows, noResponse("limit_data and a reset in the response header", inHead, resets, 1)...)
	rows = append(rows, noResponse("reset_peer instead of a response", inHead, always(down("reset_peer", `{"timeout": 0}`)), 1)...)
	rows = append(rows, noResponse("reset_peer instead of a request", inHead, always(up("reset_peer", `{"timeout": 0}`)), 0)...)
	rows = append(rows, noResponse("limit_data, the connection ends in the request header", inHead, request, 0)...)
	rows = append(rows, noResponse("timeout, silence for 2 s and then the end", inHead, always(down("timeout", `{"timeout": 2000}`)), 1)...)
	rows = append(rows, truncatedResponse("limit_data, the connection ends in the response body", inBody, ends)...)
	rows = append(rows, truncatedResponse("limit_data and a reset in the response body", inBody, resets)...)
	return append(rows, everyAttemptFails()...)
}

func limit(direction func(string, string) toxic, bytes int) toxic {
	return direction("limit_data", fmt.Sprintf(`{"bytes": %d}`, bytes))
}

// once returns a service and a client whose first connection only is faulty.
func once(t *testing.T, toxics []toxic, opts ...agento.Option) *faulty {
	return behindToxics(t, startServiceTCP(t, fortyWords), 1, toxics, opts...)
}

// noResponse returns faults in which no response header arrives at the first attempt. written
// is the number of times that the request arrives.
func noResponse(what string, at sizes, toxics func(bytes int) []toxic, written int) []fault {
	done := [...]string{"nothing was written", "it was written once"}[written]
	said := [...]string{"nothing was received", "it was received once"}[written]
	return []fault{
		{toxicCut, what + "; a read", "success at the second attempt", func(t *testing.T) {
			requireSecondAttempt(t, once(t, toxics(at.read)))
		}},
		{toxicCut, what + "; POST", "ErrOutcomeUnknown, sent once; " + done, func(t *testing.T) {
			requireUnknownWrite(t, once(t, toxics(at.write)), written)
		}},
		{toxicCut, what + "; a message", "ErrOutcomeUnknown, sent once; " + said, func(t *testing.T) {
			requireUnknownChat(t, once(t, toxics(at.chat)), written)
		}},
		{toxicCut, what + "; a log is opened", "it opens at the second attempt, and no line is lost or repeated", func(t *testing.T) {
			requireWholeLog(t, once(t, toxics(at.log)), 0)
		}},
	}
}

// truncatedResponse returns faults in which the first attempt gets a part of the response.
func truncatedResponse(what string, at sizes, toxics func(bytes int) []toxic) []fault {
	return []fault{
		{toxicCut, what + "; a read", "success at the second attempt", func(t *testing.T) {
			requireSecondAttempt(t, once(t, toxics(at.read)))
		}},
		{toxicCut, what + "; POST", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			requireUnknownWrite(t, once(t, toxics(at.write)), 1)
		}},
		{toxicCut, what + "; a chat", "ErrStreamTruncated, and the complete events before; it was received once", func(t *testing.T) {
			requireTruncated(t, once(t, toxics(at.chat)))
		}},
		{toxicCut, what + "; a log", "a new connection; a marker, and no line lost or repeated", func(t *testing.T) {
			requireWholeLog(t, once(t, toxics(at.log)), 1)
		}},
	}
}

// everyAttemptFails returns faults that affect every attempt.
func everyAttemptFails() []fault {
	const wraps = "an Error that wraps the cause, after all attempts"
	return []fault{
		{toxicCut, "limit_data on every connection; a read", wraps, func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{limit(down, inBody.read)})
			requireFailure(t, x.get(x.agent), http.StatusOK, 2, io.ErrUnexpectedEOF)
		}},
		{toxicCut, "limit_data and a reset on every connection; a read", wraps, func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{resetting, limit(down, inBody.read)})
			requireFailure(t, x.get(x.agent), http.StatusOK, 2, syscall.ECONNRESET)
		}},
		{toxicCut, "reset_peer on every connection; a read", wraps, func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{down("reset_peer", `{"timeout": 0}`)})
			requireFailure(t, x.get(x.agent), 0, 2, syscall.ECONNRESET)
		}},
		{toxicCut, "limit_data, the connection ends in the request body; POST", "ErrOutcomeUnknown, sent once; nothing was written", func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{limit(up, 1000)})
			_, err := x.Client.Agents.Create(x.ctx, newAgent("Bot", strings.Repeat("kind ", 1000)))
			requireFailure(t, err, 0, 1, agento.ErrOutcomeUnknown)
			require.Zero(t, x.named("Bot"))
		}},
	}
}
