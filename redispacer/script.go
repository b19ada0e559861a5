package redispacer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// The script is one text; the clock is apart so that a test can set it.
var (
	//go:embed clock.lua
	clockLua string
	//go:embed window.lua
	windowLua string
)

type verdict int64

const (
	granted verdict = iota + 1
	again
	refused
)

// operation says what is asked besides what is told.
type operation string

const (
	take operation = "take" // a place, or one in the queue
	drop operation = "drop" // gives back either
	tell operation = "tell" // nothing
)

// question is one call of the script. Durations go as microseconds.
type question struct {
	op       operation
	id       string
	bulk     bool
	patience time.Duration // longest wait of use; negative: any
	asked    int           // how often before
	window   time.Duration
	rejoin   bool          // the process has paced alone
	maxHold  time.Duration // longest wait of use for the end of what the service ordered; 0: any
	told
}

// told is what a process has learnt since it last told.
type told struct {
	holds   int           // how many led to the following; for the process alone
	hold    time.Duration // nothing may go before it is over
	ordered time.Duration // the same, as far as the service asked for it
	probed  bool          // the call that went ahead has its answer
	unsent  int           // places that were not used after all
	lag     time.Duration // longest time from a place to its answer
	kind    answerKind
	slot    int64 // by the clock of Redis, of the newest answer
	limit   int
	used    int
	took    time.Duration
	atMost  time.Duration // the window, if not 0
	atLeast time.Duration
}

type answerKind int

const (
	noAnswer answerKind = iota
	withHeaders
	withoutHeaders
)

func (q *question) args() []any {
	return []any{
		string(q.op), q.id, flag(q.bulk), micros(q.patience), q.asked, micros(q.window),
		micros(q.hold), flag(q.rejoin), flag(q.probed), q.unsent, micros(q.lag),
		int(q.kind), q.slot, q.limit, q.used, micros(q.took), micros(q.atMost), micros(q.atLeast),
		micros(q.maxHold), micros(q.ordered),
	}
}

// reply is what the script answers.
type reply struct {
	verdict verdict
	wait    time.Duration // to the turn, or until to ask again
	probe   bool          // the rest waits for the answer to this one
	lag     time.Duration // what Redis knows of it
	limit   int
	window  time.Duration
	now     int64 // the clock of Redis
}

func parseReply(v []int64, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	if len(v) != 7 {
		return reply{}, fmt.Errorf("the script answered %d numbers", len(v))
	}
	return reply{
		verdict: verdict(v[0]), wait: fromMicros(v[1]), probe: v[2] == 1, lag: fromMicros(v[3]),
		limit: int(v[4]), window: fromMicros(v[5]), now: v[6],
	}, nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// micros rounds up: who waits so long is not early.
func micros(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}

func fromMicros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// keysOf names the Redis keys of an API key, in the order of the script.
func keysOf(prefix, apiKey string) []string {
	mac := hmac.New(sha256.New, []byte("agento rate limit"))
	mac.Write([]byte(apiKey))
	name := prefix + ":{" + hex.EncodeToString(mac.Sum(nil)[:16]) + "}:"
	keys := []string{"state", "used", "bulk", "guess", "chats", "bulks", "due"}
	for i := range keys {
		keys[i] = name + keys[i]
	}
	return keys
}

// runOn returns the function that runs the script on a Redis: EVALSHA, and EVAL
// where it does not know the script yet.
func runOn(client redis.UniversalClient, clock string, keys []string) func(context.Context, *question) (reply, error) {
	script := redis.NewScript(clock + windowLua)
	return func(ctx context.Context, q *question) (reply, error) {
		return parseReply(script.Run(ctx, client, keys, q.args()...).Int64Slice())
	}
}
