package slo_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

var t0 = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

func TestStretchWithin(t *testing.T) {
	minutes := func(n float64) time.Time { return t0.Add(time.Duration(n * float64(time.Minute))) }
	three := slo.Stretch{First: minutes(0), Last: minutes(2), Step: time.Minute} // slots at 0, 1, 2
	for name, tc := range map[string]struct {
		s            slo.Stretch
		after, until time.Time
		slots        int
	}{
		"the old edge is not in the window":           {three, minutes(0), minutes(2), 2},
		"just before the old edge is":                 {three, minutes(-0.01), minutes(2), 3},
		"the new edge is in the window":               {three, minutes(-1), minutes(1), 2},
		"just before the new edge is not":             {three, minutes(-1), minutes(0.99), 1},
		"a window between two slots holds none":       {three, minutes(0.1), minutes(0.9), 0},
		"a window that ends before the first":         {three, minutes(-9), minutes(-1), 0},
		"a window that begins after the last":         {three, minutes(2), minutes(9), 0},
		"a window long after":                         {three, minutes(1e6), minutes(1e7), 0},
		"an empty window":                             {three, minutes(1), minutes(1), 0},
		"a window that ends before it begins":         {three, minutes(2), minutes(0), 0},
		"all of time":                                 {three, time.Time{}, minutes(1e8), 3},
		"a single slot":                               {slo.Stretch{First: t0, Last: t0, Step: time.Minute}, minutes(-1), minutes(0), 1},
		"no step is no slot":                          {slo.Stretch{First: t0, Last: t0}, minutes(-1), minutes(1), 0},
		"a last slot before the first is no slot":     {slo.Stretch{First: minutes(5), Last: minutes(0), Step: time.Minute}, minutes(-9), minutes(9), 0},
		"a last instant between slots rounds down":    {slo.Stretch{First: t0, Last: minutes(1.5), Step: time.Minute}, minutes(-1), minutes(9), 2},
		"a window far wider than a duration can hold": {three, time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 3},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, time.Duration(tc.slots)*time.Minute, tc.s.Within(tc.after, tc.until))
		})
	}
}

// naive adds up the slots of a stretch in (after, until], one by one.
func naive(s slo.Stretch, after, until time.Time) (sum time.Duration) {
	for slot := s.First; !slot.After(s.Last); slot = slot.Add(s.Step) {
		if slot.After(after) && !slot.After(until) {
			sum += s.Step
		}
	}
	return sum
}

func TestWithinIsExactToTheSlot(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		step := time.Duration(1+rnd.IntN(400_000)) * time.Millisecond
		n := rnd.IntN(40)
		s := slo.Stretch{First: t0.Add(time.Duration(rnd.IntN(1e6)) * time.Millisecond), Step: step}
		s.Last = s.First.Add(time.Duration(n) * step)
		edge := func() time.Time {
			if rnd.IntN(2) == 0 { // on a slot, or a millisecond beside it
				return s.First.Add(time.Duration(rnd.IntN(n+6)-3)*step + time.Duration(rnd.IntN(3)-1)*time.Millisecond)
			}
			return s.First.Add(time.Duration(rnd.Int64N(int64(step)*int64(n+6))) - 3*step)
		}
		after, until, between := edge(), edge(), edge()
		require.Equal(t, naive(s, after, until), s.Within(after, until), "%v in (%v, %v]", s, after, until)
		require.Equal(t, time.Duration(n+1)*step, s.Weight())
		require.Equal(t, s.Weight(), s.Within(s.First.Add(-1), s.Last))
		if !between.Before(after) && !until.Before(between) {
			require.Equal(t, s.Within(after, until), s.Within(after, between)+s.Within(between, until), "windows side by side add up")
		}
		require.True(t, s.Follows(s.Last.Add(step)))
		require.False(t, s.Follows(s.Last.Add(step+time.Millisecond)))
		require.False(t, s.Follows(s.Last))
	}
}

func TestStretchWeight(t *testing.T) {
	require.Zero(t, slo.Stretch{}.Weight())
	require.Zero(t, slo.Stretch{First: t0, Last: t0.Add(time.Hour)}.Weight(), "without a step there are no slots")
	require.Zero(t, slo.Stretch{First: t0, Last: t0.Add(-time.Hour), Step: time.Minute}.Weight())
	require.Equal(t, 3*time.Minute, slo.Stretch{First: t0, Last: t0.Add(2 * time.Minute), Step: time.Minute}.Weight())
	require.False(t, slo.Stretch{}.Follows(time.Time{}), "nothing follows an empty stretch")
}
