package main

import (
	"github.com/remsyshq/agento-go/bench/rows"
	"github.com/remsyshq/agento-go/bench/spread"
)

// figure is what one way took for one row.
type figure struct {
	value, cpu, allocs float64       // medians
	ratio              spread.Spread // of the value, to that of the raw way beside it
	cpuRatio           spread.Spread
	pairs              int
}

// figures are those of a run, by row and way.
type figures map[string]map[string]figure

func figuresOf(results []rows.Result) figures {
	all := figures{}
	for _, r := range results {
		if all[r.Row] == nil {
			all[r.Row] = map[string]figure{}
		}
		all[r.Row][r.Kind] = figureOf(r.Pairs)
	}
	return all
}

func figureOf(pairs []rows.Pair) figure {
	column := func(of func(rows.Pair) float64) []float64 {
		values := make([]float64, len(pairs))
		for i, p := range pairs {
			values[i] = of(p)
		}
		return values
	}
	value := column(func(p rows.Pair) float64 { return p.Own.Value })
	cpu := column(func(p rows.Pair) float64 { return p.Own.CPU })
	allocs := column(func(p rows.Pair) float64 { return p.Own.Allocs })
	return figure{
		value:    spread.Of(value).Median,
		cpu:      spread.Of(cpu).Median,
		allocs:   spread.Of(allocs).Median,
		ratio:    spread.Of(spread.Ratios(value, column(func(p rows.Pair) float64 { return p.Raw.Value }))),
		cpuRatio: spread.Of(spread.Ratios(cpu, column(func(p rows.Pair) float64 { return p.Raw.CPU }))),
		pairs:    len(pairs),
	}
}
