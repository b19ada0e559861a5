package proxies

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const nginxGoAway = "nginx: connections that it closes"

func goAwayFaults() []fault {
	const stopSaid = "ErrStreamTruncated, and the text so far; ErrOutcomeUnknown, sent once, and it was written once"
	three := site{server: "keepalive_requests 3;"}
	return []fault{
		{nginxGoAway, "GOAWAY after each 3 requests, over HTTP/2; reads and writes of 6 goroutines", "success for each at the first attempt; each is written once", func(t *testing.T) { endedOften(t, behindTLS, three) }},
		{nginxGoAway, "Connection: close after each 3 requests, over HTTP/1.1; the same", "the same", func(t *testing.T) { endedOften(t, behindNginx, three) }},
		{nginxGoAway, "GOAWAY while a chat and a log are open", "both continue to their end", streamsOutlive},
		{nginxGoAway, "nginx -s reload, over HTTP/2, in the middle of calls, a chat and a log", "no call fails; the chat and the log continue to their end", func(t *testing.T) { reloaded(t, true) }},
		{nginxGoAway, "nginx -s reload, over HTTP/1.1; the same", "every read succeeds, and the reported outcome of a POST is correct; the chat and the log continue to their end", func(t *testing.T) { reloaded(t, false) }},
		{nginxGoAway, "nginx is stopped at once, over HTTP/1.1, in the middle of a chat and a POST", stopSaid, func(t *testing.T) { stopped(t, false) }},
		{nginxGoAway, "nginx is stopped at once, over HTTP/2; the same", "the same", func(t *testing.T) { stopped(t, true) }},
		{nginxGoAway, "nginx is gone; a read", "an Error after all attempts", func(t *testing.T) {
			s, c := gone(t)
			requireNotReached(t, c.get(s.agent))
		}},
		{nginxGoAway, "nginx is gone; POST", "an Error after all attempts, and the outcome is known", func(t *testing.T) {
			s, c := gone(t)
			err := c.create("Bot")
			requireNotReached(t, err)
			requireTrue(t, err, s.named("Bot"))
		}},
	}
}

func agentWords(g *gate) []agentotest.Option {
	return []agentotest.Option{tenWords, agentotest.WithMiddleware(g.around), unbuffered}
}

func endedOften(t *testing.T, behind behind, of site) {
	const goroutines, each = 6, 12
	s := startService(t)
	c := behind(t, s, of, agento.WithMaxRetries(0))
	var calls sync.WaitGroup
	for i := range goroutines {
		calls.Go(func() {
			for n := range each {
				if err := c.get(s.agent); err != nil {
					t.Errorf("a read: %v", err)
				}
				name := fmt.Sprintf("Bot %d/%d", i, n)
				if err := c.create(name); err != nil || s.named(name) != 1 {
					t.Errorf("reported %v, applied %d times", err, s.named(name))
				}
			}
		})
	}
	calls.Wait()
	require.GreaterOrEqual(t, c.dialled.Load(), int64(2*goroutines*each/3-goroutines), "nginx did not end connections")
}

func streamsOutlive(t *testing.T) {
	g := newGate()
	s := startService(t, agentWords(g)...)
	c := behindTLS(t, s, site{server: "keepalive_requests 3;"})
	g.one()
	stream := c.send(t, s.agent)
	l := c.follow(t, s, 3)
	l.requireLines(3)
	for range 6 {
		require.NoError(t, c.get(s.agent))
	}
	require.Greater(t, c.dialled.Load(), int64(1))
	s.append("after", 3)
	l.requireLines(3)
	require.Zero(t, l.gaps)
	g.open()
	requireTenWords(t, stream)
}

func requireTenWords(t *testing.T, stream *agento.ChatStream) {
	t.Helper()
	text, err := stream.Text()
	require.NoError(t, err)
	require.Len(t, strings.Fields(text), 10)
}

// reloaded reads and writes while nginx replaces its workers.
func reloaded(t *testing.T, https bool) {
	g := newGate()
	s := startService(t, agentWords(g)...)
	generation := func(n int) site { return site{location: fmt.Sprintf("add_header X-Generation %d always;", n)} }
	c, proxy, secured := changeable(t, s, https, generation(1))
	g.one()
	stream := c.send(t, s.agent)
	require.Equal(t, "one ", (<-stream.Events()).Content)
	l := c.follow(t, s, 3)
	l.requireLines(3)

	var stop atomic.Bool
	var made atomic.Int64
	var newest atomic.Value
	newest.Store("1")
	var calls sync.WaitGroup
	for i := range 4 {
		calls.Go(func() {
			for n := 0; !stop.Load(); n++ {
				var response agento.Response
				if err := c.get(s.agent, agento.WithResponse(&response)); err != nil {
					t.Errorf("a read: %v", err)
					return
				}
				newest.Store(response.Header.Get("X-Generation"))
				name := fmt.Sprintf("Bot %d/%d", i, n)
				err := c.create(name)
				times := s.named(name)
				fine := err == nil && times == 1 || !https && isUnknown(err) && times <= 1
				if !fine {
					t.Errorf("reported %v, applied %d times", err, times)
					return
				}
				made.Add(1)
			}
		})
	}
	for n := 2; n <= 4; n++ {
		before := made.Load()
		if !waitFor(func() bool { return made.Load() > before+8 || t.Failed() }) {
			t.Error("no calls")
		}
		proxy.reload(t, secured(generation(n)))
		if !waitFor(func() bool { return newest.Load() == fmt.Sprint(n) || t.Failed() }) {
			t.Errorf("generation %d did not take over", n)
		}
	}
	stop.Store(true)
	calls.Wait()

	s.append("after", 3)
	l.requireLines(3)
	require.Zero(t, l.gaps)
	g.open()
	text, err := stream.Text()
	require.NoError(t, err)
	require.Len(t, strings.Fields(text), 9)
}

// changeable returns a client in front of an nginx, the nginx, and a function that completes
// the configuration of a site for it.
func changeable(t *testing.T, s *service, https bool, of site) (*caller, *nginx, func(site) site) {
	t.Helper()
	if !https {
		n := startNginx(t, s.upstream(), of)
		return newCaller(t, s.Key(), "http://localhost", n.dial), n, func(of site) site { return of }
	}
	cert := goodCertificate(t)
	n := startNginx(t, s.upstream(), cert.secured(of))
	return newCallerOver(t, s.Key(), "https://localhost", n.dial, cert.transport()), n, cert.secured
}

// stopped stops nginx during calls.
func stopped(t *testing.T, https bool) {
	g := newGate()
	s := startService(t, agentWords(g)...)
	s.Next("Agents.Create", 1, agentotest.Hang().AfterCommit())
	c, proxy, _ := changeable(t, s, https, site{})
	g.one()
	stream := c.send(t, s.agent)
	created := make(chan error, 1)
	go func() { created <- c.create("Bot") }()
	require.True(t, waitFor(func() bool { return s.named("Bot") == 1 }))
	require.NoError(t, proxy.process.Signal(syscall.SIGTERM))

	text, err := stream.Text()
	require.Equal(t, "one ", text)
	require.ErrorIs(t, err, agento.ErrStreamTruncated)
	require.Equal(t, 1, s.deliveries(hello))
	err = <-created
	requireFailure(t, err, 0, 1, agento.ErrOutcomeUnknown)
	require.Equal(t, 1, s.named("Bot"))
}

// gone returns a client in front of a stopped nginx.
func gone(t *testing.T) (*service, *caller) {
	s := startService(t)
	c, proxy, _ := changeable(t, s, false, site{})
	require.NoError(t, c.get(s.agent))
	require.NoError(t, proxy.process.Signal(syscall.SIGTERM))
	require.True(t, waitFor(func() bool {
		conn, err := proxy.dial(c.ctx, "", "")
		if err == nil {
			_ = conn.Close()
		}
		return err != nil && c.open.Load() == 0
	}))
	return s, c
}

func requireNotReached(t *testing.T, err error) {
	t.Helper()
	requireFailure(t, err, 0, 2)
	var dial *net.OpError
	require.ErrorAs(t, err, &dial)
	require.Equal(t, "dial", dial.Op)
	require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
}
