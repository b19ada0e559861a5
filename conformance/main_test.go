// Package conformance tests the SDK as a black box, over its public API: faults of
// services and networks, writes that must happen once, unexpected responses, leaks,
// and secrets.
package conformance

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write docs/faults.md instead of comparing it")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
