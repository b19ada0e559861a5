// Package bench compares the SDK with net/http and encoding/json. Each benchmark alternates
// with its twin within one run and reports the ratio, because the speed of a machine changes
// between runs. It is a separate module, so that users of the SDK do not download its
// dependencies. It runs on Linux.
//
//	go -C bench test -run '^$' -bench . -benchtime 1x -count 12 . >bench.txt
//	go -C bench run ./report bench.txt          # checks the limits, writes docs/benchmarks.md
//	go -C bench test -run PacingTable -v .      # the rate limit, in virtual time
//	go -C bench run ./soak -for 10m             # mixed load with faults
//	go -C bench run ./widgetload -for 1m        # browsers behind chathttp.Handler
package bench
