package agentotest

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

// call is one request and its response.
type call struct {
	service *Service
	account *Account
	ctx     context.Context
	r       *http.Request
	w       *bodyWriter
	entry   *Request          // the record of it
	values  map[string]string // values of the path's placeholders, unescaped
	body    []byte
}

func newCall(s *Service, w http.ResponseWriter, r *http.Request) *call {
	from, ok := r.Context().Value(arrivalKey{}).(*arrival)
	if !ok { // a middleware replaced the request's context
		from = &arrival{new(Request), func() {}}
	}
	body, _ := io.ReadAll(r.Body) // in memory, unless a middleware replaced it
	writer := &bodyWriter{ResponseWriter: w, ctx: r.Context(), cancel: from.cancel, left: unlimited}
	return &call{service: s, ctx: r.Context(), r: r, w: writer, entry: from.entry, body: body}
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// queryInt parses an optional query parameter, which must be at least low.
func (c *call) queryInt(name string, low, fallback int) (int, error) {
	text := c.query(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low {
		return 0, invalid("%s must be an integer of at least %d", name, low)
	}
	return n, nil
}

// respond performs the operation and sends its response, as modified by the fault.
func (c *call) respond(handle handler, f Fault) {
	if f.kind == faultRaw || f.bare {
		exchange.Scripted(c.ctx)
	}
	var r response
	if f.commit {
		r = c.do(handle)
		if f.discardsResponse() && r.stream != nil && r.stream.finish != nil {
			r.stream.finish()
		}
	}
	if !wait(c.ctx, f.delay) {
		panic(http.ErrAbortHandler)
	}
	if f.bare {
		clear(c.w.Header())
	} else if f.exhausted {
		c.service.setExhausted(c.w.Header())
	}
	switch f.kind {
	case faultDrop:
		panic(http.ErrAbortHandler)
	case faultHang:
		<-c.ctx.Done()
		panic(http.ErrAbortHandler)
	case faultRaw:
		c.w.setRaw(f.raw)
		c.send(f.raw.response())
		return
	case faultLimit:
		c.w.left, c.w.stall = f.bytes, f.stall
	case faultSlow:
		c.w.rate, c.w.piece = f.bytes, max(1, f.bytes/10)
	}
	if !f.commit {
		r = c.do(handle)
	}
	c.send(r)
}

// do performs the operation with the service locked.
func (c *call) do(handle handler) response {
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	r, err := handle(c)
	if err != nil {
		return errorResponse(err)
	}
	return r
}

// send sends a response. It panics with http.ErrAbortHandler if the response is
// interrupted.
func (c *call) send(r response) {
	if r.stream != nil {
		c.sendStream(r.stream)
		return
	}
	header := c.w.Header()
	if len(r.body) > 0 {
		header.Set("Content-Type", "application/json; charset=utf-8")
		if c.w.left == unlimited || c.w.left < len(r.body) {
			header.Set("Content-Length", strconv.Itoa(len(r.body)))
		}
	}
	for name, values := range r.header {
		header[http.CanonicalHeaderKey(name)] = values // an empty list keeps net/http from adding a default
	}
	c.w.WriteHeader(r.status)
	_, _ = c.w.Write(r.body)
	if c.ctx.Err() != nil { // the client disconnected, or the service is closing
		panic(http.ErrAbortHandler)
	}
	c.w.end()
}

func (c *call) sendStream(s *eventStream) {
	complete := s.write(c)
	if s.finish != nil && (complete || c.w.interrupted) {
		s.finish()
	}
	if !complete {
		panic(http.ErrAbortHandler)
	}
	c.w.end()
}

// startEvents sends the headers of an event stream.
func (c *call) startEvents() {
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("Cache-Control", "no-cache")
	c.w.WriteHeader(http.StatusOK)
	c.w.Flush()
}

// sendEvent sends an event with one data line.
func (c *call) sendEvent(data []byte) {
	line := append(append([]byte("data: "), data...), "\n\n"...)
	_, _ = c.w.Write(line) // if the client disconnects, the context ends
	c.w.Flush()
}
