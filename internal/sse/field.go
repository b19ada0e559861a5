package sse

import (
	"bytes"
	"math"
	"time"
)

const (
	// longestName is the length of the longest field name with its colon and space.
	longestName = len("event: ")
	// keepField is the maximum capacity of a type or an ID that is kept.
	keepField = 1 << 10
)

// space may follow the colon of a field.
var space = []byte{' '}

// size returns the number of bytes stored for the block.
func (d *Decoder) size() int {
	return d.end - d.start + len(d.typ) + len(d.id) + len(d.newID)
}

// field parses the line buf[from:to], which is neither empty nor a comment. It returns
// false if the line makes the event too large.
func (d *Decoder) field(from, to int) bool {
	if d.size()+to-from > d.limit+longestName {
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
		d.typ = append(emptied(d.typ), bytes.TrimPrefix(value, space)...)
		d.hasType = true
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			d.newID = append(emptied(d.newID), bytes.TrimPrefix(value, space)...)
			d.hasID = true
		}
	case "retry":
		d.setRetry(bytes.TrimPrefix(value, space))
	}
	return d.size() <= d.limit
}

// addData appends value, which ends at index to of the buffer, to the data. There is
// always room before value for the LF that separates them.
func (d *Decoder) addData(value []byte, to int) {
	value = bytes.TrimPrefix(value, space)
	if !d.hasData {
		d.hasData = true
		d.start, d.end = to-len(value), to
		return
	}
	d.buf[d.end] = '\n'
	d.end += 1 + copy(d.buf[d.end+1:], value)
}

// setRetry parses a time in milliseconds, which must consist of digits. A time that
// overflows Duration becomes the longest Duration.
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

// endBlock makes the block's ID the last event ID and begins the next block.
func (d *Decoder) endBlock() {
	if d.hasID {
		d.id, d.newID = d.newID, d.id
	}
	d.start, d.end = 0, 0
	d.hasData, d.hasType, d.hasID = false, false, false
	d.typ, d.newID = emptied(d.typ), emptied(d.newID)
}

// emptied returns field with length 0, or nil if its capacity is large.
func emptied(field []byte) []byte {
	if cap(field) > keepField {
		return nil
	}
	return field[:0]
}
