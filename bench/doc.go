// Package bench puts the SDK beside other ways to do the same. It is a module of
// its own, so that nobody who uses the SDK pays for what it compares with.
//
//	go -C bench run ./report               # calls and streams: docs/benchmarks.md
//	go -C bench test -run PacingTable -v . # the rate limit
//
// The comparison of calls and streams is made of these packages: wire is the
// service, clients are the ways to call it, rows is what is measured, measure is
// the program that measures, and report builds and runs it and writes the page.
// Of the five ways two are generated from openapi.json: what makes them is in
// generated, their code is not committed, and all that needs it has the build tag
// generated. It runs on Unix.
package bench
