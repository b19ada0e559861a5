package agento_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/documents"
)

var update = flag.Bool("update", false, "write what is generated into the documents instead of comparing it")

// ofModules are the packages of nested modules. Tests there run the blocks that use
// them.
var ofModules = []string{"agentootel", "redispacer", "vcr"}

// TestGoInDocuments runs every block of Go code in the documents and compares its
// output.
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

func TestLinks(t *testing.T) {
	all, err := documents.All(".")
	require.NoError(t, err)
	links := 0
	for _, d := range all {
		links += len(d.Links)
	}
	require.Greater(t, links, 20)
	require.Empty(t, documents.Broken(".", all))
}

// The README links to every document.
func TestReadmeLinksEveryDocument(t *testing.T) {
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

// TestOperationsPage keeps the table in docs/operations.md equal to the table of operations.
//
//	go test . -run OperationsPage -update
func TestOperationsPage(t *testing.T) {
	const name = "docs/operations.md"
	const begin, end = "<!-- operations: begin -->\n", "<!-- operations: end -->"
	page, err := os.ReadFile(name)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(page), begin)
	require.True(t, ok, "%s has no %q", name, begin)
	table, tail, ok := strings.Cut(rest, end)
	require.True(t, ok, "%s has no %q", name, end)
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(head+begin+operationsTable()+end+tail), 0o644))
		return
	}
	require.Equal(t, operationsTable(), table, "run: go test . -run OperationsPage -update")
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

// The doc comment of an operation has its path, its evidence, its scope, and whether a
// write needs a restart to take effect.
func TestOperationDocs(t *testing.T) {
	docs := methodDocs(t)
	for _, r := range route.All() {
		_, form, found := strings.Cut(docs[r.Call], " - API: "+r.Method+" /v1/")
		require.True(t, found, "%s: the doc of %s", r.Name, r.Call)
		api, scope, found := strings.Cut(form, " - Scope: ")
		require.True(t, found, r.Call)
		require.Contains(t, "/v1/"+api+" ", r.Path+" ", r.Call)
		scope, _, _ = strings.Cut(scope+" ", " ")
		require.Equal(t, cmp.Or(string(r.Scope), "none"), strings.TrimRight(scope, ";"), r.Call)
		evidence := map[route.Evidence]string{route.Documented: "(documented", route.TitleOnly: " inferred from the reference's title"}[r.Evidence]
		require.NotEmpty(t, evidence)
		require.Contains(t, api, evidence, r.Call)
	}
	var paths []string
	for _, r := range route.All() {
		paths = append(paths, r.Path)
	}
	for call, doc := range docs {
		for _, path := range regexp.MustCompile(`/v1/[\w/{}]+`).FindAllString(doc, -1) {
			require.Contains(t, paths, path, call)
		}
	}
	for _, call := range composed {
		require.Contains(t, docs[call], " - API: ", call)
		require.Contains(t, docs[call], " /v1/", call)
		require.Contains(t, docs[call], " - Scope: ", call)
	}
	for _, call := range []string{
		"Account.UpdatePersonality", "Account.UpdateWorkflow", "Account.EditPersonality", "Account.EditWorkflow",
		"Account.SetSecrets", "Account.PutRule", "Account.DeleteRule", "Agents.Update",
		"Skills.Upload", "Skills.Install", "Skills.Uninstall", "Swarms.Update",
	} {
		require.Contains(t, docs[call], "estart", "%s does not mention restarts", call)
	}
}

// declarations calls f with each declaration of the package.
func declarations(t *testing.T, f func(ast.Decl)) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			f(decl)
		}
	}
}

// receiver returns the name of a method's type, "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	name := ""
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// methodDocs returns the doc comments of the services' methods, each on one line.
func methodDocs(t *testing.T) map[string]string {
	docs := make(map[string]string)
	declarations(t, func(decl ast.Decl) {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
			service := strings.TrimSuffix(receiver(f), "Service")
			docs[service+"."+f.Name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	})
	return docs
}

func TestExportedNamesDocumented(t *testing.T) {
	names := 0
	check := func(name string, docs ...*ast.CommentGroup) {
		if !ast.IsExported(name) {
			return
		}
		names++
		for _, doc := range docs {
			if strings.TrimSpace(doc.Text()) != "" {
				return
			}
		}
		t.Errorf("%s has no doc comment", name)
	}
	declarations(t, func(decl ast.Decl) {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if of := receiver(d); of == "" || ast.IsExported(of) {
				check(d.Name.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					check(s.Name.Name, s.Doc, d.Doc)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						check(name.Name, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	})
	require.Greater(t, names, 200)
}

// TestLLMsTxt keeps llms.txt equal to the doc comments.
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

// packageDocs is a package with its doc comments.
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

// item writes the declaration and the doc comment of one name.
func (p packageDocs) item(b *strings.Builder, kind, name string, decl ast.Node, text string) {
	if f, ok := decl.(*ast.FuncDecl); ok {
		f.Body, f.Doc = nil, nil
	}
	if g, ok := decl.(*ast.GenDecl); ok {
		g.Doc = nil
	}
	fmt.Fprintf(b, "\n## %s %s\n\n```go\n", kind, name)
	_ = format.Node(b, p.files, decl) // cannot fail in memory
	b.WriteString("\n```\n")
	if text != "" {
		b.WriteString("\n" + string(p.Text(text)))
	}
}
