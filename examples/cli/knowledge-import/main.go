// Knowledge-import synchronizes the knowledge base of an agent or a swarm with a folder of
// Markdown, text, CSV, JSON and HTML files.
//
//	go -C examples/cli run ./knowledge-import
//	go -C examples/cli run ./knowledge-import -agent <id> -folder /srv/docs -dry-run
//
// It deletes everything that is not in the folder, so try -dry-run first. It keeps the
// chunks of files that it cannot read. It can be stopped at any time and run again. With
// -state it usually does not have to list the knowledge base.
//
// The key needs the scope knowledge:read, and knowledge:write without -dry-run. Without
// AGENTO_API_KEY it uses an embedded test service, and without -folder some sample files.
package main

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"os/signal"
	"path"
	"runtime/debug"
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
	context.AfterFunc(ctx, stop)   // a second Ctrl-C ends the program at once
	debug.SetMemoryLimit(48 << 20) // a soft limit, so that garbage is collected earlier
	if err := run(ctx, os.Args[1:], os.Stdout, progress); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "knowledge-import:", err)
		os.Exit(1)
	}
}

// run runs the program. progress may be nil.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("knowledge-import", flag.ContinueOnError)
	folder := flags.String("folder", "", "folder to import; a relative path is relative to the directory of go -C (default a sample)")
	agent := flags.String("agent", "", "ID of the agent")
	swarm := flags.String("swarm", "", "ID of the swarm")
	size := flags.Int("size", 2000, "maximum number of characters per chunk")
	dry := flags.Bool("dry-run", false, "report what would be done without changing anything")
	state := flags.String("state", "", "file that stores what was imported, for the next run")
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
		return errors.New("want either -agent or -swarm, and no other arguments")
	}
	target := agento.ForAgent(*agent)
	if *swarm != "" {
		target = agento.ForSwarm(*swarm)
	}
	var files fs.FS = os.DirFS(*folder)
	if *folder == "" {
		files, _ = fs.Sub(sample, "sample")
	} else if _, err := os.ReadDir(*folder); err != nil {
		return fmt.Errorf("-folder: %w", err)
	}
	skipped := make(map[string]int) // by extension
	chunks := chunk.FromFS(files, append(convertHTML, chunk.Size(*size), chunk.Skipped(func(name string) {
		skipped[cmp.Or(strings.ToLower(path.Ext(name)), "without extension")]++
	}))...)
	err = synchronize(ctx, client, target, chunks, *dry, *state, out, progress)
	for _, extension := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(out, "Skipped files: %d %s\n", skipped[extension], extension)
	}
	return err
}

func synchronize(ctx context.Context, client *agento.Client, target agento.Target, chunks iter.Seq2[agento.ChunkParams, error], dry bool, file string, out, progress io.Writer) error {
	p := &agento.SyncParams{DryRun: dry}
	if saved, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(saved, &p.State); err != nil {
			return fmt.Errorf("-state %s: %w", file, err)
		}
	} else if file != "" && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("-state: %w", err)
	}
	if progress != nil {
		p.Progress = func(r agento.SyncReport) {
			fmt.Fprintf(progress, "\r%d listed, %d read, %d sent, %d deleted ", r.Listed, r.Chunks, r.Added+r.Replaced, r.Deleted)
		}
		defer fmt.Fprintln(progress)
	}
	r, err := client.Knowledge.Sync(ctx, target, chunks, p)
	if r == nil {
		return err
	}
	if r.Chunks == 0 && r.Failed == 0 && ctx.Err() == nil {
		return errors.New("nothing to import: no file of a known type contains text")
	}
	done := map[bool]string{false: "Done", true: "To do"}[dry]
	if ctx.Err() != nil {
		done = "Stopped; run it again to continue"
	}
	fmt.Fprintf(out, "%s: %d chunks: %d new, %d changed, %d unchanged, %d duplicates; %d deleted.\n", done, r.Chunks, r.Added, r.Replaced, r.Unchanged, r.Duplicates, r.Deleted)
	if file == "" || dry {
		return err
	}
	saved, problem := r.State.MarshalJSON()
	if problem == nil {
		problem = os.WriteFile(file+".new", saved, 0o600)
	}
	if problem == nil {
		problem = os.Rename(file+".new", file)
	}
	return errors.Join(err, problem)
}

var convertHTML = []chunk.Option{chunk.Convert(".html", htmlToMarkdown), chunk.Convert(".htm", htmlToMarkdown)}

func htmlToMarkdown(r io.Reader) (string, error) {
	markdown, err := htmltomarkdown.ConvertReader(r)
	return string(markdown), err
}
