package pace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLedger compares the ledger with a plain list of requests.
func TestLedger(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	type request struct {
		at   int64
		bulk bool
	}
	var l ledger
	var list, expired []request
	count := func(list []request, match func(request) bool) (n int) {
		for _, r := range list {
			if match(r) {
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
			upTo := now - rnd.Int64N(1000)
			l.expire(upTo)
			i := slices.IndexFunc(list, func(r request) bool { return r.at > upTo })
			if i < 0 {
				i = len(list)
			}
			expired, list = append(expired, list[:i]...), list[i:]
		case 1:
			k := rnd.IntN(4)
			l.drop(k)
			list = list[min(k, len(list)):]
		case 2:
			at := now - rnd.Int64N(100)
			l.remove(at)
			for i := len(list) - 1; i >= 0; i-- {
				if list[i].at <= at {
					list = slices.Delete(slices.Clone(list), i, i+1)
					break
				}
			}
		default:
			bulk := rnd.IntN(3) == 0
			l.add(now, 0, bulk)
			list = append(list, request{now, bulk})
		}
		require.Equal(t, len(list), l.n, "step %d", step)
		require.Equal(t, count(list, func(r request) bool { return r.bulk }), l.bulk, "step %d", step)
		a := now - rnd.Int64N(800)
		after := func(r request) bool { return r.at > a }
		require.Equal(t, count(list, after)+count(expired, after), l.after(a), "step %d", step)
		if len(list) > 0 {
			k := rnd.IntN(len(list))
			require.Equal(t, list[k].at, l.granted(k), "step %d", step)
		}
	}
}

// TestLedgerShares checks that requests in one slot count until the last one expires.
func TestLedgerShares(t *testing.T) {
	var l ledger
	for at := range int64(100_000) {
		l.add(at, 500, at%2 == 0)
	}
	require.Equal(t, 100_000, l.n)
	require.Equal(t, 50_000, l.bulk)
	l.drop(99_000)
	require.Equal(t, 1000, l.n)
	require.InDelta(t, 500, l.bulk, 1)
	l.expire(99_998)
	require.Positive(t, l.n)
	l.expire(99_999 + 500)
	require.Zero(t, l.n)
	require.Zero(t, l.bulk)
	require.Zero(t, l.granted(0))
}

// TestLedgerFull checks that the newest slot is shared when all are used.
func TestLedgerFull(t *testing.T) {
	var l ledger
	for at := range int64(100_000) {
		l.add(at, 0, false)
	}
	require.Equal(t, 100_000, l.n)
	l.expire(99_998)
	require.Equal(t, 100_000-maxSlots+1, l.n)
	l.expire(99_999)
	require.Zero(t, l.n)
}

// TestLedgerRemove checks that removed requests use no slots.
func TestLedgerRemove(t *testing.T) {
	var l ledger
	l.add(1, 0, false)
	for at := int64(2); at < 10*maxSlots; at++ {
		l.add(at, 0, false)
		l.remove(at)
	}
	require.Equal(t, 1, l.n)
	require.Equal(t, uint(1), l.tail-l.head)
}
