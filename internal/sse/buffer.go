package sse

const (
	// startSize is the initial size of the buffer, and the minimum free space for one read.
	startSize = 512
	// keepSize is the maximum size of an empty buffer that is kept.
	keepSize = 64 << 10
	// fullSize limits the growth of a buffer after a read that fills it, which shows that
	// more input is available.
	fullSize = 16 << 10
)

// Buffer returns free space to read into; it is never empty. The buffer starts small,
// grows for a large event up to slightly more than the limit, and shrinks afterwards.
func (d *Decoder) Buffer() []byte {
	// Move the live bytes to the front: the data of the block, then the unparsed input.
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
	size, need := len(d.buf), d.w+startSize
	if need > size || d.full && size < fullSize {
		size = max(2*size, need)
	} else if d.w == 0 && size > keepSize {
		size = startSize
	}
	// Round up the space for fields outside the buffer: each change may copy the buffer.
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

// Advance records that n bytes were read into the slice returned by Buffer.
func (d *Decoder) Advance(n int) {
	if d.state != failed {
		d.w += min(max(n, 0), len(d.buf)-d.w)
		d.full = d.w == len(d.buf)
	}
}
