package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// output returns the output of go test if every row is at a factor of its limit.
func output(factor float64) string {
	var out strings.Builder
	for range 6 {
		for _, r := range rows {
			limit := r.limit
			if limit == noLimit {
				limit = 1
			}
			fmt.Fprintf(&out, "Benchmark%s-2 \t 1\t %g %s", r.benchmark, limit*factor, r.unit)
			if r.twinUnit != "" {
				fmt.Fprintf(&out, "\t 12.5 %s", r.twinUnit)
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

func runOn(t *testing.T, input string) (page string, err error) {
	t.Helper()
	dir := t.TempDir()
	file, docs := filepath.Join(dir, "bench.txt"), filepath.Join(dir, "benchmarks.md")
	require.NoError(t, os.WriteFile(file, []byte(input), 0o600))
	require.NoError(t, os.WriteFile(docs, []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o600))
	err = run(file, dir, t.Output())
	text, readErr := os.ReadFile(docs)
	require.NoError(t, readErr)
	return string(text), err
}

func TestReportWithinLimits(t *testing.T) {
	page, err := runOn(t, output(0.5))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(page, "before\n"+beginMark+"| |"))
	require.True(t, strings.HasSuffix(page, endMark+"after\n"))
	require.NotContains(t, page, "old")
	require.Contains(t, page, "| call in memory | net/http, encoding/json | 0.55 × | 0.55–0.55 | ≤ 1.10 | 12.5 µs / call |")
	require.Contains(t, page, "| relay of 500 streams, memory | httputil.ReverseProxy | 0.56 × | 0.56–0.56 | ≤ 1.12 | 12.5 MB |")
}

func TestReportExceededLimits(t *testing.T) {
	page, err := runOn(t, output(1.5))
	for _, r := range rows {
		if r.limit > 0 {
			require.ErrorContains(t, err, fmt.Sprintf("%s: %.2f exceeds %.2f %s", r.title, r.limit*1.5, r.limit, r.unit))
		}
	}
	require.Contains(t, page, "| **1.65 ×** |")
}

func TestReportExtraGoroutine(t *testing.T) {
	_, err := runOn(t, strings.ReplaceAll(output(0.5), " 0 goroutines", " 1 goroutines"))
	require.EqualError(t, err, "extra goroutines of a call through a wrapped transport: 1.00 exceeds 0.00 goroutines")
}

func TestReportMissingRow(t *testing.T) {
	page, err := runOn(t, strings.ReplaceAll(output(0.5), "BenchmarkBinary", "BenchmarkOther"))
	require.EqualError(t, err, "Binary/agento: no values in MB")
	require.Contains(t, page, "old")
}

func TestChartIsXML(t *testing.T) {
	samples, err := read(strings.NewReader(output(0.5)))
	require.NoError(t, err)
	results, err := evaluate(rows, samples)
	require.NoError(t, err)
	svg := chart(results)
	require.NoError(t, xml.Unmarshal(svg, new(struct{})))
	require.Equal(t, 8, strings.Count(string(svg), `class="bar"`))
}
