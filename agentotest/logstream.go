package agentotest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	sse "github.com/r3labs/sse/v2"
)

// Each log stream is a stream of its own in the r3labs server, fed from the
// agent's log by one goroutine: no subscriber can hold up another, replay and
// live lines cannot overlap or leave a gap, and all of it can be ended in order.

// subscriber is one open log stream.
type subscriber struct {
	agentID string
	name    string        // of the stream in the r3labs server
	joined  chan struct{} // closed when the r3labs server will deliver
	left    chan struct{} // closed when it has forgotten the subscriber
	finish  chan struct{} // closed to send the close event
	once    sync.Once
	ctx     context.Context
	drop    context.CancelFunc
}

// end asks for the close event.
func (u *subscriber) end() { u.once.Do(func() { close(u.finish) }) }

type subscribers struct {
	mu     sync.Mutex
	serial int
	open   map[string]*subscriber
}

func (l *subscribers) add(ctx context.Context, drop context.CancelFunc, agentID string) *subscriber {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[string]*subscriber{}
	}
	l.serial++
	u := &subscriber{
		agentID: agentID, name: fmt.Sprintf("log-%d", l.serial), ctx: ctx, drop: drop,
		joined: make(chan struct{}), left: make(chan struct{}), finish: make(chan struct{}),
	}
	l.open[u.name] = u
	return u
}

func (l *subscribers) remove(u *subscriber) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, u.name)
}

func (l *subscribers) get(name string) *subscriber {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[name]
}

// each calls f for the streams of an agent, or of all agents if the id is "",
// without those that are broken and about to end.
func (l *subscribers) each(agentID string, f func(*subscriber)) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, u := range l.open {
		if u.ctx.Err() == nil && (agentID == "" || u.agentID == agentID) {
			f(u)
			n++
		}
	}
	return n
}

// LogStreams tells how many log streams of the agent are open, or of all agents
// if the id is "".
func (s *Service) LogStreams(agentID string) int {
	return s.subscribers.each(agentID, func(*subscriber) {})
}

// DropLogStreams breaks the connections of all open log streams, as a failing
// network does, and returns how many there were.
func (s *Service) DropLogStreams() int {
	return s.subscribers.each("", func(u *subscriber) { u.drop() })
}

// CloseLogStreams ends the open log streams of an agent, or of all agents if
// the id is "", with the event that tells clients not to come back. It returns
// how many there were.
func (s *Service) CloseLogStreams(agentID string) int {
	return s.subscribers.each(agentID, (*subscriber).end)
}

// newLogServer sets up the r3labs server so that it only passes events on: ids,
// history and replay are the log's.
func newLogServer(open *subscribers) *sse.Server {
	server := sse.NewWithCallback(
		func(name string, _ *sse.Subscriber) { close(open.get(name).joined) },
		func(name string, _ *sse.Subscriber) { close(open.get(name).left) },
	)
	server.AutoReplay = false
	server.BufferSize = 1
	return server
}

func (s *Service) streamLogs(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	tail, err := c.queryInt("tail", 0, 0)
	if err != nil {
		return answer{}, err
	}
	from := a.logs.position(s.lastEventID(c), tail)
	return answer{status: http.StatusOK, stream: &streamed{
		write: func(c *call) bool { return s.followLog(c, a, from) },
	}}, nil
}

// lastEventID returns -1 where the client has none that the service gave.
func (s *Service) lastEventID(c *call) int {
	id, err := strconv.Atoi(c.r.Header.Get("Last-Event-ID"))
	if err != nil || id < 0 || !s.config.logIDs {
		return -1
	}
	return id
}

// followLog streams the log until it is closed (true) or the stream is broken.
func (s *Service) followLog(c *call, a *agent, from int) bool {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	defer unblockOn(ctx, c.w)() // a dropped client that does not read must not hold the handler
	u := s.subscribers.add(ctx, cancel, a.id)
	defer s.subscribers.remove(u)
	if s.config.logIDs {
		return s.passOn(ctx, c, a, u, from)
	}
	c.startEvents()
	return s.feed(ctx, a, u, from, func(e *sse.Event) {
		if string(e.Event) == closeEvent {
			_, _ = fmt.Fprintf(c.w, "event: %s\n", e.Event)
		}
		if len(e.Comment) > 0 {
			_, _ = fmt.Fprintf(c.w, ": %s\n\n", e.Comment)
			c.w.Flush()
			return
		}
		c.event(e.Data)
	})
}

// passOn streams through the r3labs server.
func (s *Service) passOn(ctx context.Context, c *call, a *agent, u *subscriber, from int) bool {
	s.logServer.CreateStream(u.name)
	inner, leave := context.WithCancel(ctx)
	fed := make(chan bool, 1)
	go func() {
		<-u.joined
		whole := s.feed(inner, a, u, from, func(e *sse.Event) { s.logServer.Publish(u.name, e) })
		s.logServer.Publish(u.name, &sse.Event{}) // makes the r3labs handler return, after what went before
		fed <- whole
	}()
	request := c.r.Clone(inner)
	request.URL.RawQuery = "stream=" + u.name
	request.Header.Del("Last-Event-ID")
	s.logServer.ServeHTTP(c.w, request)
	leave()
	whole := <-fed
	<-u.left // removing a stream that still has a subscriber would strand goroutines
	s.logServer.RemoveStream(u.name)
	return whole
}

const closeEvent = "close"

// feed hands over what the log has after an id, then what is added, until the
// log is closed (true) or ctx ends.
func (s *Service) feed(ctx context.Context, a *agent, u *subscriber, from int, publish func(*sse.Event)) bool {
	for {
		s.mu.Lock()
		entries, ended, changed := a.logs.after(from), a.logs.ended, a.logs.wait()
		s.mu.Unlock()
		from = publishEntries(ctx, entries, from, publish)
		if ctx.Err() != nil {
			return false
		}
		if ended || !s.idle(ctx, u, changed, publish) {
			break
		}
	}
	if ctx.Err() != nil {
		return false
	}
	s.mu.Lock()
	rest, id := a.logs.after(from), a.logs.skip() // what was written before the end belongs before the close event
	s.mu.Unlock()
	publishEntries(ctx, rest, from, publish)
	if ctx.Err() != nil {
		return false
	}
	publish(&sse.Event{ID: []byte(strconv.Itoa(id)), Event: []byte(closeEvent), Data: []byte("{}")})
	return ctx.Err() == nil
}

// publishEntries hands over entries until ctx ends, and returns the id of the
// last one, or from if there was none.
func publishEntries(ctx context.Context, entries []logEntry, from int, publish func(*sse.Event)) int {
	for _, entry := range entries {
		if ctx.Err() != nil {
			break
		}
		publish(&sse.Event{ID: []byte(strconv.Itoa(entry.id)), Data: encodeJSON(entry.wire)})
		from = entry.id
	}
	return from
}

// idle waits for a change of the log. It returns false when the stream must end.
func (s *Service) idle(ctx context.Context, u *subscriber, changed <-chan struct{}, publish func(*sse.Event)) bool {
	var beat <-chan time.Time
	if s.config.logKeepAlive > 0 {
		ticker := time.NewTicker(s.config.logKeepAlive)
		defer ticker.Stop()
		beat = ticker.C
	}
	for {
		select {
		case <-changed:
			return true
		case <-u.finish:
			return false
		case <-ctx.Done():
			return false
		case <-beat:
			publish(&sse.Event{Comment: []byte("keep-alive")})
		}
	}
}
