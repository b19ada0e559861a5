package agentotest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	sse "github.com/r3labs/sse/v2"
)

// logStream is an open log stream. Each has its own r3labs server, so that a slow client
// does not block others and no line is lost or sent twice.
type logStream struct {
	agent   *agent
	ctx     context.Context
	drop    context.CancelFunc
	closing context.Context // when it ends, the close event is sent
	close   context.CancelFunc
}

func newLogStream(ctx context.Context, a *agent, drop context.CancelFunc) *logStream {
	closing, closeStream := context.WithCancel(context.Background())
	return &logStream{agent: a, ctx: ctx, drop: drop, closing: closing, close: closeStream}
}

// LogStreams returns the number of open log streams of an agent, or of all agents if the
// ID is "".
func (s *Service) LogStreams(agentID string) int {
	return s.eachLogStream(agentID, func(*logStream) {})
}

// DropLogStreams closes the connections of all open log streams, as a network failure
// would, and returns their number.
func (s *Service) DropLogStreams() int {
	return s.eachLogStream("", func(l *logStream) { l.drop() })
}

// CloseLogStreams ends the open log streams of an agent, or of all agents if the ID is
// "", with the event that tells clients not to reconnect. It returns their number.
func (s *Service) CloseLogStreams(agentID string) int {
	return s.eachLogStream(agentID, func(l *logStream) { l.close() })
}

// eachLogStream calls f for the open log streams and returns their number. It skips
// streams that were dropped.
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
	from := a.logs.newest // the stream begins after this ID
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
	streamName = "log"
	closeEvent = "close"
)

// followLog streams the log. It returns true once the stream was closed, and false if it
// was interrupted.
func (s *Service) followLog(c *call, a *agent, from int) (complete bool) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	l := newLogStream(ctx, a, c.w.cancel)
	defer l.close()
	s.mu.Lock()
	s.logStreams[l] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.logStreams, l)
		s.mu.Unlock()
	}()

	// The r3labs server only sends events; feed handles IDs and history.
	subscribed, unsubscribed := make(chan struct{}), make(chan struct{})
	server := sse.NewWithCallback(
		func(string, *sse.Subscriber) { close(subscribed) },
		func(string, *sse.Subscriber) { close(unsubscribed) },
	)
	server.AutoReplay, server.BufferSize = false, 1
	server.CreateStream(streamName)
	result := make(chan bool, 1)
	go func() {
		<-subscribed
		complete := l.feed(s, from, func(e *sse.Event) { server.Publish(streamName, e) })
		server.Publish(streamName, &sse.Event{}) // makes ServeHTTP return
		result <- complete
	}()
	request := c.r.Clone(ctx)
	request.URL.RawQuery = "stream=" + streamName
	request.Header.Del("Last-Event-ID")
	server.ServeHTTP(&eventWriter{c.w, s.config.logIDs}, request)
	cancel()
	complete = <-result
	<-unsubscribed // a server closed before this leaks goroutines
	server.Close()
	return complete
}

// eventWriter omits the ID lines, which r3labs always writes, unless ids is set.
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

// feed publishes the log entries after an ID and then new entries. It returns true once
// the stream was closed, and false if it was interrupted.
func (l *logStream) feed(s *Service, from int, publish func(*sse.Event)) (complete bool) {
	log := &l.agent.logs
	for ending := false; ; {
		s.mu.Lock()
		entries, changed := log.after(from), log.changed
		ending = ending || log.ended
		if ending {
			log.newest++ // a client must not take the close event for a duplicate
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

// idle waits for a change of the log. It returns false if the stream is to end.
func (l *logStream) idle(keepAlive time.Duration, changed <-chan struct{}, publish func(*sse.Event)) bool {
	var tick <-chan time.Time
	if keepAlive > 0 {
		ticker := time.NewTicker(keepAlive)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-changed:
			return true
		case <-l.closing.Done():
			return false
		case <-l.ctx.Done():
			return false
		case <-tick:
			publish(&sse.Event{Comment: []byte("keep-alive")})
		}
	}
}
