package agentotest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/remsyshq/agento-go/internal/route"
)

// call is one request on its way.
type call struct {
	ctx       context.Context
	cancel    context.CancelFunc
	r         *http.Request
	w         *wire
	arrival   *arrival
	route     *route.Route
	values    map[string]string // the placeholders of the path, unescaped
	body      []byte
	requestID string
}

func (s *Service) newCall(w http.ResponseWriter, r *http.Request) *call {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(s.base, cancel) // a middleware may have put a context of its own in the way
	c := &call{r: r, ctx: ctx, cancel: func() { stop(); cancel() }}
	c.w = &wire{ResponseWriter: w, left: unlimited, cancel: c.cancel}
	body, err := io.ReadAll(bodyOf(r))
	c.body = body
	c.arrival = s.arrivalOf(r.Context(), r, body)
	if err != nil && c.arrival.err == nil {
		c.arrival.err = invalid("the body could not be read")
	}
	return c
}

// has tells whether the operation's path has the placeholder.
func (c *call) has(name string) bool {
	_, ok := c.values[name]
	return ok
}

// queryInt reads a whole number that must be at least low, when it is there.
func (c *call) queryInt(name string, low, fallback int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low {
		return 0, invalid("%s must be a whole number of at least %d", name, low)
	}
	return n, nil
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// send writes an answer, or drops the connection where it breaks off.
func (c *call) send(a answer) {
	if a.stream != nil {
		c.sendStream(a)
		return
	}
	if len(a.body) > 0 {
		c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
		c.w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	c.w.WriteHeader(a.status)
	_, _ = c.w.Write(a.body) // a client that has gone needs no answer
	c.w.endCut()
}

func (c *call) sendStream(a answer) {
	whole := a.stream.write(c)
	if a.stream.finish != nil && (whole || c.w.cut) {
		a.stream.finish()
	}
	if !whole || c.w.cut {
		panic(http.ErrAbortHandler)
	}
	c.w.endCut()
}

func (c *call) sendError(err error) {
	var e *apiError
	if errors.As(err, &e) {
		for name, values := range e.header {
			c.w.Header()[name] = values
		}
	}
	c.send(errorAnswer(err))
}

const unlimited = -1

// wire is the way to the client. It can be cut after a number of bytes.
type wire struct {
	http.ResponseWriter
	left   int // bytes of the body until the cut, or unlimited
	cut    bool
	cancel context.CancelFunc // ends the call at the cut
}

func (w *wire) Write(p []byte) (int, error) {
	if w.cut {
		return 0, http.ErrAbortHandler
	}
	if w.left == unlimited {
		return w.ResponseWriter.Write(p)
	}
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	w.left -= n
	if w.left == 0 {
		w.Flush()
		w.cut = true
		w.cancel()
	}
	return n, err
}

// Flush sends what has been written.
func (w *wire) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot flush is not buffered for long
}

// Unwrap lets http.ResponseController reach the connection.
func (w *wire) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// endCut drops the connection if the answer was to be cut, however short it was.
func (w *wire) endCut() {
	if w.left != unlimited {
		w.Flush()
		panic(http.ErrAbortHandler)
	}
}
