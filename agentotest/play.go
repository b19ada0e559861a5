package agentotest

import (
	"net/http"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

// play answers a call: as the operation does, or as the fault has it.
func (s *Service) play(c *call, handle handler, f Fault) {
	if f.kind == faultRaw || f.bare {
		exchange.Scripted(c.ctx)
	}
	var done *answer
	if f.commit {
		a := s.carryOut(c, handle)
		done = &a
		if discarded := f.kind != faultNone && f.kind != faultCut; discarded && a.stream != nil && a.stream.finish != nil {
			a.stream.finish()
		}
	}
	if !wait(c.ctx, f.delay) {
		panic(http.ErrAbortHandler)
	}
	if f.exhausted {
		s.exhaust(c.w.Header())
	}
	if f.bare {
		clear(c.w.Header())
	}
	switch f.kind {
	case faultDrop:
		panic(http.ErrAbortHandler)
	case faultHang:
		<-c.ctx.Done()
		panic(http.ErrAbortHandler)
	case faultRaw:
		c.sendRaw(f.raw)
		return
	case faultCut:
		c.w.left = f.bytes
	}
	if done == nil {
		a := s.carryOut(c, handle)
		done = &a
	}
	c.send(*done)
}

func (c *call) sendRaw(raw Raw) {
	header := c.w.Header()
	if len(raw.Body) > 0 {
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for name, values := range raw.Header {
		header[http.CanonicalHeaderKey(name)] = values
		if len(values) == 0 {
			header[http.CanonicalHeaderKey(name)] = nil // nor does net/http add it then
		}
	}
	status := raw.Status
	if status == 0 {
		status = http.StatusOK
	}
	c.w.WriteHeader(status)
	if !c.sendPieces(raw) {
		panic(http.ErrAbortHandler)
	}
	switch raw.End {
	case EndAbort:
		c.w.Flush()
		panic(http.ErrAbortHandler)
	case EndHold:
		c.w.Flush()
		<-c.ctx.Done()
		panic(http.ErrAbortHandler)
	}
}

// sendPieces returns false when the client has gone.
func (c *call) sendPieces(raw Raw) bool {
	piece := raw.Piece
	if piece <= 0 {
		piece = max(1, len(raw.Body))
	}
	for rest := raw.Body; len(rest) > 0; {
		n := min(piece, len(rest))
		if _, err := c.w.Write(rest[:n]); err != nil {
			return c.ctx.Err() == nil // a body longer than its Content-Length, say
		}
		rest = rest[n:]
		if len(rest) == 0 {
			break
		}
		c.w.Flush()
		if !wait(c.ctx, raw.Gap) {
			return false
		}
	}
	return true
}
