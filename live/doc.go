// Package live tests the SDK against the real service, or against whatever
// AGENTO_BASE_URL names:
//
//	AGENTO_API_KEY=… go test -tags live -v ./live
//
// It only reads, unless AGENTO_LIVE_WRITE is 1: then it makes one agent, one swarm
// and one custom skill, whose names begin with "agento-go-live-", does with them
// all that the API can, and removes them, also after a failure and on Ctrl-C. What
// a run that was killed has left behind goes at the beginning of the next one. So
// one run at a time: two in one account take each other's things away.
//
// The agent needs the credential of a language model to answer: it takes
// ANTHROPIC_API_KEY, and something made up without it.
//
// Each operation comes out as confirmed, refuted or unknown, in the same form as
// the comparison with the service's document; AGENTO_LIVE_REPORT names a file for
// it, which is JSON if the name ends in .json. A refuted operation fails the test.
package live
