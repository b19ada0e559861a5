package agento

import (
	"encoding/json"
	"strings"
	"time"
)

// LogLevel is the level of a log line. Levels that are not listed here pass
// through.
type LogLevel string

// The levels that Agento's dashboard shows.
const (
	LevelInfo  LogLevel = "INFO"
	LevelWarn  LogLevel = "WARN"
	LevelError LogLevel = "ERROR"
)

// LogEntry is one line of an agent's log. The names of its fields on the wire
// are inferred; a plain string is taken as a line.
type LogEntry struct {
	Line    string     // always there, except in a marker
	Time    *time.Time // where the line or the entry carries it
	Level   LogLevel   // likewise
	Message string     // likewise: the line without time and level
	// Reconnected marks a new connection of a stream: lines may be missing
	// here. Such an entry has nothing else.
	Reconnected bool

	raw string
}

// Raw returns the entry as it came, with fields that the SDK does not know.
func (e LogEntry) Raw() json.RawMessage { return json.RawMessage(e.raw) }

// UnmarshalJSON reads an entry from an object or from a plain string.
func (e *LogEntry) UnmarshalJSON(data []byte) error {
	*e = readLogEntry(string(data))
	return nil
}

// readLogEntry takes an entry in any form: an object, a JSON string, or the line
// itself. It cannot fail: what is not understood is the line.
func readLogEntry(raw string) LogEntry {
	e := LogEntry{raw: raw}
	var fields struct {
		Line      json.RawMessage `json:"line"`
		Timestamp json.RawMessage `json:"timestamp"`
		Level     json.RawMessage `json:"level"`
		Message   json.RawMessage `json:"message"`
	}
	switch {
	case strings.HasPrefix(strings.TrimLeft(raw, " \t"), "{") && json.Unmarshal([]byte(raw), &fields) == nil:
		_ = json.Unmarshal(fields.Line, &e.Line)
		_ = json.Unmarshal(fields.Message, &e.Message)
		_ = json.Unmarshal(fields.Level, &e.Level)
		var at time.Time
		if json.Unmarshal(fields.Timestamp, &at) == nil && !at.IsZero() {
			e.Time = &at
		}
	case json.Unmarshal([]byte(raw), &e.Line) == nil:
	default:
		e.Line = raw
	}
	e.complete()
	return e
}

// complete fills what the fields lack from the line, and the line from the fields.
func (e *LogEntry) complete() {
	if e.Line == "" {
		e.Line = e.Message
	}
	if e.Line == "" {
		e.Line = e.raw
	}
	at, level, message := splitLine(e.Line)
	if e.Time == nil {
		e.Time = at
	}
	if e.Level == "" {
		e.Level = level
	}
	if e.Message == "" && (at != nil || level != "") {
		e.Message = message
	}
}

// splitLine finds a leading time and a leading level in a line.
func splitLine(line string) (at *time.Time, level LogLevel, message string) {
	message = line
	word, rest, _ := strings.Cut(line, " ")
	if t, err := time.Parse(time.RFC3339, strings.Trim(word, "[]")); err == nil {
		at, message = &t, strings.TrimLeft(rest, " ")
		word, rest, _ = strings.Cut(message, " ")
	}
	switch l := LogLevel(strings.Trim(word, "[]:")); l {
	case LevelInfo, LevelWarn, LevelError, "DEBUG":
		level, message = l, strings.TrimLeft(rest, " ")
	}
	return at, level, message
}
