package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// leaky is a probe of which only the bucket tells.
func leaky(interval int) *world {
	w := &world{policy: usual(interval)}
	w.policy.Rules = incident.UsualRules()
	w.policy.Rules.Off = w.policy.Rules.Off.With(probe.KindDown).With(probe.KindAuthFailed)
	return w
}

// level is how full the bucket of the target is, in seconds.
func (w *world) level() int { return int(w.state.Buckets.Target.Level) / 1000 }

// times repeats a verdict.
func times(n int, v probe.Verdict) []probe.Verdict {
	all := make([]probe.Verdict, n)
	for i := range all {
		all[i] = v
	}
	return all
}

// The ids are those of the reference vectors of the leaky bucket.
func TestBucketVectors(t *testing.T) {
	row := func(parts ...[]probe.Verdict) (all []probe.Verdict) {
		for _, part := range parts {
			all = append(all, part...)
		}
		return all
	}
	bad, well := times(1, broken), times(10, good)
	rare := row(bad, times(30, good))
	for name, tc := range map[string]struct {
		interval int
		results  []probe.Verdict
		levels   map[int]int // after so many results
		opens    int         // with which of them; 0: with none
	}{
		"I1: at 60 s the third in a row fires":        {60, times(3, broken), map[int]int{1: 1800, 2: 3600, 3: 5400}, 3},
		"I2: so does the fourth of thirty":            {60, row(bad, well, bad, well, bad, times(5, good), bad), map[int]int{1: 1800, 11: 1200, 12: 3000, 22: 2400, 23: 4200, 28: 3900, 29: 5700}, 29},
		"I3: at 10 s the eighteenth fires":            {10, times(18, broken), map[int]int{17: 5100, 18: 5400}, 18},
		"I4: at 300 s the third fires":                {300, times(3, broken), map[int]int{3: 5400}, 3},
		"I6: what is excluded or unknown changes":     {60, row(bad, times(50, denied), times(50, blind), bad), map[int]int{1: 1800, 101: 1800, 102: 3600}, 0},
		"I7: one of thirty-one never fires":           {60, row(rare, rare, rare, rare, rare, rare), map[int]int{1: 1800, 31: 0, 32: 1800, 62: 0, 186: 0}, 0},
		"a slow answer is as bad as a broken one":     {60, times(3, slow), map[int]int{1: 1800, 3: 5400}, 3},
		"load that is shed as it may be is not bad":   {60, times(2, shed), map[int]int{2: 0}, 0},
		"a 4xx is not the target's":                   {60, times(2, missing), map[int]int{2: 0}, 0},
		"more than enough is not remembered for ever": {60, times(40, broken), map[int]int{4: 7200, 40: 7200}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := leaky(tc.interval)
			opened := 0
			for i, v := range tc.results {
				if told := w.feed(i*tc.interval, v); len(told) > 0 && opened == 0 {
					opened = i + 1
				}
				if want, ok := tc.levels[i+1]; ok {
					require.Equal(t, want, w.level(), "after %d results", i+1)
				}
			}
			require.Equal(t, tc.opens, opened)
			if opened > 0 {
				p := w.state.Open(probe.KindDegraded)
				require.NotNil(t, p)
				require.Equal(t, probe.Warning, p.Severity, "whatever fails")
				require.Equal(t, t0, p.Since, "since the first of them")
			}
		})
	}
}

// I5, as far as the incident goes: it resolves with the result that drains the bucket.
func TestI5DegradedLastsUntilTheBucketIsLow(t *testing.T) {
	w := leaky(60)
	require.Equal(t, []string{"opened degraded 2m0s"}, w.feed(0, times(4, broken)...))
	require.Equal(t, 7200, w.level())
	require.Empty(t, w.feed(240, times(89, good)...))
	require.Equal(t, 1860, w.level())
	require.Equal(t, []string{"resolved degraded 1h33m0s"}, w.feed(240+89*60, good))
	require.Zero(t, w.level(), "when an incident recovers its bucket empties")
}

func TestDegradedTellsWhatFailed(t *testing.T) {
	w := leaky(60)
	w.feed(0, broken, good, refused, good, gateway, good, broken)
	p := w.state.Open(probe.KindDegraded)
	require.Equal(t, 4, p.Failures)
	require.Equal(t, []incident.CodeCount{{Code: 503, Count: 2}, {Code: 0, Count: 1}, {Code: 502, Count: 1}}, p.Codes)
	require.Equal(t, broken, p.Cause)
	w.feed(420, broken)
	require.Equal(t, 5, p.Failures, "and what goes on failing counts")
}

func TestOnlyScheduledResultsFillTheBucket(t *testing.T) {
	w := leaky(60)
	for i, run := range []probe.RunKind{probe.First, probe.Recheck, probe.Manual, probe.Scheduled} {
		w.step(incident.Input{Run: run, At: at(i * 10), Verdict: broken, Attempts: 1})
	}
	require.Equal(t, 1800, w.level())
}

func TestWhatIsDegradedAndDownIsOneIncident(t *testing.T) {
	policy := usual(60)
	policy.Rules = incident.UsualRules()
	partly := []probe.Verdict{broken, good, broken, good, broken, good, broken} // one of two

	t.Run("degraded rises into down", func(t *testing.T) {
		w := &world{policy: policy}
		require.Equal(t, []string{"opened degraded 6m0s"}, w.feed(0, partly...))
		require.Equal(t, []string{"risen down 8m0s"}, w.feed(420, broken, broken))
		p := w.state.Open(probe.KindDown)
		require.Equal(t, 6, p.Failures, "each failure is counted once")
		require.Equal(t, probe.Critical, p.Severity)
		require.Equal(t, []string{"eased degraded 11m0s"}, w.feed(540, good, good, good), "it answers, but has failed now and then")
		require.Equal(t, probe.Warning, w.state.Open(probe.KindDegraded).Severity)
		require.Equal(t, []string{"risen down 14m0s"}, w.feed(720, broken, broken, broken))
		require.Equal(t, []string{"eased degraded 17m0s"}, w.feed(900, good, good, good))
		require.Equal(t, []string{"eased degraded 47m0s", "resolved down 1h44m0s"}, w.feed(1080, times(87, good)...), "until the bucket is low; and it was an outage")
		require.Zero(t, w.level())
		require.Equal(t, probe.Critical, w.told[len(w.told)-1].Problem.Severity)
	})
	t.Run("what was down at once resolves at once", func(t *testing.T) {
		w := &world{policy: policy}
		require.Equal(t, []string{"opened down 2m0s"}, w.feed(0, times(60, broken)...))
		require.Equal(t, []string{"resolved down 1h2m0s"}, w.feed(3600, good, good, good), "one outage says nothing of failures now and then")
	})
	t.Run("while it is down nothing else opens", func(t *testing.T) {
		w := &world{policy: policy}
		require.Equal(t, []string{"opened down 2m0s"}, w.feed(0, times(9, broken)...))
	})
	t.Run("what was down and fails now and then is the same incident again", func(t *testing.T) {
		w := &world{policy: policy}
		w.feed(0, broken, broken, broken, good, good, good)
		require.Equal(t, []string{"reopened degraded 12m0s"}, w.feed(360, partly...))
		require.Len(t, w.state.Problems, 1)
		require.Equal(t, []string{"risen down 14m0s"}, w.feed(780, broken, broken))
		require.Equal(t, 2, w.state.Open(probe.KindDown).Openings)
	})
	t.Run("what was down ends as an outage, however it fails in the end", func(t *testing.T) {
		w := &world{policy: policy}
		w.feed(0, broken, broken, broken, good, good, good)
		require.Equal(t, []string{"reopened degraded 12m0s"}, w.feed(360, partly...))
		p := w.state.Open(probe.KindDegraded)
		require.Equal(t, probe.Warning, p.Severity, "while it is open it goes by how it is")
		require.Equal(t, []string{"resolved down 1h39m0s"}, w.feed(780, times(90, good)...)[:1])
		require.Equal(t, p.ID, w.told[len(w.told)-1].Problem.ID)
		require.Equal(t, []string{"opened down 5h2m0s"}, w.feed(5*3600, broken, broken, broken)[1:], "and is forgotten when it is closed")
	})
	t.Run("what is degraded after an outage and not watched any more was one", func(t *testing.T) {
		w := &world{policy: policy}
		w.feed(0, partly...)
		w.feed(420, broken, broken, good, good, good)
		require.NotNil(t, w.state.Open(probe.KindDegraded))
		told := incident.Withdraw(&w.state, at(900)).Transitions
		require.Equal(t, []string{"withdrawn down 15m0s"}, lines(told))
	})
	t.Run("what was degraded and is down is the same incident again", func(t *testing.T) {
		w := &world{policy: policy}
		w.feed(0, partly...)
		require.Equal(t, []string{"resolved degraded 1h33m0s"}, w.feed(420, times(92, good)...))
		require.Equal(t, []string{"reopened down 1h41m0s"}, w.feed(420+92*60, broken, broken, broken))
		require.Len(t, w.state.Problems, 1)
	})
}

func TestARuleThatIsSwitchedOffWithdrawsItsIncidents(t *testing.T) {
	w := leaky(60)
	w.feed(0, times(3, broken)...)
	require.NotNil(t, w.state.Open(probe.KindDegraded))
	w.policy.Rules.Degraded, w.policy.Rules.Off = incident.Leak{}, w.policy.Rules.Off.With(probe.KindDegraded)
	require.Equal(t, []string{"withdrawn degraded 3m0s"}, w.feed(180, broken))
	require.Empty(t, w.state.Problems)
	require.Zero(t, w.level())
	require.Empty(t, w.feed(240, times(9, broken)...))
}

func TestABucketIsTuned(t *testing.T) {
	w := leaky(60)
	w.policy.Rules.Degraded = incident.Leak{Fire: 20 * time.Minute, Clear: 2 * time.Minute, Weight: 10}
	require.Equal(t, []string{"opened degraded 1m0s"}, w.feed(0, broken, broken))
	require.Equal(t, []string{"resolved degraded 19m0s"}, w.feed(120, times(18, good)...))
}
