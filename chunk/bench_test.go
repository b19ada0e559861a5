package chunk_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chunk"
)

// growing are files of any size, most of them slow to parse.
var growing = map[string]struct {
	name, begin, repeat, end string
}{
	"text":             {"f.txt", "", "Some words of text. And more of them.\n\n", ""},
	"one line":         {"f.txt", "", "word ", ""},
	"no words":         {"f.txt", "", "xxxxxxxx", ""},
	"Markdown":         {"f.md", "", "# Heading\n\nSome words of text.\n\n- item\n- item\n\n", ""},
	"headings":         {"f.md", "", "#\n", ""},
	"paragraph":        {"f.md", "", "word\n", "===\n"},
	"quotations":       {"f.md", "", ">", "# x"},
	"lists":            {"f.md", "", "- ", "# x"},
	"mixed containers": {"f.md", "", "> 1. ", "# x"},
	"link references":  {"f.md", "", "[a]: b\n", "===\n"},
	"open titles":      {"f.md", "", "[a]: b \"\n", "===\n"},
	"brackets":         {"f.md", "", "[", ""},
	"HTML":             {"f.md", "<div>\n", "<p a=b>\n", ""},
	"open comments":    {"f.md", "", "<!-- \n", ""},
	"CSV":              {"f.csv", "a;b,c\n", "1;2,3\n", ""},
	"CSV in quotes":    {"f.csv", "a,b\n1,\"", "\"\";\n", "\"\n"},
	"columns":          {"f.csv", "", "a,", "b\n"},
	"JSON":             {"f.json", `[{"q":"x","a":"y"}`, `,{"q":"x","a":["caf\u00e9"]}`, "]"},
	"JSON escapes":     {"f.json", `[{"q":"x","a":["`, `\u00e9\"`, `"]}]`},
	"JSON Lines":       {"f.jsonl", "", "{\"q\":\"x\",\"a\":\"y\"}\n", ""},
}

// BenchmarkGrowth reports the time and the allocated memory for a file of 1 MiB,
// divided by those for 16 files of 64 KiB. Both are about 1 if they are linear.
func BenchmarkGrowth(b *testing.B) {
	for name, file := range growing {
		b.Run(name, func(b *testing.B) {
			measure := func(size, times int) (time.Duration, uint64) {
				content := file.begin + strings.Repeat(file.repeat, size/len(file.repeat)) + file.end
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				start := time.Now()
				for range times {
					_, err := collect(chunk.FromReader(file.name, strings.NewReader(content)))
					require.NoError(b, err)
				}
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				return took, after.TotalAlloc - before.TotalAlloc
			}
			var small, large time.Duration
			var smallBytes, largeBytes uint64
			for b.Loop() {
				t, n := measure(64<<10, 16)
				small, smallBytes = small+t, smallBytes+n
				t, n = measure(1<<20, 1)
				large, largeBytes = large+t, largeBytes+n
			}
			b.ReportMetric(float64(large)/float64(small), "time-ratio")
			b.ReportMetric(float64(largeBytes)/float64(smallBytes), "memory-ratio")
			b.ReportMetric(float64(largeBytes)/float64(b.N)/(1<<20), "B/B")
			b.ReportMetric(float64(large.Nanoseconds())/float64(b.N)/(1<<20), "ns/B")
		})
	}
}
