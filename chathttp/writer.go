package chathttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// browser writes an event stream to a browser. One goroutine at a time uses it.
type browser struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration // for one write
	begun   bool          // the headers are written
	pending []byte        // encoded events that are not written
	err     error         // the first failure; there is no writing after it
}

func newBrowser(w http.ResponseWriter) *browser {
	return &browser{w: w, control: http.NewResponseController(w), timeout: defaultWriteTimeout}
}

// The events that a browser gets.
type (
	textEvent struct {
		Type    string `json:"type"`
		Content string `json:"content"`
	}
	plainEvent struct {
		Type string `json:"type"`
	}
	sessionEvent struct {
		Type  string `json:"type"`
		Token string `json:"token"`
	}
	errorEvent struct {
		Type  string      `json:"type"`
		Error publicError `json:"error"`
	}
)

const sessionType = "session"

// publicError is an error as a browser gets it, in an event or as an answer.
type publicError struct {
	Code    publicErrorCode `json:"code"`
	Message string          `json:"message"`
}

// publicErrorCode is one of a fixed set, as is the message that goes with it.
type publicErrorCode string

const (
	codeInterrupted publicErrorCode = "interrupted" // the answer has begun and is not complete
	codeBusy        publicErrorCode = "busy"        // later it may work
	codeUnavailable publicErrorCode = "unavailable" // anything else that is not the browser's fault
)

// publicCode is what a browser learns of an error of the service.
func publicCode(err error) publicErrorCode {
	switch {
	case errors.Is(err, agento.ErrRateLimited):
		return codeBusy
	case errors.Is(err, agento.ErrStreamTruncated), errors.Is(err, agento.ErrStreamIdle), errors.Is(err, agento.ErrEventTooLarge),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return codeInterrupted
	}
	return codeUnavailable
}

var errCannotFlush = errors.New("agento: the http.ResponseWriter cannot flush, so no event would arrive in time; " +
	"a middleware that wraps it needs a method Unwrap")

// canFlush looks for what http.ResponseController would use.
func canFlush(w http.ResponseWriter) bool {
	for {
		switch inner := w.(type) {
		case interface{ FlushError() error }, http.Flusher:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return false
		}
	}
}

var errNoDeadlines = errors.New("agento: the http.ResponseWriter takes no deadlines, so that a browser which does not read is " +
	"waited for without end; a middleware that wraps it needs a method Unwrap, Flush alone is not enough")

// begin writes the headers.
func (b *browser) begin() {
	if b.begun {
		return
	}
	b.begun = true
	h := b.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	b.w.WriteHeader(http.StatusOK)
}

// add encodes an event. What encodes as null is none.
func (b *browser) add(event any) error {
	data, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("agento: an event for the browser cannot be encoded: %w", err)
	}
	if string(data) != "null" {
		b.pending = append(b.pending, "data: "...)
		b.pending = append(b.pending, data...)
		b.pending = append(b.pending, "\n\n"...)
	}
	return nil
}

// send writes what is pending, with the headers if it is the first time, and
// has it leave at once.
func (b *browser) send() error {
	if b.err != nil {
		return b.err
	}
	b.setDeadline()
	b.begin()
	_, err := b.w.Write(b.pending)
	if err == nil {
		err = b.control.Flush()
	}
	b.pending = b.pending[:0]
	if err != nil {
		b.err = fmt.Errorf("%w: %w", ErrBrowserGone, err)
		return b.err
	}
	// Over HTTP/2 a deadline also strikes while nothing is written.
	_ = b.control.SetWriteDeadline(time.Time{})
	return nil
}

// setDeadline bounds the next write, where the writer knows deadlines.
func (b *browser) setDeadline() { _ = b.control.SetWriteDeadline(time.Now().Add(b.timeout)) }

// finish bounds what the server itself writes to end the response.
func (b *browser) finish() { b.setDeadline() }

// beat sends a comment.
func (b *browser) beat() error {
	b.pending = append(b.pending, ":\n\n"...)
	return b.send()
}

// fail sends an error as the last event.
func (b *browser) fail(code publicErrorCode) {
	if b.add(errorEvent{agento.ChatError, publicError{code, publicMessages[code]}}) == nil {
		_ = b.send() // it may have gone
	}
}

// keepAlive sends comments from another goroutine. Until stop has returned, the
// browser is that goroutine's alone. If the writer panics there, stop does, in
// the goroutine of the request, where net/http expects it.
func (b *browser) keepAlive(every time.Duration) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	var panicked any
	go func() {
		defer close(ended)
		defer func() { panicked = recover() }()
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if b.beat() != nil {
					return
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
		if panicked != nil {
			panic(panicked)
		}
	}
}
