// Package live tests the SDK against the real service, or the service at
// AGENTO_BASE_URL:
//
//	AGENTO_API_KEY=… go test -tags live -v ./live
//
// By default it only reads. If AGENTO_LIVE_WRITE is 1, it creates one agent, one swarm and
// one custom skill whose names begin with "agento-go-live-", calls every operation on them,
// and removes them, even after a failure or Ctrl-C. The next run removes what a killed run
// left behind, so do not start two runs in one account at the same time. A run that cannot
// find or remove such leftovers does not write.
//
// To reply, the agent needs the credential of a language model: ANTHROPIC_API_KEY. If it is
// not set, the agent gets a made-up one and does not reply.
//
// Each response is compared with openapi.json in the form in which it arrived, even if the
// SDK accepts it. An operation is confirmed, refuted or unknown, as in the comparison with
// the service's document. AGENTO_LIVE_REPORT names a file for the report, which is JSON if
// the name ends in .json. A refuted operation fails the test.
package live
