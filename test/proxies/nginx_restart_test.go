package proxies

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const nginxRestart = "nginx: the service restarts behind it"

func restartFaults() []fault {
	return []fault{
		{nginxRestart, "reads and writes before, during and after", "every read succeeds; a POST is sent once, and its reported outcome is correct", func(t *testing.T) { restart(t, false) }},
		{nginxRestart, "the same over HTTP/2", "the same", func(t *testing.T) { restart(t, true) }},
		{nginxRestart, "a chat is interrupted", "ErrStreamTruncated, and the text so far; the message is not sent twice", restartChat},
		{nginxRestart, "a log is interrupted", "a new connection; a marker, and no line lost or repeated", restartLog},
	}
}

// restart reads and writes while the service stops and starts.
func restart(t *testing.T, https bool) {
	s := startService(t)
	s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) { // some writes are running when it stops
		return agentotest.Delay(20 * time.Millisecond).AfterCommit(), r.Operation == "createAgent"
	})
	behind := behindNginx
	if https {
		behind = behindTLS
	}
	c := behind(t, s, site{}, agento.WithMaxRetries(8))

	var stop atomic.Bool
	var reads, writes, unknown atomic.Int64
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			for !stop.Load() {
				if err := c.get(s.agent); err != nil {
					t.Errorf("a read failed: %v", err)
					return
				}
				reads.Add(1)
			}
		})
	}
	for i := range 4 {
		calls.Go(func() {
			for n := 0; !stop.Load(); n++ {
				name := fmt.Sprintf("Bot %d/%d", i, n)
				err := c.create(name)
				times := s.named(name)
				switch {
				case err == nil && times == 1:
					writes.Add(1)
				case isUnknown(err) && times <= 1:
					unknown.Add(1)
				default:
					t.Errorf("reported %v, applied %d times", err, times)
					return
				}
			}
		})
	}
	await := func(what string, ok func() bool) {
		t.Helper()
		if !waitFor(func() bool { return ok() || t.Failed() }) {
			t.Errorf("it did not come to this: %s", what)
		}
	}
	await("calls before", func() bool { return reads.Load() > 20 && writes.Load() > 20 })
	s.stop()
	await("calls meanwhile", func() bool { return c.answered(http.StatusBadGateway) > 8 && unknown.Load() > 8 })
	s.start(t)
	r, w := reads.Load(), writes.Load()
	await("calls after", func() bool { return reads.Load() > r+20 && writes.Load() > w+20 })
	stop.Store(true)
	calls.Wait()

	sent := map[string]int{}
	for _, request := range s.RequestsTo("Agents.Create") {
		sent[string(request.Body)]++
	}
	for body, times := range sent {
		require.Equal(t, 1, times, "sent more than once: %s", body)
	}
}

func restartChat(t *testing.T) {
	g := newGate()
	s := startService(t, agentotest.WithMiddleware(g.around), unbuffered)
	c := behindNginx(t, s, site{})
	g.one()
	stream := c.send(t, s.agent)
	_, ok := <-stream.Events()
	require.True(t, ok)
	s.stop()
	for range stream.Events() {
		t.Error("an event that was not sent")
	}
	require.ErrorIs(t, stream.Err(), agento.ErrStreamTruncated)
	s.start(t)
	require.NoError(t, c.get(s.agent))
	require.Equal(t, 1, s.deliveries(hello))
}

func restartLog(t *testing.T) {
	s := startService(t, unbuffered)
	c := behindNginx(t, s, site{})
	l := c.follow(t, s, 5)
	l.requireLines(5)
	s.stop()
	s.append("while it is down", 5)
	s.start(t)
	l.requireMarker()
	s.append("after", 5)
	l.requireLines(10)
}
