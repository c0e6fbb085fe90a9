package slo_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

func TestG5MaintenanceLeavesTheBudgetAsItIs(t *testing.T) {
	o := objective(t, "99% over 7d")
	b := o.Budget(slo.Tally{Good: 143 * time.Hour, Bad: time.Hour, Excluded: day, Planned: day}, o.Window.Span(t0))
	require.Equal(t, 6048*time.Second, b.Total)
	left, _ := b.RemainingRatio()
	require.InDelta(t, 0.595238095, 1-left, 1e-9)
	require.Equal(t, 1.0, b.Coverage, "nobody wanted to see the time of maintenance")
	require.Equal(t, slo.Met, b.Status)
}

func TestG20SplittingAStretchChangesNothing(t *testing.T) {
	one := slo.Stretch{First: t0, Last: t0, Step: time.Minute}
	six := slo.Stretch{First: t0, Last: t0.Add(50 * time.Second), Step: 10 * time.Second}
	require.Equal(t, one.Weight(), six.Weight())
	o := objective(t, "99.9% over 30d")
	for _, s := range []slo.Stretch{one, six} {
		b := o.Budget(slo.Tally{Good: day, Bad: s.Weight()}, o.Window.Span(t0))
		require.Equal(t, time.Minute, b.Spent)
		rate, _ := o.BurnRate(slo.Tally{Good: time.Hour - time.Minute, Bad: s.Weight()}, time.Hour)
		require.InDelta(t, 1/0.06, rate, 1e-9)
	}
}

// TestDisjointTimesAddUp cuts a stretch anywhere: the parts weigh what the whole does.
func TestDisjointTimesAddUp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for range 5000 {
		step := time.Duration(1+rnd.IntN(300)) * time.Second
		s := slo.Stretch{First: t0, Last: t0.Add(time.Duration(rnd.IntN(200)) * step), Step: step}
		edges := []time.Time{t0.Add(-time.Hour)}
		for at := edges[0]; at.Before(s.Last); edges = append(edges, at) {
			at = at.Add(time.Duration(1+rnd.IntN(7200)) * time.Second)
		}
		var sum, cut time.Duration
		for i := 1; i < len(edges); i++ {
			sum += s.Within(edges[i-1], edges[i])
			cut += s.Cut(edges[i-1], edges[i]).Weight()
		}
		require.Equal(t, s.Weight(), sum)
		require.Equal(t, s.Weight(), cut)
	}
}
