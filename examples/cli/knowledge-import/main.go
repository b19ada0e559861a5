// Knowledge-import takes a folder of Markdown, text, CSV, JSON FAQ and HTML files
// into the knowledge base of an agent or a swarm.
//
//	go -C examples/cli run ./knowledge-import
//	go -C examples/cli run ./knowledge-import -agent <id> -folder /srv/docs -dry-run
//
// Without AGENTO_API_KEY it uses the embedded test service of package agentotest,
// and without -folder a few files of its own. Text that the knowledge base has, from
// whatever file, is skipped, so that it can be stopped at any time and run again.
// Chunks of files that have changed or are gone stay. The key needs the scopes
// knowledge:read and knowledge:write, with -dry-run knowledge:read only.
package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"syscall"

	htmltomarkdown "github.com/JohannesKaufmann/html-to-markdown/v2"
	"golang.org/x/term"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chunk"
	"github.com/remsyshq/agento-go/examples/internal/demo"
)

//go:embed sample
var sample embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var progress io.Writer
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = os.Stderr
	}
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	if err := run(ctx, os.Args[1:], os.Stdout, progress); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "knowledge-import:", err)
		os.Exit(1)
	}
}

// run does it all. The progress bar goes to progress, which may be nil.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("knowledge-import", flag.ContinueOnError)
	folder := flags.String("folder", "", "folder to take in; go -C changes to its own before it is looked up (default: a sample)")
	agent := flags.String("agent", "", "id of the agent that is to know it")
	swarm := flags.String("swarm", "", "id of the swarm that is to know it")
	size := flags.Int("size", 2000, "characters of a chunk at most")
	dry := flags.Bool("dry-run", false, "say what would be taken in, and write nothing")
	if err := demo.Parse(flags, args); err != nil {
		return err
	}
	client, done, err := demo.Connect(out, func(s *agentotest.Server) {
		if *agent == "" && *swarm == "" {
			*agent = s.AddAgent(agentotest.AgentSeed{Name: "Shop"})
		}
	})
	if err != nil {
		return err
	}
	defer done()
	if flags.NArg() > 0 || (*agent == "") == (*swarm == "") {
		return errors.New("name one agent or one swarm, by -agent or -swarm, and nothing else")
	}
	target := agento.ForAgent(*agent)
	if *swarm != "" {
		target = agento.ForSwarm(*swarm)
	}
	files, err := open(*folder)
	if err != nil {
		return err
	}
	skipped := make(map[string]bool)
	chunks := chunk.FromFS(files, append(convertHTML, chunk.Size(*size), chunk.Skipped(func(path string) { skipped[path] = true }))...)
	i := importer{client.Knowledge, target, chunks, *dry, out, progress}
	err = i.run(ctx)
	if len(skipped) > 0 {
		fmt.Fprintf(out, "Skipped %d files of other kinds: %s\n", len(skipped), byExtension(skipped))
	}
	return err
}

// convertHTML makes Markdown of HTML files.
var convertHTML = []chunk.Option{chunk.Convert(".html", htmlToMarkdown), chunk.Convert(".htm", htmlToMarkdown)}

func htmlToMarkdown(r io.Reader) (string, error) {
	markdown, err := htmltomarkdown.ConvertReader(r)
	return string(markdown), err
}

// byExtension counts files, such as "2 .pdf, 1 .png".
func byExtension(paths map[string]bool) string {
	count := make(map[string]int)
	for name := range paths {
		count[cmp.Or(strings.ToLower(path.Ext(name)), "without extension")]++
	}
	var all []string
	for _, extension := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprint(count[extension], " ", extension))
	}
	return strings.Join(all, ", ")
}

// open returns the files to import. Its errors have the name of the folder, which
// those of a file system do not.
func open(folder string) (fs.FS, error) {
	if folder == "" {
		return fs.Sub(sample, "sample")
	}
	if _, err := os.ReadDir(folder); err != nil {
		return nil, fmt.Errorf("-folder: %w", err)
	}
	return os.DirFS(folder), nil
}
