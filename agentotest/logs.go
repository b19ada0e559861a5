package agentotest

import (
	"net/http"
	"slices"
)

const (
	maxLogs    = 10_000 // lines kept for each agent
	recentLogs = 100    // lines that are answered when the request names no limit
)

// logBook is an agent's log, and the place where streams wait for more.
type logBook struct {
	entries []logEntry
	newest  int // the highest id given
	ended   bool
	// changed is closed at the next change; nil while nobody waits.
	changed chan struct{}
}

type logEntry struct {
	id   int
	wire logEntryWire
}

type logEntryWire struct {
	Line      string    `json:"line"`
	Timestamp *wireTime `json:"timestamp,omitempty"`
	Level     string    `json:"level,omitempty"`
	Message   string    `json:"message,omitempty"`
}

// AppendLog writes a line to the agent's log, in the service's form: time, level
// and message. With level "" the message is the whole line, and the entry has
// neither time nor level. It panics if there is no such agent.
func (s *Service) AppendLog(agentID, level, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAgent(agentID)
	if level == "" {
		a.logs.add(logEntryWire{Line: message})
		return
	}
	s.log(a, level, message)
}

// log writes a line to the agent's log.
func (s *Service) log(a *agent, level, message string) {
	now := s.now()
	a.logs.add(logEntryWire{
		Line:      now.UTC().Format(timeFormat) + " " + level + " " + message,
		Timestamp: nullable(now), Level: level, Message: message,
	})
}

func (b *logBook) add(entry logEntryWire) {
	b.newest++
	b.entries = appendBounded(b.entries, logEntry{b.newest, entry}, maxLogs)
	b.notify()
}

// skip uses up an id for an event that is not in the log, so that no client
// takes it for one that it has.
func (b *logBook) skip() int {
	b.newest++
	return b.newest
}

// close ends the log for good, and with it all streams of it.
func (b *logBook) close() {
	b.ended = true
	b.notify()
}

func (b *logBook) notify() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// wait returns a channel that is closed at the next change.
func (b *logBook) wait() <-chan struct{} {
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

// last returns the newest n entries, oldest first.
func (b *logBook) last(n int) []logEntry {
	return newest(b.entries, min(n, maxLogs))
}

// after returns the entries with an id above the given one.
func (b *logBook) after(id int) []logEntry {
	i, _ := slices.BinarySearchFunc(b.entries, id+1, func(e logEntry, id int) int { return e.id - id })
	return b.entries[i:]
}

func (s *Service) recentLogs(c *call) (answer, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return answer{}, err
	}
	limit, err := c.queryInt("limit", 1, recentLogs)
	if err != nil {
		return answer{}, err
	}
	lines := []logEntryWire{}
	for _, entry := range a.logs.last(limit) {
		lines = append(lines, entry.wire)
	}
	total := len(a.logs.last(maxLogs))
	return answer{status: http.StatusOK, data: lines, page: &pagination{total, limit, 0}}, nil
}

// position is where a stream begins: after the id that the client has, or
// some lines before the end.
func (b *logBook) position(lastID, tail int) int {
	if lastID >= 0 {
		return min(lastID, b.newest)
	}
	if kept := b.last(tail); len(kept) > 0 {
		return kept[0].id - 1
	}
	return b.newest
}
