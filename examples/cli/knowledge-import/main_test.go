package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chunk"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "ak_live_00112233445566778899aabbccddeeff"

// The scopes in the program's doc comment.
const (
	leastScopes    = "knowledge:read knowledge:write"
	leastScopesDry = "knowledge:read"
)

// inBubble runs a test in virtual time, with a client whose key has only the given scopes.
func inBubble(t *testing.T, scopes string, test func(t *testing.T, s *agentotest.Server, c *agento.Client)) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithKey(testKey, strings.Fields(scopes)...))
		defer s.Close()
		client, err := agento.New(testKey, agento.WithBaseURL(s.URL), agento.WithHTTPClient(s.HTTPClient()))
		require.NoError(t, err)
		test(t, s, client)
	})
}

// manual creates a folder of Markdown files with three sections each. The last section has
// the given number of sentences. Up to 100 sentences are one chunk.
func manual(t *testing.T, files, sentences int) fs.FS {
	dir := t.TempDir()
	for n := range files {
		text := fmt.Appendf(nil, "---\nid: %d\n---\n# Article %[1]d\n\nAbout article %[1]d.\n\n## Use\n\nHow to use article %[1]d.\n\n## Care\n\nOf %[1]d.", n)
		for i := range sentences {
			text = fmt.Appendf(text, " Keep it dry %d.", i)
		}
		folder := filepath.Join(dir, fmt.Sprint(n%10))
		require.NoError(t, os.MkdirAll(folder, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("article-%d.md", n)), text, 0o600))
	}
	return os.DirFS(dir)
}

func importFiles(ctx context.Context, c *agento.Client, target agento.Target, files fs.FS, state string) (string, error) {
	var out bytes.Buffer
	err := synchronize(ctx, c, target, chunk.FromFS(files), false, state, &out, nil)
	return out.String(), err
}

// requireOnce requires that stored contains each chunk of the folder once.
func requireOnce(t *testing.T, files fs.FS, stored []agentotest.Chunk) {
	t.Helper()
	count := make(map[string]int)
	for _, c := range stored {
		count[c.Source+"\n"+c.Title+"\n"+c.Content]++
	}
	want := 0
	for c, err := range chunk.FromFS(files) {
		require.NoError(t, err)
		require.Equal(t, 1, count[c.Source+"\n"+c.Title+"\n"+c.Content], c.Source)
		want++
	}
	require.Len(t, stored, want)
}

// The import is stopped, loses a response and meets a failing service. In the end each
// chunk is stored once, with and without a state file.
func TestImportStoppedAndResumed(t *testing.T) {
	files := manual(t, 1000, 60)
	for file, requests := range map[string]int{"": 30, filepath.Join(t.TempDir(), "state.json"): 1} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, c *agento.Client) {
				id := s.AddSwarm(agentotest.SwarmSeed{})
				target := agento.ForSwarm(id)
				ctx, interrupt := context.WithCancel(t.Context())
				calls := 0
				s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
					if !strings.HasPrefix(r.Operation, "ingest") {
						return agentotest.Fault{}, false
					}
					if calls++; calls == 13 {
						interrupt()
						return agentotest.Hang().AfterCommit(), true
					}
					return agentotest.Fault{}, false
				})
				out, err := importFiles(ctx, c, target, files, file)
				require.ErrorIs(t, err, context.Canceled)
				require.Contains(t, out, "Stopped; run it again to continue: 1301 chunks: 1200 new,")
				synctest.Wait() // the service stores the batch whose response nobody reads
				require.Len(t, s.Knowledge(id), 1300, "the last batch was stored")

				s.Inject(nil)
				s.Next("Knowledge.Ingest", 1, agentotest.Drop().AfterCommit())
				s.Next("Knowledge.Ingest", 2, agentotest.Fail(503, "internal_error"))
				out, err = importFiles(t.Context(), c, target, files, file)
				require.NoError(t, err)
				require.Contains(t, out, "Done: 3000 chunks: 1700 new, 0 changed, 1300 unchanged, 0 duplicates; 0 deleted.")
				requireOnce(t, files, s.Knowledge(id))

				s.ForgetRequests()
				out, err = importFiles(t.Context(), c, target, files, file)
				require.NoError(t, err)
				require.Contains(t, out, "Done: 3000 chunks: 0 new, 0 changed, 3000 unchanged")
				require.Equal(t, requests, len(s.Requests()))
			})
		})
	}
}

func TestDryRun(t *testing.T) {
	inBubble(t, leastScopesDry, func(t *testing.T, s *agentotest.Server, c *agento.Client) {
		id := s.AddAgent(agentotest.AgentSeed{})
		s.AddKnowledge(id, agentotest.Chunk{Content: "a", Source: "a.txt"}, agentotest.Chunk{Content: "gone"})
		files := fstest.MapFS{"a.txt": {Data: []byte("a")}, "b.md": {Data: []byte("# B\nb")}}
		file := filepath.Join(t.TempDir(), "state.json")
		var out bytes.Buffer
		require.NoError(t, synchronize(t.Context(), c, agento.ForAgent(id), chunk.FromFS(files), true, file, &out, nil))
		require.Equal(t, "To do: 2 chunks: 1 new, 0 changed, 1 unchanged, 0 duplicates; 1 deleted.\n", out.String())
		require.NoFileExists(t, file)
		for _, r := range s.Requests() {
			require.Equal(t, "GET", r.Method)
		}

		_, err := importFiles(t.Context(), c, agento.ForAgent(id), files, "")
		require.ErrorIs(t, err, agento.ErrForbidden, "the key cannot write")
	})
}

// The error names the bad files, and their stored chunks are kept. Other files are imported.
func TestBadFiles(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, c *agento.Client) {
		id := s.AddAgent(agentotest.AgentSeed{})
		s.AddKnowledge(id, agentotest.Chunk{Content: "old", Source: "b.txt"}, agentotest.Chunk{Content: "gone", Source: "d.txt"})
		_, err := importFiles(t.Context(), c, agento.ForAgent(id), fstest.MapFS{
			"a.txt": {Data: []byte("a")}, "b.txt": {Data: []byte("\xff")}, "c.json": {Data: []byte("{}")},
		}, "")
		require.ErrorContains(t, err, "b.txt")
		require.ErrorContains(t, err, "c.json")
		require.Len(t, s.Knowledge(id), 2)
		require.Equal(t, "a.txt", s.Knowledge(id)[0].Source)
		require.Equal(t, "b.txt", s.Knowledge(id)[1].Source)
	})
}

func TestSample(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	var out, progress bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out, &progress))
	require.Contains(t, out.String(), "test service")
	require.Contains(t, out.String(), "Done: 10 chunks: 10 new,")
	require.Equal(t, "\r0 listed, 0 read, 0 sent, 0 deleted \r0 listed, 10 read, 10 sent, 0 deleted \n", progress.String())
}

// HTML is converted, and skipped files are counted by extension.
func TestFileTypes(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.html": "<html><head><title>T</title><script>x</script></head><body><h1>Shipping</h1><p>Spain &amp; <b>Chile</b>.</p></body></html>",
		"b.pdf":  "x", "c.PDF": "x", "d.png": "x", "Makefile": "x", ".hidden.png": "x",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-folder", dir, "-dry-run"}, &out, nil))
	require.Contains(t, out.String(), "To do: 1 chunks: 1 new,")
	require.Contains(t, out.String(), "Skipped files: 2 .pdf\nSkipped files: 1 .png\nSkipped files: 1 without extension\n")

	for c, err := range chunk.FromReader("a.html", strings.NewReader("<h1>A</h1><p>Spain &amp; <b>Chile</b>.</p>"), convertHTML...) {
		require.NoError(t, err)
		require.Equal(t, "# A\n\nSpain & **Chile**.", c.Content)
	}
}

func TestArguments(t *testing.T) {
	s := agentotest.NewServer(agentotest.WithKey(testKey, strings.Fields(leastScopes)...))
	defer s.Close()
	t.Setenv("AGENTO_API_KEY", testKey)
	t.Setenv("AGENTO_BASE_URL", s.URL)
	swarm, agent := s.AddSwarm(agentotest.SwarmSeed{}), s.AddAgent(agentotest.AgentSeed{})
	dir := t.TempDir()
	file, none := filepath.Join(dir, "a.txt"), filepath.Join(dir, "none")
	require.NoError(t, os.WriteFile(file, []byte("one two"), 0o600))
	pictures, blank := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(pictures, "a.png"), []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(blank, "a.md"), []byte("\n"), 0o600))
	for name, tt := range map[string]struct {
		args    []string
		problem string
	}{
		"no target":        {nil, "want either -agent or -swarm"},
		"two targets":      {[]string{"-agent", agent, "-swarm", swarm}, "want either -agent or -swarm"},
		"extra argument":   {[]string{"-agent", agent, dir}, "want either -agent or -swarm"},
		"missing folder":   {[]string{"-agent", agent, "-folder", none}, "-folder: open " + none + ": no such file or directory"},
		"not a folder":     {[]string{"-agent", agent, "-folder", file}, "a.txt: not a directory"},
		"empty folder":     {[]string{"-agent", agent, "-folder", t.TempDir()}, "nothing to import"},
		"other types":      {[]string{"-agent", agent, "-folder", pictures}, "nothing to import"},
		"blank files":      {[]string{"-agent", agent, "-folder", blank}, "nothing to import"},
		"bad size":         {[]string{"-agent", agent, "-size", "0"}, "chunk.Size"},
		"unknown agent":    {[]string{"-agent", "nobody"}, "agent_not_found"},
		"bad state":        {[]string{"-agent", agent, "-state", file}, "-state " + file + ": invalid character 'o'"},
		"state not a file": {[]string{"-agent", agent, "-state", dir}, "-state: read " + dir + ": is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run(t.Context(), tt.args, io.Discard, nil), tt.problem)
		})
	}
	require.NoError(t, run(t.Context(), []string{"-swarm", swarm, "-folder", dir, "-size", "4"}, io.Discard, nil))
	require.Len(t, s.Knowledge(swarm), 2)
	require.Empty(t, s.Knowledge(agent))
}
