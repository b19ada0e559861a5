// Package pace decides when each call of a client may go, so that all of them
// together use the whole rate limit of their API key and do not exceed it.
//
// # What is counted
//
// The service counts requests in a window. A [Pacer] keeps the times at which
// it granted its own (ledger). A request counts when it arrives, between its
// grant and its answer, so it has surely left the window one window plus the
// longest answer time of late after its grant. This is right whether the
// window slides or begins with its first request, and needs no clock but ours.
// So a client that is alone with its key depends on no header but
// X-RateLimit-Limit: it may go as long as fewer than the limit are counted.
//
// The headers tell of others who use the key. What the service counts beyond
// our own is foreign; what it does not count of ours has left. Answers come
// out of order and requests are in flight, so a client believes itself alone
// as long as its own requests can explain the number. Reset minus Date, both
// in whole seconds of a clock that may be wrong, is used in three ways only:
// the first request of a window has all of it ahead, which tells its length;
// by Reset at least one request has left; and where Reset does not move with
// each request, nothing older than the window before it is counted.
//
// # When budget is gone
//
// Callers queue by class, and one timer wakes the head; of two classes that
// both wait, bulk has every fifth turn, and alone it leaves a tenth of the limit
// free for the window. Who shares the key gets no such tenth. The queue drains
// slowly at first when budget comes back, so that clients which do not know of
// each other meet in their headers rather than in a burst of 429s. That costs
// a lone client seven seconds at its very end, and nothing in between, since
// places come back as they were taken. Every few minutes it also comes a second
// late for a window, to let in who waits for a place. After a 429 nothing goes
// before its time, and then one call to see; so begins a fresh client, too.
//
// # Sharing
//
// Clients that compete for a key divide it as people do seats: a place that
// was ours is ours again when it comes back, and a place that was others' is
// left to them for a moment. So nobody is refused once all are seated. Free
// places are taken the later the more a client has, and the last of them only
// up to an equal share: so shares become equal without anybody knowing how
// many there are. The last places of a share are taken late, to see what the
// others do while nothing else is sent.
//
// Times inside are nanoseconds since the Pacer was made, of the monotonic
// clock. A service that answers without headers is not paced: only its 429s
// are obeyed.
package pace
