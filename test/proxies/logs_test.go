package proxies

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

func isUnknown(err error) bool { return errors.Is(err, agento.ErrOutcomeUnknown) }

// waitFor waits for a condition and reports whether it became true.
func waitFor(ok func() bool) bool {
	for end := time.Now().Add(giveUp); time.Now().Before(end); time.Sleep(tick) {
		if ok() {
			return true
		}
	}
	return false
}

// append writes lines to the log of the service's agent. No two are equal.
func (s *service) append(text string, n int) {
	for range n {
		s.written = append(s.written, fmt.Sprintf("%s, line %d", text, len(s.written)))
		s.AppendLog(s.agent, "INFO", s.written[len(s.written)-1])
	}
}

// reader follows a log and compares it with the lines that were written.
type reader struct {
	t      *testing.T
	s      *service
	stream *agento.LogStream
	read   int
	gaps   int
}

// follow writes lines to a log and begins to read it.
func (c *caller) follow(t *testing.T, s *service, lines int, opts ...agento.Option) *reader {
	t.Helper()
	s.append("before", lines)
	stream, err := c.Logs.Stream(c.ctx, s.agent, &agento.LogsParams{Tail: lines}, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stream.Close()) })
	return &reader{t: t, s: s, stream: stream}
}

// next returns the next entry, which must arrive in time.
func (r *reader) next() agento.LogEntry {
	r.t.Helper()
	select {
	case e, ok := <-r.stream.Events():
		require.True(r.t, ok, "the log ended: %v", r.stream.Err())
		return e
	case <-time.After(giveUp):
		require.FailNow(r.t, "no more lines", "%d of %d lines were read", r.read, len(r.s.written))
		return agento.LogEntry{}
	}
}

// requireLines reads the next n lines: each once, in order. There may be markers between them.
func (r *reader) requireLines(n int) {
	r.t.Helper()
	for range n {
		e := r.next()
		for e.Reconnected {
			r.gaps++
			e = r.next()
		}
		require.Equal(r.t, r.s.written[r.read], e.Message)
		r.read++
	}
}

// requireMarker reads the marker for a new connection.
func (r *reader) requireMarker() {
	r.t.Helper()
	require.True(r.t, r.next().Reconnected)
	r.gaps++
}
