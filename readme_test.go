package agento_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/documents"
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

// TestReadmeTasks keeps the code of the README equal to the functions that its
// examples run.
//
//	go test . -run ReadmeTasks -update
func TestReadmeTasks(t *testing.T) {
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	tasks := readmeTasks(t)
	lines := strings.SplitAfter(string(data), "\n")
	var written strings.Builder
	last, used := 0, 0
	for _, b := range documents.Parse("README.md", string(data)).Blocks {
		if b.Language != "go" {
			continue
		}
		code, ok := tasks[b.Heading]
		require.True(t, ok, "no function of readme_tasks_test.go has the comment %q", readmeTask+b.Heading)
		used++
		if !*update {
			require.Equal(t, code, b.Text, "README.md, %q: run: go test . -run ReadmeTasks -update", b.Heading)
		}
		written.WriteString(strings.Join(lines[last:b.Line-1], "") + code)
		last = b.Line - 1 + strings.Count(b.Text, "\n")
	}
	require.Len(t, tasks, used, "each function has one block in README.md")
	if *update {
		written.WriteString(strings.Join(lines[last:], ""))
		require.NoError(t, os.WriteFile("README.md", []byte(written.String()), 0o644))
	}
}

const readmeTask = "README.md: "

// readmeTasks gives the code for each section of the README: the body of a
// function, or all of a test.
func readmeTasks(t *testing.T) map[string]string {
	const name = "readme_tasks_test.go"
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments)
	require.NoError(t, err)
	text := func(from, to token.Pos) string {
		return string(source[files.Position(from).Offset:files.Position(to).Offset])
	}
	tasks := make(map[string]string)
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		section, ok := strings.CutPrefix(strings.TrimSpace(f.Doc.Text()), readmeTask)
		if !ok {
			continue
		}
		if strings.HasPrefix(f.Name.Name, "Test") {
			tasks[section] = text(f.Pos(), f.End()) + "\n"
			continue
		}
		body := strings.Trim(text(f.Body.Lbrace+1, f.Body.Rbrace), "\n")
		tasks[section] = strings.TrimPrefix(strings.ReplaceAll("\n"+body, "\n\t", "\n"), "\n") + "\n"
	}
	return tasks
}

// TestReadmeExamples sees to it that every function of the README is run.
func TestReadmeExamples(t *testing.T) {
	source, err := os.ReadFile("readme_examples_test.go")
	require.NoError(t, err)
	for section, code := range readmeTasks(t) {
		if strings.HasPrefix(code, "func Test") {
			continue
		}
		require.Contains(t, string(source), `("`+section+`"`, "an example takes the scopes of this section")
	}
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
