package incident_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// runLength is how many results it takes on average until the bucket fires, from empty on, if
// each is bad with a chance: the solution of E(s) = 1 + p*E(filled) + (1-p)*E(drained), where
// what a result does to a level is what Step does.
func runLength(t *testing.T, weight, fire int, chance float64) float64 {
	t.Helper()
	policy := usual(60)
	policy.Rules.Degraded = incident.Leak{Weight: weight, Fire: time.Duration(fire) * time.Minute, Clear: time.Minute}
	after := func(level int, v probe.Verdict) (next int, fires bool) {
		var state incident.State
		var ids incident.Sequence
		state.Buckets.Target.Level = int32(level * 60_000)
		fx := incident.Step(&policy, &state, &incident.Input{At: t0, Verdict: v, Attempts: 1}, &ids)
		return int(state.Buckets.Target.Level) / 60_000, len(fx.Transitions) > 0
	}
	equations := make([][]float64, fire) // one per level, its last column is what it equals
	for level := range equations {
		row := make([]float64, fire+1)
		row[level], row[fire] = 1, 1
		for _, result := range []struct {
			chance  float64
			verdict probe.Verdict
		}{{chance, broken}, {1 - chance, good}} {
			if next, fires := after(level, result.verdict); !fires {
				row[next] -= result.chance
			}
		}
		equations[level] = row
	}
	return solve(equations)[0]
}

// solve solves linear equations.
func solve(a [][]float64) []float64 {
	n := len(a)
	for i := range n {
		best := i
		for j := i + 1; j < n; j++ {
			if math.Abs(a[j][i]) > math.Abs(a[best][i]) {
				best = j
			}
		}
		a[i], a[best] = a[best], a[i]
		for j := range n {
			if j == i {
				continue
			}
			factor := a[j][i] / a[i][i]
			for k := i; k <= n; k++ {
				a[j][k] -= factor * a[i][k]
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = a[i][n] / a[i][i]
	}
	return x
}

func TestHowManyResultsTheBucketTakes(t *testing.T) {
	for name, tc := range map[string]struct {
		weight, fire int
		chance, want float64
	}{
		"I9: two up, one down, three fire": {2, 3, 0.5, 14.0 / 3},
		"I10: one of two hundred":          {30, 90, 0.005, 271306},
		"I10: one of a hundred":            {30, 90, 0.01, 17490.9},
		"I10: one of twenty":               {30, 90, 0.05, 129.511},
		"I10: one of ten":                  {30, 90, 0.1, 44.5182},
		"I10: one of five":                 {30, 90, 0.2, 19.9355},
		"I10: every other":                 {30, 90, 0.5, 7.5},
		"I10: all":                         {30, 90, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			require.InEpsilon(t, tc.want, runLength(t, tc.weight, tc.fire, tc.chance), 1e-4)
		})
	}
}

// blips is how often a month blips make a probe down that is asked so often, with a blip a day
// that lasts 20 s on average, and 90 s to confirm.
func blips(interval float64) float64 {
	const mean, confirm = 20.0, 90.0
	return 30 * (mean / interval) * (1 - math.Exp(-interval/mean)) * math.Exp(-confirm/mean)
}

func TestK6HowOftenABlipIsTakenForAnOutage(t *testing.T) {
	for interval, want := range map[float64]float64{10: 0.2623, 30: 0.1726, 60: 0.1056, 300: 0.0222} {
		require.InDelta(t, want, blips(interval), 5e-5, "every %v s", interval)
	}
}

// TestK6IsWhatTheRulesDo lets as many blips hit the rules themselves.
func TestK6IsWhatTheRulesDo(t *testing.T) {
	const days = 60_000
	for _, interval := range []int{30, 60} {
		rnd := rand.New(rand.NewPCG(6, uint64(interval)))
		opened := 0
		for range days {
			begins, lasts := rnd.Float64()*float64(interval), rnd.ExpFloat64()*20
			if begins+lasts < float64(interval) {
				continue // no slot meets it
			}
			w := &world{policy: usual(interval), answer: func(second int) probe.Verdict {
				if second >= interval && float64(second) < begins+lasts {
					return broken
				}
				return good
			}}
			w.play(interval, 8*interval)
			if w.state.Open(probe.KindDown) != nil || len(w.told) > 0 {
				opened++
			}
		}
		require.InEpsilon(t, blips(float64(interval)), float64(opened)/days*30, 0.2, "every %d s", interval)
	}
}
