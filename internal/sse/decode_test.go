package sse

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noLimit is larger than any event of a test.
const noLimit = 1 << 24

// split returns the maximum length of the next piece.
type split func() int

func whole() int { return noLimit }

func byByte() int { return 1 }

// pieces returns a random split: mostly short pieces, some long ones.
func pieces(seed uint64) split {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	longest := 1 + r.IntN(64)
	return func() int {
		if r.IntN(16) == 0 {
			return 1 + r.IntN(4<<10)
		}
		return 1 + r.IntN(longest)
	}
}

// decode feeds input to a decoder and returns the outcome.
func decode(tb testing.TB, d *Decoder, input string, next split) (out outcome) {
	tb.Helper()
	for {
		out.take(tb, d)
		if input == "" {
			break
		}
		free := d.Buffer()
		if len(free) == 0 {
			tb.Fatal("no free space")
		}
		n := copy(free, input[:min(next(), len(input))])
		d.Advance(n)
		input = input[n:]
	}
	out.observe(d)
	return out
}

// take adds the complete events.
func (o *outcome) take(tb testing.TB, d *Decoder) {
	tb.Helper()
	var e Event // one for all, as in use
	for {
		ok, err := d.Next(&e)
		if !ok {
			o.tooLarge = errors.Is(err, ErrTooLarge)
		}
		if err != nil && !o.tooLarge || ok && err != nil {
			tb.Fatalf("event %t, error %v", ok, err)
		}
		if !ok {
			return
		}
		o.events = append(o.events, event{string(e.ID), string(e.Type), string(e.Data), e.Named})
	}
}

func (o *outcome) observe(d *Decoder) {
	o.pending = d.Pending()
	o.id = d.LastEventID()
	o.retry, o.hasRetry = d.Retry()
}

// requireSame is like require.Equal, but fast if both are equal.
func requireSame(tb testing.TB, want, got outcome, message string, args ...any) {
	tb.Helper()
	if !slices.Equal(want.events, got.events) || want.pending != got.pending ||
		want.tooLarge != got.tooLarge || want.memory != got.memory {
		require.Equal(tb, want, got, append([]any{message}, args...)...)
		tb.Fatalf("not the same: "+message, args...)
	}
}

// requireReference feeds input in several ways and compares with the reference.
func requireReference(t *testing.T, input string, limit int) {
	t.Helper()
	want := reference(input, limit, memory{})
	requireSame(t, want, decode(t, NewDecoder(limit), input, whole), "whole")
	requireSame(t, want, decode(t, NewDecoder(limit), input, byByte), "byte by byte")
	seeds := uint64(8)
	if len(input) > 10<<10 {
		seeds = 2
	}
	for seed := range seeds {
		requireSame(t, want, decode(t, NewDecoder(limit), input, pieces(seed)), "pieces, seed %d", seed)
	}
	if len(input) <= 256 {
		requirePrefixes(t, input, limit)
	}
}

// requirePrefixes compares with the reference after every byte: each event is returned at
// the byte that completes it, and the stream may end anywhere.
func requirePrefixes(t *testing.T, input string, limit int) {
	t.Helper()
	d := NewDecoder(limit)
	var got outcome
	for i := range len(input) {
		copy(d.Buffer(), input[i:i+1])
		d.Advance(1)
		got.take(t, d)
		got.observe(d)
		requireSame(t, reference(input[:i+1], limit, memory{}), got, "after %q", input[:i+1])
	}
}

// feed feeds input in pieces of at most piece bytes and returns the number of events.
func feed(tb testing.TB, d *Decoder, input []byte, piece int) (events int) {
	for len(input) > 0 {
		n := copy(d.Buffer(), input[:min(piece, len(input))])
		d.Advance(n)
		input = input[n:]
		for {
			ok, err := d.Next(new(Event))
			if err != nil {
				tb.Fatal(err)
			}
			if !ok {
				break
			}
			events++
		}
	}
	return events
}

// TestEveryPrefix checks that an event is returned at its blank line, even after a CR.
func TestEveryPrefix(t *testing.T) {
	t.Parallel()
	for _, input := range []string{
		"\uFEFFevent: a\r\nid: 1\r\ndata: x\r\n\r\n: c\r\ndata: y\r\rdata: z\n\nid: 2\n\nid: 3\ndata",
		"\r\n\rdata\r\r\n\ndata:\r\ndata: \r\n\rretry: 10\r\r",
		"\uFEFF\uFEFFdata: x\n\n\uFEFFdata: y\n\n",
		"data: Grüße, 世界 🌍\r\rdata: \xff\xfe\x00\n\n",
	} {
		requirePrefixes(t, input, noLimit)
		requirePrefixes(t, strings.ReplaceAll(input, "\n", "\r"), noLimit)
	}
}
