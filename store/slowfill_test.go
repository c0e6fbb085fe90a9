package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/slo"
)

// promise has all probes promise something about latency in place of what they did.
func (w *world) promise(threshold time.Duration) {
	w.t.Helper()
	o, err := slo.ParseObjective("latency " + threshold.String() + " for 50% over 30d")
	require.NoError(w.t, err)
	w.threshold = threshold
	for i := range w.probes {
		p := &w.probes[i]
		p.Objectives = []slo.Objective{p.Objectives[0], o}
		policy := *p.Policy
		policy.Thresholds, _ = incident.NewThresholds(p.Objectives)
		p.Policy = &policy
	}
	w.revise()
}

// compact makes passes until nothing is left to do.
func (w *world) compact() {
	w.t.Helper()
	for range 50 {
		_, err := w.s.Compact(w.t.Context(), w.now())
		require.NoError(w.t, err)
		if w.s.filled.Load() != nil {
			return
		}
	}
	require.Fail(w.t, "compaction comes to no end")
}

// TestANewThresholdDecidesAboutThePast changes the threshold, and compares with a model that had
// it from the beginning: over an interval that changes, over what was skipped and over sums of days.
func TestANewThresholdDecidesAboutThePast(t *testing.T) {
	t.Parallel()
	for seed := range (worlds() + 1) / 2 {
		w := long(t, 100+seed)
		stretch := func(n int) {
			for range n {
				w.happen(300)
				w.commit(true)
			}
		}
		stretch(4)
		w.compact()
		w.promise(time.Second)
		stretch(2)
		w.compact()
		w.requireTallies(t, look(t, w.s.Path()))
		for i := range w.probes {
			w.probes[i].Policy.Interval = 2 * time.Minute
		}
		w.promise(3 * time.Second)
		stretch(2)
		w.promise(time.Second) // what was looked for before is known, and what came between is looked at
		stretch(1)
		w.compact()
		r := look(t, w.s.Path())
		w.requireTallies(t, r)
		for _, p := range w.probes {
			exact, err := r.Latency(t.Context(), p.ID, time.Second, t0.Add(-day), w.now())
			require.NoError(t, err)
			for range 20 {
				after := t0.Add(time.Duration(w.rnd.Int64N(int64(w.now().Sub(t0)))))
				until := after.Add(time.Duration(w.rnd.Int64N(int64(w.now().Sub(after)) + 1)))
				require.Equal(t, w.latency(p.ID, after, until), exact.Tally(after, until), "any window")
			}
			require.Zero(t, exact.Since(time.Second), "no other threshold decides any more")
		}
		before := content(t, w.s)
		w.s.filled.Store(nil)
		w.compact()
		require.Equal(t, before, content(t, w.s), "there is nothing left to look at")
	}
}

func TestWhereResultsAreGoneTheOldThresholdDecides(t *testing.T) {
	w := long(t, 200)
	for range 8 {
		w.happen(300)
		w.commit(true)
	}
	w.compact()
	require.NoError(t, w.s.Forget(t.Context(), w.now(), Retention{Results: day, Rollups: 400 * day}))
	gone := w.now().Add(-day)
	w.promise(time.Second)
	w.happen(300)
	w.commit(true)
	w.compact()
	r := look(t, w.s.Path())
	for _, p := range w.probes {
		exact, err := r.Latency(t.Context(), p.ID, time.Second, t0.Add(-day), w.now())
		require.NoError(t, err)
		since := exact.Since(time.Second)
		require.True(t, since.After(t0.Add(day)) && since.Before(gone.Add(day)), "as far back as results are kept, some of which came late: %v", since)
		require.Equal(t, w.latency(p.ID, since.Add(-1), w.now()), exact.Tally(since.Add(-1), w.now()), "exact from there on")
		w.threshold = usualThreshold
		require.Equal(t, w.latency(p.ID, t0.Add(-day), since.Add(-time.Millisecond)), exact.Tally(t0.Add(-day), since.Add(-time.Millisecond)), "and before by the other one")
		w.threshold = time.Second
	}
}

func TestSlotsWhoseResultsAreLostAreNotLookedAt(t *testing.T) {
	w := long(t, 201)
	w.happen(900)
	w.commit(true)
	w.compact()
	_, err := w.s.db.ExecContext(t.Context(), "DELETE FROM chunks WHERE span = (SELECT min(id) FROM spans)")
	require.NoError(t, err)
	w.promise(time.Second)
	w.happen(100)
	w.commit(true)
	w.compact()
	exact, err := look(t, w.s.Path()).Latency(t.Context(), w.probes[0].ID, time.Second, t0.Add(-day), w.now())
	require.NoError(t, err)
	require.NotZero(t, exact.Since(time.Second), "of the first day nobody knows what the new threshold says")
}

func FuzzReadSlowDays(f *testing.F) {
	of := map[slowKey]slowDay{{1, 500}: {60_000, 0}, {1, 2000}: {0, 120_000}, {7, 500}: {1, 2}}
	f.Add(packSlowDays([]slowKey{{1, 500}, {1, 2000}, {7, 500}}, of))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packed []byte) {
		var keys []slowKey
		read := map[slowKey]slowDay{}
		if eachSlowDay(packed, func(k slowKey, d slowDay) { keys, read[k] = append(keys, k), d }) != nil {
			return
		}
		if len(keys) != len(read) {
			return // a key twice is nothing that was written
		}
		again := map[slowKey]slowDay{}
		require.NoError(t, eachSlowDay(packSlowDays(keys, read), func(k slowKey, d slowDay) { again[k] = d }))
		require.Equal(t, read, again)
	})
}
