package spread

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3, 3, 3}},
		{[]float64{4, 2}, Spread{2.5, 3, 3.5, 2, 4}},
		{[]float64{5, 1, 3}, Spread{2, 3, 4, 1, 5}},
		{[]float64{9, 1, 5, 3, 7}, Spread{3, 5, 7, 1, 9}},
		{[]float64{1, 1, 1, 1, 1000}, Spread{1, 1, 1, 1, 1000}},
	} {
		given := append([]float64(nil), c.samples...)
		require.Equal(t, c.want, Of(c.samples), "%v", c.samples)
		require.Equal(t, given, append([]float64(nil), c.samples...), "the samples are left in their order")
	}
}

// TestInterval: of many runs of samples around 1, about 95 % have an interval that
// holds it.
func TestInterval(t *testing.T) {
	const runs = 4000
	for _, n := range []int{15, 60, 301} {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		hits := 0
		for range runs {
			samples := make([]float64, n)
			for i := range samples {
				samples[i] = math.Exp(random.NormFloat64()) // skewed, as times are; its median is 1
			}
			if s := Of(samples); s.Low <= 1 && 1 <= s.High {
				hits++
			}
		}
		require.InDelta(t, 0.96, float64(hits)/runs, 0.02, "%d samples", n)
	}
}

func TestApart(t *testing.T) {
	require.True(t, Spread{High: 1}.Apart(Spread{Low: 1.01}))
	require.False(t, Spread{High: 1}.Apart(Spread{Low: 1}))
}

func TestRatios(t *testing.T) {
	require.Equal(t, []float64{2, 0.5}, Ratios([]float64{4, 9, 1}, []float64{2, 0, 2}))
	require.Empty(t, Ratios(nil, nil))
}
