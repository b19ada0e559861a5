package redispacer

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

const tenYears = int64(10 * 365 * 24 * time.Hour / time.Microsecond)

// TestUnexpectedReply checks that the process paces alone after an impossible reply.
func TestUnexpectedReply(t *testing.T) {
	now := int64(1_700_000_000_000_000)
	minute := time.Minute.Microseconds()
	for _, v := range [][]int64{
		{},
		{1, 0, 0, 0, 120, minute},
		{0, 0, 0, 0, 120, minute, now},                        // no verdict
		{4, 0, 0, 0, 120, minute, now},                        // another verdict
		{1, tenYears, 0, 0, 120, minute, now},                 // granted in ten years
		{1, 2_000_000, 0, 0, 120, minute, now},                // granted in 2 s
		{1, -1, 0, 0, 120, minute, now},                       // granted in the past
		{2, 0, 0, 0, 120, minute, now},                        // ask again at once
		{2, 31_000_000, 0, 0, 120, minute, now},               // ask again after more than half the window
		{2, tenYears, 0, 0, 120, minute, now},                 // ask again in ten years
		{2, math.MaxInt64, 0, 0, 120, minute, now},            //
		{2, math.MaxInt64 / 1000 * 2, 0, 0, 120, minute, now}, // overflows a Duration
		{3, 0, 0, 0, 120, minute, now},                        // rejected without a wait
		{3, tenYears, 0, 0, 120, minute, now},                 // rejected for ten years
		{1, 0, 0, minute + 1, 120, minute, now},               // responses take longer than the window
		{1, 0, 0, 0, 0, minute, now},                          // limit
		{1, 0, 0, 0, -1, minute, now},                         //
		{1, 0, 0, 0, 120, 0, now},                             // window
		{1, 0, 0, 0, 120, tenYears, now},                      //
		{1, 0, 0, 0, 120, minute, 0},                          // clock
	} {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changes := make(chan Change, 2)
				s, err := newSettings([]Option{WithNotify(func(c Change) { changes <- c }), WithLogger(silent)})
				require.NoError(t, err)
				p := newPacer(s, func(context.Context, *scriptArgs) ([]int64, error) { return v, nil })
				begun := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				require.NoError(t, p.Acquire(ctx, agento.PaceRequest{}))
				require.Zero(t, time.Since(begun))
				require.Len(t, changes, 1)
				c := <-changes
				require.True(t, c.Alone)
				require.EqualError(t, c.Err, fmt.Sprint("unexpected reply from the script: ", v))
				time.Sleep(time.Minute)
			})
		})
	}
}

// TestUnexpectedState checks that the process paces alone if the script cannot have
// stored the state.
func TestUnexpectedState(t *testing.T) {
	client := connectTo(t, startRedis(t))
	for name, script := range map[string]string{
		"text":                `redis.call('SET', KEYS[1], 'state')`,
		"number":              `redis.call('SET', KEYS[1], 17)`,
		"empty table":         `redis.call('SET', KEYS[1], cmsgpack.pack({}))`,
		"truncated":           `redis.call('SET', KEYS[1], redis.call('GETRANGE', KEYS[1], 0, 40))`,
		"other type":          `redis.call('DEL', KEYS[1]) redis.call('RPUSH', KEYS[1], 'a')`,
		"other type of queue": `redis.call('DEL', KEYS[2]) redis.call('SET', KEYS[2], 'a')`,
		"Retry-After":         `change(function(s) s.hold = s.last + 10 * year end)`,
		"ordered":             `change(function(s) s.ordered = s.last + 10 * year end)`,
		"probe":               `change(function(s) s.probe, s.probeAt = 2, s.last + 10 * year end)`,
		"response":            `change(function(s) s.seen = s.last + 10 * year end)`,
		"request":             `change(function(s) s.at[1] = s.last + 10 * year end)`,
		"window 0":            `change(function(s) s.window = 0 end)`,
		"window of ten years": `change(function(s) s.window = 10 * year end)`,
		"window not a number": `change(function(s) s.window = 0/0 end)`,
		"limit 0":             `change(function(s) s.limit = 0 end)`,
		"limit not a number":  `change(function(s) s.limit = 'many' end)`,
		"lag of ten years":    `change(function(s) s.lag = 10 * year end)`,
		"negative lag":        `change(function(s) s.lagOld = -1 end)`,
		"negative count":      `change(function(s) s.own[1] = -1000 end)`,
		"a count is missing":  `change(function(s) s.foreign = {} end)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, changes := keysOf(name, testKey), make(chan Change, 100)
			p := newTestPacer(t, client, WithPrefix(name), WithNotify(func(c Change) { changes <- c }))
			pacedCall(t, p)
			require.NoError(t, client.Eval(t.Context(), "local year = 365 * 86400 * 1e6\n"+prepareLua+script+"\nreturn 1", keys).Err())
			c := changed(t, p, changes)
			require.True(t, c.Alone)
			require.ErrorContains(t, c.Err, "Redis cannot run the script: ")
			_, err := New(client, testKey, WithPrefix(name))
			if name != "other type of queue" { // New does not ask for a grant
				require.ErrorContains(t, err, "redispacer: Redis cannot run the script: ")
			}
			require.NoError(t, client.Del(t.Context(), keys...).Err())
			require.Eventually(t, func() bool { pacedCall(t, p); return p.shared() }, longTimeout, 10*time.Millisecond)
		})
	}
}

// TestEvictedKey checks that requests continue after Redis evicts one of the keys.
func TestEvictedKey(t *testing.T) {
	for i := range 4 {
		synctest.Test(t, func(t *testing.T) {
			w, s := newVirtualRedis(), &service{limit: 10, window: time.Minute}
			p := onVirtual(w, 0)
			fill(t, p, s)
			for k := range 20 { // of a process that ends
				_, err := w.run(t.Context(), &scriptArgs{Op: opTake, ID: fmt.Sprint(k), Bulk: k%2 == 0, MaxWait: -1, Window: microsOf(time.Minute)})
				require.NoError(t, err)
			}
			outside(func(ctx context.Context) { testClient.Del(ctx, w.keys[i]) })
			begun := time.Now()
			require.NoError(t, p.Acquire(t.Context(), agento.PaceRequest{}))
			require.Less(t, time.Since(begun), 3*time.Minute)
			require.Zero(t, w.inspect().waiting)
		})
	}
}
