package store

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// results are the results that a world has had of a probe, in the order of time. A
// commit that came twice is in them once.
func (w *world) results(id probe.ID, from, to time.Time) []incident.Input {
	var all []incident.Input
	for _, e := range w.past {
		in := e.Input
		if e.Probe == id && in.Kind == incident.Ran && !in.At.Before(from) && in.At.Before(to) {
			in.RecoverBy, in.Throttled, in.Forgone, in.Maintenance = time.Time{}, false, 0, false // chunks do not keep what was announced, nor what was planned
			all = append(all, in)
		}
	}
	slices.SortStableFunc(all, func(a, b incident.Input) int { return a.At.Compare(b.At) })
	return all
}

func read(t testing.TB, r *Reader, id probe.ID, from, to time.Time) []incident.Input {
	t.Helper()
	var all []incident.Input
	require.NoError(t, r.Results(t.Context(), id, from, to, func(in *incident.Input) error {
		c := *in
		c.RecoverBy, c.Throttled, c.Forgone, c.Maintenance = time.Time{}, false, 0, false
		all = append(all, c)
		return nil
	}))
	return all
}

// long makes a world of days: probes that are asked every five minutes.
func long(t testing.TB, seed uint64) *world {
	w := newWorld(t, seed, 3)
	for i := range w.probes {
		w.probes[i].Policy.Interval = 5 * time.Minute
	}
	w.revise()
	return w
}

func TestWhatWasCompactedIsReadAsItWas(t *testing.T) {
	t.Parallel()
	inWorlds(t, func(t *testing.T, w *world) {
		r := look(t, w.s.Path())
		for range 6 {
			w.happen(150)
			w.commit(true)
			_, err := w.s.Compact(t.Context(), w.now())
			require.NoError(t, err)
			for i := range w.probes {
				id := w.probes[i].ID
				require.Equal(t, w.results(id, t0.Add(-day), forever), read(t, r, id, t0.Add(-day), forever))
				from := t0.Add(time.Duration(w.rnd.IntN(600)) * time.Minute)
				to := from.Add(time.Duration(w.rnd.IntN(600)) * time.Minute)
				require.Equal(t, w.results(id, from, to), read(t, r, id, from, to), "any range")
			}
			require.Equal(t, w.states(), seen(t, r), "states are as they were")
			require.Equal(t, w.states(), seen(t, look(t, w.s.Path())), "for who comes later, too")
		}
		require.Positive(t, count(t, w.s, "SELECT count(*) FROM chunks"))
		require.Less(t, count(t, w.s, "SELECT coalesce(sum(entries), 0) FROM log"), len(w.past)/2, "the log was cut")
	})
}

// sumsOf are sums in a form that can be compared.
func sumsOf(t testing.TB, sums []Summary) (all []any) {
	t.Helper()
	for i := range sums {
		s := &sums[i]
		p50, _ := s.Latency.Quantile(0.5)
		p99, _ := s.Latency.Quantile(0.99)
		all = append(all, s.From, s.To, s.Outcomes, s.Codes, s.Reasons, s.Latency.Count(), p50, p99)
	}
	return all
}

func TestDaysThatAreSummedUpSayWhatTheirResultsSay(t *testing.T) {
	t.Parallel()
	for seed := range (worlds() + 1) / 2 {
		w := long(t, seed)
		for range 8 {
			w.happen(400)
			w.commit(true)
			_, err := w.s.Compact(t.Context(), w.now())
			require.NoError(t, err)
		}
		require.Greater(t, count(t, w.s, "SELECT count(*) FROM rollups"), 2)
		require.Greater(t, count(t, w.s, "SELECT count(*) FROM tallies"), 2)
		require.Greater(t, count(t, w.s, "SELECT count(*) FROM slowdays"), 2)
		r := look(t, w.s.Path())
		from, to := t0.Truncate(day), w.now().Truncate(day).Add(day)
		for i := range w.probes {
			id := w.probes[i].ID
			for _, step := range []time.Duration{time.Hour, 6 * time.Hour, day, 90 * time.Minute} {
				got, err := r.Summaries(t.Context(), id, from, to, step)
				require.NoError(t, err)
				want := make([]Summary, len(got))
				for j := range want {
					want[j] = Summary{From: got[j].From, To: got[j].To}
				}
				for _, in := range w.results(id, from, to) {
					want[in.At.Sub(from)/step].Add(&in)
				}
				require.Equal(t, sumsOf(t, want), sumsOf(t, got), "by %s", step)
			}
		}
		w.requireTallies(t, r)
	}
}

// requireTallies compares windows of all lengths with the naive model.
func (w *world) requireTallies(t *testing.T, r *Reader) {
	t.Helper()
	now := w.now()
	snapshot, err := r.Snapshot(t.Context(), now)
	require.NoError(t, err)
	for _, p := range snapshot.Probes {
		for _, length := range []time.Duration{time.Hour, 6 * time.Hour, day, 7 * day, 30 * day} {
			require.Equal(t, w.tally(p.ID, now.Add(-length), now), p.Ledger.Tally(now.Add(-length), now), "%s of %s", length, p.Name())
		}
		for _, length := range []time.Duration{time.Hour, 6 * time.Hour, 3 * day, 30 * day} { // those of burn rates, and of the promise
			if i := slices.IndexFunc(p.Latencies, func(l *Latency) bool { return l != nil }); i >= 0 {
				require.Equal(t, w.latency(p.ID, now.Add(-length), now), p.Latencies[i].Tally(now.Add(-length), now), "latency over %s of %s", length, p.Name())
			}
		}
		l, err := r.Ledger(t.Context(), p.ID, t0.Add(-day), now)
		require.NoError(t, err)
		for range 20 {
			after := t0.Add(time.Duration(w.rnd.Int64N(int64(now.Sub(t0)))))
			until := after.Add(time.Duration(w.rnd.Int64N(int64(now.Sub(after)) + 1)))
			require.Equal(t, w.tally(p.ID, after, until), l.Tally(after, until), "any window")
		}
	}
}

// Compaction that is cut short anywhere, again and again, comes to the same end.
func TestCompactionMayBeStoppedAnywhere(t *testing.T) {
	w := long(t, 4)
	for range 5 {
		w.happen(300)
		w.commit(true)
	}
	stops := 0
	for n := 1; ; n++ {
		ctx, stop := context.WithCancel(t.Context())
		changes := 0
		w.s.hook = func() {
			if changes++; changes > n%17 {
				stop()
			}
		}
		_, err := w.s.Compact(ctx, w.now())
		stop()
		w.s.hook = nil
		r := look(t, w.s.Path())
		id := w.probes[n%3].ID
		require.Equal(t, w.results(id, t0.Add(-day), forever), read(t, r, id, t0.Add(-day), forever), "what is not finished counts for nothing")
		if err == nil {
			break
		}
		require.True(t, errors.Is(err, context.Canceled), "%v", err)
		stops++
	}
	require.Greater(t, stops, 3)
	w.requireTallies(t, look(t, w.s.Path()))
	require.Zero(t, count(t, w.s, "SELECT count(*) FROM chunks WHERE span NOT IN (SELECT id FROM spans)"))
}

func TestNothingKeepsTheReaderOfAPass(t *testing.T) {
	w := long(t, 6)
	w.promise(time.Second)
	w.happen(300)
	w.commit(true)
	r, err := OpenReader(t.Context(), w.s.Path())
	require.NoError(t, err)
	was := weak.Make(r)
	require.NoError(t, (&compactor{s: w.s, r: r}).run(t.Context(), w.now()))
	require.NoError(t, r.Close())
	require.NotNil(t, w.s.filled.Load())
	runtime.GC()
	require.True(t, was.Value() == nil, "it is kept")
}

func TestADamagedSegmentDoesNotStopCompaction(t *testing.T) {
	w := long(t, 5)
	w.happen(600)
	w.commit(true)
	require.NoError(t, w.s.change(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "UPDATE log SET packed = x'02ff' WHERE seq = 3")
		return err
	}))
	report, err := w.s.Compact(t.Context(), w.now())
	require.NoError(t, err)
	require.Equal(t, []int64{3}, report.Damaged)
	require.Positive(t, report.Results)
}

func FuzzReadARowOfChunks(f *testing.F) {
	r := rowPacker{}
	known := []shape{{verdict: judge(probe.OK, 200), attempts: 1}, {verdict: judge(probe.ServerError, 503), attempts: 2}}
	var points []point
	for i := range 50 {
		points = append(points, point{t0.UnixMilli() + int64(i)*60_000, i % 7 / 6, [numbers]int64{0, int64(i), 2, 50_000 + int64(i), 3, 4, 5, 1_800_000_000}})
	}
	r.add(1, slices.Clone(points), known)
	r.add(7, slices.Clone(points), known)
	whole := r.packed(nil)
	f.Add(whole[:len(whole)-4])
	f.Add([]byte{chunkPacking})
	f.Fuzz(func(t *testing.T, body []byte) {
		var damage error
		var r row
		err := r.open(summed(body), func(_ probe.ID, chunk []byte) bool {
			damage = r.points(chunk, func(_ int64, points []point) {
				for i := range points {
					require.Less(t, points[i].shape, len(r.shapes))
				}
			})
			return damage == nil
		})
		for _, err := range []error{err, damage} {
			if err != nil {
				require.ErrorIs(t, err, errPacked)
			}
		}
	})
}

// eachTally reads a day's tallies.
func eachTally(packed []byte, f func(id probe.ID, t dayTally)) error {
	var r tallyReader
	if err := r.open(packed); err != nil {
		return err
	}
	for r.next() {
		f(r.id, r.tally)
	}
	return r.u.err
}

func FuzzReadTallies(f *testing.F) {
	packed := packTallies(map[probe.ID]dayTally{1: {good: 86_400_000}, 2: {good: 86_400_000}, 9: {good: 86_000_000, bad: 400_000}})
	f.Add(packed[:len(packed)-4])
	usual, other := dayTally{good: 86_400_000}, dayTally{good: 86_000_000, bad: 400_000}
	packed = packTallies(map[probe.ID]dayTally{1: usual, 2: other, 3: usual, 4: usual, 7: other, 8: {unknown: 1}, 9: other})
	f.Add(packed[:len(packed)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		all := map[probe.ID]dayTally{}
		if err := eachTally(summed(body), func(id probe.ID, x dayTally) { all[id] = x }); err != nil {
			require.ErrorIs(t, err, errPacked)
			return
		}
		back := map[probe.ID]dayTally{}
		require.NoError(t, eachTally(packTallies(all), func(id probe.ID, x dayTally) { back[id] = x }))
		require.Equal(t, all, back)
	})
}

// What is left of a damaged database may be its history alone. New segments then go on
// behind it, and become history in their turn.
func TestSegmentsGoOnBehindWhatIsLeftOfTheHistory(t *testing.T) {
	w := long(t, 7)
	w.happen(300)
	w.commit(true)
	_, err := w.s.Compact(t.Context(), w.now())
	require.NoError(t, err)
	done, err := compactedUpTo(t.Context(), w.s.db)
	require.NoError(t, err)
	for _, table := range []string{"log", "checkpoints"} {
		require.NoError(t, w.s.change(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "DELETE FROM "+table)
			return err
		}))
	}
	_, m, err := w.s.Load(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, m.Seq, done)
}
