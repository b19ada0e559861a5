package redispacer

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// virtualRedis is a key on the tests' Redis server, with the clock of a synctest
// bubble. That clock does not advance while the script runs.
type virtualRedis struct {
	begun time.Time
	keys  []string

	mu    sync.Mutex
	asked map[operation]int
}

const (
	probeSettled = iota
	probeWanted
	probeSent
)

// testClock replaces clockLua: the second argument is the time.
const testClock = "local now = tonumber(ARGV[2])\n"

var (
	testClient  *redis.Client
	testScript  = redis.NewScript(testClock + windowLua)
	virtualKeys atomic.Int64
)

func newVirtualRedis() *virtualRedis {
	key := fmt.Sprint("virtual ", virtualKeys.Add(1))
	return &virtualRedis{begun: time.Now(), keys: keysOf("agento", key), asked: make(map[operation]int)}
}

// onVirtual returns a Pacer on a virtualRedis with a round-trip time.
func onVirtual(w *virtualRedis, trip time.Duration, opts ...Option) *Pacer {
	s, err := newSettings(append([]Option{WithLogger(silent)}, opts...))
	if err != nil {
		panic(err)
	}
	return newPacer(s, func(ctx context.Context, q *scriptArgs) ([]int64, error) {
		time.Sleep(trip / 2)
		v, err := w.run(ctx, q)
		time.Sleep(trip / 2)
		return v, err
	})
}

func (w *virtualRedis) now() int64 { return 1_700_000_000_000_000 + time.Since(w.begun).Microseconds() }

func (w *virtualRedis) run(_ context.Context, q *scriptArgs) (v []int64, err error) {
	argument, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[q.Op]++
	now := w.now()
	outside(func(ctx context.Context) {
		v, err = testScript.Run(ctx, testClient, w.keys, argument, now).Int64Slice()
	})
	return v, err
}

// deleteKeys deletes the keys, as a restart of Redis does.
func (w *virtualRedis) deleteKeys() {
	outside(func(ctx context.Context) { testClient.Del(ctx, w.keys...) })
}

// snapshot is the result of inspect.
type snapshot struct {
	hold, probe, window, limit int64
	own, foreign, waiting      int
	takes, reports             int
	oldest                     time.Duration // age of the oldest request that is counted
}

var lookScript = redis.NewScript(`
	local state = redis.call('GET', KEYS[1])
	local s = state and cmsgpack.unpack(state) or {hold = 0, probe = 0, window = 0, limit = 0, own = {}, foreign = {}, at = {}}
	local own, foreign = 0, 0
	for i, n in ipairs(s.own) do own, foreign = own + n, foreign + s.foreign[i] end
	return {s.hold, s.probe, s.window, s.limit, own, foreign, redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]), s.at[1] or 0}`)

func (w *virtualRedis) inspect() snapshot {
	var v []int64
	outside(func(ctx context.Context) {
		var err error
		if v, err = lookScript.Run(ctx, testClient, w.keys).Int64Slice(); err != nil {
			panic(err)
		}
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	return snapshot{
		hold: v[0], probe: v[1], window: v[2], limit: v[3], own: int(v[4]), foreign: int(v[5]), waiting: int(v[6]),
		oldest: micros(w.now() - v[7]).duration(), takes: w.asked[opTake], reports: w.asked[opReport],
	}
}

// helper runs functions on a goroutine outside of the synctest bubbles.
type helper struct {
	jobs chan func(context.Context)
	done chan struct{}
}

var helpers = make(chan *helper, 4)

func newHelper() *helper {
	h := &helper{make(chan func(context.Context)), make(chan struct{})}
	go func() {
		for job := range h.jobs {
			job(context.Background())
			h.done <- struct{}{}
		}
	}()
	return h
}

// outside runs a function outside of the caller's bubble, whose clock does not advance.
func outside(job func(context.Context)) {
	h := <-helpers
	h.jobs <- job
	<-h.done
	helpers <- h
}
