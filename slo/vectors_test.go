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

// A tier of factor 1 sees a full outage as soon as that is as long as what may be bad over its
// window (SRE Workbook, chapter 5, table 5-1).
func TestHowSoonAFullOutageIsSeen(t *testing.T) {
	for name, tc := range map[string]struct {
		window, want time.Duration
	}{
		"A6: over ten minutes after 0.6 s":    {10 * time.Minute, 600 * time.Millisecond},
		"A7: over 36 hours after 2 min 9.6 s": {36 * time.Hour, 129_600 * time.Millisecond},
		"A8: over 3 days after 4 min 19.2 s":  {3 * day, 259_200 * time.Millisecond},
		"A5: over 30 days after 43 min 12 s":  {30 * day, 2_592_000 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			o := objective(t, "99.9% over 30d")
			require.Equal(t, tc.want, o.Total(tc.window))
			rate, ok := o.BurnRate(slo.Tally{Good: tc.window - tc.want, Bad: tc.want}, tc.window)
			require.True(t, ok)
			require.InDelta(t, 1, rate, 1e-9)
		})
	}
}

func TestC5HowLongABudgetOf28DaysLasts(t *testing.T) {
	o := objective(t, "99.9% over 28d")
	untouched := o.Budget(slo.Tally{Good: time.Hour}, o.Window.Span(t0))
	for burn, hours := range map[float64]time.Duration{14: 48, 7: 96, 2: 336} {
		at, ok := untouched.Exhaustion(t0, burn)
		require.True(t, ok)
		require.WithinDuration(t, t0.Add(hours*time.Hour), at, time.Second)
	}
	_, ok := untouched.Exhaustion(t0, 1)
	require.False(t, ok, "672 h are the window: what trails it frees as much as is spent")
}

// D7 as time: ten slices of which so much was good and so much was judged. That its budget is
// held against what was seen so far (118.6% of it) is left out on purpose.
func TestD7SlicesOfDifferentLength(t *testing.T) {
	good := []int{2, 10, 12, 13, 13, 12, 13, 13, 12, 11}
	judged := []int{4, 10, 12, 13, 14, 15, 14, 13, 12, 11}
	var sum slo.Tally
	for i := range good {
		sum = sum.Plus(slo.Tally{Good: time.Duration(good[i]) * time.Minute, Bad: time.Duration(judged[i]-good[i]) * time.Minute})
	}
	ratio, ok := sum.Ratio()
	require.True(t, ok)
	require.InDelta(t, 0.940677966, ratio, 1e-9)
	require.Equal(t, 7*time.Minute, sum.Bad)
}

func TestD13WithoutDataThereIsNoNumber(t *testing.T) {
	_, ok := slo.Tally{}.Ratio()
	require.False(t, ok, "null, neither 0 nor 1")
}
