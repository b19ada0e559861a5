package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/bench/chart"
	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/rows"
)

func (p page) growthTable(out *bytes.Buffer) {
	all := p.growths()
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "\n## Growth\n\nWhat one costs when there are more of them, and the last over the first.\n\n")
	header(out, append([]string{""}, kinds...))
	for _, g := range all {
		for _, row := range g.rows {
			line(out, p.growthCells(fmt.Sprintf("%s, %d ×", row.Name, row.Scale), func(kind string) string {
				f, ok := p.figures[row.Key][kind]
				if !ok {
					return "–"
				}
				return duration(f.value)
			}))
		}
		line(out, p.growthCells("last over first", func(kind string) string {
			flat, ok := g.flatness(p.figures, kind)
			if !ok {
				return "–"
			}
			return fmt.Sprintf("%.2f", flat)
		}))
	}
}

func (p page) growthCells(name string, cell func(kind string) string) []string {
	cells := []string{name}
	for _, kind := range kinds {
		cells = append(cells, cell(kind))
	}
	return cells
}

func (p page) programTable(out *bytes.Buffer) {
	raw := p.program(clients.Raw)
	if raw.size == 0 && len(raw.wall) == 0 {
		return
	}
	fmt.Fprintf(out, `
## What a program pulls in

The smallest program that reads one agent and prints its name, built with `+"`-trimpath -ldflags='-s -w'`"+`.
A cold build is one with an empty build cache, the standard library included; the modules are on the disk already.

`)
	header(out, []string{"", "binary", "over raw", "cold build", "over raw", "its processor time", "modules"})
	for _, q := range p.programs {
		cells := []string{q.kind, "–", "–", "–", "–", "–", "–"}
		if q.size > 0 {
			cells[1], cells[2] = megabytes(q.size), megabytes(q.binaryOver(raw))
			cells[6] = fmt.Sprint(len(q.modules))
		}
		if len(q.wall) > 0 {
			cells[3], cells[5] = fmt.Sprintf("%.1f s", seconds(q.wall)), fmt.Sprintf("%.1f s", seconds(q.cpu))
			cells[4] = fmt.Sprintf("%.1f s", q.buildOver(raw))
		}
		line(out, cells)
	}
	for _, q := range p.programs {
		if len(q.modules) > 0 {
			fmt.Fprintf(out, "\nModules of %s: %s.\n", q.kind, strings.Join(q.modules, ", "))
		}
	}
}

func (p page) explain(out *bytes.Buffer) {
	fmt.Fprintf(out, "\n## What each row measures\n\n")
	for _, row := range p.measured() {
		fmt.Fprintf(out, "- %s: %s\n", row.Name, row.What)
		for _, kind := range kinds {
			if why := row.Cannot[kind]; why != "" {
				fmt.Fprintf(out, "  %s cannot: it %s.\n", kind, why)
			}
		}
	}
	fmt.Fprintf(out, `
The clients run in one process and the service in another, on one machine, over plain HTTP/1.1 on loopback.
Each client has a connection pool of its own, with the same settings.
Where a row does not say otherwise, the caller's context has a deadline, as the calls of a server mostly have.
Before each sample the garbage is collected. Each result is checked: rows, events and chunks are counted.
`)
}

func (p page) clients(out *bytes.Buffer) {
	fmt.Fprintf(out, "\n## The clients\n\n")
	for _, c := range []struct{ kind, text string }{
		{clients.Raw, "net/http and encoding/json, as one writes them with care for one program: escapes the path, checks the status, decodes the envelope, reads bodies to their end and closes them. No retries, no pacing, no typed errors."},
		{clients.Retryable, "%s in its defaults beneath the same code."},
		{clients.SDK, "this SDK in its defaults: with retries, pacing and limits. The rate limit that the service names is so high that pacing never waits."},
		{clients.Oapi, "made by %s from [openapi.json](../openapi.json), types and client. It takes the document as it is. Of a chat it " + rows.ByHand + "."},
		{clients.Ogen, "made by %s from [openapi.json](../openapi.json), in its quickest form: client only, no OpenTelemetry. It takes the document as it is. Of a chat it " + rows.Whole + "; and it " + rows.ByHand + "."},
	} {
		text := strings.ReplaceAll(c.text, "%s", strings.TrimSpace(c.kind+" "+p.made.versions[c.kind]))
		fmt.Fprintf(out, "- %s: %s\n", c.kind, text)
	}
}

func (p page) commands(out *bytes.Buffer) {
	fmt.Fprintf(out, `
## Commands

`+"```sh"+`
go -C bench run ./report                    # all of it; writes this page and its picture
go -C bench run ./report -only 'call|list'  # a part of it
go -C bench run ./report -short             # does it all work?
go -C bench test -run PacingTable -v .      # 1,200 calls against the rate limit, beside other ways
`+"```"+`

This page comes from a run with %d pairs of samples for most rows, and more for those that are close.
`, p.options.pairs)
}

// picture shows what a call and an event cost.
func (p page) picture() []byte {
	c := chart.Chart{Title: "What a call and an event cost, by client"}
	for _, g := range []struct{ row, title string }{
		{"events-10x", "One event of a chat's answer, over loopback"},
		{"memory-status", "Smallest call, in memory: the client alone"},
		{"call", "Smallest call, over loopback: client, service and kernel"},
	} {
		if p.figures[g.row] == nil {
			continue
		}
		i := slices.IndexFunc(p.rows, func(r rows.Row) bool { return r.Key == g.row })
		c.Groups = append(c.Groups, chart.Group{Title: g.title, Bars: p.bars(p.rows[i])})
	}
	return c.SVG()
}

func (p page) bars(row rows.Row) []chart.Bar {
	var bars []chart.Bar
	for _, kind := range kinds {
		bar := chart.Bar{Label: kind, Own: kind == clients.SDK}
		f, ok := p.figures[row.Key][kind]
		switch {
		case !ok:
			bar.Text = "cannot"
		case kind == clients.Raw:
			bar.Value, bar.Text = f.value, amount(row, f.value)
		default:
			bar.Value = f.ratio.Median * p.figures[row.Key][clients.Raw].value
			bar.Text = fmt.Sprintf("%s, %.2f × raw", amount(row, bar.Value), f.ratio.Median)
		}
		bars = append(bars, bar)
	}
	return bars
}
