package proxies

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const toxicSlow = "toxiproxy: slow connections"

// slowToxics returns faults that only delay data.
func slowToxics() []fault {
	const whole = "the value of a read, one of a write, every event of a chat, every line of a log, once"
	slow := func(toxics ...toxic) func(t *testing.T) {
		return func(t *testing.T) { nothingLost(t, toxics) }
	}
	return []fault{
		{toxicSlow, "latency, responses are 150 to 250 ms late", whole, slow(down("latency", `{"latency": 200, "jitter": 50}`))},
		{toxicSlow, "latency, requests are 150 to 250 ms late", whole, slow(up("latency", `{"latency": 200, "jitter": 50}`))},
		{toxicSlow, "bandwidth, 32 KB/s for responses", whole, slow(down("bandwidth", `{"rate": 32}`))},
		{toxicSlow, "bandwidth, 32 KB/s for requests", whole, slow(up("bandwidth", `{"rate": 32}`))},
		{toxicSlow, "slicer, responses in pieces of 2 to 12 bytes", whole, slow(down("slicer", `{"average_size": 7, "size_variation": 5, "delay": 10}`))},
		{toxicSlow, "slicer, requests in pieces of 2 to 12 bytes", whole, slow(up("slicer", `{"average_size": 7, "size_variation": 5, "delay": 10}`))},
		{toxicSlow, "slow_close, the end of a connection is a minute late", whole + "; no call waits for the end", slow(down("slow_close", `{"delay": 60000}`))},
		{toxicSlow, "slow_close by 500 ms, and the service closes the connection; a read", "success at the second attempt", func(t *testing.T) {
			x := lateEnd(t, "Agents.Get", 20)
			requireSecondAttempt(t, x)
		}},
		{toxicSlow, "slow_close by 500 ms, and the service closes the connection; POST", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			x := lateEnd(t, "Agents.Create", 20)
			requireUnknownWrite(t, x, 1)
		}},
		{toxicSlow, "slow_close by 500 ms, and the service closes the connection; a chat", "ErrStreamTruncated, and the text so far", func(t *testing.T) {
			x := lateEnd(t, "Chat.Send", 100)
			requireTruncated(t, x)
		}},
		{toxicSlow, "latency of 10 s, and WithTimeout of 2 s; a read", "an Error that is a timeout, after all attempts", func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{down("latency", `{"latency": 10000}`)}, agento.WithTimeout(2*time.Second))
			err := x.get(x.agent)
			requireFailure(t, err, 0, 2)
			requireTimeout(t, err)
		}},
		{toxicSlow, "latency of 10 s, and WithTimeout of 2 s; POST", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, []toxic{down("latency", `{"latency": 10000}`)}, agento.WithTimeout(2*time.Second))
			requireTimeout(t, requireUnknownWrite(t, x, 1))
		}},
	}
}

// nothingLost makes one call of each kind and compares the results with the service.
func nothingLost(t *testing.T, toxics []toxic) {
	s := startServiceTCP(t, fortyWords)
	for range 20 {
		s.AddAgent(agentotest.AgentSeed{Name: "One of many", Description: strings.Repeat("so ", 20)})
	}
	x := behindToxics(t, s, 0, toxics, agento.WithMaxRetries(0))

	page, err := x.Client.Agents.List(x.ctx, nil)
	require.NoError(t, err)
	require.Len(t, page.Data, len(s.Service.Agents()))
	for i, a := range s.Service.Agents() {
		require.Equal(t, a.ID, page.Data[i].ID)
		require.Equal(t, a.Description, page.Data[i].Description)
	}

	soul := strings.Repeat("Be kind. ", 2000)
	made, err := x.Client.Agents.Create(x.ctx, newAgent("Bot", soul))
	require.NoError(t, err)
	requireTrue(t, err, s.named("Bot"))
	require.Equal(t, soul, s.Agent(made.ID).Soul.Content)

	reply, err := x.Chat.Ask(x.ctx, s.agent, agento.SendMessageParams{Message: hello})
	require.NoError(t, err)
	require.Equal(t, strings.Join(words(40), ""), reply.Text)
	require.Equal(t, 41, reply.Events)
	require.Equal(t, 1, s.deliveries(hello))

	l := x.follow(t, s, 20)
	l.requireLines(20)
	s.append("after", 10)
	l.requireLines(10)
	require.Zero(t, l.gaps)
}

// lateEnd returns a service that truncates its next response to an operation, behind a proxy
// that delays the end of the connection.
func lateEnd(t *testing.T, operation string, bytes int) *faulty {
	s := startServiceTCP(t, fortyWords)
	s.Next(operation, 1, agentotest.Cut(bytes))
	return behindToxics(t, s, 0, []toxic{down("slow_close", `{"delay": 500}`)})
}

func requireTimeout(t *testing.T, err error) {
	t.Helper()
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout(), err.Error())
}
