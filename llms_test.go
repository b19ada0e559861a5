package agento_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLLMsTxt keeps llms.txt equal to what the doc comments say.
//
//	go test . -run LLMsTxt -update
func TestLLMsTxt(t *testing.T) {
	const name = "llms.txt"
	want := llmsText(t)
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run: go test . -run LLMsTxt -update")
}

const llmsHead = `# Agento for Go

> The official Go SDK for the Agento API, which hosts AI agents: import "github.com/remsyshq/agento-go".

All exported names of the SDK, of its chat backend, of its fake service for tests, and of its modules, from their doc comments. The README has code by task:
https://github.com/remsyshq/agento-go/blob/main/README.md
`

func llmsText(t *testing.T) string {
	var b strings.Builder
	b.WriteString(llmsHead)
	for _, folder := range []string{".", "chathttp", "chunk", "agentotest", "otel", "redispacer"} {
		p := packageDoc(t, folder)
		fmt.Fprintf(&b, "\n# package %s\n\nimport %q\n\n%s", p.name, p.ImportPath, p.Text(p.Doc))
		p.values(&b, p.Consts)
		p.values(&b, p.Vars)
		for _, f := range p.Funcs {
			p.item(&b, "func", f.Name, f.Decl, f.Doc)
		}
		for _, typ := range p.Types {
			p.typ(&b, typ)
		}
	}
	return b.String()
}

// packageDocs is a package as go doc has it.
type packageDocs struct {
	*doc.Package
	name  string
	files *token.FileSet
}

func packageDoc(t *testing.T, folder string) packageDocs {
	p := packageDocs{files: token.NewFileSet()}
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var parsed []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(p.files, name, nil, parser.ParseComments)
		require.NoError(t, err)
		parsed = append(parsed, file)
	}
	p.Package, err = doc.NewFromFiles(p.files, parsed, filepath.ToSlash(filepath.Join("github.com/remsyshq/agento-go", folder)))
	require.NoError(t, err)
	p.name = p.Package.Name
	return p
}

func (p packageDocs) typ(b *strings.Builder, typ *doc.Type) {
	p.item(b, "type", typ.Name, typ.Decl, typ.Doc)
	p.values(b, typ.Consts)
	p.values(b, typ.Vars)
	for _, f := range typ.Funcs {
		p.item(b, "func", f.Name, f.Decl, f.Doc)
	}
	for _, m := range typ.Methods {
		p.item(b, "method", strings.TrimPrefix(m.Recv, "*")+"."+m.Name, m.Decl, m.Doc)
	}
}

func (p packageDocs) values(b *strings.Builder, values []*doc.Value) {
	for _, v := range values {
		kind := v.Decl.Tok.String()
		p.item(b, kind, strings.Join(v.Names, ", "), v.Decl, v.Doc)
	}
}

// item writes one name: its declaration, and what is said of it.
func (p packageDocs) item(b *strings.Builder, kind, name string, decl ast.Node, text string) {
	if f, ok := decl.(*ast.FuncDecl); ok {
		f.Body, f.Doc = nil, nil
	}
	if g, ok := decl.(*ast.GenDecl); ok {
		g.Doc = nil
	}
	fmt.Fprintf(b, "\n## %s %s\n\n```go\n", kind, name)
	_ = format.Node(b, p.files, decl) // to memory
	b.WriteString("\n```\n")
	if text != "" {
		b.WriteString("\n" + string(p.Text(text)))
	}
}
