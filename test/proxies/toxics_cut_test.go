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

// sizes are the bytes after which a connection is cut, by what goes over it.
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

	rows := noAnswer("limit_data, the connection ends in the answer's head", inHead, ends, 1)
	rows = append(rows, noAnswer("limit_data and a reset in the answer's head", inHead, resets, 1)...)
	rows = append(rows, noAnswer("reset_peer in the place of an answer", inHead, always(down("reset_peer", `{"timeout": 0}`)), 1)...)
	rows = append(rows, noAnswer("reset_peer in the place of a request", inHead, always(up("reset_peer", `{"timeout": 0}`)), 0)...)
	rows = append(rows, noAnswer("limit_data, the connection ends in the request's head", inHead, request, 0)...)
	rows = append(rows, noAnswer("timeout, silence for 300 ms and then the end", inHead, always(down("timeout", `{"timeout": 300}`)), 1)...)
	rows = append(rows, halfAnswer("limit_data, the connection ends in the answer's body", inBody, ends)...)
	rows = append(rows, halfAnswer("limit_data and a reset in the answer's body", inBody, resets)...)
	return append(rows, cutForGood()...)
}

func limit(direction func(string, string) toxic, bytes int) toxic {
	return direction("limit_data", fmt.Sprintf(`{"bytes": %d}`, bytes))
}

// once is a service whose client's first connection is spoilt, and no other.
func once(t *testing.T, toxics []toxic, opts ...agento.Option) *spoilt {
	return behindToxics(t, startServiceTCP(t, fortyWords), 1, toxics, opts...)
}

// noAnswer: not even the head of an answer arrives, at the first attempt. written
// tells whether the request did.
func noAnswer(what string, at sizes, toxics func(bytes int) []toxic, written int) []fault {
	done := [...]string{"nothing was written", "it was written once"}[written]
	said := [...]string{"nothing was said", "it was said once"}[written]
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
		{toxicCut, what + "; a log is opened", "it opens at the second attempt, and no line is lost or twice", func(t *testing.T) {
			requireWholeLog(t, once(t, toxics(at.log)), 0)
		}},
	}
}

// halfAnswer: a part of an answer arrives, at the first attempt.
func halfAnswer(what string, at sizes, toxics func(bytes int) []toxic) []fault {
	return []fault{
		{toxicCut, what + "; a read", "success at the second attempt", func(t *testing.T) {
			requireSecondAttempt(t, once(t, toxics(at.read)))
		}},
		{toxicCut, what + "; POST", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			requireUnknownWrite(t, once(t, toxics(at.write)), 1)
		}},
		{toxicCut, what + "; a chat", "ErrStreamTruncated, and the whole events before; it was said once", func(t *testing.T) {
			requireTruncated(t, once(t, toxics(at.chat)))
		}},
		{toxicCut, what + "; a log", "a new connection; a marker, and no line lost or twice", func(t *testing.T) {
			requireWholeLog(t, once(t, toxics(at.log)), 1)
		}},
	}
}

// cutForGood: no attempt does better than the first.
func cutForGood() []fault {
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
		{toxicCut, "limit_data, the connection ends in the request's body; POST", "ErrOutcomeUnknown, sent once; nothing was written", func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{limit(up, 1000)})
			_, err := x.Client.Agents.Create(x.ctx, newAgent("Bot", strings.Repeat("kind ", 1000)))
			requireFailure(t, err, 0, 1, agento.ErrOutcomeUnknown)
			require.Zero(t, x.named("Bot"))
		}},
	}
}
