package sse

const (
	// startSize is the first size of the buffer and the least room that a full
	// one has beside the largest event.
	startSize = 2 << 10
	// keepSize is the largest size that an empty buffer keeps.
	keepSize = 64 << 10
	// leastRoom is the least room that is offered for one read.
	leastRoom = 512
)

// Buffer returns free space to read into, never empty. It is of 2 KiB at first
// and grows with a large event, up to the limit and a little more; after one it
// becomes small again.
func (d *Decoder) Buffer() []byte {
	d.compact()
	if need := d.w + leastRoom; need > len(d.buf) || len(d.buf) > keepSize {
		d.resize(need)
	}
	return d.buf[d.w:]
}

// Advance tells that n bytes were read into what Buffer returned.
func (d *Decoder) Advance(n int) {
	if d.state != failed {
		d.w += min(max(n, 0), len(d.buf)-d.w)
	}
}

// compact moves what is live to the front of the buffer: the data of the block,
// then the unparsed input. Each byte is moved at most once as part of a line
// and once as data, because after that nothing is dead before it.
func (d *Decoder) compact() {
	if d.start > 0 {
		copy(d.buf, d.buf[d.start:d.end])
		d.start, d.end = 0, d.end-d.start
	}
	dead := d.r - d.end
	if dead == 0 {
		return
	}
	d.w = d.end + copy(d.buf[d.end:], d.buf[d.r:d.w])
	d.r = d.end
	d.lf -= dead
	d.cr -= dead
}

// resize gives the compacted buffer the size that suits it, which may be the
// one that it has.
func (d *Decoder) resize(need int) {
	size := len(d.buf)
	if need > size {
		size = max(2*size, need, startSize)
	} else if d.w == 0 {
		size = startSize
	}
	size = min(size, max(d.largest(), need))
	if size != len(d.buf) {
		buf := make([]byte, size)
		copy(buf, d.buf[:d.w])
		d.buf = buf
	}
}

// largest returns the size that the buffer needs for the largest event, less
// what is held outside of it. That counts in coarse steps: each may cost a copy
// of the buffer, and so many small ones must not follow each other.
func (d *Decoder) largest() int {
	outside := len(d.typ) + len(d.id) + len(d.newID)
	step := max(keepSize, d.limit/16)
	return d.limit + longestName + startSize - outside/step*step
}
