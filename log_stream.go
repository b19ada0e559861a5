package agento

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/stream"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

const (
	reconnectMin     = 500 * time.Millisecond // first pause before a new connection
	reconnectMax     = time.Minute
	reconnectHealthy = 10 * time.Second // a connection that lasted this long resets the pause
	// historySize is the number of delivered lines that are remembered. A new connection
	// requests as many lines as are remembered.
	historySize = 200
)

// LogStream is a stream of log entries that reconnects: see [LogsService.Stream].
type LogStream struct{ *Stream[LogEntry] }

// openLog opens the stream of a log.
func openLog(c *call, after string) (*LogStream, error) {
	own, cancel := context.WithCancelCause(c.ctx)
	caller := c.ctx
	c.ctx = own
	f := &follower{after: after, seed: maphash.MakeSeed()}
	if after != "" {
		f.resumeAfter(&c.spec, after)
	}
	o, err := open(c, defaultLogIdle)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	f.opened, f.connected = o, time.Now()
	f.values = &stream.Values[LogEntry]{
		Handler: f, Lines: true,
		Stop: func() { cancel(context.Canceled) },
	}
	s := newStream(caller, o, f.values)
	f.values.Decoder.DispatchTyped() // "event: close" may have no data
	return &LogStream{s}, nil
}

// follower reads a log over many connections.
type follower struct {
	opened    *opened
	values    *stream.Values[LogEntry]
	after     string // from [LogsParams]
	connected time.Time
	failures  int // since the last good connection

	seed     maphash.Seed
	newest   []uint64 // hashes of the last historySize lines delivered without a gap
	skipping bool     // the connection may begin with delivered lines
	overlaps bool     // the connection began with a delivered line
	arrived  bool     // the connection has had a line
}

// Decode decodes one event of the log.
func (f *follower) Decode(ev *sse.Event) stream.Decoded[LogEntry] {
	switch {
	case string(ev.Type) == "close":
		return stream.Decoded[LogEntry]{Err: io.EOF}
	case string(ev.Type) == ChatError:
		return stream.Decoded[LogEntry]{Err: f.serviceError(ev.Data)}
	}
	if len(ev.Type) > 0 && len(ev.Data) == 0 { // a keep-alive
		return stream.Decoded[LogEntry]{Skip: true}
	}
	f.arrived = true
	e := readLogEntry(ev.Data)
	e.ID = string(ev.ID)
	hash := maphash.String(f.seed, e.ID+"\x00"+e.raw)
	if f.skipping && slices.Contains(f.newest, hash) {
		f.overlaps = true
		return stream.Decoded[LogEntry]{Skip: true}
	}
	if f.skipping && !f.overlaps && f.lastID() == "" {
		f.newest = f.newest[:0] // a gap: the lines before it are no longer of use
	}
	f.skipping = false
	if len(f.newest) == historySize {
		f.newest = append(f.newest[:0], f.newest[1:]...)
	}
	f.newest = append(f.newest, hash)
	return stream.Decoded[LogEntry]{Value: e}
}

func (f *follower) serviceError(data []byte) error {
	code, message := wire.Error(data)
	if code == "" && message == "" {
		message = string(data)
	}
	return f.opened.eventError(&EventError{Code: Code(code), Message: message})
}

// AtEnd reconnects after a connection has ended. It returns the errors that end the stream.
func (f *follower) AtEnd(reason error) error {
	o := f.opened
	if o.call.ctx.Err() != nil {
		return o.fail(errs.Context(o.call.ctx))
	}
	if errors.Is(reason, ErrEventTooLarge) || errors.Is(reason, ErrNotEventStream) {
		return o.fail(reason)
	}
	if reason == io.EOF {
		reason = ErrStreamTruncated
	}
	if d, ok := f.values.Decoder.Retry(); ok && d > o.call.settings.retryAfterLimit {
		err := o.fail(reason)
		err.RetryAfter = d
		return err
	}
	f.values.Reader.Finish(false)
	if time.Since(f.connected) >= reconnectHealthy {
		f.failures = 0
	}
	var asked time.Duration // the service's Retry-After
	for {
		f.failures++
		pause := f.pause(asked)
		if observed := o.call.observed; observed != nil {
			observed.reconnect(ReconnectInfo{Attempt: f.failures, Err: reason, Wait: pause})
		}
		if !wait.Sleep(o.call.ctx, pause) {
			return o.fail(errs.Context(o.call.ctx))
		}
		out := f.connect()
		if out.Err == nil && out.StatusCode == http.StatusNoContent {
			_ = out.Stream.Close()
			return io.EOF
		}
		err := o.call.openError(out)
		if err == nil {
			f.resume(out)
			return nil
		}
		if o.call.ctx.Err() != nil {
			return o.fail(errs.Context(o.call.ctx))
		}
		if isFinal(out, err) || out.RetryAfter > o.call.settings.retryAfterLimit {
			return err
		}
		reason, asked = err, out.RetryAfter
	}
}

// resume continues with a new connection.
func (f *follower) resume(out *transport.Outcome) {
	if f.lastID() == "" || f.arrived { // that the service resumes after an ID is not documented
		f.values.Push(stream.Decoded[LogEntry]{Value: LogEntry{Reconnected: true}})
	}
	f.arrived, f.skipping, f.overlaps = false, true, false
	f.connected = time.Now()
	o := f.opened
	o.outcome = out
	f.values.Reader = stream.NewReader(o.call.ctx, out.Stream.Reader, out.Stream.Closer, f.values.Decoder, o.idle)
}

func (f *follower) lastID() string { return cmp.Or(f.values.Decoder.LastEventID(), f.after) }

// connect requests the log from where it was interrupted.
func (f *follower) connect() *transport.Outcome {
	o := f.opened
	spec := o.call.spec
	spec.MaxRetries = 0 // AtEnd retries
	spec.Bulk = true
	if id := f.lastID(); id != "" && wire.ValidHeaderValue(id) {
		f.resumeAfter(&spec, id)
	} else if len(f.newest) > 0 {
		f.setTail(&spec, strconv.Itoa(len(f.newest)))
	}
	out := o.call.core.transport.Do(o.call.ctx, &spec)
	o.call.core.lastSeen.set(RateLimit(out.RateLimit))
	return out
}

// resumeAfter requests the events after an ID.
func (f *follower) resumeAfter(spec *transport.Call, id string) {
	header := http.Header{}
	maps.Copy(header, spec.Header)
	header["Last-Event-Id"] = []string{id}
	spec.Header = header
	f.setTail(spec, "")
}

func (f *follower) setTail(spec *transport.Call, lines string) {
	u := *spec.URL
	query := u.Query()
	query.Del("tail")
	if lines != "" {
		query.Set("tail", lines)
	}
	u.RawQuery = query.Encode()
	spec.URL = &u
}

// pause returns the time before the next connection: the longer one of the service's
// Retry-After and a pause that doubles, from reconnectMin or the stream's retry field.
func (f *follower) pause(asked time.Duration) time.Duration {
	first := reconnectMin
	if d, ok := f.values.Decoder.Retry(); ok {
		first = max(d, 10*time.Millisecond)
	}
	wait := first
	for i := 1; i < f.failures && wait < reconnectMax; i++ {
		wait *= 2
	}
	if wait > reconnectMax {
		wait = max(reconnectMax, first)
	}
	return transport.Jittered(max(wait, asked), wait/4+1)
}

// isFinal reports whether a failed reconnect is not retried.
func isFinal(out *transport.Outcome, err error) bool {
	if _, refused := refusal(out.Err); refused {
		return false
	}
	if out.Err != nil {
		return transport.Final(out.Err)
	}
	switch out.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return out.StatusCode < 500 || errors.Is(err, ErrNotEventStream)
}

// LogLevel is the level of a log line. Unknown levels are preserved.
type LogLevel string

// The levels in Agento's dashboard.
const (
	LevelInfo  LogLevel = "INFO"
	LevelWarn  LogLevel = "WARN"
	LevelError LogLevel = "ERROR"
)

// LogEntry is one line of an agent's log. Its wire form is inferred: an object and a plain
// string are both accepted.
type LogEntry struct {
	ID      string     // of this event or the last one that had an ID; may be empty
	Line    string     // the whole line
	Time    *time.Time // if the line or the entry has it
	Level   LogLevel   // if the line or the entry has it
	Message string     // of the entry, or the rest of the line after time and level
	// Reconnected marks that lines may be missing here, after a reconnect. The other
	// fields are empty.
	Reconnected bool

	raw string
}

// Raw returns the entry as it arrived: JSON with all its fields, or the text of a line.
func (e LogEntry) Raw() json.RawMessage { return json.RawMessage(e.raw) }

func (e *LogEntry) identity(bool) (bool, string) { return e.raw != "null", "line" }

// UnmarshalJSON decodes an object or a string.
func (e *LogEntry) UnmarshalJSON(data []byte) error {
	*e = readLogEntry(data)
	return nil
}

// readLogEntry decodes an object or a JSON string. Other data is the line.
func readLogEntry(raw []byte) LogEntry {
	e := LogEntry{raw: string(raw)}
	var fields map[string]json.RawMessage
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(raw, " \t"), []byte("{")) && json.Unmarshal(raw, &fields) == nil:
		_ = json.Unmarshal(fields["message"], &e.Message)
		_ = json.Unmarshal(fields["level"], &e.Level)
		var at time.Time
		if json.Unmarshal(fields["timestamp"], &at) == nil && !at.IsZero() {
			e.Time = &at
		}
		if json.Unmarshal(fields["line"], &e.Line) != nil {
			if e.Line = e.Message; e.Line == "" {
				e.Line = e.raw
			}
		}
	case json.Unmarshal(raw, &e.Line) == nil:
	default:
		e.Line = e.raw
	}
	at, level, message := wire.SplitLogLine(e.Line)
	if e.Time == nil {
		e.Time = at
	}
	if e.Level == "" {
		e.Level = LogLevel(level)
	}
	if e.Message == "" && (at != nil || level != "") {
		e.Message = message
	}
	return e
}
