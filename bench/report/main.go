// Report reads the output of the benchmarks, checks the limits, and writes the table
// in docs/benchmarks.md and its picture:
//
//	go -C bench test -run '^$' -bench . -benchtime 1x -count 12 . >bench.txt
//	go -C bench run ./report bench.txt
//
// It exits with status 1 if a median exceeds its limit or a row is missing.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

func main() {
	docs := flag.String("o", "../docs", "folder with benchmarks.md; empty writes nothing")
	flag.Parse()
	if err := run(flag.Arg(0), *docs, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(input, docs string, out io.Writer) error {
	file, err := os.Open(input)
	if err != nil {
		return err
	}
	defer file.Close()
	samples, err := read(file)
	if err != nil {
		return err
	}
	results, failure := evaluate(rows, samples)
	table := markdown(results)
	fmt.Fprint(out, table)
	if docs != "" && len(results) == len(rows) {
		failure = errors.Join(failure, write(docs, table, results))
	}
	return failure
}

// key identifies the values of one metric of one benchmark.
type key struct{ name, unit string }

// read collects the values of all metrics.
func read(in io.Reader) (map[key][]float64, error) {
	samples := map[key][]float64{}
	reader := benchfmt.NewReader(in, "benchmarks")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, record
		case *benchfmt.Result:
			name, _, _ := strings.Cut(string(record.Name), "-") // without the number of processors
			for _, v := range record.Values {
				if v.OrigUnit != "" { // as it was printed, not in base units
					v.Value, v.Unit = v.OrigValue, v.OrigUnit
				}
				k := key{name, v.Unit}
				samples[k] = append(samples[k], v.Value)
			}
		}
	}
	return samples, reader.Err()
}

// result is a row with its measurements.
type result struct {
	row
	benchmath.Summary
	twin benchmath.Summary // zero for a row without a twin's cost
}

func (r result) exceeded() bool { return r.limit >= 0 && r.Center > r.limit }

// evaluate summarizes the measured rows. The error names rows that are missing and rows that
// exceed their limit.
func evaluate(rows []row, samples map[key][]float64) (results []result, failure error) {
	for _, row := range rows {
		values := samples[key{row.benchmark, row.unit}]
		if len(values) == 0 {
			failure = errors.Join(failure, fmt.Errorf("%s: no values in %s", row.benchmark, row.unit))
			continue
		}
		r := result{row: row, Summary: summarize(values)}
		if twin := samples[key{row.benchmark, row.twinUnit}]; len(twin) > 0 {
			r.twin = summarize(twin)
		}
		if r.exceeded() {
			failure = errors.Join(failure, fmt.Errorf("%s: %.2f exceeds %.2f %s", row.title, r.Center, row.limit, row.unit))
		}
		results = append(results, r)
	}
	return results, failure
}

// summarize returns the median and its 95 % confidence interval.
func summarize(values []float64) benchmath.Summary {
	sample := benchmath.NewSample(values, &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, 0.95)
}

func markdown(results []result) string {
	var out strings.Builder
	out.WriteString("| | compared with | median | 95 % interval | limit | cost of the other |\n|---|---|---|---|---|---|\n")
	for _, r := range results {
		limit := ""
		if r.limit != noLimit {
			limit = fmt.Sprintf("≤ %.2f", r.limit)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", r.title, r.versus, r.median(), r.interval(), limit, r.cost())
	}
	return out.String()
}

func (r result) median() string {
	unit := " " + r.unit
	if strings.HasSuffix(r.unit, "x") {
		unit = " ×"
	}
	text := fmt.Sprintf("%.2f%s", r.Center, unit)
	if r.exceeded() {
		return "**" + text + "**"
	}
	return text
}

func (r result) interval() string {
	if math.IsInf(r.Lo, 0) || math.IsInf(r.Hi, 0) {
		return "too few values"
	}
	return fmt.Sprintf("%.2f–%.2f", r.Lo, r.Hi)
}

func (r result) cost() string {
	if r.twin.Center == 0 {
		return ""
	}
	unit := r.twinUnit[strings.LastIndex(r.twinUnit, "-")+1:]
	return fmt.Sprintf("%.3g %s", r.twin.Center, strings.Replace(unit, "/", " / ", 1))
}

const beginMark, endMark = "<!-- table -->\n", "<!-- end of table -->\n"

// write replaces the table in benchmarks.md and the picture.
func write(docs, table string, results []result) error {
	path := filepath.Join(docs, "benchmarks.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := bytes.Cut(page, []byte(beginMark))
	_, after, ok2 := bytes.Cut(rest, []byte(endMark))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s lacks the marks of the table", path)
	}
	page = fmt.Appendf(nil, "%s%s%s%s%s", before, beginMark, table, endMark, after)
	if err := os.WriteFile(path, page, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "benchmarks.svg"), chart(results), 0o644)
}
