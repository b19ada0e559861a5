package agento_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
)

var update = flag.Bool("update", false, "write what is generated into the documents instead of comparing it")

// TestReadmeOperations keeps the README's table equal to the table of operations.
//
//	go test . -run ReadmeOperations -update
func TestReadmeOperations(t *testing.T) {
	const begin, end = "<!-- operations: begin -->\n", "<!-- operations: end -->"
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(readme), begin)
	require.True(t, ok, "README.md has no %q", begin)
	table, tail, ok := strings.Cut(rest, end)
	require.True(t, ok, "README.md has no %q", end)
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(head+begin+operationsTable()+end+tail), 0o644))
		return
	}
	require.Equal(t, operationsTable(), table, "run: go test . -run ReadmeOperations -update")
}

func operationsTable() string {
	var b strings.Builder
	b.WriteString("| call | method and path | scope | path is |\n|---|---|---|---|\n")
	for _, r := range route.All() {
		evidence := "documented"
		if r.Evidence != route.Documented {
			evidence = "inferred"
		}
		scope := "none"
		if r.Scope != route.NoScope {
			scope = "`" + string(r.Scope) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s %s` | %s | %s |\n", r.Call, r.Method, r.Path, scope, evidence)
	}
	return b.String()
}
