package redispacer

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// The limits of one run of the script.
const (
	mostCommands = 18
	mostState    = 8 << 10 // bytes of the state, which the script loads and stores as a whole
)

// TestScriptWorkLimited runs the script on headers, arguments and states of any size.
func TestScriptWorkLimited(t *testing.T) {
	server := startRedis(t)
	for name, test := range workCases() {
		t.Run(name, func(t *testing.T) {
			w := newWorkload(t, server.Addr, keysOf("agento", name))
			for i := range 20 {
				w.ask(t, &scriptArgs{Op: opTake, ID: fmt.Sprint("first", i), Bulk: i%2 == 0})
			}
			w.took = nil
			if test.prepare != nil {
				test.prepare(t, w)
			}
			waits := w.ping(t)
			for i, n := range test.findings {
				for k, op := range []operation{opReport, opTake, opTake, opDrop, opTake} {
					w.ask(t, &scriptArgs{Op: op, ID: fmt.Sprint("next", i, k/2), Bulk: i%2 == 0, findings: n})
				}
			}
			longest := waits()
			require.NotEmpty(t, w.took)
			t.Logf("%d runs: at most %v, median %v; the other client waited at most %v",
				len(w.took), slices.Max(w.took), median(w.took), longest)
		})
	}
}

type workCase struct {
	prepare  func(*testing.T, *workload)
	findings []findings
}

func workCases() map[string]workCase {
	cases := make(map[string]workCase)
	for _, limit := range []int{1e3, 1e4, 1e5, 1e6, 1e9, math.MaxInt >> 10, math.MaxInt} {
		response := func(used int) findings { return findings{Kind: withHeaders, Limit: limit, Used: used, Took: 1000} }
		cases[fmt.Sprint("limit ", limit)] = workCase{findings: []findings{
			response(limit), response(0), response(limit - limit/3), response(limit / 2), response(1), response(limit),
		}}
		cases[fmt.Sprint("remaining -1 of ", limit)] = workCase{findings: []findings{response(limit), response(min(limit, math.MaxInt-1) + 1)}}
	}
	some := []findings{
		{Kind: withHeaders, Limit: 1000, Used: 1000, Took: 1000, Slot: micros(time.Now().Add(-30 * time.Second).UnixMicro())},
		{Kind: withHeaders, Limit: 1000, Used: 1000, Took: 1000},
		{Kind: withHeaders, Limit: 1000, Took: 1000},
	}
	for _, n := range []micros{math.MinInt64, -1, math.MaxInt64} {
		cases[fmt.Sprint("arguments ", int64(n))] = workCase{findings: append([]findings{
			{Unsent: int(n), UnsentAt: n},
			{Hold: n, Ordered: n, Lag: n, Probed: true, Unprobed: true},
			{Kind: withHeaders, Limit: int(n), Used: int(n), Slot: n, Took: n, AtMost: n, AtLeast: n},
			{Kind: withoutHeaders, Slot: n},
		}, some...)}
	}
	for name, script := range workStates {
		cases[name] = workCase{findings: some, prepare: func(t *testing.T, w *workload) {
			require.NoError(t, w.client.Eval(t.Context(), prepareLua+script+"\nreturn 1", w.keys).Err())
		}}
	}
	return cases
}

// workStates are scripts that prepare the state and the queue.
var workStates = map[string]string{
	"full state":            `change(function(s) s.seen = 0 fill(s, 4) end)`,
	"full of new groups":    `change(function(s) s.seen = 0 fill(s, 1 / 4) end)`,
	"50,000 calls wait":     `queue(4e15)`,
	"50,000 calls are gone": `queue(1)`,
	"50,000 calls wait, the clock is set back": `
			queue(4e15)
			change(function(s) s.last = s.last + 1e12 end)`,
	"state of 10 MB": `redis.call('SET', KEYS[1], string.rep('\192', 1e7))`,
	"state of 10^5 groups": `
			change(function(s)
				for _, list in ipairs({s.at, s.own, s.bulk, s.foreign}) do for i = 1, 1e5 do list[i] = 1 end end
			end)`,
}

const prepareLua = `
	local function change(f)
		local s = cmsgpack.unpack(redis.call('GET', KEYS[1]))
		f(s)
		redis.call('SET', KEYS[1], cmsgpack.pack(s))
	end
	local function fill(s, windows)
		s.lag, s.lagEnd = s.window, s.last + s.window
		for i = 1, 150 do
			s.at[i] = s.last - math.floor((150 - i) * windows * s.window / 150)
			s.own[i], s.bulk[i], s.foreign[i] = 2 ^ 40, 2 ^ 39, 2 ^ 40
		end
	end
	local function queue(score)
		for i = 1, 50 do
			local added = {}
			for k = 1, 2000, 2 do added[k], added[k + 1] = score, i .. '-' .. k end
			for _, key in ipairs({KEYS[2], KEYS[4]}) do redis.call('ZADD', key, unpack(added)) end
		end
	end
`

// workload asks the script and counts its work.
type workload struct {
	client *redis.Client
	keys   []string
	run    func(context.Context, *scriptArgs) ([]int64, error)
	took   []time.Duration // time of each run in the server
}

func newWorkload(t *testing.T, addr string, keys []string) *workload {
	client := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: time.Minute, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	require.NoError(t, client.ConfigSet(t.Context(), "slowlog-log-slower-than", "0").Err())
	return &workload{client: client, keys: keys, run: runOn(client, keys)}
}

func (w *workload) ask(t *testing.T, q *scriptArgs) {
	t.Helper()
	q.Window, q.MaxWait = microsOf(time.Minute), -1
	if q.Slot == 0 {
		q.Slot = micros(w.client.Time(t.Context()).Val().UnixMicro())
	}
	before := w.commands(t)
	_, err := w.run(t.Context(), q)
	if err != nil {
		require.NotEmpty(t, errorReply(err), err) // an error of Redis, not a timeout
		require.NotContains(t, err.Error(), "user_script")
	}
	require.LessOrEqual(t, w.commands(t)-before, mostCommands)
	if err == nil {
		require.LessOrEqual(t, w.client.StrLen(t.Context(), w.keys[0]).Val(), int64(mostState))
	}
	for _, l := range w.client.SlowLogGet(t.Context(), 20).Val() {
		if l.Args[0] == "evalsha" {
			w.took = append(w.took, l.Duration)
			break
		}
	}
}

var calls = regexp.MustCompile(`cmdstat_([a-z|]+):calls=(\d+)`)

// commands returns the number of commands that Redis has executed, also for scripts.
func (w *workload) commands(t *testing.T) (n int) {
	t.Helper()
	for _, m := range calls.FindAllStringSubmatch(w.client.Info(t.Context(), "commandstats").Val(), -1) {
		if !strings.HasPrefix(m[1], "ping") && m[1] != "info" {
			c, err := strconv.Atoi(m[2])
			require.NoError(t, err)
			n += c
		}
	}
	return n
}

// ping sends PINGs from another client until the returned function is called, which
// returns the longest time that one took.
func (w *workload) ping(t *testing.T) func() time.Duration {
	other := redis.NewClient(w.client.Options())
	require.NoError(t, other.Ping(t.Context()).Err()) // connects, with commands that would count later
	stop, done := make(chan struct{}), make(chan struct{})
	var longest time.Duration
	go func() {
		defer close(done)
		defer other.Close()
		for {
			begun := time.Now()
			other.Ping(t.Context())
			longest = max(longest, time.Since(begun))
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	return func() time.Duration { close(stop); <-done; return longest }
}

func median(d []time.Duration) time.Duration { return slices.Sorted(slices.Values(d))[len(d)/2] }
