// Package spread sums many samples up.
package spread

import (
	"math"
	"slices"
)

// Spread is the middle of samples and how far they lie apart.
type Spread struct{ Q1, Median, Q3 float64 }

// Of finds the quartiles of samples; between two samples it interpolates. Of no
// samples it is zero.
func Of(samples []float64) Spread {
	if len(samples) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	return Spread{quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)}
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := math.Floor(at)
	low := sorted[int(below)]
	if above := int(below) + 1; above < len(sorted) {
		return low + (at-below)*(sorted[above]-low)
	}
	return low
}

// Ratios divides each sample by its partner; where the partner is zero there is
// no ratio.
func Ratios(own, raw []float64) []float64 {
	var ratios []float64
	for i := range own {
		if raw[i] != 0 {
			ratios = append(ratios, own[i]/raw[i])
		}
	}
	return ratios
}
