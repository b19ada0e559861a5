// Package redispacer shares the rate limit of one API key among many machines,
// through Redis.
//
//	pacer, err := redispacer.New(redisClient, key)
//	...
//	client, err := agento.New(key, agento.WithPacer(pacer))
//
// All processes that create a [Pacer] with the same key, window and prefix on the
// same Redis share one limit. One API key per replica is simpler and needs no Redis.
//
// # How it works
//
// Each call runs one script in Redis. The script grants the request, refuses it, or
// returns when to ask again. It uses only the clock of Redis. Redis counts the requests
// of the last windows in groups, at most 32 per window, so the work of the script does
// not depend on the limit. A request counts for one window, plus the longest recent
// response time, plus a thousandth of the window, so that requests that arrive late, and
// a service with a slower clock, do not cause a 429. If a request can be sent within a sixtieth
// of the window, it is granted ahead and the caller waits without asking again.
// Otherwise the call enters a queue. It asks again shortly before its time, at least
// every half window; a call that does not ask again leaves the queue.
//
// Bulk calls use at most nine tenths of the limit. While both kinds wait, chat goes
// ahead of the bulk calls of any process, and every fifth request is a bulk call.
// Within a kind, calls are sent in the order in which they first asked.
//
// The next call reports to Redis what the responses contained: the limit, a window
// shorter than expected, and the usage by other clients of the key. A 429 is
// reported at once. After a 429, and at the start, one call is sent as a probe, and
// the others wait for its response for at most a second. Calls do not wait for a
// Retry-After longer than [agento.WithRetryAfterLimit]: new calls fail at once, and
// calls in the queue fail when they ask again.
//
// # When Redis is slow or unavailable
//
// If a script takes longer than [WithTimeout], 50 ms by default, the
// process paces its calls alone, like a client without redispacer, until Redis
// replies again. Meanwhile it asks Redis four times a second while there are calls.
// No call fails because of Redis. A reply or a stored state that the script cannot
// have produced counts as a failure. A warning is logged when the process starts to
// pace alone, at most once a minute, and a record at level info when it stops;
// [WithNotify] reports both. The Redis client has its own log; see package
// github.com/redis/go-redis/v9/logging.
//
// # What is stored
//
// A few keys, named by the prefix and a hash of the API key, such as
// agento:{0123…}:state. The API key itself is stored neither in Redis nor in the
// Pacer. All keys of one API key have one hash tag, so that they are on one node of
// a Redis cluster. They expire some windows after the last call. If Redis loses
// them, the next call is sent as a probe. The package requires Redis 5 or later, and
// a user that may run EVALSHA, EVAL and the commands of the script.
package redispacer
