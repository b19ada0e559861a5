package sse

import (
	"bytes"
	"math"
	"time"
)

const (
	// longestName is the longest name of a field with its colon and space.
	longestName = len("event: ")
	// keepField is the capacity that a type or an id keeps when it is done with.
	keepField = 1 << 10
)

// fits reports whether the block has room for a line of n bytes.
func (d *Decoder) fits(n int) bool { return d.size()+n <= d.limit+longestName }

// size returns the bytes that are held for the block.
func (d *Decoder) size() int {
	return d.end - d.start + len(d.typ) + len(d.id) + len(d.newID)
}

// field takes in the line buf[from:to], which is neither empty nor a comment.
// It returns false if the event gets too large by it.
func (d *Decoder) field(from, to int) bool {
	if !d.fits(to - from) {
		return false
	}
	line := d.buf[from:to]
	if len(line) >= 5 && string(line[:5]) == "data:" {
		d.addData(line[5:], to)
		return d.size() <= d.limit
	}
	name, value, _ := bytes.Cut(line, []byte{':'})
	switch string(name) {
	case "data":
		d.addData(value, to)
	case "event":
		d.typ = store(d.typ, trimSpace(value))
		d.hasType = true
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			d.newID = store(d.newID, trimSpace(value))
			d.hasID = true
		}
	case "retry":
		d.setRetry(trimSpace(value))
	}
	return d.size() <= d.limit
}

// addData joins value, which ends at index to of the buffer, to the data. There
// is always room below it for the LF between the two.
func (d *Decoder) addData(value []byte, to int) {
	value = trimSpace(value)
	if !d.hasData {
		d.hasData = true
		d.start, d.end = to-len(value), to
		return
	}
	d.buf[d.end] = '\n'
	d.end += 1 + copy(d.buf[d.end+1:], value)
}

// setRetry takes over a time in milliseconds, digits only. One that a Duration
// cannot hold becomes the longest Duration.
func (d *Decoder) setRetry(value []byte) {
	if len(value) == 0 {
		return
	}
	const most = math.MaxInt64 / int64(time.Millisecond)
	var ms int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return
		}
		if ms <= most {
			ms = ms*10 + int64(c-'0')
		}
	}
	d.retry, d.hasRetry = time.Duration(math.MaxInt64), true
	if ms <= most {
		d.retry = time.Duration(ms) * time.Millisecond
	}
}

// dispatch returns the event of the block and ends the block.
func (d *Decoder) dispatch() Event {
	typ, data, named := d.typ, d.buf[d.start:d.end:d.end], d.hasID
	d.endBlock()
	return Event{ID: d.id, Named: named, Type: typ, Data: data}
}

// endBlock puts the id of the block in force and begins the next block.
func (d *Decoder) endBlock() {
	if d.hasID {
		d.id, d.newID = d.newID, d.id
	}
	d.clearBlock()
}

func (d *Decoder) clearBlock() {
	d.start, d.end = 0, 0
	d.hasData, d.hasType, d.hasID = false, false, false
	d.typ = emptied(d.typ)
	d.newID = emptied(d.newID)
}

// trimSpace removes the one space that may follow the colon.
func trimSpace(value []byte) []byte {
	if len(value) > 0 && value[0] == ' ' {
		return value[1:]
	}
	return value
}

// store copies value to field.
func store(field, value []byte) []byte { return append(emptied(field), value...) }

// emptied returns the space of field, or nothing where that is large: it is
// held for no longer than it is needed.
func emptied(field []byte) []byte {
	if cap(field) > keepField {
		return nil
	}
	return field[:0]
}
