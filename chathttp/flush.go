package chathttp

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

const needsUnwrap = "if it is the wrapper of a middleware, it needs a method Unwrap that returns the http.ResponseWriter it wraps"

var errCannotFlush = errors.New("agento: the http.ResponseWriter cannot flush, so events would not arrive in time; " + needsUnwrap)

type unwrapper interface{ Unwrap() http.ResponseWriter }

// flusher returns the writer that http.ResponseController flushes: w or one that
// it wraps. It returns nil if none can flush.
func flusher(w http.ResponseWriter) http.ResponseWriter {
	for {
		switch inner := w.(type) {
		case interface{ FlushError() error }, http.Flusher:
			return w
		case unwrapper:
			w = inner.Unwrap()
		default:
			return nil
		}
	}
}

// isHTTP1 reports whether w is the writer of an HTTP/1 connection of net/http.
func isHTTP1(w http.ResponseWriter) bool {
	_, hijacks := w.(http.Hijacker)
	return hijacks && isConnection(w)
}

// isConnection reports whether w is net/http's own writer rather than a
// middleware's.
func isConnection(w http.ResponseWriter) bool {
	_, ok := w.(interface{ SetWriteDeadline(time.Time) error })
	return ok
}

// withheld returns an error if w is known to buffer events until the answer has ended. It
// does not detect every middleware that buffers and implements Unwrap. Call it after the
// headers are written.
func withheld(w http.ResponseWriter) error {
	f := flusher(w)
	if inner, ok := f.(unwrapper); ok {
		if below := inner.Unwrap(); flusher(below) == nil {
			return fmt.Errorf("agento: the http.ResponseWriter is %s, and the innermost writer cannot flush, so events arrive when the answer has ended", chain(w))
		}
		return nil // f itself flushes the writer that it wraps
	}
	if encoding := w.Header().Get("Content-Encoding"); isConnection(f) && f != w && encoding != "" {
		return fmt.Errorf("agento: a middleware compresses (Content-Encoding: %s) and has no method Flush, so events arrive "+
			"when the answer has ended; exclude text/event-stream from compression; the http.ResponseWriter is %s", encoding, chain(w))
	}
	return nil
}

// chain returns the types of w and of the writers that it wraps.
func chain(w http.ResponseWriter) string {
	names := fmt.Sprintf("%T", w)
	for {
		inner, ok := w.(unwrapper)
		if !ok {
			return names
		}
		w = inner.Unwrap()
		names += fmt.Sprintf(" around %T", w)
	}
}
