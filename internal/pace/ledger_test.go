package pace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The ledger against a plain list, with requests that each have a time of their own.
func TestLedger(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	type request struct {
		at   int64
		bulk bool
	}
	var l ledger
	var list []request
	bulks := func() (n int) {
		for _, r := range list {
			if r.bulk {
				n++
			}
		}
		return n
	}
	now := int64(1000)
	for step := range 20_000 {
		now += 1 + rnd.Int64N(5)
		switch rnd.IntN(8) {
		case 0:
			upTo := now - rnd.Int64N(2000)
			l.expire(upTo)
			list = slices.DeleteFunc(list, func(r request) bool { return r.at <= upTo })
		case 1:
			k := rnd.IntN(4)
			l.drop(k)
			list = list[min(k, len(list)):]
		case 2:
			at := now - rnd.Int64N(100)
			l.remove(at)
			for i := len(list) - 1; i >= 0; i-- {
				if list[i].at <= at {
					list = slices.Delete(list, i, i+1)
					break
				}
			}
		default:
			bulk := rnd.IntN(3) == 0
			l.add(now, 0, bulk)
			list = append(list, request{now, bulk})
		}
		require.Equal(t, len(list), l.n, "step %d", step)
		require.Equal(t, bulks(), l.bulk, "step %d", step)
		a := now - rnd.Int64N(2000)
		b := a + rnd.Int64N(2000)
		n := 0
		for _, r := range list {
			if a < r.at && r.at <= b {
				n++
			}
		}
		require.Equal(t, n, l.between(a, b), "step %d", step)
		if len(list) > 0 {
			k := rnd.IntN(len(list))
			require.Equal(t, list[k].at, l.leaves(k), "step %d", step)
		}
	}
	require.LessOrEqual(t, len(l.ring), maxSlots)
}

// Shared slots count all of their requests, as long as the last of them counts.
func TestLedgerShares(t *testing.T) {
	var l ledger
	for at := range int64(100_000) {
		l.add(at, 50, at%2 == 0)
	}
	require.Equal(t, 100_000, l.n)
	require.Equal(t, 50_000, l.bulk)
	require.LessOrEqual(t, len(l.ring), maxSlots)
	l.drop(99_000)
	require.Equal(t, 1000, l.n)
	require.InDelta(t, 500, l.bulk, 1)
	l.expire(99_998)
	require.Positive(t, l.n)
	l.expire(99_999)
	require.Zero(t, l.n)
	require.Zero(t, l.bulk)
	require.Zero(t, l.leaves(0))
}

func TestLedgerRemembersWhatExpired(t *testing.T) {
	var l ledger
	for at := range int64(10) {
		l.add(at, 0, false)
	}
	l.expire(6)
	require.Equal(t, 3, l.recent(3))
	require.Equal(t, 7, l.recent(-1))
	l.drop(2)
	require.Equal(t, 3, l.recent(3), "what was dropped did not expire")
}
