// Package sse decodes the event-stream form of the WHATWG HTML standard
// (server-sent events). It does no I/O and starts no goroutine: the caller
// reads into the decoder's buffer and takes the events out of it.
//
//	for {
//		n, err := body.Read(d.Buffer())
//		d.Advance(n)
//		for {
//			ev, ok, decodeErr := d.Next()
//			...
//		}
//		...
//	}
//
// The bytes of an event are handed on as they came: invalid UTF-8 is not
// replaced, because a Go string can hold it and a JSON decoder replaces it.
package sse

import (
	"bytes"
	"errors"
	"math"
	"time"
)

// ErrTooLarge reports an event, or a single line, that is larger than the
// decoder's limit.
var ErrTooLarge = errors.New("sse: event is larger than the limit")

// Event is one dispatched event. The slices are valid until the next call of
// Next, Buffer or Reset.
type Event struct {
	ID    []byte // last event id in force when the event was dispatched
	Named bool   // the event itself names that id
	Type  []byte // empty where the wire names none: the caller says "message"
	Data  []byte
}

type state uint8

const (
	atStart   state = iota // nothing of the connection was read: a BOM may follow
	atLine                 // at the start of a line
	afterCR                // at the start of a line, an LF here belongs to the CR before it
	inComment              // inside a comment whose beginning was dropped
	failed                 // ErrTooLarge
)

// Decoder turns the bytes of a stream into events. It takes time linear in the
// size of its input, in whatever pieces that comes.
//
// The input lies in buf[:w] and is parsed up to r, which is always the start
// of a line. The data of the block that is being read is buf[start:end], below
// r: further data lines are moved down to it, so an event of one line is never
// copied. Type and id are short and are copied.
type Decoder struct {
	buf        []byte
	r, w       int
	lf, cr     int // no LF (CR) in buf[r:lf] (buf[r:cr]): where the search goes on
	start, end int
	limit      int
	typed      bool
	full       bool // the last read filled buf

	typ   []byte
	id    []byte // in force
	newID []byte // named by the block that is being read, if hasID

	retry    time.Duration
	hasRetry bool

	state   state
	err     error // ErrTooLarge, when failed
	hasData bool
	hasType bool
	hasID   bool
}

// NewDecoder returns a decoder for events of at most maxEvent bytes. Data, type
// and the id in force count, and while a block changes the id, the old one too.
// A line is held until its end has come, so it must fit into what is left of
// the limit, plus the seven bytes of "event: "; this goes for unknown fields as
// well. Comments may have any length and number. With maxEvent below one only
// events without content pass.
func NewDecoder(maxEvent int) *Decoder {
	d := new(Decoder)
	d.limit = min(max(maxEvent, 0), math.MaxInt/4)
	return d
}

// DispatchTyped has events with a type and without data dispatched too, which
// the standard drops.
func (d *Decoder) DispatchTyped() { d.typed = true }

// Next returns the next complete event. It returns false when there is none:
// more input is needed. It must be called until then before Buffer is called
// again. An event is complete with the line end of its blank line, also where
// that is a CR whose LF has not come yet.
//
// The error is nil or ErrTooLarge. Events that were complete before the
// oversize one are returned first, and after it every call returns ErrTooLarge
// until Reset.
func (d *Decoder) Next() (Event, bool, error) {
	if d.state != atLine && !d.toLine() {
		return Event{}, false, d.err
	}
	for {
		from, end := d.r, d.r
		if from == d.w || d.buf[from] != '\n' {
			end = d.lineEnd()
		}
		if end == d.w {
			d.keepPartial()
			return Event{}, false, d.err
		}
		d.passEnd(end)
		if from == end {
			ev := Event{Named: d.hasID, Type: d.typ, Data: d.buf[d.start:d.end:d.end]}
			dispatch := d.hasData || d.typed && d.hasType
			d.endBlock()
			if dispatch {
				ev.ID = d.id
				return ev, true, nil
			}
			continue
		}
		if d.buf[from] != ':' && !d.field(from, end) {
			d.fail()
			return Event{}, false, ErrTooLarge
		}
	}
}

// toLine brings the decoder to the start of a line: over a BOM, the LF of a
// CRLF, the rest of a comment. It returns false if that needs more input.
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

// lineEnd returns the index of the first line end at or after r, or w if there
// is none. No byte is searched twice for the same line end.
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

// passEnd moves r behind the line end at index end.
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

// keepPartial deals with the unterminated line at the end of the input: what
// there is of a comment is dropped, and a line that is already too long will
// not get better.
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

// Pending reports whether input was not dispatched, so that a stream which
// ends here has ended inside an event: an unterminated line that is not a
// comment, or a data, event or id line since the last blank line (an id, too,
// is lost with its block). A block of nothing but retry, comments and unknown
// fields loses nothing and is not pending. It is to be asked after Next
// returned false, and is true after ErrTooLarge.
func (d *Decoder) Pending() bool {
	return d.r < d.w || d.hasData || d.hasType || d.hasID || d.state == failed
}

// LastEventID returns the id in force, to be sent as Last-Event-ID. An id
// counts once the blank line of its block was read, also where the block has
// no data.
func (d *Decoder) LastEventID() string { return string(d.id) }

// Retry returns the reconnection time of the last valid retry field, and
// whether there was one.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.hasRetry }

// Reset prepares for a new connection: the input is dropped with all that was
// not dispatched, the last event id and the retry time stay.
func (d *Decoder) Reset() {
	d.r, d.w, d.lf, d.cr = 0, 0, 0, 0
	d.hasID = false
	d.endBlock()
	d.state, d.err = atStart, nil
}
