package bench

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"
)

// sample measures once and returns the cost of one operation.
type sample func(b *testing.B) float64

// compare takes pairs of samples, alternating the order, and reports the median ratio and
// the median cost of the twin in the given unit. Short samples and many pairs reduce the
// influence of other load on the machine.
func compare(b *testing.B, pairs int, twin, own sample, unit string) {
	b.Helper()
	var ratios, costs []float64
	for b.Loop() {
		runtime.GC()
		twin(b) // opens connections
		own(b)
		for n := range pairs {
			var pair [2]float64
			for i := range pair {
				which := (i + n) % 2
				pair[which] = []sample{twin, own}[which](b)
			}
			ratios = append(ratios, pair[1]/pair[0])
			costs = append(costs, pair[0])
		}
	}
	b.ReportMetric(median(ratios), "x")
	b.ReportMetric(median(costs), "twin-"+unit)
	b.ReportMetric(0, "ns/op") // the time of all pairs is not meaningful
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// timed returns a sample that calls do ops times and returns the microseconds per unit. Each
// call has the given number of units. The context has a deadline, as in a server.
func timed(ops, units int, do func(context.Context) error) sample {
	return func(b *testing.B) float64 {
		b.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		start := time.Now()
		for range ops {
			if err := do(ctx); err != nil {
				b.Fatal(err)
			}
		}
		return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(ops*units)
	}
}
