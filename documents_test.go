package agento_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/documents"
)

var update = flag.Bool("update", false, "write what is generated into the documents instead of comparing it")

// ofModules are the packages of nested modules, whose own tests run the blocks
// that use them.
var ofModules = []string{"agentootel", "redispacer"}

// TestGoInDocuments runs every block of Go code in the documents and compares
// what it prints.
func TestGoInDocuments(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	_, blocks := documents.Go(all, ofModules...)
	require.Greater(t, len(blocks), 20)
	for _, b := range blocks {
		if b.Path == "README.md" && !b.IsTest() {
			require.NotEmpty(t, b.Scopes, "%s:%d: the section names no scopes", b.Path, b.Line)
		}
	}
	require.NoError(t, documents.Run(t.Context(), ".", blocks, nil))
}

func TestLinksLeadSomewhere(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	links := 0
	for _, d := range all {
		links += len(d.Links)
	}
	require.Greater(t, links, 20)
	require.Empty(t, documents.Broken(".", all))
}

// Every document is found from the README.
func TestReadmeLeadsToEveryDocument(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	linked := map[string]bool{}
	for _, d := range all {
		for _, l := range d.Links {
			if d.Path == "README.md" {
				name, _, _ := strings.Cut(l.Target, "#")
				linked[name] = true
			}
		}
	}
	for _, d := range all {
		if strings.HasPrefix(d.Path, "docs/") && !strings.HasPrefix(d.Path, "docs/decisions/") {
			require.True(t, linked[d.Path], "%s has no link in README.md", d.Path)
		}
	}
}

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
