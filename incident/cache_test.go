package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// cached gives a state so many scheduled answers to conditional requests, a minute apart.
func cached(t *testing.T, w *world, from int, outcomes ...probe.CacheOutcome) (told []string) {
	t.Helper()
	for i, outcome := range outcomes {
		told = append(told, w.step(incident.Input{At: at(60 * (from + i)), Verdict: good, Attempts: 1, Cache: outcome})...)
	}
	return told
}

func row(outcome probe.CacheOutcome, n int) (all []probe.CacheOutcome) {
	for range n {
		all = append(all, outcome)
	}
	return all
}

func TestWhatIsSentAgainTooOftenIsAnIncident(t *testing.T) {
	for name, tc := range map[string]struct {
		outcome probe.CacheOutcome
		cause   probe.Reason
	}{
		"a server that does not listen":      {probe.CacheMiss, probe.CacheMissed},
		"a validator that always is another": {probe.CacheChanged, probe.ValidatorChanges},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{policy: usual(60)}
			w.policy.Conditional, w.policy.MinCacheRatio = true, 0.8
			require.Empty(t, cached(t, w, 0, row(tc.outcome, 31)...), "too few to tell")
			require.Equal(t, []string{"opened cache 31m0s"}, cached(t, w, 31, tc.outcome))
			problem := w.state.Open(probe.KindCache)
			require.Equal(t, []any{tc.cause, probe.Warning, 32}, []any{problem.Cause.Reason, problem.Severity, problem.Failures})
			require.Nil(t, w.state.Open(probe.KindDown))
			require.Empty(t, cached(t, w, 32, row(probe.CacheHit, 54)...), "good results alone do not resolve it, and 0.84 is not clearly enough")
			require.Equal(t, []string{"resolved cache 1h26m0s"}, cached(t, w, 86, row(probe.CacheHit, 1)...))
			require.Empty(t, cached(t, w, 87, append(row(probe.CacheHit, 20), tc.outcome, tc.outcome)...), "a few more change nothing")
		})
	}
}

func TestAnAnswerThatStillHoldsOpensNothing(t *testing.T) {
	w := &world{policy: usual(60)}
	w.policy.Conditional, w.policy.MinCacheRatio = true, 0.8
	require.Empty(t, cached(t, w, 0, append(row(probe.CacheMiss, 31), probe.CacheHit)...), "a 304 is no cause to show")
	require.Equal(t, []string{"opened cache 32m0s"}, cached(t, w, 32, probe.CacheMiss))
	require.Equal(t, 200, w.state.Open(probe.KindCache).Cause.Status)
}

func TestWithoutAPromiseThereIsNoIncidentAndAnOpenOneResolves(t *testing.T) {
	w := &world{policy: usual(60)}
	require.Empty(t, cached(t, w, 0, row(probe.CacheMiss, 100)...))
	w.policy.MinCacheRatio = 0.5
	require.Equal(t, []string{"opened cache 1h40m0s"}, cached(t, w, 100, probe.CacheMiss))
	w.policy.MinCacheRatio = 0
	require.Equal(t, []string{"resolved cache 1h41m0s"}, cached(t, w, 101, probe.CacheNone))
}

func TestAnswersAreCountedForADay(t *testing.T) {
	w := &world{policy: usual(60)}
	type second struct {
		at      time.Time
		outcome probe.CacheOutcome
	}
	var all []second
	rnd := rand.New(rand.NewPCG(1, 2))
	now := t0
	for range 3000 {
		now = now.Add(time.Duration(1+rnd.IntN(120)) * time.Minute / 2)
		if rnd.IntN(200) == 0 {
			now = now.Add(time.Duration(rnd.IntN(60)) * time.Hour)
		}
		outcome := probe.CacheOutcome(rnd.IntN(4))
		w.step(incident.Input{At: now, Verdict: good, Attempts: 1, Cache: outcome})
		all = append(all, second{now, outcome})
		if rnd.IntN(10) > 0 {
			continue
		}
		look := now.Add(time.Duration(rnd.IntN(30)) * time.Hour)
		var want [4]int
		for _, s := range all {
			if s.at.Unix()/3600 > look.Unix()/3600-24 {
				want[s.outcome]++
			}
		}
		hits, misses, changed := w.state.Cache.Since(look)
		require.Equal(t, want[1:], []int{hits, misses, changed})
	}
	copied := w.state.Clone()
	w.step(incident.Input{At: now.Add(time.Minute), Verdict: good, Attempts: 1, Cache: probe.CacheHit})
	require.NotEqual(t, copied.Cache, w.state.Cache, "a copy shares nothing")
}
