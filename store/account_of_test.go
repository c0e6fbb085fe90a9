package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Who reads of one probe only comes to the same as who follows all of them.
func TestALedgerIsTheSameForWhoReadsNothingElse(t *testing.T) {
	t.Parallel()
	inWorlds(t, func(t *testing.T, w *world) {
		all := look(t, w.s.Path())
		for round := range 6 {
			w.happen(60)
			w.commit(w.rnd.IntN(2) == 0)
			if round == 3 {
				w.changeInterval()
			}
			now := latestSlot(w)
			_, err := all.Snapshot(t.Context(), now)
			require.NoError(t, err)
			for i := range w.probes {
				id := w.probes[i].ID
				want, err := all.Ledger(t.Context(), id, t0.Add(-day), now)
				require.NoError(t, err)
				alone := look(t, w.s.Path())
				got, err := alone.Ledger(t.Context(), id, t0.Add(-day), now)
				require.NoError(t, err)
				require.Nil(t, alone.memory, "nothing else was read")
				require.Equal(t, want.account, got.account)
				require.Equal(t, want.Tally(t0.Add(-day), now), got.Tally(t0.Add(-day), now))
				require.Equal(t, want.Stretches(t0.Add(-day), now), got.Stretches(t0.Add(-day), now))
			}
		}
	})
}

// Where the newest checkpoint cannot be read, all that follows the one before is.
func TestALedgerNeedsNoCheckpointThatCanBeRead(t *testing.T) {
	w := newWorld(t, 3, 3)
	for range 3 {
		w.happen(60)
		w.commit(true)
	}
	now := latestSlot(w)
	id := w.probes[1].ID
	want, err := look(t, w.s.Path()).Ledger(t.Context(), id, t0.Add(-day), now)
	require.NoError(t, err)
	_, err = w.s.db.ExecContext(t.Context(), "UPDATE checkpoints SET packed = zeroblob(length(packed)) WHERE seq = (SELECT max(seq) FROM checkpoints)")
	require.NoError(t, err)
	got, err := look(t, w.s.Path()).Ledger(t.Context(), id, t0.Add(-day), now)
	require.NoError(t, err)
	require.Equal(t, want.account, got.account)
}

func TestAProbeIsFoundWithoutReadingAllOfThemAgain(t *testing.T) {
	w := newWorld(t, 4, 3)
	r := look(t, w.s.Path())
	found, err := r.Find(t.Context(), w.probes[2].Name())
	require.NoError(t, err)
	require.Equal(t, w.probes[2].ID, found.ID)
	known := &r.known[0]
	_, err = r.Find(t.Context(), w.probes[0].Name())
	require.NoError(t, err)
	require.Same(t, known, &r.known[0])
	w.changeInterval()
	found, err = r.Find(t.Context(), w.probes[0].Name())
	require.NoError(t, err)
	require.Equal(t, w.probes[0].Policy.Interval, found.Policy.Interval, "a change of the configuration is seen")
}
