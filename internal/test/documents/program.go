package documents

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// standard are the packages that every block may use, by name.
var standard = map[string]string{
	"agento":     "github.com/remsyshq/agento-go",
	"agentotest": "github.com/remsyshq/agento-go/agentotest",
	"bufio":      "bufio",
	"chathttp":   "github.com/remsyshq/agento-go/chathttp",
	"chunk":      "github.com/remsyshq/agento-go/chunk",
	"context":    "context",
	"errors":     "errors",
	"fmt":        "fmt",
	"http":       "net/http",
	"httptest":   "net/http/httptest",
	"log":        "log",
	"os":         "os",
	"signal":     "os/signal",
	"slog":       "log/slog",
	"strings":    "strings",
	"synctest":   "testing/synctest",
	"syscall":    "syscall",
	"testing":    "testing",
	"time":       "time",
	"url":        "net/url",
}

// Run runs each block against its own fake service and compares its output with the
// comment "Output:" at its end. A block is the body of a function with ctx and client,
// test functions, or a complete program. An error that the body returns is printed after
// "error:".
//
// The blocks become examples of the package in the directory testdata/documents of the
// module in dir. The other files there declare names that blocks use, and the map setups
// with a function for each block that needs a different service. packages lists
// additional packages that blocks may use.
func Run(ctx context.Context, dir string, blocks []Block, packages map[string]string) error {
	dir, err := filepath.Abs(filepath.Join(dir, "testdata", "documents"))
	if err != nil {
		return err
	}
	if _, err := os.ReadDir(dir); err != nil { // so that a cached test result depends on the files
		return err
	}
	scratch, err := os.MkdirTemp("", "documents")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	source, err := program(blocks, packages)
	if err != nil {
		return err
	}
	real, overlay := filepath.Join(scratch, "blocks.go"), filepath.Join(scratch, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(dir, "blocks_test.go"): real}})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{real: source, overlay: replace} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, "go", "test", "-timeout", "2m", "-overlay", overlay, ".")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// IsTest reports whether the block consists of test functions.
func (b Block) IsTest() bool { return strings.HasPrefix(b.Text, "func Test") }

// IsProgram reports whether the block is a complete program.
func (b Block) IsProgram() bool { return strings.HasPrefix(b.Text, "package main\n") }

var hasOutput = regexp.MustCompile(`(?m)^// (Unordered output|Output):.*\n(//.*\n)*\z`)

// Code returns the block without its output.
func (b Block) Code() string { return hasOutput.ReplaceAllString(b.Text, "") }

// Output returns the comment with the output of the block.
func (b Block) Output() string {
	if output := hasOutput.FindString(b.Text); output != "" {
		return output
	}
	return "// Output:\n"
}

// program returns the source of a package that runs the blocks.
func program(blocks []Block, packages map[string]string) ([]byte, error) {
	imports := maps.Clone(standard)
	maps.Copy(imports, packages)
	maps.DeleteFunc(imports, func(name, _ string) bool {
		return !slices.ContainsFunc(blocks, func(b Block) bool { return !b.IsProgram() && b.uses(name) })
	})
	for _, name := range []string{"agento", "context", "testing"} { // used by the template
		imports[name] = standard[name]
	}
	var source bytes.Buffer
	err := programText.Execute(&source, map[string]any{"Imports": imports, "Blocks": blocks})
	return source.Bytes(), err
}

var programText = template.Must(template.New("").Parse(strings.TrimLeft(`
package documents_test

import (
{{range $name, $path := .Imports}}	{{$name}} "{{$path}}"
{{end}}	"github.com/remsyshq/agento-go/internal/test/documents"
)

var (
	agentID string
	agentIDs []string
)

func run(name string, scopes []string, block func(context.Context, *agento.Client) error) {
	documents.RunBlock(scopes, func(s *documents.Service) {
		agentID, agentIDs = s.AgentID, []string{s.AgentID}
		if setup := setups[name]; setup != nil {
			setup(s)
		}
	}, block)
}

func TestSetupsHaveBlocks(t *testing.T) {
	names := map[string]bool{ {{range .Blocks}}"{{.Name}}": true, {{end}} }
	for name := range setups {
		if !names[name] {
			t.Errorf("no block is named %s", name)
		}
	}
}
{{range .Blocks}}
{{if .IsTest -}}
//line {{.Path}}:{{.Line}}
{{.Text}}
{{- else if .IsProgram -}}
func Example_{{.Name}}() {
	run("{{.Name}}", {{printf "%#v" .Scopes}}, documents.Program("{{.Path}}", {{.Line}}, {{printf "%q" .Code}}))
{{.Output}}}
{{- else -}}
func Example_{{.Name}}() {
	run("{{.Name}}", {{printf "%#v" .Scopes}}, func(ctx context.Context, client *agento.Client) error {
		{
//line {{.Path}}:{{.Line}}
{{.Code}}
		}
		return nil
	})
{{.Output}}}
{{- end}}
{{end}}`, "\n")))
