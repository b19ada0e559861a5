package chathttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	defaultHeartbeat    = 15 * time.Second
	defaultWriteTimeout = 30 * time.Second
)

// writer writes an event stream to a browser. Between start and stop, a timer
// writes heartbeats while nothing else is written.
type writer struct {
	timeout time.Duration // for one write
	pending []byte        // encoded events to write
	http1   bool

	mutex     // guards the fields below
	w         http.ResponseWriter
	deadline  time.Time // when the write deadline was set; zero: not set
	begun     bool      // the headers are written
	err       error     // of the first failed write; later writes are dropped
	last      time.Time
	heartbeat time.Duration
	timer     *time.Timer // nil: no heartbeats
	onFailure func()      // called when a heartbeat cannot be written; may be nil
	panicked  any         // recovered from a heartbeat
}

// mutex is a lock whose waiters count as blocked in testing/synctest, unlike those of
// a sync.Mutex. It is locked during writes, which block if the browser does not read.
type mutex struct {
	users atomic.Int32  // the owner and those that wait
	free  chan struct{} // passes the lock to one that waits
}

func (m *mutex) lock() {
	if m.users.Add(1) > 1 {
		<-m.free
	}
}

func (m *mutex) unlock() {
	if m.users.Add(-1) > 0 {
		m.free <- struct{}{}
	}
}

func newWriter(w http.ResponseWriter, timeout time.Duration) *writer {
	return &writer{
		w: w, last: time.Now(), timeout: timeout, http1: isHTTP1(flusher(w)),
		mutex: mutex{free: make(chan struct{}, 1)},
	}
}

// start begins to write heartbeats.
func (w *writer) start(heartbeat time.Duration) {
	w.lock()
	defer w.unlock()
	w.heartbeat = heartbeat
	w.timer = time.AfterFunc(heartbeat, w.beat)
}

// stop stops the heartbeats, and waits for one that is being written. It reports
// whether anything was written.
func (w *writer) stop() (begun bool) {
	w.lock()
	defer w.unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
	w.checkPanic()
	return w.begun
}

// notify registers f to be called when a heartbeat cannot be written.
func (w *writer) notify(f func()) {
	w.lock()
	defer w.unlock()
	w.onFailure = f
}

func (w *writer) beat() {
	if failed := w.tryBeat(); failed != nil {
		failed()
	}
}

// tryBeat writes a heartbeat if one is due. If that fails, it returns the function
// that the caller must call.
func (w *writer) tryBeat() (failed func()) {
	w.lock()
	defer w.unlock()
	if w.timer == nil || w.err != nil {
		return nil
	}
	if rest := w.heartbeat - time.Since(w.last); rest > 0 {
		w.timer.Reset(rest)
		return nil
	}
	defer func() { // checkPanic re-panics on the request's goroutine, as net/http expects
		if w.panicked = recover(); w.panicked != nil {
			failed = w.onFailure
		}
	}()
	if w.write([]byte(":\n\n")) != nil {
		return w.onFailure
	}
	w.timer.Reset(w.heartbeat)
	return nil
}

func (w *writer) checkPanic() {
	if p := w.panicked; p != nil {
		w.panicked = nil
		panic(p)
	}
}

// send writes and flushes the pending events.
func (w *writer) send() error {
	w.lock()
	defer w.unlock()
	w.checkPanic()
	err := w.write(w.pending)
	w.pending = w.pending[:0]
	return err
}

func (w *writer) write(p []byte) error {
	if w.err != nil {
		return w.err
	}
	now := w.last.Add(time.Since(w.last)) // cheaper than time.Now
	w.setDeadline(now)
	w.begin()
	_, err := w.w.Write(p)
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		w.err = fmt.Errorf("%w: %w", ErrBrowserGone, err)
		return w.err
	}
	w.last = now
	return nil
}

// flush flushes written data. Over HTTP/2 it clears the deadline, which would
// otherwise also end a stream between writes.
func (w *writer) flush() error {
	err := http.NewResponseController(w.w).Flush()
	if err == nil && !w.http1 {
		_ = http.NewResponseController(w.w).SetWriteDeadline(time.Time{})
		w.deadline = time.Time{}
	}
	return err
}

// failure returns the error of the first failed write.
func (w *writer) failure() error {
	w.lock()
	defer w.unlock()
	return w.err
}

func (w *writer) begin() {
	if w.begun {
		return
	}
	w.begun = true
	h := w.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	w.w.WriteHeader(http.StatusOK)
}

// setDeadline sets the deadline of the next write, unless it was set recently.
func (w *writer) setDeadline(now time.Time) {
	if !w.deadline.IsZero() && now.Sub(w.deadline) < w.timeout/8 {
		return
	}
	w.deadline = now
	_ = http.NewResponseController(w.w).SetWriteDeadline(now.Add(w.timeout))
}

// finish limits the time in which the server ends the response.
func (w *writer) finish() {
	w.lock()
	defer w.unlock()
	w.deadline = time.Time{}
	w.setDeadline(time.Now())
}

// add encodes an event for the next send. An event that encodes as null is dropped.
func (w *writer) add(event any) error {
	data, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("agento: encode event for the browser: %w", err)
	}
	if string(data) != "null" {
		w.pending = append(w.pending, "data: "...)
		w.pending = append(w.pending, data...)
		w.pending = append(w.pending, "\n\n"...)
	}
	return nil
}

// addText encodes a text event for the next send.
func (w *writer) addText(content string) {
	w.pending = append(w.pending, `data: {"type":"text","content":`...)
	w.pending = appendJSON(w.pending, content)
	w.pending = append(w.pending, "}\n\n"...)
}

// addDone encodes the event that ends a complete answer.
func (w *writer) addDone() { w.pending = append(w.pending, `data: {"type":"done"}`+"\n\n"...) }

// addToken encodes the event that carries the token of the browser's session.
func (w *writer) addToken(token string) {
	_ = w.add(struct { // cannot fail
		Type  string `json:"type"`
		Token string `json:"token"`
	}{"session", token})
}

// addError encodes the event that ends an incomplete answer.
func (w *writer) addError(code string) {
	_ = w.add(struct { // cannot fail
		Type  string      `json:"type"`
		Error publicError `json:"error"`
	}{"error", publicError{code, publicMessages[code]}})
}
