// Package live tests the SDK against the real service, or against the one that
// AGENTO_BASE_URL names:
//
//	AGENTO_API_KEY=… go test -tags live -v ./live
//
// It only reads, unless AGENTO_LIVE_WRITE is 1. Then it creates one agent, one swarm
// and one custom skill whose names begin with "agento-go-live-", calls every operation
// on them, and removes them, also after a failure and on Ctrl-C. The next run removes
// what a killed run left behind, so do not start two runs in one account at a time. A
// run that cannot find or remove such leftovers does not write.
//
// The agent needs the credential of a language model to reply: ANTHROPIC_API_KEY, or a
// made-up one if that is not set.
//
// Each response is compared with openapi.json as it came, also where the SDK accepts
// it. An operation is confirmed, refuted or unknown, in the same form as in the
// comparison with the service's document. AGENTO_LIVE_REPORT names a file for the
// report, in JSON if the name ends in .json. A refuted operation fails the test.
package live
