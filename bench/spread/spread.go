// Package spread sums many samples up.
package spread

import (
	"math"
	"slices"
)

// Spread is the middle of samples and how far they lie apart.
type Spread struct {
	Q1, Median, Q3 float64
	// Low and High are the 95 % confidence interval of the median: how far it
	// may be from that of endless samples.
	Low, High float64
}

// Apart reports whether a median is below another one for sure.
func (s Spread) Apart(above Spread) bool { return s.High < above.Low }

// Of finds the quartiles of samples; between two samples it interpolates. Of no
// samples it is zero.
func Of(samples []float64) Spread {
	if len(samples) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	s := Spread{Q1: quantile(sorted, 0.25), Median: quantile(sorted, 0.5), Q3: quantile(sorted, 0.75)}
	s.Low, s.High = interval(sorted)
	return s
}

// interval takes the samples whose ranks bound the median, however the samples
// are distributed: half of n, less and more 1.96 standard deviations of how many
// lie below it. Few samples bound it with their extremes at best.
func interval(sorted []float64) (low, high float64) {
	n := float64(len(sorted))
	rank := max(1, int(math.Round(n/2-0.98*math.Sqrt(n))))
	return sorted[rank-1], sorted[len(sorted)-rank]
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
