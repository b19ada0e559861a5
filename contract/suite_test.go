package contract

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

const root = ".."

// exception is a request that a test sends on purpose although the document does not have
// it. Each exception must occur.
type exception struct {
	test    string // the test function; empty: any
	target  string // prefix of the target; empty: any
	problem string // substring of the problem
	why     string
}

const noOperation = "no such path and method"

var exceptions = []exception{
	{target: "/v1/things", problem: noOperation, why: "a raw call of an operation that is made up"},
	{target: "/v1/ticks", problem: noOperation, why: "a raw stream of an operation that is made up"},
	{target: "/v1/nowhere", problem: noOperation, why: "a raw call of an unknown path"},
	{test: "TestUpdateDocumentResponseWithoutContent", problem: `"x" is unsupported`, why: "WithExtra"},
	{test: "TestEditExtraFieldsInWriteOnly", problem: `"note" is unsupported`, why: "WithExtra"},
	{test: "TestOptionsSent", problem: `"tier" is unsupported`, why: "WithExtra"},
	{test: "ExampleWithExtra", problem: `"colour" is unsupported`, why: "WithExtra"},
	{test: "TestUpdateBodies", problem: "/name", why: "an update sends what its caller sets, and the service validates it"},
	{test: "TestUpdateBodies", problem: "/swarmId", why: "likewise"},
	{test: "TestServiceWithResponseRecorder", problem: "takes no body", why: "a test of the fake sends one body everywhere"},
	{test: "TestSessionOfOtherPeerNotFound", problem: "/peerId", why: "the fake takes an empty text for none, which the SDK never sends"},
	{test: "TestDocumentVersions", problem: "/version", why: "the fake takes null for none, which the SDK never sends"},
	{test: "TestSwarms", problem: "/secrets", why: "likewise"},
}

func (x exception) fits(v Violation) bool {
	test, _, _ := strings.Cut(v.Exchange.Test, "/")
	return v.Side == "request" && (x.test == "" || x.test == test) &&
		strings.HasPrefix(v.Exchange.Target, x.target) && strings.Contains(v.Problem, x.problem)
}

// TestSuite checks the requests and responses of the tests of the SDK, of the fake service
// and of every example.
func TestSuite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	packages := runSuite(t, dir)
	d := loadDocument(t)
	var report Report
	seen := map[string]int{}
	require.NoError(t, exchange.Read(dir, func(e *exchange.Exchange) {
		seen[e.Package]++
		report.See(d, e)
	}))
	for _, pkg := range packages {
		if strings.Contains(pkg, "/examples/internal/") { // not an example
			continue
		}
		require.Positive(t, seen[pkg], "the tests of %s record nothing; let them import internal/test/exchange/recording", pkg)
	}
	excepted := 0
	used := make([]bool, len(exceptions))
	for _, v := range report.Violations() {
		i := slices.IndexFunc(exceptions, func(x exception) bool { return x.fits(v) })
		if i < 0 {
			t.Error(v)
			continue
		}
		used[i] = true
		excepted++
	}
	for i, ok := range used {
		require.True(t, ok, "no test needs this exception anymore: %+v", exceptions[i])
	}
	_, err := report.WriteTo(os.Stdout)
	require.NoError(t, err)
	t.Logf("by package: %v; %d requests that are exceptions", seen, excepted)
	requests, responses := report.Operations()
	require.Len(t, requests, len(route.All()))
	require.Len(t, responses, len(route.All()))
	requireErrors(t, &report, requests)
}

// requireErrors requires errors of every kind among the responses.
func requireErrors(t *testing.T, report *Report, operations []string) {
	t.Helper()
	total := map[int]int{}
	for _, op := range operations {
		for status, n := range report.Statuses(op) {
			total[status] += n
		}
	}
	for _, status := range []int{400, 401, 403, 404, 409, 429} {
		require.Positive(t, total[status], "no response was %d", status)
	}
}

// runSuite runs the tests of the SDK, the fake and the examples, and returns
// their packages.
func runSuite(t *testing.T, record string) []string {
	t.Helper()
	packages := runModule(t, root, record, ".", "./chathttp", "./conformance", "./agentotest/...", "./examples/...")
	nested, err := filepath.Glob(filepath.Join(root, "examples", "*", "go.mod"))
	require.NoError(t, err)
	for _, mod := range nested {
		packages = append(packages, runModule(t, filepath.Dir(mod), record, "./...")...)
	}
	require.NotEmpty(t, packages)
	return packages
}

// runModule runs the tests of packages of one module.
func runModule(t *testing.T, dir, record string, patterns ...string) []string {
	t.Helper()
	const hasTests = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
	packages := strings.Fields(goTool(t, dir, "", slices.Concat([]string{"list", "-f", hasTests}, patterns)...))
	goTool(t, dir, record, slices.Concat([]string{"test", "-count=1", "-timeout=10m"}, packages)...)
	return packages
}

func goTool(t *testing.T, dir, record string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), exchange.Variable+"="+record)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s: %s%s", strings.Join(args, " "), out, &stderr)
	return string(out)
}

// TestEveryExampleIsInSuite checks that no example is omitted because of its directory or module.
func TestEveryExampleIsInSuite(t *testing.T) {
	err := filepath.WalkDir(filepath.Join(root, "examples"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "main.go" {
			return err
		}
		tests, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*_test.go"))
		require.NotEmpty(t, tests, "%s has no test", path)
		return err
	})
	require.NoError(t, err)
}
