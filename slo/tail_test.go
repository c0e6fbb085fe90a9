package slo_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

// The ids are those of the reference vectors of the statistics kernels.
func TestBinomialTail(t *testing.T) {
	for name, tc := range map[string]struct {
		n, k int
		p    float64
		want float64
	}{
		"K1: five of thirty at one in a hundred":  {30, 5, 0.01, 1.157e-5},
		"K1: six of thirty at one in a hundred":   {30, 6, 0.01, 4.832e-7},
		"K1: eight of thirty at two in a hundred": {30, 8, 0.02, 1.011e-7},
		"K1: eleven of thirty at one in twenty":   {30, 11, 0.05, 1.097e-7},
		"all of them":                             {30, 30, 0.5, math.Pow(0.5, 30)},
		"at least none is certain":                {30, 0, 0.01, 1},
		"at least fewer than none is certain":     {30, -3, 0.01, 1},
		"more than there are is impossible":       {30, 31, 0.99, 0},
		"what never happens":                      {30, 1, 0, 0},
		"what always happens":                     {30, 30, 1, 1},
		"what is no chance never happens":         {30, 1, math.NaN(), 0},
		"one below the mean":                      {4, 1, 0.5, 15. / 16},
		"two thousand, of which one in ten":       {2000, 180, 0.1, 0.938475921},
	} {
		t.Run(name, func(t *testing.T) {
			requireNear(t, tc.want, slo.BinomialTail(tc.n, tc.k, tc.p), 5e-4)
		})
	}
}

func TestK2TheLeastCountThatChanceHardlyReaches(t *testing.T) {
	for p, want := range map[float64]int{0.01: 6, 0.02: 8, 0.03: 9, 0.05: 11, 0.1: 14} {
		k := 0
		for slo.BinomialTail(30, k, p) > 1e-6 {
			k++
		}
		require.Equal(t, want, k, "at p=%v", p)
	}
}

func TestPoissonTail(t *testing.T) {
	for name, tc := range map[string]struct {
		lambda float64
		k      int
		want   float64
	}{
		"H: two of an hour at 99.9%":            {0.06, 2, 1.7296e-3},
		"H: three of an hour at 99.9%":          {0.06, 3, 3.4418e-5},
		"H: four of six hours at 99.9%":         {0.36, 4, 5.2564e-4},
		"H: five of six hours at 99.9%":         {0.36, 5, 3.7378e-5},
		"H: ten of three days at 99.9%":         {4.32, 10, 1.32857e-2},
		"H: eleven of three days at 99.9%":      {4.32, 11, 4.98872e-3},
		"at least none is certain":              {0.06, 0, 1},
		"nothing expected, nothing comes":       {0, 1, 0},
		"a negative expectation is none":        {-1, 1, 0},
		"no number is no expectation":           {math.NaN(), 1, 0},
		"without end anything comes":            {math.Inf(1), 1 << 40, 1},
		"half of what is expected":              {1000, 500, 1},
		"what is expected, and there are many":  {1e8, 1e8, 0.500013},
		"so unlikely that it has no number":     {1e-300, 9, 0},
		"one, where one in a million is likely": {1e-6, 1, 9.999995e-7},
	} {
		t.Run(name, func(t *testing.T) {
			requireNear(t, tc.want, slo.PoissonTail(tc.lambda, tc.k), 1e-5)
		})
	}
}

func TestNegativeBinomialTail(t *testing.T) {
	const hour = 1. / 169 // one hour, after 168
	for name, tc := range map[string]struct {
		r, q float64
		k    int
		want float64
	}{
		"K3: one after a week without any":    {0.5, hour, 1, 1 - math.Sqrt(168./169)},
		"K3: two after a week without any":    {0.5, hour, 2, 1.3156e-5},
		"K3: three after a week without any":  {0.5, hour, 3, 6.49e-8},
		"a geometric count":                   {1, 0.25, 6, math.Pow(0.25, 6)},
		"a geometric count around its mean":   {1, 0.9, 9, math.Pow(0.9, 9)},
		"at least none is certain":            {0.5, hour, 0, 1},
		"no rate, no count":                   {0, hour, 1, 0},
		"no exposure, no count":               {0.5, 0, 1, 0},
		"a rate that is no number is none":    {math.NaN(), hour, 1, 0},
		"exposure that is no number is none":  {0.5, math.NaN(), 1, 0},
		"a rate without end":                  {math.Inf(1), hour, 5, 1},
		"all exposure lies before us":         {0.5, 1, 5, 1},
		"fifty an hour, for a week: as usual": {8400.5, hour, 50, 0.518808399789},
	} {
		t.Run(name, func(t *testing.T) {
			requireNear(t, tc.want, slo.NegativeBinomialTail(tc.r, tc.q, tc.k), 5e-4)
		})
	}
}

// The exact conditional test of two rates: 11 in 800 against 21 in 3011.
func TestK5TwoRatesAreComparedExactly(t *testing.T) {
	const n, k = 32, 11
	p := 800. / 3811
	at := func(i int) float64 { return slo.BinomialTail(n, i, p) - slo.BinomialTail(n, i+1, p) }
	oneSided := slo.BinomialTail(n, k, p)
	twoSided := 0.0
	for i := range n + 1 {
		if at(i) <= at(k)*(1+1e-9) {
			twoSided += at(i)
		}
	}
	requireNear(t, 1.971488, 11./800/(21./3011), 1e-6)
	requireNear(t, 0.0560087, oneSided, 1e-6)
	requireNear(t, 0.0796686, twoSided, 1e-6)
}

func TestTailsAreChancesThatFall(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for range 3000 {
		rate := math.Exp(r.NormFloat64() * 6)
		share := r.Float64()
		n := r.IntN(5000)
		k := r.IntN(n + 2)
		for name, tail := range map[string]func(k int) float64{
			"binomial":          func(k int) float64 { return slo.BinomialTail(n, k, share) },
			"poisson":           func(k int) float64 { return slo.PoissonTail(rate, k) },
			"negative binomial": func(k int) float64 { return slo.NegativeBinomialTail(rate, share, k) },
		} {
			here, next := tail(k), tail(k+1)
			require.False(t, math.IsNaN(here), "%s n=%d k=%d p=%v rate=%v", name, n, k, share, rate)
			require.GreaterOrEqual(t, here, 0.)
			require.LessOrEqual(t, here, 1.)
			require.LessOrEqual(t, next, here+1e-9, "%s n=%d k=%d p=%v rate=%v", name, n, k, share, rate)
		}
		other := slo.BinomialTail(n, n-k+1, 1-share)
		require.InDelta(t, 1, slo.BinomialTail(n, k, share)+other, 1e-9)
	}
}

// requireNear compares relatively, and what is none exactly.
func requireNear(t *testing.T, want, got, tolerance float64) {
	t.Helper()
	if want == 0 {
		require.Zero(t, got)
		return
	}
	require.InEpsilon(t, want, got, tolerance)
}
