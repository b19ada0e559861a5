package proxies

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const toxicSilent = "toxiproxy: connections that become silent"

// swallow drops all data and keeps the connection open.
const swallow = `{"timeout": 0}`

func silentToxics() []fault {
	answers, requests := []toxic{down("timeout", swallow)}, []toxic{up("timeout", swallow)}
	timeout := agento.WithTimeout(2 * time.Second)
	idle := agento.WithIdleTimeout(2 * time.Second)
	return []fault{
		{toxicSilent, "timeout, responses are dropped once; a read with WithTimeout", "success at the second attempt", func(t *testing.T) {
			requireSecondAttempt(t, once(t, answers, timeout))
		}},
		{toxicSilent, "timeout, responses are dropped; a read with WithTimeout", "an Error that is a timeout, after all attempts", func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, answers, timeout)
			err := x.get(x.agent)
			requireFailure(t, err, 0, 2)
			requireTimeout(t, err)
		}},
		{toxicSilent, "timeout, responses are dropped; a read under a deadline", "the context's error, at the deadline", func(t *testing.T) {
			x := behindToxics(t, startServiceTCP(t), 0, answers)
			ctx, cancel := context.WithTimeout(x.ctx, 2*time.Second)
			defer cancel()
			_, err := x.Client.Agents.Get(ctx, x.agent)
			requireFailure(t, err, 0, 1, context.DeadlineExceeded)
		}},
		{toxicSilent, "timeout, responses are dropped; POST with WithTimeout", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			requireTimeout(t, requireUnknownWrite(t, once(t, answers, timeout), 1))
		}},
		{toxicSilent, "timeout, requests are dropped; POST with WithTimeout", "ErrOutcomeUnknown, sent once; nothing was written", func(t *testing.T) {
			requireTimeout(t, requireUnknownWrite(t, once(t, requests, timeout), 0))
		}},
		{toxicSilent, "timeout, responses are dropped; a message", "ErrStreamIdle and ErrOutcomeUnknown; it was received once", func(t *testing.T) {
			require.ErrorIs(t, requireUnknownChat(t, once(t, answers, idle), 1), agento.ErrStreamIdle)
		}},
		{toxicSilent, "timeout, responses are dropped once; a log is opened", "it opens at the second attempt, and no line is lost or repeated", func(t *testing.T) {
			requireWholeLog(t, once(t, answers, idle), 0)
		}},
		{toxicSilent, "timeout, in the middle of a chat", "the text so far, then ErrStreamIdle after the idle timeout", func(t *testing.T) {
			text, err := chatFallsSilent(t, context.Background(), idle)
			require.ErrorIs(t, err, agento.ErrStreamIdle)
			require.Equal(t, "one two ", text)
		}},
		{toxicSilent, "timeout, in the middle of a chat under a deadline", "the text so far, then the context's error, at the deadline", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			text, err := chatFallsSilent(t, ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, "one two ", text)
		}},
		{toxicSilent, "timeout, in the middle of a log", "a new connection after the idle timeout; a marker, and no line lost or repeated", func(t *testing.T) {
			x := once(t, nil)
			l := x.follow(t, x.service, 5, idle)
			l.requireLines(5)
			x.add(t, answers[0])
			x.append("unheard", 5)
			l.requireMarker()
			l.requireLines(5)
			x.append("after", 5)
			l.requireLines(5)
			require.Equal(t, 1, l.gaps)
		}},
	}
}

// chatFallsSilent lets two events of an answer pass and then drops the rest.
func chatFallsSilent(t *testing.T, ctx context.Context, opts ...agento.Option) (string, error) {
	g := newGate()
	x := behindToxics(t, startServiceTCP(t, tenWords, agentotest.WithMiddleware(g.around)), 0, nil)
	g.one()
	g.one()
	stream, err := x.Chat.Send(ctx, x.agent, agento.SendMessageParams{Message: hello}, opts...)
	require.NoError(t, err)
	text := (<-stream.Events()).Content + (<-stream.Events()).Content
	x.add(t, down("timeout", swallow))
	g.open()
	rest, err := stream.Text()
	require.Equal(t, 1, x.deliveries(hello))
	return text + rest, err
}
