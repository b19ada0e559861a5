package exchange

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing/iotest"
)

// Handler records the requests and the responses of next. If this process does not record,
// it returns next. unlimited means that the service has no rate limit, and so sends no
// rate limit headers.
func Handler(next http.Handler, unlimited bool) http.Handler {
	r := current.Load()
	if r == nil {
		return next
	}
	test := callingTest()
	return Tap(next, func(e *Exchange) {
		e.Package, e.Test, e.Unlimited = r.pkg, test, unlimited
		r.write(e)
	})
}

// Tap calls see after each exchange with next. The key is masked.
func Tap(next http.Handler, see func(*Exchange)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Body == nil {
			req.Body = http.NoBody
		}
		body, err := io.ReadAll(req.Body)
		req.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), iotest.ErrReader(cmp.Or(err, io.EOF))))
		e := &Exchange{Method: req.Method, Target: req.URL.RequestURI(), Header: maskKey(req.Header), Body: body}
		note, ok := req.Context().Value(scriptedKey{}).(*atomic.Bool)
		if !ok {
			note = new(atomic.Bool)
			req = req.WithContext(context.WithValue(req.Context(), scriptedKey{}, note))
		}
		tee := &teeWriter{ResponseWriter: w}
		defer func() {
			if tee.answer.Status != 0 && !note.Load() {
				e.Answer = &tee.answer
			}
			see(e)
		}()
		next.ServeHTTP(tee, req)
		tee.answer.Whole = true // unless next aborted with a panic
	})
}

type scriptedKey struct{}

// Scripted records that a test wrote the response to the request with this context. The
// exchange then has no response.
func Scripted(ctx context.Context) {
	if note, ok := ctx.Value(scriptedKey{}).(*atomic.Bool); ok {
		note.Store(true)
	}
}

// teeWriter copies the response.
type teeWriter struct {
	http.ResponseWriter
	answer Answer
}

func (w *teeWriter) WriteHeader(status int) {
	if w.answer.Status == 0 && status >= 200 {
		w.answer.Status = status
		w.answer.Header = w.Header().Clone()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *teeWriter) Write(p []byte) (int, error) {
	if w.answer.Status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.answer.Body = append(w.answer.Body, p[:n]...)
	return n, err
}

// Flush implements http.Flusher.
func (w *teeWriter) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot flush is not buffered for long
}

// Unwrap lets http.ResponseController reach the connection.
func (w *teeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
