package redispacer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// testClock stands for clock.lua: the time is what the last argument says.
const testClock = "local now = tonumber(ARGV[#ARGV])\n"

// TestScriptAndTwin asks the script and its twin the same questions at the same
// times, and wants the same answers.
func TestScriptAndTwin(t *testing.T) {
	client := connectTo(t, startRedis(t))
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g := &questions{Rand: rand.New(rand.NewPCG(seed, 0)), now: 1_800_000_000_000_000}
			g.limit = []int{1, 7, 30}[seed%3]
			g.window = []time.Duration{time.Second, 5 * time.Second, time.Minute}[seed/3%3]
			w := newTwin()
			w.clock = func() int64 { return g.now }
			run := scriptAt(client, keysOf("agento", fmt.Sprint(seed)), &g.now)
			seen := make(map[verdict]int)
			for i := range 1500 {
				q := g.next()
				want, err := w.run(t.Context(), q)
				require.NoError(t, err)
				got, err := run(t.Context(), q)
				require.NoError(t, err)
				require.Equal(t, want, got, "question %d: %+v", i, *q)
				g.learn(q, got)
				seen[got.verdict]++
			}
			for _, v := range []verdict{granted, again, refused} {
				require.GreaterOrEqual(t, seen[v], 5, "verdict %d", v)
			}
		})
	}
}

// scriptAt runs the script at the given times.
func scriptAt(client redis.UniversalClient, keys []string, now *int64) func(context.Context, *question) (reply, error) {
	script := redis.NewScript(testClock + windowLua)
	return func(ctx context.Context, q *question) (reply, error) {
		return parseReply(script.Run(ctx, client, keys, append(q.args(), *now)...).Int64Slice())
	}
}

// questions makes up what callers might ask, in any order.
type questions struct {
	*rand.Rand
	now     int64
	limit   int
	window  time.Duration
	n       int
	waiting []*question
	granted []string
}

func (g *questions) next() *question {
	g.advance()
	q := &question{op: take, patience: -1, window: g.window}
	switch k := g.IntN(20); {
	case k < 2:
		q.op = tell
		q.rejoin = g.IntN(8) == 0
	case k == 2 && len(g.granted) > 0:
		q.op, q.id = drop, g.granted[g.IntN(len(g.granted))]
	case k == 3 && len(g.waiting) > 0:
		q.op, q.id = drop, g.waiting[g.IntN(len(g.waiting))].id
	case k == 4 && len(g.granted) > 0:
		q.id = g.granted[g.IntN(len(g.granted))] // the same question once more
	case k < 12 && len(g.waiting) > 0:
		w := g.waiting[g.IntN(len(g.waiting))]
		q.id, q.bulk, q.asked = w.id, w.bulk, w.asked+1
	default:
		g.n++
		q.id, q.bulk = fmt.Sprint("c", g.n), g.IntN(2) == 0
	}
	if g.IntN(4) == 0 {
		q.patience = g.some(2 * g.window)
	}
	if g.IntN(4) == 0 {
		q.maxHold = g.some(g.window / 8)
	}
	if g.IntN(200) == 0 {
		q.window = g.window / 2 // a replica that is told something else
	}
	g.tell(&q.told)
	return q
}

func (g *questions) some(d time.Duration) time.Duration {
	return time.Duration(g.Int64N(int64(d))).Truncate(time.Microsecond)
}

func (g *questions) advance() {
	switch k := g.IntN(300); {
	case k == 0:
		g.now -= g.some(3 * g.window).Microseconds() // the clock was set back
	case k == 1:
		g.now += g.some(4 * g.window).Microseconds()
	case k < 100: // several at one instant
	default:
		g.now += g.some(g.window / time.Duration(g.limit)).Microseconds()
	}
}

func (g *questions) tell(t *told) {
	if g.IntN(3) > 0 {
		return
	}
	t.probed = g.IntN(2) == 0
	t.slot = g.now - g.some(g.window/10).Microseconds()
	t.lag = g.some(g.window / 100)
	if g.IntN(100) == 0 {
		t.lag = g.some(2 * g.window)
	}
	t.took = g.some(g.window / 50)
	t.unsent = max(0, g.IntN(10)-7)
	switch g.IntN(30) {
	case 0:
		t.hold = g.some(g.window / 4)
		t.ordered = t.hold * time.Duration(g.IntN(2))
	case 1:
		t.atMost = g.window * 3 / 4
	case 2:
		t.atLeast = g.window * 2
	}
	switch g.IntN(10) {
	case 0:
	case 1:
		t.kind = withoutHeaders
	default:
		t.kind, t.limit, t.used = withHeaders, g.limit, g.IntN(g.limit+1)
	}
}

// learn keeps who waits and who went.
func (g *questions) learn(q *question, r reply) {
	if q.op != take {
		return
	}
	for i, w := range g.waiting {
		if w.id == q.id {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			break
		}
	}
	switch r.verdict {
	case again:
		g.waiting = append(g.waiting, q)
	case granted:
		g.granted = append(g.granted, q.id)
		if len(g.granted) > 20 {
			g.granted = g.granted[1:]
		}
	}
}
