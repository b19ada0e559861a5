package agentotest

import (
	"context"
	"net/http"
	"time"
)

const unlimited = -1

// bodyWriter writes the body of a response. A fault can make it write in pieces with
// pauses between them, and can make it stop early.
type bodyWriter struct {
	http.ResponseWriter
	ctx         context.Context
	cancel      context.CancelFunc // cancels ctx
	left        int                // bytes left to send, or unlimited
	stall       bool               // when left is 0, stall instead of dropping the connection
	interrupted bool
	piece       int           // bytes per write; 0 means no limit
	gap         time.Duration // after each piece
	rate        int           // bytes per second; replaces gap
	pause       time.Duration // before the next piece
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

// interrupt stalls the response or drops the connection.
func (w *bodyWriter) interrupt() {
	w.interrupted = true
	w.Flush()
	if w.stall {
		<-w.ctx.Done()
		return
	}
	w.cancel()
}

// end aborts a response that has a limit, also if it ended before the limit was reached.
func (w *bodyWriter) end() {
	if w.left != unlimited {
		if !w.interrupted {
			w.interrupt()
		}
		panic(http.ErrAbortHandler)
	}
}

// Flush sends buffered data to the client.
func (w *bodyWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
