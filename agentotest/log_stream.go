package agentotest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	sse "github.com/r3labs/sse/v2"
)

// logStream is one open log stream. It is served by an r3labs server of its own: no
// subscriber can block another, replay and live lines can neither overlap nor leave a
// gap, and all of it can be ended in order.
type logStream struct {
	agent  *agent
	ctx    context.Context
	drop   context.CancelFunc
	finish chan struct{} // closed to send the close event
	ended  bool          // finish is closed
}

// LogStreams returns how many log streams of the agent are open, or of all agents if
// the ID is "".
func (s *Service) LogStreams(agentID string) int {
	return s.eachLogStream(agentID, func(*logStream) {})
}

// DropLogStreams breaks the connections of all open log streams, as a failing network
// does, and returns how many there were.
func (s *Service) DropLogStreams() int {
	return s.eachLogStream("", func(l *logStream) { l.drop() })
}

// CloseLogStreams ends the open log streams of an agent, or of all agents if the ID is
// "", with the event that tells clients not to reconnect. It returns how many there
// were.
func (s *Service) CloseLogStreams(agentID string) int {
	return s.eachLogStream(agentID, func(l *logStream) {
		if !l.ended {
			l.ended = true
			close(l.finish)
		}
	})
}

// eachLogStream leaves out streams that are broken and about to end.
func (s *Service) eachLogStream(agentID string, f func(*logStream)) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.logStreams {
		if l.ctx.Err() == nil && (agentID == "" || l.agent.ID == agentID) {
			f(l)
			n++
		}
	}
	return n
}

func streamLogs(c *call, a *agent) (response, error) {
	tail, err := c.queryInt("tail", 0, 0)
	if err != nil {
		return response{}, err
	}
	from := a.logs.newest // the ID that the stream begins after
	if last, err := strconv.Atoi(c.r.Header.Get("Last-Event-ID")); err == nil && c.service.config.logIDs {
		from = min(last, from)
	} else if lines := a.logs.last(tail); len(lines) > 0 {
		from = lines[0].id - 1
	}
	return response{status: http.StatusOK, stream: &eventStream{
		write: func(c *call) bool { return c.service.followLog(c, a, from) },
	}}, nil
}

const (
	streamName = "log" // in the r3labs server
	closeEvent = "close"
)

// followLog streams the log until it is closed (true) or the stream is interrupted.
func (s *Service) followLog(c *call, a *agent, from int) (complete bool) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	l := &logStream{agent: a, ctx: ctx, drop: c.w.cancel, finish: make(chan struct{})}
	s.mu.Lock()
	s.logStreams[l] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.logStreams, l)
		s.mu.Unlock()
	}()

	// IDs, history and replay are the log's; the server only passes events on.
	joined, left := make(chan struct{}), make(chan struct{})
	server := sse.NewWithCallback(
		func(string, *sse.Subscriber) { close(joined) },
		func(string, *sse.Subscriber) { close(left) },
	)
	server.AutoReplay, server.BufferSize = false, 1
	server.CreateStream(streamName)
	fed := make(chan bool, 1)
	go func() {
		<-joined
		complete := l.feed(s, from, func(e *sse.Event) { server.Publish(streamName, e) })
		server.Publish(streamName, &sse.Event{}) // ServeHTTP returns when it has sent what went before
		fed <- complete
	}()
	request := c.r.Clone(ctx)
	request.URL.RawQuery = "stream=" + streamName
	request.Header.Del("Last-Event-ID")
	server.ServeHTTP(&eventWriter{c.w, s.config.logIDs}, request)
	cancel()
	complete = <-fed
	<-left // closing a server that still has a subscriber would leave goroutines behind
	server.Close()
	return complete
}

// eventWriter leaves out the lines with IDs, which r3labs always writes.
type eventWriter struct {
	*bodyWriter
	ids bool
}

func (w *eventWriter) Write(p []byte) (int, error) {
	if !w.ids && len(p) > 3 && string(p[:3]) == "id:" {
		return len(p), nil
	}
	return w.bodyWriter.Write(p)
}

// feed publishes the entries of the log after an ID, then those that are added, until
// the log is closed (true) or the stream is interrupted.
func (l *logStream) feed(s *Service, from int, publish func(*sse.Event)) (complete bool) {
	log := &l.agent.logs
	for ending := false; ; {
		s.mu.Lock()
		entries, changed := log.after(from), log.changed
		ending = ending || log.ended
		if ending {
			log.newest++ // the close event has an ID of its own, so that no client takes it for one that it has
		}
		closeID := log.newest
		s.mu.Unlock()
		for _, entry := range entries {
			if l.ctx.Err() != nil {
				return false
			}
			publish(&sse.Event{ID: []byte(strconv.Itoa(entry.id)), Data: encodeJSON(entry.wire)})
			from = entry.id
		}
		if ending {
			publish(&sse.Event{ID: []byte(strconv.Itoa(closeID)), Event: []byte(closeEvent), Data: []byte("{}")})
			return l.ctx.Err() == nil
		}
		if ending = !l.idle(s.config.logKeepAlive, changed, publish); l.ctx.Err() != nil {
			return false
		}
	}
}

// idle waits for a change of the log. It returns false if the stream must end.
func (l *logStream) idle(keepAlive time.Duration, changed <-chan struct{}, publish func(*sse.Event)) bool {
	var beat <-chan time.Time
	if keepAlive > 0 {
		ticker := time.NewTicker(keepAlive)
		defer ticker.Stop()
		beat = ticker.C
	}
	for {
		select {
		case <-changed:
			return true
		case <-l.finish:
			return false
		case <-l.ctx.Done():
			return false
		case <-beat:
			publish(&sse.Event{Comment: []byte("keep-alive")})
		}
	}
}
