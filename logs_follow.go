package agento

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/transport"
)

const (
	followMin     = 500 * time.Millisecond // first pause before a new connection
	followMax     = 8 * time.Second
	followHealthy = 10 * time.Second // a connection that lived so long was a good one
	followBack    = 200              // lines to ask for again where no ids tell what was missed
)

// follower is a log: it has no natural end, so a connection that ends is
// replaced by another.
type follower struct {
	o         *outgoing
	opened    time.Time // the present connection
	failures  int       // since the last good connection
	resumedAt string    // the id that the present connection was asked to go on from, until another came
	replay    bool      // it was asked for history again instead
	seen      recent
}

func newFollower(o *outgoing) *follower {
	return &follower{o: o, opened: time.Now(), seen: newRecent()}
}

func (l *follower) event(ev sse.Event) (LogEntry, verdict, error) {
	if string(ev.Type) == "close" {
		return LogEntry{}, endQuietly, nil
	}
	if l.resumedFrom(ev) || len(ev.Data) == 0 {
		return LogEntry{}, skip, nil
	}
	e := readLogEntry(string(ev.Data))
	known := false
	if ev.Named { // an id may come again for another entry, once the service has restarted
		known = l.seen.repeated(string(ev.ID) + "\x00" + e.raw)
	} else {
		known = l.seen.before(e)
	}
	if known {
		return LogEntry{}, skip, nil
	}
	return e, deliver, nil
}

// resumedFrom reports whether an event is the one that the connection was to go on
// from. Once another id has come the service is past it: if that id comes then, it
// counts anew, and means another line.
func (l *follower) resumedFrom(ev sse.Event) bool {
	if !ev.Named || l.resumedAt == "" {
		return false
	}
	if string(ev.ID) == l.resumedAt {
		return true
	}
	l.resumedAt = ""
	return false
}

// ended replaces the connection. Only what another attempt cannot mend ends the
// stream: the service's word that there is no more, a key that is not allowed to.
func (l *follower) ended(f *feed[LogEntry], _ bool, cause error) error {
	if cause == nil {
		cause = ErrStreamTruncated
	}
	if d, ok := f.dec.Retry(); ok && d > l.o.settings.retryAfterLimit {
		return tooLong(f.fail(truncated(cause)), d)
	}
	if time.Since(l.opened) >= followHealthy {
		l.failures = 0
	}
	asked := time.Duration(0) // what the service asks to wait
	for {
		l.failures++
		wait := l.pause(f.dec, asked)
		f.watch.reconnect(ReconnectInfo{Attempt: l.failures, Err: cause, Wait: wait})
		if !sleep(f.ctx, wait) {
			return f.contextError()
		}
		out := l.connect(f)
		switch {
		case out.Err == nil && out.StatusCode == http.StatusNoContent:
			closeStream(out)
			return nil
		case f.over():
			closeStream(out)
			return f.contextError()
		}
		err := l.o.judgeStream(out)
		if err == nil {
			return l.resume(f, out)
		}
		if finalForLogs(out, err) || out.RetryAfter > l.o.settings.retryAfterLimit {
			return err
		}
		cause, asked = err, out.RetryAfter
	}
}

// tooLong says of the end of a connection that the service lets nobody connect
// again for longer than the caller is ready to wait.
func tooLong(err error, wait time.Duration) error {
	var e *Error
	if errors.As(err, &e) {
		e.RetryAfter = wait
	}
	return err
}

// resume goes on with a new connection, and marks it.
func (l *follower) resume(f *feed[LogEntry], out *transport.Outcome) error {
	f.body = out.Stream
	f.dec.Reset()
	l.opened = time.Now()
	l.seen.nextConnection(l.replay)
	if !f.send(LogEntry{Reconnected: true}) {
		closeStream(out)
		return f.contextError()
	}
	return errContinue
}

// connect asks for the log from where it broke off.
func (l *follower) connect(f *feed[LogEntry]) *transport.Outcome {
	call := l.o.call
	call.MaxRetries = 0 // the pauses between attempts are ours
	u := *call.URL
	call.URL = &u
	query := u.Query()
	l.resumedAt, l.replay = f.dec.LastEventID(), false
	if l.resumedAt != "" || l.seen.any() {
		query.Del("tail") // before the first line it is still owed
	}
	if l.resumedAt != "" && validHeaderValue(l.resumedAt) {
		call.Header = http.Header{}
		maps.Copy(call.Header, l.o.call.Header)
		call.Header["Last-Event-Id"] = []string{l.resumedAt}
	} else if l.seen.distinct() {
		l.replay = true
		query.Set("tail", strconv.Itoa(followBack))
	}
	u.RawQuery = query.Encode()
	out := l.o.core.transport.Do(f.ctx, &call)
	l.o.core.lastSeen.set(RateLimit(out.RateLimit))
	return out
}

// pause is the time before the next connection: what the service asked for, or
// a growing one.
func (l *follower) pause(dec *sse.Decoder, asked time.Duration) time.Duration {
	first := followMin
	if d, ok := dec.Retry(); ok {
		first = max(d, 10*time.Millisecond)
	}
	wait := first
	for i := 1; i < l.failures && wait < followMax; i++ {
		wait *= 2
	}
	if wait > followMax {
		wait = max(followMax, first)
	}
	return transport.Jittered(max(wait, asked), wait/4+1)
}

// finalForLogs reports whether connecting again cannot help.
func finalForLogs(out *transport.Outcome, err error) bool {
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

func closeStream(out *transport.Outcome) {
	if out.Stream != nil {
		_ = out.Stream.Close()
	}
}

// sleep waits for d and reports whether it could: false if the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
