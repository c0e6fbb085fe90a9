package store

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// asks reads the results of a probe in a range.
func asks(t testing.TB, r *Reader, id probe.ID, from, to time.Time) (all []incident.Input) {
	require.NoError(t, r.Results(t.Context(), id, from, to, func(in *incident.Input) error {
		all = append(all, *in)
		return nil
	}))
	return all
}

// A reader that stays reads of the log only what may hold what it is asked for, and finds what one
// finds that has never read it: whatever is committed, compacted and asked in between.
func TestAReaderThatStaysFindsWhatAFreshOneFinds(t *testing.T) {
	t.Parallel()
	for seed := range worlds() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := newWorld(t, seed, 12)
			w.alone(0)
			rnd := rand.New(rand.NewPCG(seed, 7))
			stays := look(t, w.s.Path())
			found := 0
			for range 25 {
				w.happen(60)
				w.commit(false)
				if rnd.IntN(8) == 0 {
					_, err := w.s.Compact(t.Context(), w.now())
					require.NoError(t, err)
				}
				fresh := look(t, w.s.Path())
				for range 4 {
					id := w.probes[rnd.IntN(len(w.probes))].ID
					from := w.now().Add(-time.Duration(rnd.IntN(40)) * time.Minute)
					to := from.Add(time.Duration(rnd.IntN(40)) * time.Minute)
					fresh.tail = tailIndex{}
					want := asks(t, fresh, id, from, to)
					require.Equal(t, want, asks(t, stays, id, from, to))
					found += len(want)
					sums, err := stays.Summaries(t.Context(), id, from.Truncate(time.Hour), to.Truncate(time.Hour).Add(time.Hour), time.Hour)
					require.NoError(t, err)
					wanted, err := fresh.Summaries(t.Context(), id, from.Truncate(time.Hour), to.Truncate(time.Hour).Add(time.Hour), time.Hour)
					require.NoError(t, err)
					require.Equal(t, wanted, sums)
				}
			}
			require.Positive(t, found)
		})
	}
}

// Of segments that cannot hold what is asked for, none is read.
func TestOnlySegmentsThatMayHoldItAreReadAgain(t *testing.T) {
	w := newWorld(t, 3, 200)
	w.alone(0)
	for range 40 {
		w.happen(50)
		w.commit(false)
	}
	r := look(t, w.s.Path())
	id := w.probes[100].ID
	want := asks(t, r, id, t0, w.now().Add(time.Second))
	require.NotEmpty(t, want)
	may, held := 0, map[int64]bool{}
	for i := range r.tail.all {
		if r.tail.all[i].may(&asked{id, t0.UnixMilli(), maxInstant}) {
			may++
			held[r.tail.all[i].seq] = true
		}
		require.False(t, r.tail.all[i].may(&asked{id, w.now().Add(time.Hour).UnixMilli(), maxInstant}), "nothing is so new")
	}
	require.Less(t, may, len(r.tail.all)*3/4)
	_, err := w.s.db.ExecContext(t.Context(), "UPDATE log SET packed = x'00' WHERE seq NOT IN (SELECT value FROM json_each(?))", numbersOf(held))
	require.NoError(t, err)
	require.Equal(t, want, asks(t, r, id, t0, w.now().Add(time.Second)))
}

func numbersOf(held map[int64]bool) string {
	list := "["
	for seq := range held {
		list += fmt.Sprint(seq, ",")
	}
	return list + "0]"
}

// What was noted of a database is not believed of another one in its place.
func TestAnotherDatabaseIsReadAnew(t *testing.T) {
	w := newWorld(t, 4, 12)
	w.alone(0)
	for range 20 {
		w.happen(20)
		w.commit(false)
	}
	r := look(t, w.s.Path())
	until := w.now().Add(time.Second)
	want := asks(t, r, w.probes[0].ID, t0, until)
	require.NotEmpty(t, want)
	for i := range r.tail.all {
		clear(r.tail.all[i].probes)
	}
	require.NotEqual(t, want, asks(t, r, w.probes[0].ID, t0, until), "it is believed")
	r.tail.all[len(r.tail.all)-1].at++
	require.Equal(t, want, asks(t, r, w.probes[0].ID, t0, until), "it is no more")
	require.Equal(t, want, asks(t, r, w.probes[0].ID, t0, until), "and noted anew")
}

func TestSeveralMayAskAtOnceWhileTheLogGrows(t *testing.T) {
	w := newWorld(t, 5, 12)
	w.alone(0)
	r := look(t, w.s.Path())
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			for range 20 {
				asks(t, r, w.probes[3].ID, t0, t0.Add(100*day))
			}
		})
	}
	for range 10 {
		w.happen(40)
		w.commit(false)
		_, err := w.s.Compact(t.Context(), w.now())
		require.NoError(t, err)
	}
	asking.Wait()
	require.Equal(t, asks(t, look(t, w.s.Path()), w.probes[3].ID, t0, t0.Add(100*day)), asks(t, r, w.probes[3].ID, t0, t0.Add(100*day)))
}
