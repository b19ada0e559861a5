package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/rows"
	"github.com/remsyshq/agento-go/bench/spread"
)

// page is all that a report tells.
type page struct {
	rows     []rows.Row
	figures  figures
	programs []*program
	made     circumstances
	options  options
}

var kinds = []string{clients.Raw, clients.Retryable, clients.SDK, clients.Oapi, clients.Ogen}

func (p page) program(kind string) *program {
	for _, program := range p.programs {
		if program.kind == kind {
			return program
		}
	}
	return &program{}
}

// measured are the rows that there are figures of. Those for growth alone are
// left out.
func (p page) measured() []rows.Row {
	var all []rows.Row
	for _, row := range p.rows {
		if p.figures[row.Key] != nil && !row.Only {
			all = append(all, row)
		}
	}
	return all
}

func (p page) markdown() []byte {
	var out bytes.Buffer
	for _, part := range []func(*bytes.Buffer){
		p.head, p.times, p.boundTable, p.lostTable, p.growthTable, p.programTable, p.costs, p.explain, p.clients, p.commands,
	} {
		part(&out)
	}
	return out.Bytes()
}

func (p page) head(out *bytes.Buffer) {
	fmt.Fprintf(out, `# Benchmarks

The SDK beside other ways to call the same service, measured in one run.
This page is written by `+"`go -C bench run ./report`"+`.

![Costs of a call and of an event of a stream, by client](benchmarks.svg)

Made on %s, Go %s, on %s.
`, p.made.machine, p.made.golang, p.made.date)
}

func (p page) times(out *bytes.Buffer) {
	fmt.Fprintf(out, `
## Time

For raw net/http the median of what one costs; for the others the ratio to it, as median (first to third quartile).
Each ratio is of the wall time of two samples taken one right after the other, the raw one first in every second pair.

`)
	p.table(out, "", func(row rows.Row, kind string) string {
		f := p.figures[row.Key][kind]
		if kind == clients.Raw {
			return amount(row, f.value) + " / " + row.Unit
		}
		return ratio(f.ratio)
	})
}

// table writes one line for each row and one column for each way.
func (p page) table(out *bytes.Buffer, corner string, cell func(rows.Row, string) string) {
	header(out, append([]string{corner}, kinds...))
	for _, row := range p.measured() {
		cells := []string{row.Name}
		for _, kind := range kinds {
			text := "–"
			if row.Cannot[kind] != "" {
				text = "cannot"
			} else if _, ok := p.figures[row.Key][kind]; ok {
				text = cell(row, kind)
			}
			if kind == clients.SDK {
				text = "**" + text + "**"
			}
			cells = append(cells, text)
		}
		line(out, cells)
	}
}

func header(out *bytes.Buffer, cells []string) {
	line(out, cells)
	fmt.Fprintf(out, "|%s\n", strings.Repeat("---|", len(cells)))
}

func line(out *bytes.Buffer, cells []string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

func ratio(s spread.Spread) string { return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Q1, s.Q3) }

// amount writes a time or a size with three digits or more.
func amount(row rows.Row, value float64) string {
	if row.Bytes() {
		return fmt.Sprintf("%.1f KiB", value/1024)
	}
	return duration(value)
}

func duration(ns float64) string {
	switch {
	case ns >= 1e6:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	case ns >= 1e4:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	case ns >= 1e3:
		return fmt.Sprintf("%.2f µs", ns/1e3)
	}
	return fmt.Sprintf("%.0f ns", ns)
}

func (p page) boundTable(out *bytes.Buffer) {
	all := p.bounds()
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, `
## What the SDK has to keep

Beside a ratio stands the interval in which its median lies with 95 %% confidence.

`)
	header(out, []string{"", "bound", "measured", ""})
	for _, b := range all {
		verdict := "holds"
		if !b.holds {
			verdict = "**does not hold**"
		}
		line(out, []string{b.what, b.limit, b.got, verdict})
	}
}

func (p page) lostTable(out *bytes.Buffer) {
	all := p.lost()
	fmt.Fprintf(out, "\n## Where a generated client is ahead\n\n")
	if len(all) == 0 {
		fmt.Fprintf(out, "Nowhere, where more than %.2f counts.\n", level)
		return
	}
	header(out, []string{"", "ahead", "ratios to raw", "why"})
	for _, l := range all {
		line(out, []string{l.row, l.kind, l.by, l.why})
	}
}

func (p page) costs(out *bytes.Buffer) {
	fmt.Fprintf(out, `
## Processor time and allocations

Processor time of the client's process alone, as ratios to raw, from the same samples.

`)
	p.table(out, "", func(row rows.Row, kind string) string {
		f := p.figures[row.Key][kind]
		switch {
		case f.cpu == 0:
			return "–"
		case kind == clients.Raw:
			return duration(f.cpu)
		}
		return ratio(f.cpuRatio)
	})
	fmt.Fprintf(out, "\nAllocations of one, with those of net/http.\n\n")
	p.table(out, "", func(row rows.Row, kind string) string {
		f := p.figures[row.Key][kind]
		if f.allocs == 0 {
			return "–"
		}
		return fmt.Sprintf("%.1f", f.allocs)
	})
}
