package store

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// worlds is how many random worlds a property is tried in.
func worlds() uint64 { return uint64(times(8, 2)) }

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
	t.Parallel()
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
		require.Positive(t, count(t, w.s, "SELECT count(*) FROM incidents WHERE probe < 0"), "neither is what is shared")
		require.Zero(t, count(t, w.s, "SELECT count(*) FROM pragma_foreign_key_check"))
	})
}

func TestCheckpointsOnlySpareTheReplay(t *testing.T) {
	t.Parallel()
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
		w.step(w.entry(&w.probes[0])) // the last of those that happen may have been committed
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

// reconfigure changes the configuration as the service does.
func (w *world) reconfigure(change func()) {
	before := slices.Clone(w.probes)
	change()
	w.memory.reconfigure(before, w.probes)
	w.revise()
	configured := map[probe.ID]bool{}
	for i := range w.probes {
		id := w.probes[i].ID
		if configured[id] = true; w.next[id].IsZero() {
			w.next[id] = w.now()
		}
	}
	w.past = slices.DeleteFunc(w.past, func(e Entry) bool { return !configured[e.Probe] })
}

// shown are the states that a reader is to show.
func (w *world) shown() map[probe.ID]*incident.State {
	states := map[probe.ID]*incident.State{}
	for i := range w.probes {
		id := w.probes[i].ID
		if states[id] = w.memory.States[id]; states[id] == nil {
			states[id] = &incident.State{}
		}
	}
	for id, s := range w.memory.States {
		if id < 0 {
			states[id] = s
		}
	}
	return states
}

// compact is a memory without the states of probes that were never asked.
func (m *Memory) compact() *Memory {
	maps.DeleteFunc(m.States, func(_ probe.ID, s *incident.State) bool { return reflect.DeepEqual(s, &incident.State{}) })
	return m
}

// The log behind the older checkpoint was stepped under several configurations.
func TestADamagedCheckpointIsReplayedUnderThePoliciesOfItsTime(t *testing.T) {
	t.Parallel()
	changes := map[string]func(w *world){
		"other intervals, and what counts as down": func(w *world) {
			for i := range w.probes {
				policy := *w.probes[i].Policy
				p := &policy
				w.probes[i].Policy = p
				p.Interval, p.DownAfter, p.ResolveAfter = p.Interval/2, 10*p.DownAfter, 5*p.ResolveAfter
			}
		},
		"another request":      func(w *world) { w.probes[0].RequestHash += "0" },
		"a probe that is gone": func(w *world) { w.probes = w.probes[1:] },
		"a new probe": func(w *world) {
			w.probes = append(w.probes, watched(fmt.Sprintf("new-%d", len(w.probes)), time.Minute))
		},
		"nothing": func(*world) {},
	}
	for name, change := range changes {
		for seed := range (worlds() + 1) / 2 {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				w := newWorld(t, seed, 4)
				w.happen(150)
				w.commit(true)
				for _, happens := range []int{60, 0, 40} { // some changes come with nothing in between
					w.happen(happens)
					w.commit(false)
					w.reconfigure(func() { change(w) })
				}
				r := look(t, w.s.Path())
				require.Equal(t, w.shown(), seen(t, r), "with its checkpoint")
				for damaged := range 2 {
					w.happen(20 * damaged)
					w.commit(false)
					_, err := w.s.db.ExecContext(t.Context(), "UPDATE checkpoints SET packed = x'07' WHERE seq = (SELECT max(seq) FROM checkpoints)")
					require.NoError(t, err)
					require.Equal(t, w.memory.compact(), w.load().compact(), "whoever goes on")
					require.Equal(t, w.shown(), seen(t, look(t, w.s.Path())), "whoever looks")
				}
				_, err := w.s.db.ExecContext(t.Context(), "DELETE FROM checkpoints")
				require.NoError(t, err)
				require.Equal(t, w.memory.compact(), w.load().compact(), "from the log alone")
			})
		}
	}
}

func TestADamagedConfigurationOfThePastIsPassedOver(t *testing.T) {
	w := newWorld(t, 1, 3)
	w.happen(50)
	w.reconfigure(func() { w.probes[0].RequestHash = "other" })
	w.happen(50)
	w.commit(false)
	_, err := w.s.db.ExecContext(t.Context(), "DELETE FROM checkpoints; UPDATE revisions SET packed = x'07'")
	require.NoError(t, err)
	require.Equal(t, w.memory.Seq, w.load().Seq)
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
