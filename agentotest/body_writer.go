package agentotest

import (
	"context"
	"net/http"
	"time"
)

const unlimited = -1

// bodyWriter writes the body of a response. A fault can make it write in pieces with
// pauses between them, and write only the first bytes.
type bodyWriter struct {
	http.ResponseWriter
	ctx    context.Context
	cancel context.CancelFunc // ends the call
	left   int                // bytes that are still sent, or unlimited
	stall  bool               // after them nothing more is sent; otherwise the connection is dropped
	cut    bool               // the connection is to be dropped
	piece  int                // bytes sent at a time; 0: all at once
	gap    time.Duration      // after each piece
	rate   int                // bytes a second, in place of a gap
	pause  time.Duration      // before the next piece
}

func (w *bodyWriter) setRaw(raw Raw) {
	w.piece, w.gap = raw.Piece, raw.Gap
	if raw.End != EndClean {
		w.left, w.stall = len(raw.Body), raw.End == EndHold
	}
}

func (w *bodyWriter) Write(p []byte) (sent int, err error) {
	for sent < len(p) && w.left != 0 && err == nil {
		size := len(p) - sent
		if w.piece > 0 {
			size = min(size, w.piece)
		}
		if w.left > 0 {
			size = min(size, w.left)
		}
		if w.pause > 0 {
			w.Flush()
			if !wait(w.ctx, w.pause) {
				return sent, w.ctx.Err()
			}
		}
		var n int
		n, err = w.ResponseWriter.Write(p[sent : sent+size])
		sent += n
		if w.left > 0 {
			w.left -= n
		}
		w.pause = w.gap
		if w.rate > 0 {
			w.pause = time.Duration(n) * time.Second / time.Duration(w.rate)
		}
	}
	if w.left == 0 {
		w.interrupt()
	}
	return sent, err
}

// interrupt stalls the response or ends the call.
func (w *bodyWriter) interrupt() {
	w.Flush()
	if w.stall {
		<-w.ctx.Done()
		return
	}
	w.cut = true
	w.cancel()
}

// end interrupts a response that is shorter than what was to be sent of it.
func (w *bodyWriter) end() {
	if w.left != unlimited {
		if !w.cut {
			w.interrupt()
		}
		panic(http.ErrAbortHandler)
	}
}

// Flush sends what has been written.
func (w *bodyWriter) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot flush is not buffered for long
}
