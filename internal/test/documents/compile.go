package documents

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Known are the packages that blocks may use without an import, by their names.
var Known = map[string]string{
	"agento":     "github.com/remsyshq/agento-go",
	"agentotest": "github.com/remsyshq/agento-go/agentotest",
	"bytes":      "bytes",
	"chathttp":   "github.com/remsyshq/agento-go/chathttp",
	"chunk":      "github.com/remsyshq/agento-go/chunk",
	"context":    "context",
	"embed":      "embed",
	"errors":     "errors",
	"fmt":        "fmt",
	"fs":         "io/fs",
	"http":       "net/http",
	"httptest":   "net/http/httptest",
	"io":         "io",
	"json":       "encoding/json",
	"log":        "log",
	"os":         "os",
	"signal":     "os/signal",
	"slog":       "log/slog",
	"strings":    "strings",
	"sync":       "sync",
	"synctest":   "testing/synctest",
	"syscall":    "syscall",
	"testing":    "testing",
	"time":       "time",
}

// taken is what blocks take for granted.
//
//go:embed testdata/taken.txt
var taken string

// virtual is the folder that the blocks seem to stand in: it is in no file
// system, only in the overlay that the go command is given.
const virtual = "blocks"

// Compile compiles blocks in the module in dir, and returns what the compiler
// says. A block is the body of a function that has ctx and client, declarations,
// or a whole file. More packages than the known ones can be named.
func Compile(dir string, blocks []Block, more map[string]string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "blocks")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	o := overlay{dir: dir, scratch: scratch, Replace: make(map[string]string)}
	known := maps.Clone(Known)
	maps.Copy(known, more)
	for i, b := range blocks {
		folder := path.Join(virtual, fmt.Sprintf("block%d", i+1))
		if err := o.add(path.Join(folder, "block.go"), b.file(known)); err != nil {
			return err
		}
		if b.isFile() {
			continue
		}
		if err := o.add(path.Join(folder, "taken.go"), "package blocks\n"+taken); err != nil {
			return err
		}
	}
	return o.build()
}

// overlay has the go command see files that are elsewhere.
type overlay struct {
	dir, scratch string
	Replace      map[string]string
}

func (o *overlay) add(name, text string) error {
	real := filepath.Join(o.scratch, fmt.Sprintf("%d.go", len(o.Replace)))
	o.Replace[filepath.Join(o.dir, filepath.FromSlash(name))] = real
	return os.WriteFile(real, []byte(text), 0o600)
}

func (o *overlay) build() error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	name := filepath.Join(o.scratch, "overlay.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "go", "build", "-overlay", name, "./"+virtual+"/...")
	command.Dir = o.dir
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func (b Block) isFile() bool { return strings.HasPrefix(b.Text, "package ") }

func (b Block) declares() bool {
	for _, keyword := range []string{"func ", "type "} {
		if strings.HasPrefix(b.Text, keyword) {
			return true
		}
	}
	return false
}

// file is the source that a block is compiled as. Its lines are those of the
// document.
func (b Block) file(known map[string]string) string {
	line := fmt.Sprintf("//line %s:%d\n", b.Path, b.Line)
	if b.isFile() {
		return line + b.Text
	}
	var s strings.Builder
	s.WriteString("package blocks\n")
	text := b.Text
	if !b.declares() {
		text = "func _(ctx context.Context, client *agento.Client) error {\n" + line + text + "\nreturn nil\n}\n"
		b.Text = text
		line = ""
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if b.uses(name) {
			fmt.Fprintf(&s, "import %s %q\n", name, known[name])
		}
	}
	s.WriteString(line + text)
	return s.String()
}
