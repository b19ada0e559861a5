// Package sse decodes event streams (server-sent events) as the WHATWG HTML standard
// defines them. It does no I/O and starts no goroutine: the caller reads into the
// decoder's buffer and takes events from it.
//
//	for {
//		n, err := body.Read(d.Buffer())
//		d.Advance(n)
//		for {
//			ok, decodeErr := d.Next(&ev)
//			...
//		}
//		...
//	}
//
// Invalid UTF-8 is returned as it is.
package sse

import (
	"bytes"
	"errors"
	"math"
	"time"
)

// ErrTooLarge reports an event or a line that exceeds the decoder's limit.
var ErrTooLarge = errors.New("sse: event is larger than the limit")

// Event is one dispatched event. The slices are valid until the next call of
// Next, Buffer or Reset.
type Event struct {
	ID    []byte // last event ID when the event was dispatched
	Named bool   // the event has an id field
	Type  []byte // empty if the event has no type, which means "message"
	Data  []byte
}

type state uint8

const (
	atStart   state = iota // at the start of the stream, where a BOM may be
	atLine                 // at the start of a line
	afterCR                // after a CR at the end of the input; an LF that is next ends the same line
	inComment              // inside a comment, whose beginning was dropped
	failed                 // after ErrTooLarge
)

// Decoder decodes a stream of bytes into events. Its running time is linear in the size
// of the input, however the input is divided. A block is the lines up to a blank line,
// which make up one event.
//
// The input is buf[:w]. It is parsed up to r, the start of a line. The data of the current
// block is buf[start:end], before r: further data lines are moved next to it, so the data
// of a one-line event is never copied. Type and ID are short and are copied.
type Decoder struct {
	buf        []byte
	r, w       int
	lf, cr     int // no LF in buf[r:lf], no CR in buf[r:cr]: the searches continue at lf and cr
	start, end int
	limit      int
	typed      bool
	full       bool // the last read filled buf

	typ   []byte
	id    []byte // last event ID
	newID []byte // ID of the current block, if hasID

	retry    time.Duration
	hasRetry bool

	state   state
	err     error // ErrTooLarge, when failed
	hasData bool
	hasType bool
	hasID   bool
}

// NewDecoder returns a decoder for events of at most maxEvent bytes. The limit applies to
// the sum of data, type and last event ID. While a block has an id field, both its ID and
// the previous one count. An incomplete line counts too, except a comment. It may exceed
// the limit by the length of "event: ", because the name of a field is not stored. If
// maxEvent is less than one, only empty events are returned.
func NewDecoder(maxEvent int) *Decoder {
	d := new(Decoder)
	d.limit = min(max(maxEvent, 0), math.MaxInt/4)
	return d
}

// DispatchTyped makes the decoder return events with a type but no data, which the
// standard drops.
func (d *Decoder) DispatchTyped() { d.typed = true }

// Next sets ev to the next complete event. It returns false, and leaves ev unchanged, if it
// needs more input. Call it until it returns false, then call Buffer again. An event is
// complete at the line ending of its blank line, even if that is a CR whose LF has not
// arrived.
//
// The error is nil or ErrTooLarge. Next first returns the events before the one that is too
// large. Then every call returns ErrTooLarge until Reset.
func (d *Decoder) Next(ev *Event) (bool, error) {
	if d.state != atLine && !d.toLine() {
		return false, d.err
	}
	for {
		from, end := d.r, d.r
		if from == d.w || d.buf[from] != '\n' {
			end = d.lineEnd()
		}
		if end == d.w {
			d.keepPartial()
			return false, d.err
		}
		d.passEnd(end)
		if from == end {
			if !d.hasData && !(d.typed && d.hasType) {
				d.endBlock()
				continue
			}
			ev.Named, ev.Type, ev.Data = d.hasID, d.typ, d.buf[d.start:d.end:d.end]
			d.endBlock()
			ev.ID = d.id
			return true, nil
		}
		if d.buf[from] != ':' && !d.field(from, end) {
			d.fail()
			return false, ErrTooLarge
		}
	}
}

// toLine advances to the start of a line: past a BOM, the LF of a CRLF, or the rest of a
// comment. It returns false if that needs more input.
func (d *Decoder) toLine() bool {
	in := d.buf[d.r:d.w]
	switch d.state {
	case atStart:
		const bom = "\xEF\xBB\xBF"
		if len(in) < len(bom) && string(in) == bom[:len(in)] {
			return false
		}
		if bytes.HasPrefix(in, []byte(bom)) {
			d.r += len(bom)
		}
	case afterCR:
		if len(in) == 0 {
			return false
		}
		if in[0] == '\n' {
			d.r++
		}
	case inComment:
		end := d.lineEnd()
		if end == d.w {
			d.r = d.w
			return false
		}
		d.passEnd(end)
		return true
	case failed:
		return false
	}
	d.state = atLine
	return true
}

// lineEnd returns the index of the first line ending at or after r, or w if there is
// none. lf and cr record how far it has searched.
func (d *Decoder) lineEnd() int {
	d.lf = max(d.lf, d.r)
	if i := bytes.IndexByte(d.buf[d.lf:d.w], '\n'); i >= 0 {
		d.lf += i
	} else {
		d.lf = d.w
	}
	d.cr = max(d.cr, d.r)
	if i := bytes.IndexByte(d.buf[d.cr:d.lf], '\r'); i >= 0 {
		d.cr += i
		return d.cr
	}
	d.cr = d.lf
	return d.lf
}

// passEnd moves r past the line ending at index end.
func (d *Decoder) passEnd(end int) {
	d.r = end + 1
	d.state = atLine
	if d.buf[end] != '\r' {
		return
	}
	if d.r == d.w {
		d.state = afterCR
	} else if d.buf[d.r] == '\n' {
		d.r++
	}
}

// keepPartial handles an unterminated line at the end of the input. It drops a comment
// and fails if the line is already too long.
func (d *Decoder) keepPartial() {
	switch {
	case d.state != atLine || d.r == d.w:
	case d.buf[d.r] == ':':
		d.r = d.w
		d.state = inComment
	case d.size()+d.w-d.r > d.limit+longestName:
		d.fail()
	}
}

func (d *Decoder) fail() {
	d.Reset()
	d.buf, d.typ, d.newID = nil, nil, nil
	d.state, d.err = failed, ErrTooLarge
}

// Pending reports whether a stream that ends here would end inside an event: there is an
// unterminated line that is not a comment, or a data, event or id line since the last blank
// line. A block that contains only retry, comments and unknown fields is not pending. Call
// Pending after Next has returned false. It returns true after ErrTooLarge.
func (d *Decoder) Pending() bool {
	return d.r < d.w || d.hasData || d.hasType || d.hasID || d.state == failed
}

// LastEventID returns the last event ID, for the Last-Event-ID header. An ID takes effect
// at the blank line that ends its block, even if the block has no data.
func (d *Decoder) LastEventID() string { return string(d.id) }

// Retry returns the reconnection time of the last valid retry field, if there was one.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.hasRetry }

// Reset prepares for a new connection. It drops unparsed input and the current block,
// and keeps the last event ID and the retry time.
func (d *Decoder) Reset() {
	d.r, d.w, d.lf, d.cr = 0, 0, 0, 0
	d.hasID = false
	d.endBlock()
	d.state, d.err = atStart, nil
}
