package proxies

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// The expected results of calls over a faulty connection, by the kind of call.

// words returns the increments of an answer.
func words(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("word %d, ", i))
	}
	return all
}

var fortyWords = agentotest.WithReply(func(agentotest.Turn) []string { return words(40) })

// requireSecondAttempt makes a read that succeeds at the second attempt.
func requireSecondAttempt(t *testing.T, x *faulty) {
	t.Helper()
	var response agento.Response
	got, err := x.Client.Agents.Get(x.ctx, x.agent, agento.WithResponse(&response))
	require.NoError(t, err)
	require.Equal(t, x.agent, got.ID)
	require.Equal(t, "Support", got.Name)
	require.Equal(t, 2, response.Attempts)
}

// requireUnknownWrite makes a write whose outcome is unknown, and checks how often it was
// applied.
func requireUnknownWrite(t *testing.T, x *faulty, times int) error {
	t.Helper()
	err := x.create("Bot")
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
	require.Equal(t, 1, e.Attempts)
	waitFor(func() bool { return x.named("Bot") >= times }) // the service may be slower than the caller's timeout
	require.Equal(t, times, x.named("Bot"))
	return err
}

// requireUnknownChat sends a message and gets no response.
func requireUnknownChat(t *testing.T, x *faulty, times int) error {
	t.Helper()
	_, err := x.Chat.Send(x.ctx, x.agent, agento.SendMessageParams{Message: hello})
	var e *agento.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
	require.Equal(t, 1, e.Attempts)
	waitFor(func() bool { return x.deliveries(hello) >= times })
	require.Equal(t, times, x.deliveries(hello))
	return err
}

// requireTruncated reads an answer that is reported as truncated.
func requireTruncated(t *testing.T, x *faulty) {
	t.Helper()
	reply, err := x.Chat.Ask(x.ctx, x.agent, agento.SendMessageParams{Message: hello})
	require.ErrorIs(t, err, agento.ErrStreamTruncated)
	whole := strings.Join(words(40), "")
	require.NotEmpty(t, reply.Text)
	require.NotEqual(t, whole, reply.Text)
	require.True(t, strings.HasPrefix(whole, reply.Text), "not a prefix of the answer: %q", reply.Text)
	require.Equal(t, strings.Join(words(reply.Events), ""), reply.Text, "partial event")
	require.Equal(t, 1, x.deliveries(hello))
}

// requireWholeLog follows a log whose connection fails after some lines, and gets every line
// once.
func requireWholeLog(t *testing.T, x *faulty, markers int, opts ...agento.Option) {
	t.Helper()
	l := x.follow(t, x.service, 20, opts...)
	l.requireLines(20)
	x.append("after", 10)
	l.requireLines(10)
	require.Equal(t, markers, l.gaps)
}
