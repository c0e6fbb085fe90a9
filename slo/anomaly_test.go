package slo_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

// K3 as the rule about status codes asks it: an hour after a week without any.
func TestExcessAfterAQuietWeek(t *testing.T) {
	for x, want := range map[int]float64{1: 2.96297e-3, 2: 1.3156e-5, 3: 6.49e-8} {
		requireNear(t, want, slo.Excess(x, 0, 1, 168, 1), 5e-4)
		requireNear(t, want, slo.Excess(x, 0, 60, 60*168, 1), 5e-4)
	}
	require.Greater(t, slo.Excess(12, 4, 60, 60*168, 11.5), 0.01, "a nightly heap of twelve is one event")
	require.Less(t, slo.Excess(12, 1, 60, 60*168, 1), 1e-4)
	require.Equal(t, 1., slo.Excess(3, 2, 60, 60*168, 100), "less than a heap is nothing")
}

func TestExcessIsAChanceWhateverItIsAsked(t *testing.T) {
	for _, odd := range []float64{0, 1, -1, 1e300, math.Inf(1), math.NaN()} {
		for x := range 4 {
			for _, p := range []float64{slo.Excess(x, odd, 1, 168, 1), slo.Excess(x, 1, odd, 168, 1), slo.Excess(x, 1, 1, odd, 1), slo.Excess(x, 1, 1, 168, odd)} {
				require.False(t, math.IsNaN(p))
				require.GreaterOrEqual(t, p, 0.)
				require.LessOrEqual(t, p, 1.)
			}
		}
	}
}

func TestDispersion(t *testing.T) {
	require.Equal(t, 1., slo.Dispersion(nil))
	require.Equal(t, 1., slo.Dispersion(make([]int, 168)), "nothing is no heap")
	require.Zero(t, slo.Dispersion([]int{5, 5, 5, 5}))
	nightly := make([]int, 168)
	for i := 3; i < 168; i += 24 {
		nightly[i] = 12
	}
	requireNear(t, 11.5, slo.Dispersion(nightly), 1e-9)
}

// The figures are those of the table of simulated rules: any failed check in 5 min, on typical noise.
func TestFalseOpenings(t *testing.T) {
	const typical, checks = 0.00053, 30 * 24 * 60
	requireNear(t, 22.8, slo.FalseOpenings(5, 1, typical, checks), 0.01)
	require.Less(t, slo.FalseOpenings(5, 2, typical, checks), 0.06)
	require.Less(t, slo.FalseOpenings(300, 4, typical, 30*86400), 1.)
	require.Zero(t, slo.FalseOpenings(5, 0, typical, checks))
	require.Zero(t, slo.FalseOpenings(5, 6, typical, checks))
}
