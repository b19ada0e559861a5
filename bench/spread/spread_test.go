package spread

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{4, 2}, Spread{2.5, 3, 3.5}},
		{[]float64{5, 1, 3}, Spread{2, 3, 4}},
		{[]float64{9, 1, 5, 3, 7}, Spread{3, 5, 7}},
		{[]float64{1, 1, 1, 1, 1000}, Spread{1, 1, 1}},
	} {
		given := append([]float64(nil), c.samples...)
		require.Equal(t, c.want, Of(c.samples), "%v", c.samples)
		require.Equal(t, given, append([]float64(nil), c.samples...), "the samples are left in their order")
	}
}

func TestRatios(t *testing.T) {
	require.Equal(t, []float64{2, 0.5}, Ratios([]float64{4, 9, 1}, []float64{2, 0, 2}))
	require.Empty(t, Ratios(nil, nil))
}
