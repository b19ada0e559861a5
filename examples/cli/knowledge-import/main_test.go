package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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

// The scopes that the program's doc comment says a key needs.
const (
	leastScopes    = "knowledge:read knowledge:write"
	leastScopesDry = "knowledge:read"
)

// inBubble runs a test in virtual time, with a service whose key has few scopes.
func inBubble(t *testing.T, scopes string, test func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService)) {
	synctest.Test(t, func(t *testing.T) {
		s := agentotest.NewServer(agentotest.WithInMemory(), agentotest.WithKey(testKey, strings.Fields(scopes)...))
		defer s.Close()
		client, err := agento.New(testKey, agento.WithBaseURL(s.URL), agento.WithHTTPClient(s.HTTPClient()))
		require.NoError(t, err)
		test(t, s, client.Knowledge)
	})
}

// manual makes a folder of so many Markdown files, with three sections each, the
// last of which has so many sentences. Up to 100 are one chunk.
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

func imported(ctx context.Context, k *agento.KnowledgeService, target agento.Target, files fs.FS) (string, error) {
	var out bytes.Buffer
	i := importer{k, target, chunk.FromFS(files), false, &out, nil}
	err := i.run(ctx)
	return out.String(), err
}

// requireOnce checks that each chunk of the folder is there, and once.
func requireOnce(t *testing.T, files fs.FS, there []agentotest.Chunk) {
	t.Helper()
	count := make(map[string]int)
	for _, c := range there {
		count[c.Source+"\n"+c.Title+"\n"+c.Content]++
	}
	want := 0
	for c, err := range chunk.FromFS(files) {
		require.NoError(t, err)
		require.Equal(t, 1, count[c.Source+"\n"+c.Title+"\n"+c.Content], c.Source)
		want++
	}
	require.Len(t, there, want)
}

// Stopped in the middle, with an answer that is lost and a service that fails for
// a while: each chunk is there once in the end.
func TestThousandFilesStoppedAndRunAgain(t *testing.T) {
	files := manual(t, 1000, 60)
	for kind, prepare := range map[string]func(*agentotest.Server) (string, agento.Target){
		"agent": func(s *agentotest.Server) (string, agento.Target) {
			id := s.AddAgent(agentotest.AgentSeed{})
			return id, agento.ForAgent(id)
		},
		"swarm": func(s *agentotest.Server) (string, agento.Target) {
			id := s.AddSwarm(agentotest.SwarmSeed{})
			return id, agento.ForSwarm(id)
		},
	} {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
				id, target := prepare(s)
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
				out, err := imported(ctx, k, target, files)
				require.ErrorIs(t, err, context.Canceled)
				require.Contains(t, out, "3000 chunks, 3000 of them new.")
				require.Contains(t, out, "Stopped: at least 1200 of 3000 new chunks are in.")
				require.Len(t, s.Knowledge(id), 1300, "the last batch got through, unseen")

				s.Inject(nil)
				operation := map[string]string{"agent": "ingestAgentKnowledge", "swarm": "ingestSwarmKnowledge"}[kind]
				s.Next(operation, 1, agentotest.Drop().AfterCommit())
				s.Next(operation, 2, agentotest.Fail(503, "internal_error"))
				out, err = imported(t.Context(), k, target, files)
				require.NoError(t, err)
				require.Contains(t, out, "3000 chunks, 1700 of them new.")
				require.Contains(t, out, "Done: 1700 chunks sent, 1300 were there.")
				requireOnce(t, files, s.Knowledge(id))

				s.ForgetRequests()
				out, err = imported(t.Context(), k, target, files)
				require.NoError(t, err)
				require.Contains(t, out, "Done: 0 chunks sent, 3000 were there.")
				require.Empty(t, s.RequestsTo(operation))
			})
		})
	}
}

func TestAnswersLostForGood(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
		id := s.AddAgent(agentotest.AgentSeed{})
		s.Next("ingestAgentKnowledge", batchAttempts, agentotest.Drop())
		_, err := imported(t.Context(), k, agento.ForAgent(id), fstest.MapFS{"a.txt": {Data: []byte("a")}})
		require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
		require.Len(t, s.RequestsTo("ingestAgentKnowledge"), batchAttempts)
	})
}

// Where the list may have gaps, what is there is sent again and dropped.
func TestListWithGaps(t *testing.T) {
	files := fstest.MapFS{"a.txt": {Data: []byte("a")}, "b.txt": {Data: []byte("b")}}
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
		id := s.AddAgent(agentotest.AgentSeed{})
		s.AddKnowledge(id, agentotest.Chunk{Content: "a", Source: "a.txt"})
		s.Next("listAgentKnowledge", 1, agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":[],"pagination":{"total":7,"limit":100,"offset":0}}`)}))
		_, err := imported(t.Context(), k, agento.ForAgent(id), files)
		require.NoError(t, err)
		requireOnce(t, files, s.Knowledge(id))
	})
}

// bulkOnly is a pacer that refuses what is not bulk.
type bulkOnly struct{ asked int }

func (p *bulkOnly) Acquire(_ context.Context, r agento.PaceRequest) error {
	p.asked++
	if !r.Bulk {
		return errors.New("not bulk")
	}
	return nil
}

func (*bulkOnly) Observe(agento.PaceResult) {}

// People who chat with an agent do not wait behind an import.
func TestAllCallsAreBulk(t *testing.T) {
	s := agentotest.NewServer()
	defer s.Close()
	pacer := new(bulkOnly)
	client := s.Client(agento.WithPacer(pacer))
	_, err := imported(t.Context(), client.Knowledge, agento.ForAgent(s.AddAgent(agentotest.AgentSeed{})), fstest.MapFS{"a.txt": {Data: []byte("a")}})
	require.NoError(t, err)
	require.Equal(t, 2, pacer.asked)
}

func TestBatchesAreBounded(t *testing.T) {
	files := fstest.MapFS{}
	for n := range 150 {
		files[fmt.Sprintf("small/%d.txt", n)] = &fstest.MapFile{Data: fmt.Appendf(nil, "small %d", n)}
	}
	for n := range 5 {
		files[fmt.Sprintf("large/%d.txt", n)] = &fstest.MapFile{Data: []byte(strings.Repeat(fmt.Sprintf("%d ", n), 50<<10))}
	}
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
		id := s.AddAgent(agentotest.AgentSeed{})
		i := importer{k, agento.ForAgent(id), chunk.FromFS(files, chunk.Size(1<<20)), false, io.Discard, nil}
		require.NoError(t, i.run(t.Context()))
		var chunks, contents []int
		for _, r := range s.RequestsTo("ingestAgentKnowledge") {
			var body agento.IngestParams
			require.NoError(t, json.Unmarshal(r.Body, &body))
			bytes := 0
			for _, c := range body.Chunks {
				bytes += len(c.Content)
			}
			chunks, contents = append(chunks, len(body.Chunks)), append(contents, bytes)
		}
		require.Equal(t, []int{2, 2, 100, 51}, chunks)
		for _, n := range contents {
			require.LessOrEqual(t, n, batchBytes)
		}
	})
}

// The same text in two files, or twice in one, is one entry, as the service has
// it. It is sent once, and is not new when it is run again.
func TestTheSameTextTwice(t *testing.T) {
	files := fstest.MapFS{"a.csv": {Data: []byte("x\n1\n1\n")}, "b.csv": {Data: []byte("x\n1\n")}}
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
		id := s.AddAgent(agentotest.AgentSeed{})
		for _, want := range []string{"Done: 1 chunks sent, 2 were there.", "Done: 0 chunks sent, 3 were there."} {
			out, err := imported(t.Context(), k, agento.ForAgent(id), files)
			require.NoError(t, err)
			require.Contains(t, out, want)
			require.Len(t, s.Knowledge(id), 1)
		}
		require.Len(t, s.RequestsTo("ingestAgentKnowledge"), 1)
	})
}

func TestDryRun(t *testing.T) {
	inBubble(t, leastScopesDry, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
		id := s.AddAgent(agentotest.AgentSeed{})
		s.AddKnowledge(id, agentotest.Chunk{Content: "a", Source: "a.txt"})
		files := fstest.MapFS{"a.txt": {Data: []byte("a")}, "b.md": {Data: []byte("# B\nb")}}
		var out bytes.Buffer
		i := importer{k, agento.ForAgent(id), chunk.FromFS(files), true, &out, nil}
		require.NoError(t, i.run(t.Context()))
		require.Equal(t, "would take in \"b.md\" \"B\"\n2 chunks, 1 of them new.\n", out.String())
		for _, r := range s.Requests() {
			require.Equal(t, "GET", r.Method)
		}

		_, err := imported(t.Context(), k, agento.ForAgent(id), files)
		require.ErrorIs(t, err, agento.ErrForbidden, "and a key with that scope cannot write")
	})
}

// All bad files are named, and nothing is sent.
func TestBadFiles(t *testing.T) {
	inBubble(t, leastScopes, func(t *testing.T, s *agentotest.Server, k *agento.KnowledgeService) {
		id := s.AddAgent(agentotest.AgentSeed{})
		_, err := imported(t.Context(), k, agento.ForAgent(id), fstest.MapFS{
			"a.txt": {Data: []byte("a")}, "b.txt": {Data: []byte("\xff")}, "c.json": {Data: []byte("{}")},
		})
		require.ErrorContains(t, err, "b.txt")
		require.ErrorContains(t, err, "c.json")
		require.Empty(t, s.Knowledge(id))
	})
}

func TestSample(t *testing.T) {
	t.Setenv("AGENTO_API_KEY", "")
	var out, progress bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out, &progress))
	require.Contains(t, out.String(), "test service")
	require.Contains(t, out.String(), "Done: 10 chunks sent, 0 were there.")
	require.Contains(t, progress.String(), "Taking in")
	require.NotContains(t, out.String(), "Taking in")
}

// HTML is converted, and the files that are skipped are counted by extension.
func TestOtherKinds(t *testing.T) {
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
	require.Contains(t, out.String(), "would take in \"a.html\" \"Shipping\"")
	require.Contains(t, out.String(), "1 chunks, 1 of them new.\n")
	require.Contains(t, out.String(), "Skipped 4 files of other kinds: 2 .pdf, 1 .png, 1 without extension\n")

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
		"no target":    {nil, "name one agent or one swarm"},
		"two targets":  {[]string{"-agent", agent, "-swarm", swarm}, "name one agent or one swarm"},
		"a stray word": {[]string{"-agent", agent, dir}, "name one agent or one swarm"},
		"no folder":    {[]string{"-agent", agent, "-folder", none}, "-folder: open " + none + ": no such file or directory"},
		"a file":       {[]string{"-agent", agent, "-folder", file}, "a.txt: not a directory"},
		"empty folder": {[]string{"-agent", agent, "-folder", t.TempDir()}, "nothing to import"},
		"other files":  {[]string{"-agent", agent, "-folder", pictures}, "nothing to import"},
		"blank files":  {[]string{"-agent", agent, "-folder", blank}, "nothing to import"},
		"bad size":     {[]string{"-agent", agent, "-size", "0"}, "chunk.Size"},
		"no agent":     {[]string{"-agent", "nobody"}, "agent_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run(t.Context(), tt.args, io.Discard, nil), tt.problem)
		})
	}
	require.NoError(t, run(t.Context(), []string{"-swarm", swarm, "-folder", dir, "-size", "4"}, io.Discard, nil))
	require.Len(t, s.Knowledge(swarm), 2)
	require.Empty(t, s.Knowledge(agent))
}
