package sse

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// push feeds all of input without taking events.
func push(d *Decoder, input string) {
	for input != "" {
		n := copy(d.Buffer(), input)
		d.Advance(n)
		input = input[n:]
	}
}

// TestReset checks that a partial event is dropped, and that the last event ID and the
// retry time are kept.
func TestReset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, first, second string }{
		{"between events", "retry: 7\nid: 1\ndata: a\n\n", "data: b\n\n"},
		{"in a block", "retry: 7\nid: 1\n\nevent: t\nid: 2\ndata: a\n", "data: b\n\n"},
		{"in an empty data line", "retry: 7\nid: 1\n\ndata\n", "data: b\n\n"},
		{"in a line", "retry: 7\nid: 1\n\nda", "data: b\n\n"},
		{"in a comment", "retry: 7\nid: 1\n\n: xyz", "data: b\n\n"},
		{"in a CRLF", "retry: 7\nid: 1\n\r", "\ndata: b\n\n"},
		{"in a BOM", "\xEF\xBB", "\xBFdata: a\n\ndata: b\n\n"},
		{"BOM again", "\uFEFFid: 1\n\n", "\uFEFFdata: b\n\n"},
		{"too large", "id: 1\n\ndata: 123456789012345678\n\n", "data: b\n\n"},
		{"id is reset", "id: 1\n\n", "id\ndata: b\n\n"},
		{"another id", "id: 1\n\n", "id: 2\ndata: b\n\nretry: 8\n\n"},
		{"nothing", "", "data: b\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const limit = 16
			for _, next := range []split{whole, byByte} {
				d := NewDecoder(limit)
				first := reference(c.first, limit, memory{})
				require.Equal(t, first, decode(t, d, c.first, next))

				d.Reset()
				require.False(t, d.Pending())
				require.Equal(t, reference(c.second, limit, first.memory), decode(t, d, c.second, next))
			}
		})
	}
}

func TestErrTooLargeStays(t *testing.T) {
	t.Parallel()
	d := NewDecoder(8)
	push(d, "id: 1\ndata: a\n\ndata: 123456789\n\ndata: b\n\n")
	var e Event
	ok, err := d.Next(&e)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "a", string(e.Data))
	for range 3 {
		ok, err = d.Next(new(Event))
		require.ErrorIs(t, err, ErrTooLarge)
		require.False(t, ok)
		require.True(t, d.Pending())
		push(d, strings.Repeat("data: c\n\n", 1<<10))
		require.LessOrEqual(t, d.held(), 3<<10)
	}
	require.Equal(t, "1", d.LastEventID())

	d.Reset()
	push(d, "data: d\n\n")
	ok, err = d.Next(&e)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "d", string(e.Data))
}

// TestErrTooLargeComesEarly checks that an unterminated line fails as soon as it is too
// long.
func TestErrTooLargeComesEarly(t *testing.T) {
	t.Parallel()
	d := NewDecoder(100)
	push(d, "data: "+strings.Repeat("x", 101))
	_, err := d.Next(new(Event))
	require.NoError(t, err, "within the allowance for a field name")
	push(d, "x")
	_, err = d.Next(new(Event))
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestLimitsOfAnySize(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{math.MinInt, -1, 0} {
		d := NewDecoder(limit)
		got := decode(t, d, ": "+long+"\ndata\n\ndata: 1\n\n", whole)
		require.Equal(t, outcome{events: data(""), pending: true, tooLarge: true}, got)
	}
	got := decode(t, NewDecoder(math.MaxInt), "data: "+long+"\n\n", whole)
	require.Equal(t, outcome{events: data(long)}, got)
}

func TestWithoutInput(t *testing.T) {
	t.Parallel()
	d := NewDecoder(1)
	d.Advance(1)
	ok, err := d.Next(new(Event))
	require.NoError(t, err)
	require.False(t, ok)
	require.False(t, d.Pending())
	require.Empty(t, d.LastEventID())
	_, ok = d.Retry()
	require.False(t, ok)
}

// TestAdvanceOutOfRange covers a reader that returns an invalid count.
func TestAdvanceOutOfRange(t *testing.T) {
	t.Parallel()
	d := NewDecoder(noLimit)
	push(d, "data: a\n")
	d.Advance(-5)
	push(d, "\n")
	var e Event
	ok, err := d.Next(&e)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "a", string(e.Data))

	d.Reset()
	d.Advance(len(d.Buffer()) + 1)
	d.Advance(math.MaxInt)
	for ok = true; ok; {
		ok, err = d.Next(new(Event))
		require.NoError(t, err)
	}
}

// TestReadsInARow checks that no event is lost if several reads precede Next.
func TestReadsInARow(t *testing.T) {
	t.Parallel()
	var input strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&input, "id: %d\ndata: a\ndata: b\n\n", i)
	}
	d := NewDecoder(16)
	push(d, input.String())
	var got outcome
	got.take(t, d)
	got.observe(d)
	require.Equal(t, reference(input.String(), 16, memory{}), got)
}

// TestEventsAreApart checks that an event's slices are valid until the next call of Next,
// and that appending to one does not change another.
func TestEventsAreApart(t *testing.T) {
	t.Parallel()
	d := NewDecoder(noLimit)
	push(d, "event: t\nid: 1\ndata: a\n\nevent: u\nid: 2\ndata: b\n\ndata: c\ndata: d\n\n")
	var e Event
	for _, want := range []event{{"1", "t", "a", true}, {"2", "u", "b", true}, {"2", "", "c\nd", false}} {
		ok, err := d.Next(&e)
		require.NoError(t, err)
		require.True(t, ok)
		_ = append(e.ID, "xxxxxxxxxxxx"...)
		_ = append(e.Type, "xxxxxxxxxxxx"...)
		_ = append(e.Data, "xxxxxxxxxxxxxxxxxxxxxxxx"...)
		require.Equal(t, want, event{string(e.ID), string(e.Type), string(e.Data), e.Named})
		require.Equal(t, want.id, d.LastEventID())
	}
}

// TestPartialLineIsSearchedOnce checks that a line ending that is later inserted into
// searched input is not found.
func TestPartialLineIsSearchedOnce(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r"} {
		d := NewDecoder(noLimit)
		var got outcome
		push(d, "data: a"+end+end+"data: 012345")
		got.take(t, d)
		d.Buffer() // moves the line
		copy(d.buf[d.r+8:], end)
		push(d, "6"+end+end)
		got.take(t, d)
		require.Equal(t, data("a", "01"+end+"3456"), got.events)
	}
}

func TestRetryUnits(t *testing.T) {
	t.Parallel()
	d := NewDecoder(noLimit)
	push(d, "retry: 2000\n")
	_, err := d.Next(new(Event))
	require.NoError(t, err)
	wait, ok := d.Retry()
	require.True(t, ok)
	require.Equal(t, 2*time.Second, wait)
}
