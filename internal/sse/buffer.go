package sse

const (
	// startSize is the first size of the buffer and the least room that a full
	// one has beside the largest event.
	startSize = 2 << 10
	// keepSize is the largest size that an empty buffer keeps.
	keepSize = 64 << 10
	// fullSize is the size up to which a buffer grows when a read fills it: the source has
	// more than one read takes.
	fullSize = 16 << 10
	// leastRoom is the least room that is offered for one read.
	leastRoom = 512
)

// Buffer returns free space to read into, never empty. It is of 2 KiB at first
// and grows with a large event, up to the limit and a little more; after one it
// becomes small again.
func (d *Decoder) Buffer() []byte {
	// Move what is live to the front: the data of the block, then the unparsed input.
	// Each byte is moved at most once as part of a line and once as data.
	if d.start > 0 {
		copy(d.buf, d.buf[d.start:d.end])
		d.start, d.end = 0, d.end-d.start
	}
	if dead := d.r - d.end; dead > 0 {
		d.w = d.end + copy(d.buf[d.end:], d.buf[d.r:d.w])
		d.r = d.end
		d.lf -= dead
		d.cr -= dead
	}
	size, need := len(d.buf), d.w+leastRoom
	if need > size || d.full && size < fullSize {
		size = max(2*size, need, startSize)
	} else if d.w == 0 && size > keepSize {
		size = startSize
	}
	// What is kept outside of the buffer counts in coarse steps: each step may cost a
	// copy of the buffer.
	outside := len(d.typ) + len(d.id) + len(d.newID)
	step := max(keepSize, d.limit/16)
	size = min(size, max(need, d.limit+longestName+startSize-outside/step*step))
	if size != len(d.buf) {
		buf := make([]byte, size)
		copy(buf, d.buf[:d.w])
		d.buf = buf
	}
	return d.buf[d.w:]
}

// Advance tells that n bytes were read into what Buffer returned.
func (d *Decoder) Advance(n int) {
	if d.state != failed {
		d.w += min(max(n, 0), len(d.buf)-d.w)
		d.full = d.w == len(d.buf)
	}
}
