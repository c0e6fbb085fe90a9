package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// worlds is how many random worlds a property is tried in: fewer where the race detector
// makes each of them slow.
func worlds() uint64 {
	if testing.Short() {
		return 2
	}
	return 8
}

// inWorlds tries a property in several random worlds.
func inWorlds(t *testing.T, property func(t *testing.T, w *world)) {
	for seed := range worlds() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { property(t, newWorld(t, seed, 3)) })
	}
}

// load returns the memory as it is read back.
func (w *world) load() *Memory {
	_, m, err := w.s.Load(w.t.Context())
	require.NoError(w.t, err)
	return m
}

func TestWhatIsLoadedIsWhatWasStepped(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		opened := 0
		for range 8 {
			w.happen(100)
			w.commit(false)
			require.Equal(t, w.memory, w.load())
			w.changeInterval()
			require.Equal(t, w.memory, w.load())
			opened = count(t, w.s, "SELECT count(*) FROM incidents")
		}
		require.Positive(t, opened, "the world is not a quiet one")
		require.Zero(t, count(t, w.s, "SELECT count(*) FROM pragma_foreign_key_check"))
	})
}

func TestCheckpointsOnlySpareTheReplay(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.happen(400)
		w.commit(false)
		want := w.memory
		require.Equal(t, want, w.load(), "a checkpoint and the log behind it")

		last := &Batch{Seq: w.memory.Seq, At: t0, Checkpoint: w.memory.Checkpoint()}
		require.NoError(t, w.s.Commit(t.Context(), last))
		require.Equal(t, want, w.load(), "a checkpoint alone")

		_, err := w.s.db.ExecContext(t.Context(), "DELETE FROM checkpoints")
		require.NoError(t, err)
		require.Equal(t, want, w.load(), "the log alone")
	})
}

func TestTheLatestTwoCheckpointsAreKept(t *testing.T) {
	w := newWorld(t, 1, 2)
	for range 5 {
		w.happen(10)
		w.commit(true)
	}
	require.Equal(t, 2, count(t, w.s, "SELECT count(*) FROM checkpoints"))
	require.EqualValues(t, w.memory.Seq, count(t, w.s, "SELECT max(seq) FROM checkpoints"))
}

func TestADamagedCheckpointCostsOnlyTime(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.happen(200)
	w.commit(true)
	w.happen(200)
	w.commit(true)
	w.happen(50)
	w.commit(false)
	require.Equal(t, 2, count(t, w.s, "SELECT count(*) FROM checkpoints"))
	var packed []byte
	require.NoError(t, w.s.db.QueryRowContext(t.Context(), "SELECT packed FROM checkpoints ORDER BY seq DESC LIMIT 1").Scan(&packed))
	damage := func(b []byte) {
		_, err := w.s.db.ExecContext(t.Context(), "UPDATE checkpoints SET packed = ? WHERE seq = (SELECT max(seq) FROM checkpoints)", b)
		require.NoError(t, err)
	}
	for range 40 {
		flipped := append([]byte{}, packed...)
		flipped[w.rnd.IntN(len(flipped))] ^= 1 << w.rnd.IntN(8)
		damage(flipped)
		require.Equal(t, w.memory, w.load(), "a flipped bit")
		damage(packed[:w.rnd.IntN(len(packed))])
		require.Equal(t, w.memory, w.load(), "cut off")
	}
}

func TestADamagedLogIsNotReplayedWrongly(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.happen(40)
	w.commit(false)
	_, err := w.s.db.ExecContext(t.Context(), "DELETE FROM checkpoints; UPDATE log SET packed = x'07' WHERE seq = 1")
	require.NoError(t, err)
	_, _, err = w.s.Load(t.Context())
	require.ErrorIs(t, err, errPacked)
	require.ErrorContains(t, err, "segment 1 of the log")
}

func TestNoIncidentIDIsGivenTwice(t *testing.T) {
	s, id := configured(t)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	// The one entry of this log opens nothing by itself, as under policies that came later.
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, incident.FirstID+1, memory.IDs.Next)
}

func TestALogOfManySegmentsIsReplayed(t *testing.T) {
	s, id := configured(t)
	const segments = 2500 // more than are read at once
	for seq := int64(1); seq <= segments; seq++ {
		at := t0.Add(time.Duration(seq) * time.Minute)
		require.NoError(t, s.Commit(t.Context(), &Batch{Seq: seq, At: at, Entries: []Entry{{Probe: id, Input: incident.Input{At: at, Verdict: judge(probe.OK, 200), Attempts: 1}}}}))
	}
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, segments, memory.Seq)
	require.Equal(t, t0.Add(segments*time.Minute), memory.States[id].Last.At)
	require.Equal(t, segments*time.Minute, memory.States[id].Account.Grid.Weight())
}
