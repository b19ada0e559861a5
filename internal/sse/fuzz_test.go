package sse

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecoder compares the decoder with the reference over two connections. The seed
// determines the splits and the limit.
func FuzzDecoder(f *testing.F) {
	for i, c := range cases {
		if len(c.input) < 1<<10 {
			f.Add([]byte(c.input), uint64(i))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		input := string(in)
		limit := noLimit
		if seed%2 == 1 {
			limit = rand.New(rand.NewPCG(seed, 0)).IntN(len(input) + 8)
		}
		d := NewDecoder(limit)
		want := reference(input, limit, memory{})
		requireSame(t, want, decode(t, d, input, pieces(seed)), "limit %d", limit)

		d.Reset()
		want = reference(input, limit, want.memory)
		requireSame(t, want, decode(t, d, input, pieces(seed+1)), "limit %d, second connection", limit)

		require.LessOrEqual(t, d.held(), 8<<10+4*len(input), "the buffer doubles, and an ID is a copy")
		if len(input) <= 64 {
			requirePrefixes(t, input, limit)
		}
	})
}
