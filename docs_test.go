package agento_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/route"
)

// The doc comment of an operation tells its scope, how well it is known, and
// what a write takes to be in effect.
func TestDocsOfOperations(t *testing.T) {
	docs := methodDocs(t)
	for _, r := range route.All() {
		doc := docs[r.Call]
		require.Contains(t, doc, r.Method+" /v1/", "%s: the doc of %s", r.Name, r.Call)
		require.Contains(t, doc, "Errors", r.Call)
		if r.Scope == route.NoScope {
			require.Contains(t, doc, "Scope: none", r.Call)
		} else {
			require.Contains(t, doc, "Scope: "+string(r.Scope), r.Call)
		}
		evidence := map[route.Evidence]string{route.Documented: ", documented", route.TitleOnly: ", inferred from the title"}[r.Evidence]
		require.NotEmpty(t, evidence)
		require.Contains(t, doc, evidence, r.Call)
	}
	for _, call := range composed {
		require.Contains(t, docs[call], " /v1/", call)
		require.Contains(t, docs[call], "Scope", call)
	}
	for _, call := range []string{
		"Account.UpdatePersonality", "Account.UpdateWorkflow", "Account.EditPersonality", "Account.EditWorkflow",
		"Account.SetSecrets", "Account.PutRule", "Account.DeleteRule", "Agents.Update",
		"Skills.Upload", "Skills.Install", "Skills.Uninstall", "Swarms.Update",
	} {
		require.Contains(t, docs[call], "estart", "%s says whether it takes a restart", call)
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

// receiver is the name of a method's type, "" for a function.
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

// methodDocs are the doc comments of the services' methods, each on one line.
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

func TestEveryExportedNameHasADoc(t *testing.T) {
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
