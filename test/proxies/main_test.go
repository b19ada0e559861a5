package proxies

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite faults.md")

// TestMain raises the number of parallel tests, because they mostly wait, and checks that no
// goroutine is left.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, toxiproxyLeaks()...)
}

// fault is a row of the table in faults.md: its part, the fault, and what the caller gets.
type fault struct {
	part, name, gets string
	run              func(t *testing.T)
}

func allFaults() []fault {
	var all []fault
	for _, group := range [][]fault{
		pageFaults(), limitFaults(), restartFaults(), gzipFaults(), bufferingFaults(), silenceFaults(),
		tlsFaults(), goAwayFaults(), slowToxics(), cutToxics(), silentToxics(),
	} {
		all = append(all, group...)
	}
	return all
}

// TestFaults causes every fault of the table.
func TestFaults(t *testing.T) {
	for _, f := range allFaults() {
		t.Run(f.part+"/"+f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t)
		})
	}
}

// TestFaultsPage keeps faults.md equal to the table.
//
//	go test . -run FaultsPage -update
func TestFaultsPage(t *testing.T) {
	const path = "faults.md"
	var page strings.Builder
	faults := allFaults()
	fmt.Fprintf(&page, faultsIntro, len(faults))
	part, seen := "", map[string]bool{}
	for _, f := range faults {
		if f.part != part {
			part = f.part
			fmt.Fprintf(&page, "\n## %s\n\n| what goes wrong | what the caller gets |\n|---|---|\n", part)
		}
		fmt.Fprintf(&page, "| %s | %s |\n", f.name, f.gets)
		require.False(t, seen[f.part+f.name], "two rows %q", f.name)
		seen[f.part+f.name] = true
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page.String()), 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(got), "run: go test . -run FaultsPage -update")
}

const faultsIntro = `# What real proxies do, and what you get

Each of these %d faults is a test: a real nginx, or toxiproxy, is between the SDK and ` + "`agentotest`" + `. The table is
generated from the list that ` + "`go test .`" + ` runs here, and a test fails if the two differ. After each fault the reported
outcome of a write is compared with the service: success means exactly one write, ` + "`ErrOutcomeUnknown`" + ` none or one,
any other error none. No goroutine or connection of the SDK is left.
`
