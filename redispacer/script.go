package redispacer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed window.lua
var windowLua string

// clockLua precedes the script. Tests replace it.
const clockLua = "local time = redis.call('TIME')\nlocal now = time[1] * 1000000 + time[2]\n"

// micros is a time or duration in microseconds, the unit of the script.
type micros int64

func microsOf(d time.Duration) micros { return micros(d.Microseconds()) }

func (m micros) duration() time.Duration { return time.Duration(m) * time.Microsecond }

type operation string

const (
	opTake   operation = "take"   // grant the request, or put it in the queue
	opDrop   operation = "drop"   // remove it from the queue
	opReport operation = "report" // only learn
)

// scriptArgs is the argument of the script.
type scriptArgs struct {
	Op      operation `json:"op"`
	ID      string    `json:"id"`
	Bulk    bool      `json:"bulk"`
	MaxWait micros    `json:"maxWait"` // reject a longer wait; negative: no limit
	MaxHold micros    `json:"maxHold"` // reject a longer Retry-After; 0: no limit
	Window  micros    `json:"window"`  // as configured
	Rejoin  bool      `json:"rejoin"`  // the process has paced alone
	findings
}

// findings are what a process has learned since it last asked.
type findings struct {
	Hold     micros     `json:"hold"`     // send no request for this long
	Ordered  micros     `json:"ordered"`  // send no request for this long, because of Retry-After
	Probed   bool       `json:"probed"`   // the probe has ended
	Unprobed bool       `json:"unprobed"` // the probe was not sent
	Unsent   int        `json:"unsent"`   // grants that used no budget
	UnsentAt micros     `json:"unsentAt"` // when the newest of them was granted
	Lag      micros     `json:"lag"`      // longest time from a grant to the response, at most about a second
	Kind     headerKind `json:"kind"`     // of the newest response
	Slot     micros     `json:"slot"`     // when its request was granted, by the clock of Redis
	Took     micros     `json:"took"`     // from then to the response
	Limit    int        `json:"limit"`
	Used     int        `json:"used"`
	AtMost   micros     `json:"atMost"`  // maximum length of the window; 0: unknown
	AtLeast  micros     `json:"atLeast"` // minimum length of the window

	holds int // number of 429s
}

type headerKind int

const (
	noResponse headerKind = iota
	withHeaders
	withoutHeaders
)

type verdict int64

const (
	granted verdict = iota + 1
	again
	refused
)

// reply is the result of the script.
type reply struct {
	verdict verdict
	wait    time.Duration // until the request may be sent, or until the script is called again
	probe   bool          // others wait for the response to this request
	lag     time.Duration
	limit   int64
	window  time.Duration
	now     micros // the clock of Redis
}

// newReply returns an error unless v is a possible reply to the operation.
func newReply(op operation, v []int64) (reply, error) {
	if len(v) != 7 || slices.Min(v) < 0 || max(v[1], v[3], v[5]) > int64(microsOf(3*longestWindow)) {
		return reply{}, fmt.Errorf("%w: %d", errBadReply, v)
	}
	r := reply{
		verdict: verdict(v[0]), wait: micros(v[1]).duration(), probe: v[2] == 1, lag: micros(v[3]).duration(),
		limit: v[4], window: micros(v[5]).duration(), now: micros(v[6]),
	}
	ok := r.window >= shortestWindow && r.window <= longestWindow && r.lag <= r.window && r.limit > 0 && r.now > 0
	switch {
	case op != opTake:
		ok = ok && r.verdict == 0
	case r.verdict == granted:
		ok = ok && r.wait <= r.window/60
	case r.verdict == again:
		ok = ok && r.wait >= time.Millisecond && r.wait <= max(time.Second, r.window/2)
	default:
		ok = ok && r.verdict == refused && r.wait > 0
	}
	if !ok {
		return reply{}, fmt.Errorf("%w: %d", errBadReply, v)
	}
	return r, nil
}

// keysOf returns the Redis keys of an API key, in the script's order.
func keysOf(prefix, apiKey string) []string {
	mac := hmac.New(sha256.New, []byte("agento rate limit"))
	mac.Write([]byte(apiKey))
	name := prefix + ":{" + hex.EncodeToString(mac.Sum(nil)[:16]) + "}:"
	return []string{name + "state", name + "chats", name + "bulks", name + "due"}
}

// runOn returns a function that runs the script on the client's Redis.
func runOn(client redis.UniversalClient, keys []string) func(context.Context, *scriptArgs) ([]int64, error) {
	script := redis.NewScript(clockLua + windowLua)
	return func(ctx context.Context, q *scriptArgs) ([]int64, error) {
		argument, err := json.Marshal(q)
		if err != nil {
			return nil, err
		}
		return script.Run(ctx, client, keys, argument).Int64Slice()
	}
}
