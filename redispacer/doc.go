// Package redispacer shares the rate limit of one API key among many machines,
// through Redis.
//
//	pacer, err := redispacer.New(redisClient, key)
//	...
//	client, err := agento.New(key, agento.WithPacer(pacer))
//
// All processes that make a [Pacer] of the same key, window and prefix on the
// same Redis draw on one budget. One key per replica is simpler, and needs no
// Redis.
//
// # How it works
//
// Redis keeps the times at which places in the key's window were taken, and who
// waits. One script a call, which Redis runs as a whole, takes a place or tells
// when to ask again, by the clock of Redis alone. A place comes back one window,
// the longest answer time of late and a thousandth of the window after it was
// taken: so a request that arrived late, and clocks that run unequally, lead to
// no 429. A place that comes back within a sixtieth of the window is given out
// ahead of its time, and the caller waits for it without asking again. Whoever
// has longer to wait keeps a place in the queue and asks again shortly before
// the turn, at least each half window; one that does not come loses it.
//
// Bulk calls together have nine tenths of the limit, the last tenth is for
// others. Of two classes that wait, others go before the bulk calls of any
// process; bulk has every fifth turn. Within a class turns are in order of
// arrival at Redis.
//
// What the answers of the service tell goes to Redis with the next call: the
// limit, a window that is shorter than believed, and how much others use who
// are not known to Redis. A 429, and what cannot wait, is told at once. After a
// 429, and when nothing is known, one call goes ahead to see how things stand,
// and the rest waits for its answer, at most a second. A Retry-After that lets
// nobody pass for longer than [agento.WithRetryAfterLimit] is not waited for: calls
// are refused at once, and those in the queue when they ask again.
//
// # When Redis is slow or away
//
// A call waits for Redis no longer than [WithTimeout], 50 ms by default. Then the
// calls of the process are paced among themselves, as by a client without
// redispacer, until Redis answers again; it is asked four times a second, and only
// while there are calls. No call fails for it. Redis is believed to be well again
// when it runs the script. A warning tells of the beginning, at most once a
// minute, and a record at level info of the end; [WithNotify] of both. The Redis
// client writes a log of its own, see its package logging.
//
// # What is stored
//
// A few keys that begin with the prefix and a hash of the API key, as in
// agento:{0123…}:used. The API key itself is stored nowhere, neither in Redis nor in
// the Pacer. All keys of one API key have one hash tag, so a Redis cluster keeps
// them together. They expire by themselves some windows after the last call. A
// Redis that loses them only makes the next calls careful. Redis 5 or later is
// needed, and a user that may run EVALSHA and EVAL and the commands of the script.
package redispacer
