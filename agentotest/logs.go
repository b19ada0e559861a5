package agentotest

import (
	"net/http"
	"slices"
)

const (
	maxLogs    = 10_000 // lines per agent
	recentLogs = 100    // default limit of a request
)

type agentLog struct {
	entries []logEntry
	newest  int // ID of the newest entry
	ended   bool
	changed chan struct{} // closed at the next change
}

type logEntry struct {
	id   int
	wire object
}

// AppendLog appends a line of time, level and message to an agent's log. If level is "",
// the line is the message alone and the entry has neither time nor level. It panics if
// there is no such agent.
func (s *Service) AppendLog(agentID, level, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustAgent(agentID).log(level, message)
}

func (a *agent) log(level, message string) {
	entry := object{"line": message}
	if level != "" {
		now := a.now()
		line := now.UTC().Format(timeFormat) + " " + level + " " + message
		entry = object{"line": line, "timestamp": wireTime(now), "level": level, "message": message}
	}
	a.logs.newest++
	a.logs.entries = appendLimited(a.logs.entries, logEntry{a.logs.newest, entry}, maxLogs)
	a.logs.notify()
}

// close ends the log and all streams of it.
func (l *agentLog) close() {
	l.ended = true
	l.notify()
}

func (l *agentLog) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// last returns the newest n entries, oldest first.
func (l *agentLog) last(n int) []logEntry { return newest(l.entries, min(n, maxLogs)) }

// after returns the entries with an ID greater than id.
func (l *agentLog) after(id int) []logEntry {
	i, _ := slices.BinarySearchFunc(l.entries, id+1, func(e logEntry, id int) int { return e.id - id })
	return l.entries[i:]
}

func readLogs(c *call, a *agent) (response, error) {
	limit, err := c.queryInt("limit", 1, recentLogs)
	if err != nil {
		return response{}, err
	}
	lines := []object{}
	for _, entry := range a.logs.last(limit) {
		lines = append(lines, entry.wire)
	}
	return dataResponse(http.StatusOK, lines, &pagination{len(a.logs.last(maxLogs)), limit, 0}), nil
}
