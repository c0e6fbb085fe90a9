package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

func FuzzStretches(f *testing.F) {
	p := stretchPacker{}
	p.add(looseStretch{what: 7<<34 | 60_000<<2 | 1, first: t0.UnixMilli(), last: t0.UnixMilli()})
	p.add(looseStretch{what: 7<<34 | 60_000<<2, first: t0.UnixMilli() - 3_600_000, last: t0.UnixMilli() + 5})
	p.add(looseStretch{what: 2<<34 | 10_000<<2 | 3, first: -maxInstant, last: maxInstant})
	_, _, packed := p.packed()
	f.Add(packed[:len(packed)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		var all []looseStretch
		if err := eachStretch(summed(body), func(r looseStretch) { all = append(all, r) }); err != nil {
			require.ErrorIs(t, err, errPacked)
			return
		}
		again, ends := stretchPacker{}, []int64{}
		for _, r := range all {
			require.True(t, isInstant(r.first) && isInstant(r.last))
			again.add(r)
			ends = append(ends, r.last)
		}
		earliest, latest, packed := again.packed()
		var back []looseStretch
		require.NoError(t, eachStretch(packed, func(r looseStretch) { back = append(back, r) }))
		require.Equal(t, all, back)
		if len(all) > 0 {
			require.Equal(t, []int64{slices.Min(ends), slices.Max(ends)}, []int64{earliest, latest})
		}
	})
}

// execute changes a database behind the back of its store.
func execute(t *testing.T, s *Store, statement string) {
	t.Helper()
	_, err := s.db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// bundled is a world whose ledger and grids are in packs, but for the latest rows.
func bundled(t *testing.T, seed uint64) *world {
	t.Helper()
	w := newWorld(t, seed, 6)
	for range 4 {
		for range 10 {
			w.happen(60)
			w.changeInterval()
			w.revise()
		}
		w.commit(true)
		_, err := w.s.Compact(t.Context(), w.now())
		require.NoError(t, err)
	}
	w.s.packFrom = packFrom
	for range 5 {
		w.happen(60)
		w.changeInterval()
		w.revise()
	}
	w.commit(true)
	for _, table := range []*stretchTable{ledgerTable, gridTable} {
		upTo, last, err := table.extent(t.Context(), w.s.db)
		require.NoError(t, err)
		require.Greater(t, upTo, int64(10), "much of %s is in packs", table.rows)
		require.Greater(t, last, upTo, "not all of %s is", table.rows)
		require.Greater(t, count(t, w.s, "SELECT count(*) FROM "+table.packs), 1)
	}
	return w
}

// tallies are what a look finds: the time of every probe over what is asked about, and since when.
func tallies(t *testing.T, w *world) map[string]slo.Tally {
	t.Helper()
	now := w.now()
	snapshot, err := look(t, w.s.Path()).Snapshot(t.Context(), now)
	require.NoError(t, err)
	all := map[string]slo.Tally{}
	for _, p := range snapshot.Probes {
		for _, length := range []time.Duration{time.Hour, 6 * time.Hour, day, 3 * day, 7 * day, 30 * day} {
			all[p.Name()+" over "+length.String()] = p.Ledger.Tally(now.Add(-length), now)
		}
		all[p.Name()+" since "+p.Ledger.Begin().String()] = slo.Tally{}
	}
	return all
}

// stretches are all that the ledger has of every probe, read at once.
func stretches(t *testing.T, w *world) [][]incident.Entry {
	t.Helper()
	l := newLedgers(w.probes, placesOf(w.probes))
	require.NoError(t, l.load(t.Context(), w.s.db, window{t0.Add(-day), forever}))
	l.spread()
	return l.entries
}

func TestALookFindsInPacksWhatItFindsInRows(t *testing.T) {
	for seed := range uint64(times(6, 2)) {
		w := bundled(t, 100+seed)
		w.requireTallies(t, look(t, w.s.Path()))
		got := tallies(t, w)
		execute(t, w.s, "DELETE FROM ledgerpacks; DELETE FROM gridpacks")
		require.Equal(t, got, tallies(t, w))
	}
}

func TestWhereAPackIsDamagedOrMuchIsInNoneRowsAreRead(t *testing.T) {
	for name, harm := range map[string]string{
		"a flipped bit":       "UPDATE %s SET packed = CAST(substr(packed, 1, 5) || x'ff' || substr(packed, 7) AS BLOB)",
		"the second of two":   "UPDATE %s SET packed = x'01' WHERE id = (SELECT max(id) FROM %[1]s)",
		"another packing":     "UPDATE %s SET packed = CAST(x'07' || substr(packed, 2) AS BLOB)",
		"few rows are in one": "DELETE FROM %s WHERE id > (SELECT min(id) FROM %[1]s)",
	} {
		t.Run(name, func(t *testing.T) {
			w := bundled(t, 7)
			want, entries := tallies(t, w), stretches(t, w)
			for _, table := range []*stretchTable{ledgerTable, gridTable} {
				execute(t, w.s, fmt.Sprintf(harm, table.packs))
			}
			require.Equal(t, want, tallies(t, w))
			for place, got := range stretches(t, w) {
				require.ElementsMatch(t, entries[place], got, "each once")
			}

			w.s.packFrom = 1
			for range 1 + count(t, w.s, "SELECT max((SELECT count(*) FROM ledgerpacks), (SELECT count(*) FROM gridpacks))") {
				_, err := w.s.Compact(t.Context(), w.now())
				require.NoError(t, err)
			}
			for _, table := range []*stretchTable{ledgerTable, gridTable} {
				upTo, last, err := table.extent(t.Context(), w.s.db)
				require.NoError(t, err)
				require.Equal(t, last, upTo)
				all, err := table.each(t.Context(), w.s.db, 0, func(looseStretch) {})
				require.NoError(t, err)
				require.True(t, all, "packs are made anew")
			}
			require.Equal(t, want, tallies(t, w))
		})
	}
}

func TestRowsThatAreForgottenAreNoLongerInPacks(t *testing.T) {
	w := bundled(t, 8)
	now := w.now().Add(30 * day)
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 2 * day}))
	require.Equal(t, "0\x1f0\x1f\n", all(t, w.s, "SELECT (SELECT count(*) FROM ledgerpacks), (SELECT count(*) FROM gridpacks)"))
}

// Rows are packed in the order of their ids, and forgotten in that of time.
func TestARowDoesNotGetTheIDOfOneThatWasInAPack(t *testing.T) {
	w := newWorld(t, 8, 2)
	w.s.packFrom = 1
	now := t0.Add(20 * day)
	slot := func(at time.Time) slo.Stretch { return slo.Stretch{First: at, Last: at, Step: time.Minute} }
	enter := func(at ...time.Time) {
		fx := incident.Effects{}
		for _, at := range at {
			fx.Ledger = append(fx.Ledger, incident.Entry{Slots: slot(at), Outcome: probe.Bad, Reason: probe.ServerError})
			fx.Grids = append(fx.Grids, slot(at))
		}
		w.memory.Seq++
		require.NoError(t, w.s.Commit(t.Context(), &Batch{
			Seq: w.memory.Seq, At: now, Entries: []Entry{{Input: incident.Input{Kind: incident.Idle, At: now}}},
			Effects: []Effect{{Probe: w.probes[0].ID, Effects: fx}},
		}))
	}
	kept, late := now.Add(-day), now.Add(-time.Hour)
	enter(kept, now.Add(-10*day), now.Add(-9*day))
	_, err := w.s.Compact(t.Context(), now)
	require.NoError(t, err)
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 2 * day}))
	enter(late)
	l := newLedgers(w.probes, placesOf(w.probes))
	require.NoError(t, l.load(t.Context(), w.s.db, window{now.Add(-2 * day), forever}))
	require.NoError(t, l.loadGrids(t.Context(), w.s.db, now.Add(-2*day)))
	l.spread()
	require.True(t, l.sheaf.packed)
	require.Equal(t, []slo.Stretch{slot(kept), slot(late)}, l.grids[0])
	require.Len(t, l.entries[0], 2)
	require.Equal(t, slot(late), l.entries[0][1].Slots)
}
