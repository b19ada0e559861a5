// Package redispacer shares the rate limit of one API key among many machines,
// through Redis.
//
//	pacer, err := redispacer.New(redisClient, key)
//	...
//	client, err := agento.New(key, agento.WithPacer(pacer))
//
// All processes that make a [Pacer] with the same key, window and prefix on the
// same Redis share one limit. One key per replica is simpler, and needs no Redis.
//
// # How it works
//
// For each call one script runs in Redis. It grants the request or says when to ask
// again, by the clock of Redis alone. Redis counts the requests of the last windows
// in groups, at most 32 per window, so the work of the script does not depend on the
// limit. A request counts for one window, plus the longest recent response time, plus
// a thousandth of the window: requests that arrive late, and clocks that run
// differently, lead to no 429. A request that can be sent within a sixtieth of the
// window is granted ahead, and the caller waits without asking again. A call with
// longer to wait enters a queue. It asks again shortly before its time, at least every
// half window; a call that does not ask again leaves the queue.
//
// Bulk calls use at most nine tenths of the limit. While both kinds wait, chat goes
// ahead of the bulk calls of any process, and every fifth request is a bulk call.
// Within a kind, calls are sent in the order in which they first asked.
//
// The next call reports to Redis what the responses say: the limit, a window
// shorter than expected, and how much other clients of the key use. A 429 is
// reported at once. After a 429, and when nothing is known, one call is sent as a
// probe, and the others wait for its response for at most a second. A Retry-After
// longer than [agento.WithRetryAfterLimit] is not waited for: new calls fail at once,
// and calls in the queue fail when they ask again.
//
// # When Redis is slow or unavailable
//
// A call waits for Redis no longer than [WithTimeout], 50 ms by default. Then the
// process paces its calls alone, as a client without redispacer does, until Redis
// replies again. Meanwhile it asks Redis four times a second while there are calls.
// No call fails because of Redis. A reply or a stored state that the script cannot
// have produced counts as a failure. A warning is logged at the start, at most once a
// minute, and a record at level info at the end; [WithNotify] reports both. The Redis
// client has a log of its own, see its package logging.
//
// # What is stored
//
// A few keys, named by the prefix and a hash of the API key, such as
// agento:{0123…}:state. The API key itself is not stored, neither in Redis nor in
// the Pacer. All keys of one API key have one hash tag, so that a Redis cluster keeps
// them together. They expire some windows after the last call. If Redis loses them,
// the next call is sent as a probe. Redis 5 or later is required, and a user that
// may run EVALSHA, EVAL and the commands of the script.
package redispacer
