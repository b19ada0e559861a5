package sse

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// held returns the number of bytes that the decoder retains.
func (d *Decoder) held() int {
	return cap(d.buf) + cap(d.typ) + cap(d.id) + cap(d.newID)
}

func TestIdleDecoderIsSmall(t *testing.T) {
	t.Parallel()
	d := NewDecoder(4 << 20)
	require.LessOrEqual(t, int(unsafe.Sizeof(*d)), 256)
	_, err := d.Next(new(Event))
	require.NoError(t, err)
	require.Zero(t, d.held(), "before the first Buffer")

	require.Len(t, d.Buffer(), 512)
	for _, size := range []int{1, 60 << 10, 64 << 10, 1 << 20} {
		feed(t, d, []byte("event: t\nid: 1\ndata: "+strings.Repeat("x", size)+"\n\n"), noLimit)
		d.Buffer()
		require.LessOrEqual(t, d.held(), 66<<10, "after an event of %d bytes", size)
	}
	require.Equal(t, 512, len(d.buf))
	feed(t, d, []byte("event: "+long+"\nid: "+long+"\ndata: a\n\nid\n\n"), noLimit)
	d.Buffer()
	require.LessOrEqual(t, d.held(), 4<<10, "after large fields")
}

func TestBufferOfMiddleSizeIsKept(t *testing.T) {
	d := NewDecoder(4 << 20)
	input := []byte("data: " + strings.Repeat("x", 30<<10) + "\n\n")
	feed(t, d, input, noLimit)
	require.Zero(t, testing.AllocsPerRun(10, func() { feed(t, d, input, noLimit) }))
}

// TestLargeEventInSmallPieces checks that large events cost no more per byte than small ones.
func TestLargeEventInSmallPieces(t *testing.T) {
	d := NewDecoder(4 << 20)
	input := []byte("data: " + strings.Repeat("x", 1<<20) + "\n\n")
	allocs := testing.AllocsPerRun(5, func() { feed(t, d, input, 1<<10) })
	require.LessOrEqual(t, allocs, 13.0)
}

// TestRoomForReads checks that there is room for a read, and that the buffer stays near the limit.
func TestRoomForReads(t *testing.T) {
	t.Parallel()
	const limit = 100_000
	d := NewDecoder(limit)
	push(d, "data: ")
	for fed := 0; fed < limit; fed += 50 {
		if len(d.Buffer()) < 512 || len(d.buf) > limit+3<<10 {
			t.Fatalf("room of %d, buffer of %d bytes", len(d.Buffer()), len(d.buf))
		}
		push(d, strings.Repeat("x", 50))
		_, err := d.Next(new(Event))
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, len(d.Buffer()), 512)
}

func TestCommentsTakeNoMemory(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{
		"one endless line": strings.Repeat("x", 1<<10),
		"many lines":       strings.Repeat(": keep alive\n", 80),
		"many CR lines":    strings.Repeat(":\r", 500),
	} {
		d := NewDecoder(100)
		require.Zero(t, feed(t, d, []byte("event: t\ndata: a\n:"), 7), name)
		for range 500 {
			require.Zero(t, feed(t, d, []byte(comment), 777), name)
			require.LessOrEqual(t, d.held(), 3<<10, name)
		}
		require.Equal(t, 1, feed(t, d, []byte(": end\ndata: b\n\n"), 7), name)
	}
}

func TestSmallEventsDoNotAllocate(t *testing.T) {
	d := NewDecoder(4 << 20)
	for _, form := range []string{
		"data: {\"type\":\"text\",\"content\":\"Hi! \"}\n\n",
		"event: text\r\nid: 1234567\r\nretry: 10\r\n: c\r\ndata: a\r\ndata: b\r\n\r\n",
		"id: a\rdata: 1\r\rid: bcd\r\rid\r\r",
	} {
		input := []byte(strings.Repeat(form, 500))
		feed(t, d, input, 100)
		require.Zero(t, testing.AllocsPerRun(10, func() { feed(t, d, input, 100) }), form)
	}
}

func TestSingleLineIsNotCopied(t *testing.T) {
	t.Parallel()
	d := NewDecoder(noLimit)
	free := d.Buffer()
	d.Advance(copy(free, "event: t\ndata: abc\nid: 1\n\n"))
	var e Event
	ok, err := d.Next(&e)
	require.NoError(t, err)
	require.True(t, ok)
	require.Same(t, &free[bytes.IndexByte(free, 'b')-1], &e.Data[0])
}

// attack feeds a decoder with the output of write, in pieces, resets it after an error,
// and checks its memory.
func attack(t *testing.T, limit, most int, write func(r *rand.Rand) string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	d := NewDecoder(limit)
	for fed := 0; fed < 4*limit; {
		input := write(r)
		fed += len(input)
		for input != "" {
			n := copy(d.Buffer(), input)
			if d.held() > most {
				t.Fatalf("retains %d bytes, limit %d", d.held(), limit)
			}
			d.Advance(n)
			input = input[n:]
			if err := drain(d); err != nil {
				require.LessOrEqual(t, d.held(), cap(d.id), "after the error")
				d.Reset()
			}
		}
	}
}

// drain takes the complete events.
func drain(d *Decoder) error {
	for {
		if ok, err := d.Next(new(Event)); !ok {
			return err
		}
	}
}

// TestMemoryIsLimited checks that the decoder retains little more than its limit, for any
// distribution of the bytes over the fields.
func TestMemoryIsLimited(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	const most = limit + limit/4
	x := func(n int) string { return strings.Repeat("x", n) }
	always := func(s string) func(*rand.Rand) string { return func(*rand.Rand) string { return s } }
	for name, write := range map[string]func(*rand.Rand) string{
		"types":              always(strings.Repeat("event: "+x(50)+"\n", 50)),
		"larger types":       always("event: " + x(limit/2) + "\n"),
		"ids":                always(strings.Repeat("id: "+x(100)+"\n", 50)),
		"huge id":            always("id: " + x(limit-9) + "\n\ndata: a\n"),
		"huge id, then data": always("id: " + x(limit/2) + "\n\ndata: " + x(limit/2-10) + "\n\n"),
		"id replaced":        always("id: " + x(limit/3) + "\n\nid: y" + x(limit/3) + "\ndata: " + x(limit/3-100) + "\n\n"),
		"huge line":          always(x(1 << 10)),
		"short data":         always(strings.Repeat("data: "+x(20)+"\n", 100)),
		"data":               always("data: " + x(1<<10) + "\n"),
		"huge type":          always("event: " + x(limit-9) + "\n"),
		"data, then type":    always("data: " + x(limit/2) + "\nevent: " + x(limit/2-9) + "\n: c\n"),
		"data, then id":      always("data: " + x(limit/2) + "\nid: " + x(limit/2-9) + "\n: c\n"),
		"type, then data":    always("event: " + x(limit/2) + "\ndata: " + x(limit/2-9) + "\n\nd"),
		"type shrinks":       always("event: " + x(limit/2) + "\nevent: y\ndata: " + x(limit/2) + "\n\n"),
		"unknown, then type": always(x(limit/2) + "\nevent: " + x(limit/2) + "\n"),
		"any": func(r *rand.Rand) string {
			field := []string{"data: ", "event: ", "id: ", "retry: 1", "foo: ", ": "}[r.IntN(6)]
			end := []string{"\n", "\n\n"}[r.IntN(2)]
			return field + x(r.IntN(1<<r.IntN(20))) + end
		},
	} {
		t.Run(name, func(t *testing.T) { attack(t, limit, most, write) })
	}
}

// TestGrowingTypeIsCheap checks that a type that grows slowly, next to much data, rarely
// resizes the buffer.
func TestGrowingTypeIsCheap(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	d := NewDecoder(limit)
	feed(t, d, []byte("data: "+strings.Repeat("x", limit*3/4)+"\n"), noLimit)
	resizes, buf := 0, d.buf
	for n := 1; n < 130; n++ {
		feed(t, d, []byte("event: "+strings.Repeat("x", n*1000)+"\n"), noLimit)
		if &buf[0] != &d.buf[0] {
			resizes, buf = resizes+1, d.buf
		}
	}
	require.NotZero(t, resizes)
	require.LessOrEqual(t, resizes, 4)
}
