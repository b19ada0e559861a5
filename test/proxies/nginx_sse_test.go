package proxies

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const (
	nginxBuffers = "nginx: buffering of event streams"
	nginxSilence = "nginx: proxy_read_timeout of 2 s on event streams"
)

// unbuffered disables nginx's buffering in the service's responses.
var unbuffered = withHeaders("X-Accel-Buffering", "no")

// silent leaves nginx's buffering enabled.
var silent = withHeaders()

func bufferingFaults() []fault {
	var (
		off      = site{location: "proxy_buffering off;"}
		modern   = site{location: "proxy_http_version 1.1;"}
		oneSaid  = "each event as soon as it was sent"
		lineSaid = "each line as soon as it was written"
	)
	return []fault{
		{nginxBuffers, "buffering is off; a chat whose events are sent one by one", oneSaid, func(t *testing.T) { oneByOne(t, behindNginx, off, silent) }},
		{nginxBuffers, "buffering is on, and the service sends X-Accel-Buffering: no; such a chat", oneSaid, func(t *testing.T) { oneByOne(t, behindNginx, site{}, unbuffered) }},
		{nginxBuffers, "the same with HTTP/1.1 between nginx and the service", oneSaid, func(t *testing.T) { oneByOne(t, behindNginx, modern, unbuffered) }},
		{nginxBuffers, "buffering is off; a log whose lines are written one by one", lineSaid, func(t *testing.T) { lineByLine(t, behindNginx, off, silent) }},
		{nginxBuffers, "buffering is on, and the service sends X-Accel-Buffering: no; such a log", lineSaid, func(t *testing.T) { lineByLine(t, behindNginx, site{}, unbuffered) }},
		{nginxBuffers, "the same over HTTP/2; such a chat", oneSaid, func(t *testing.T) { oneByOne(t, behindTLS, site{}, unbuffered) }},
		{nginxBuffers, "the same over HTTP/2; such a log", lineSaid, func(t *testing.T) { lineByLine(t, behindTLS, site{}, unbuffered) }},
		{nginxBuffers, "buffering is on, and the service sends no such header; a chat of 500 events", "all events in order, and the stream is complete", bufferedChat},
		{nginxBuffers, "buffering is on, and the service sends no such header; a chat that pauses", "events arrive when the stream ends or a buffer is full; the stream is complete", bufferedUntilEnd},
		{nginxBuffers, "buffering is on, and the service sends no such header; a log of 500 lines that ends", "all lines in order, each once; the stream is complete", bufferedLog},
	}
}

// tenWords makes agents answer with ten increments.
var tenWords = agentotest.WithReply(func(agentotest.Turn) []string {
	return strings.SplitAfter("one two three four five six seven eight nine ten", " ")
})

// oneByOne sends an event only after the last one was received, so a delayed event stops the
// answer.
func oneByOne(t *testing.T, behind behind, of site, opts ...agentotest.Option) {
	g := newGate()
	s := startService(t, append(opts, tenWords, agentotest.WithMiddleware(g.around))...)
	g.one()
	stream := behind(t, s, of).send(t, s.agent)
	text := ""
	for range 10 {
		text += (<-stream.Events()).Content
		g.one()
	}
	require.Equal(t, agento.ChatDone, (<-stream.Events()).Type)
	_, more := <-stream.Events()
	require.False(t, more)
	require.NoError(t, stream.Err())
	require.Equal(t, "one two three four five six seven eight nine ten", text)
}

func lineByLine(t *testing.T, behind behind, of site, opts ...agentotest.Option) {
	s := startService(t, opts...)
	l := behind(t, s, of).follow(t, s, 1)
	for range 10 {
		l.requireLines(1)
		s.append("one", 1)
	}
	require.Zero(t, l.gaps)
}

func bufferedChat(t *testing.T) {
	var words []string
	for i := range 500 {
		words = append(words, fmt.Sprintf("%d %s ", i, strings.Repeat("x", 200)))
	}
	s := startService(t, agentotest.WithReply(func(agentotest.Turn) []string { return words }))
	stream := behindNginx(t, s, site{}).send(t, s.agent)
	var got []string
	for event := range stream.Events() {
		if event.Type == agento.ChatText {
			got = append(got, event.Content)
		}
	}
	require.NoError(t, stream.Err())
	require.Equal(t, words, got)
}

// bufferedUntilEnd validates the tests above: here nothing arrives until the stream ends.
func bufferedUntilEnd(t *testing.T) {
	g := newGate()
	s := startService(t, tenWords, agentotest.WithMiddleware(g.around))
	c := behindNginx(t, s, site{})
	type result struct {
		reply *agento.Reply
		err   error
	}
	opened := make(chan result, 1)
	go func() {
		reply, err := c.Chat.Ask(c.ctx, s.agent, agento.SendMessageParams{Message: hello})
		opened <- result{reply, err}
	}()
	for range 10 {
		g.one()
	}
	require.True(t, waitFor(func() bool { return g.passed.Load() == 10 }))
	require.Zero(t, c.received.Load(), "nginx did not buffer")
	g.one()
	got := <-opened
	require.NoError(t, got.err)
	require.Equal(t, 11, got.reply.Events)
}

func bufferedLog(t *testing.T) {
	s := startService(t)
	c := behindNginx(t, s, site{})
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		waitFor(func() bool { return s.LogStreams(s.agent) == 1 })
		s.CloseLogStreams(s.agent)
	}()
	l := c.follow(t, s, 500)
	l.requireLines(500)
	<-closed
	_, more := <-l.stream.Events()
	require.False(t, more)
	require.NoError(t, l.stream.Err())
	require.Zero(t, l.gaps)
}

func silenceFaults() []fault {
	timeout := site{location: "proxy_read_timeout 2s; proxy_buffering off;"}
	chat := func(behind behind, of site) func(t *testing.T) {
		return func(t *testing.T) {
			g := newGate()
			s := startService(t, tenWords, agentotest.WithMiddleware(g.around))
			c := behind(t, s, of)
			for range 3 {
				g.one()
			}
			stream := c.send(t, s.agent)
			text, err := stream.Text()
			require.Equal(t, "one two three ", text)
			require.ErrorIs(t, err, agento.ErrStreamTruncated)
			require.NotErrorIs(t, err, agento.ErrStreamIdle)
			require.NoError(t, c.get(s.agent))
			require.Equal(t, 1, s.deliveries(hello))
		}
	}
	log := func(known int, opts ...agentotest.Option) func(t *testing.T) {
		return func(t *testing.T) {
			s := startService(t, opts...)
			c := behindNginx(t, s, timeout)
			l := c.follow(t, s, known)
			l.requireLines(known)
			cutOff := waitFor(func() bool { return s.LogStreams(s.agent) == 0 })
			require.True(t, cutOff, "nginx did not close the connection")
			s.append("meanwhile", 5)
			l.requireMarker()
			s.append("after", 5)
			l.requireLines(10)
			require.Equal(t, 1, l.gaps)
		}
	}
	return []fault{
		{nginxSilence, "a chat is silent after three events", "the three events, then ErrStreamTruncated", chat(behindNginx, timeout)},
		{nginxSilence, "the same over HTTP/2", "the same", chat(behindTLS, timeout)},
		{nginxSilence, "a chat is silent before its first event", "ErrStreamTruncated, and nothing before it", neverBegins(behindNginx, timeout)},
		{nginxSilence, "the same over HTTP/2, where nginx buffers the headers as well", "the same", neverBegins(behindTLS, timeout)},
		{nginxSilence, "a chat that nginx buffers is silent after three events", "ErrStreamTruncated; nginx may drop buffered events", func(t *testing.T) {
			g := newGate()
			s := startService(t, tenWords, agentotest.WithMiddleware(g.around))
			for range 3 {
				g.one()
			}
			c := behindNginx(t, s, shortTimeout)
			reply, err := c.Chat.Ask(c.ctx, s.agent, agento.SendMessageParams{Message: hello})
			require.ErrorIs(t, err, agento.ErrStreamTruncated)
			require.True(t, strings.HasPrefix("one two three ", reply.Text))
		}},
		{nginxSilence, "a log is silent", "a new connection after a pause; a marker, and no line lost or repeated", log(5)},
		{nginxSilence, "a log without event ids is silent", "the same: repeated lines are recognized by their text", log(250, agentotest.WithLogIDs(false))},
		{nginxSilence, "a log sends only comments", "nothing: the connection stays open", func(t *testing.T) {
			const readTimeout = 10 * time.Second // much longer than the delay on a busy machine
			s := startService(t, agentotest.WithLogKeepAlive(200*time.Millisecond))
			c := behindNginx(t, s, site{location: "proxy_read_timeout 10s; proxy_buffering off;"})
			l := c.follow(t, s, 5)
			l.requireLines(5)
			from, begun := c.received.Load(), time.Now()
			beats := waitFor(func() bool {
				return time.Since(begun) > readTimeout+time.Second && c.received.Load() > from+10*int64(len(": keep-alive\n\n"))
			})
			require.True(t, beats, "no comments")
			s.append("after", 1)
			l.requireLines(1)
			require.Zero(t, l.gaps)
		}},
	}
}

// neverBegins returns a test of an answer that sends at most headers.
func neverBegins(behind behind, of site) func(t *testing.T) {
	return func(t *testing.T) {
		s := startService(t, tenWords, agentotest.WithMiddleware(newGate().around))
		c := behind(t, s, of)
		reply, err := c.Chat.Ask(c.ctx, s.agent, agento.SendMessageParams{Message: hello})
		require.ErrorIs(t, err, agento.ErrStreamTruncated)
		require.Zero(t, reply.Events)
		require.Equal(t, 1, s.deliveries(hello))
	}
}
