package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/rows"
	"github.com/remsyshq/agento-go/bench/spread"
)

// pairsOf makes pairs in which a way takes so many times what raw does.
func pairsOf(raw float64, ratios ...float64) []rows.Pair {
	var pairs []rows.Pair
	for _, r := range ratios {
		pairs = append(pairs, rows.Pair{
			Raw: rows.Sample{Value: raw, CPU: raw / 2, Allocs: 10},
			Own: rows.Sample{Value: raw * r, CPU: raw * r / 4, Allocs: 10 * r},
		})
	}
	return pairs
}

// samplePage has figures of a few rows: in the times given, what the SDK takes
// over raw, and what ogen does.
func samplePage(call, list, event, ogenList float64) page {
	var results []rows.Result
	add := func(row, kind string, raw float64, ratios ...float64) {
		results = append(results, rows.Result{Row: row, Kind: kind, Pairs: pairsOf(raw, ratios...)})
	}
	for row, r := range map[string]struct{ raw, sdk, ogen float64 }{
		"memory-status": {4000, call, 2},
		"list":          {500_000, list, ogenList},
		"events-1x":     {800, event, 1},
		"events-10x":    {700, event, 1},
		"events-100x":   {700, event, 1},
	} {
		add(row, clients.Raw, r.raw, 1, 1, 1)
		add(row, clients.SDK, r.raw, r.sdk, r.sdk*0.9, r.sdk*1.1)
		add(row, clients.Ogen, r.raw, r.ogen)
	}
	add("idle", clients.Raw, 20<<10, 1)
	add("idle", clients.SDK, 20<<10, 1.25)
	programs := everyProgram()
	programs[0].size, programs[0].wall = 6_000_000, []time.Duration{20 * time.Second}
	programs[2].size, programs[2].wall = 6_700_000, []time.Duration{22 * time.Second, 50 * time.Second, 21 * time.Second}
	return page{
		rows: rows.All(rows.Full), figures: figuresOf(results), programs: programs,
		made: circumstances{machine: "a machine", golang: "1.26", date: "2026-11-23"},
	}
}

func TestFigures(t *testing.T) {
	f := figureOf([]rows.Pair{
		{Raw: rows.Sample{Value: 10, CPU: 4}, Own: rows.Sample{Value: 20, CPU: 2, Allocs: 7}},
		{Raw: rows.Sample{Value: 40, CPU: 4}, Own: rows.Sample{Value: 40, CPU: 4, Allocs: 7}},
		{Raw: rows.Sample{Value: 10, CPU: 4}, Own: rows.Sample{Value: 30, CPU: 6, Allocs: 9}},
	})
	require.Equal(t, spread.Spread{Q1: 1.5, Median: 2, Q3: 2.5, Low: 1, High: 3}, f.ratio, "the middle of the pairs' ratios")
	require.Equal(t, spread.Spread{Q1: 0.75, Median: 1, Q3: 1.25, Low: 0.5, High: 1.5}, f.cpuRatio)
	require.Equal(t, []float64{30, 4, 7, 3}, []float64{f.value, f.cpu, f.allocs, float64(f.pairs)})
}

func TestBounds(t *testing.T) {
	verdicts := func(p page) map[string]bool {
		all := map[string]bool{}
		for _, b := range p.bounds() {
			all[b.what] = b.holds
		}
		return all
	}
	good := samplePage(1.5, 1.03, 0.45, 0.5)
	require.Equal(t, map[string]bool{
		"smallest call, in memory":                         true,
		"list of 100 agents":                               true,
		"one event of a stream":                            true,
		"one event at 100 × over one at 1 ×, beside raw's": true,
		"binary over raw":                                  true,
		"cold build over raw":                              true,
	}, verdicts(good), "what was not measured has no verdict")

	bad := samplePage(1.51, 1.04, 0.46, 0.5)
	bad.program(clients.SDK).size += 60_000
	bad.program(clients.SDK).wall = []time.Duration{24 * time.Second}
	first := bad.figures["events-1x"][clients.SDK]
	first.value /= 2
	bad.figures["events-1x"][clients.SDK] = first
	for what, holds := range verdicts(bad) {
		require.False(t, holds, what)
	}
}

func TestLost(t *testing.T) {
	p := samplePage(1.5, 1, 0.4, 0.5)
	all := p.lost()
	require.Len(t, all, 1)
	require.Equal(t, clients.Ogen, all[0].kind)
	require.Equal(t, "0.50 × (0.50–0.50) against 1.00 × (0.90–1.10)", all[0].by)
	require.Contains(t, all[0].why, "generated for each type")
	require.Empty(t, samplePage(1.5, 1, 0.4, 0.99).lost(), "as good as level")
	p.rows[0].Behind = nil
	p.figures["memory-status"][clients.Oapi] = figureOf(pairsOf(4000, 1.1))
	require.Equal(t, "no reason is known", p.lost()[0].why)
	p.figures["memory-status"][clients.Oapi] = figureOf(pairsOf(4000, 1.1, 1.1, 1.6))
	require.Contains(t, p.lost()[0].why, "does not tell them apart")
}

func TestMarkdown(t *testing.T) {
	p := samplePage(1.4, 1, 0.4, 0.5)
	text := string(p.markdown())
	for _, part := range []string{
		"Made on a machine, Go 1.26, on 2026-11-23.",
		"| Smallest call, in memory | 4.00 µs / call | – | **1.40 (1.33–1.47)** | – | 2.00 (2.00–2.00) |",
		"| Memory of an idle stream | 20.0 KiB / stream | – | **1.25 (1.25–1.25)** | – | cannot |",
		"| Stream of 10,000 events | 700 ns / event | – | **0.40 (0.38–0.42)** | – | 1.00 (1.00–1.00) |",
		"| Stream of 100,000 events, 100 × | 700 ns | – | 280 ns | – | 700 ns |",
		"| last over first | 0.88 | – | 0.88 | – | 0.88 |",
		"| this SDK | 6.70 MB | 0.70 MB | 22.0 s | 2.0 s |",
		"| one event of a stream | ≤ 0.45 × raw | 0.40 × (0.36–0.44) | holds |",
		"ogen cannot: it reads the answer whole",
	} {
		require.Contains(t, text, part)
	}
	times, _, _ := strings.Cut(text, "## Growth")
	require.NotContains(t, times, "100,000 events", "what is there for growth alone")
	require.NotContains(t, text, "Create with", "what was not measured")
	requireXML(t, p.picture())
	require.Contains(t, string(p.picture()), "280 ns, 0.40 × raw")
	require.Equal(t, p.picture(), samplePage(1.4, 1, 0.4, 0.5).picture())
}

func TestDuration(t *testing.T) {
	for ns, want := range map[float64]string{0: "0 ns", 999.4: "999 ns", 1234: "1.23 µs", 56_789: "56.8 µs", 1_234_567: "1.23 ms"} {
		require.Equal(t, want, duration(ns))
	}
}
