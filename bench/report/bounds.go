package main

import (
	"cmp"
	"fmt"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/spread"
)

// bound is what the SDK has to keep.
type bound struct {
	what  string
	limit string
	got   string
	holds bool
}

// ratioBounds are the rows that have a bound, as a ratio of time to raw.
var ratioBounds = []struct {
	row, what string
	most      float64
}{
	{"memory-status", "smallest call, in memory", 1.5},
	{"call", "smallest call, loopback", 1.03},
	{"list", "list of 100 agents", 1.03},
	{"events-10x", "one event of a stream", 0.45},
}

const (
	flatMost   = 1.1 // cost of one at 100 ×, over that at 1 ×
	binaryMost = 750_000
	buildMost  = 3.0
)

// bounds compares what was measured with what has to hold. What was not
// measured is not in it.
func (p page) bounds() []bound {
	var all []bound
	for _, b := range ratioBounds {
		if f, ok := p.figures[b.row][clients.SDK]; ok {
			all = append(all, bound{b.what, fmt.Sprintf("≤ %.2f × raw", b.most), certainly(f.ratio), f.ratio.Median <= b.most})
		}
	}
	for _, g := range p.growths() {
		// Beside raw's, since the machine may be slower by the time of the largest.
		own, ok := g.flatness(p.figures, clients.SDK)
		raw, ok2 := g.flatness(p.figures, clients.Raw)
		if ok && ok2 && raw > 0 {
			got := fmt.Sprintf("%.2f (%.2f, raw %.2f)", own/raw, own, raw)
			all = append(all, bound{"one " + g.unit + " at 100 × over one at 1 ×, beside raw's", fmt.Sprintf("≤ %.2f × raw's", flatMost), got, own/raw <= flatMost})
		}
	}
	raw, sdk := p.program(clients.Raw), p.program(clients.SDK)
	if sdk.size > 0 {
		more := sdk.binaryOver(raw)
		all = append(all, bound{"binary over raw", "≤ " + megabytes(binaryMost), megabytes(more), more <= binaryMost})
	}
	if len(sdk.wall) > 0 {
		more := sdk.buildOver(raw)
		all = append(all, bound{"cold build over raw", fmt.Sprintf("≤ %.1f s", buildMost), fmt.Sprintf("%.1f s", more), more <= buildMost})
	}
	return all
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }

// certainly writes a ratio with the interval in which its median lies.
func certainly(s spread.Spread) string {
	return fmt.Sprintf("%.2f × (%.2f–%.2f)", s.Median, s.Low, s.High)
}

// lost is a row in which a generated client needs less than the SDK.
type lost struct{ row, kind, by, why string }

// level is how close two ratios may lie to count as equal.
const level = 0.02

func (p page) lost() []lost {
	var all []lost
	for _, row := range p.rows {
		own, ok := p.figures[row.Key][clients.SDK]
		if !ok {
			continue
		}
		for _, kind := range []string{clients.Oapi, clients.Ogen} {
			other, ok := p.figures[row.Key][kind]
			if !ok || other.ratio.Median >= own.ratio.Median-level {
				continue
			}
			why := cmp.Or(row.Behind[kind], "no reason is known")
			if !other.ratio.Apart(own.ratio) {
				why = "this run does not tell them apart: the intervals overlap"
			}
			all = append(all, lost{row.Name, kind, certainly(other.ratio) + " against " + certainly(own.ratio), why})
		}
	}
	return all
}
