package store

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// seen are the states that a reader sees, by probe.
func seen(t *testing.T, r *Reader) map[probe.ID]*incident.State {
	t.Helper()
	snapshot, err := r.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	states := map[probe.ID]*incident.State{}
	for _, p := range snapshot.Probes {
		states[p.ID] = p.State
	}
	for _, s := range snapshot.Shared {
		states[s.Circle.ID] = s.State
	}
	return states
}

// states are the states that the writer has, one for every configured probe.
func (w *world) states() map[probe.ID]*incident.State {
	for i := range w.probes {
		w.memory.State(w.probes[i].ID)
	}
	return w.memory.States
}

func TestAReaderFollowsTheWriter(t *testing.T) {
	t.Parallel()
	inWorlds(t, func(t *testing.T, w *world) {
		r := look(t, w.s.Path())
		for range 10 {
			w.happen(40)
			w.commit(w.rnd.IntN(4) == 0)
			require.Equal(t, w.states(), seen(t, r))
			if w.rnd.IntN(2) == 0 {
				w.changeInterval()
				require.Equal(t, w.states(), seen(t, r), "a revision")
			}
		}
		require.Equal(t, w.states(), seen(t, look(t, w.s.Path())), "who comes later sees the same")
	})
}

func TestAReaderSeesWhatIsCommittedAndNothingElse(t *testing.T) {
	w := newWorld(t, 5, 2)
	w.happen(30)
	w.commit(false)
	r := look(t, w.s.Path())
	before := seen(t, r)
	require.Equal(t, w.states(), before)

	w.batch = Batch{}
	w.step(w.entry(&w.probes[0]))
	require.Equal(t, before, seen(t, r), "what is stepped but not committed is not seen")
	tx, err := w.s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "INSERT INTO log VALUES (99, 1, 0, 1, ?)", packEntries(w.batch.Entries))
	require.NoError(t, err)
	require.Equal(t, before, seen(t, r), "a commit under way is neither seen nor waited for")
	require.NoError(t, tx.Rollback())
	w.commit(false)
	require.Equal(t, w.states(), seen(t, r))
}

func TestWhatAReaderHandedOutStaysAsItWas(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		r := look(t, w.s.Path())
		var before []map[probe.ID]*incident.State
		var was []map[probe.ID]incident.State
		for range 6 {
			w.happen(30)
			w.commit(false)
			states := seen(t, r)
			require.Equal(t, w.states(), states)
			copies := map[probe.ID]incident.State{}
			for id, s := range states {
				copies[id] = *s.Clone()
			}
			before, was = append(before, states), append(was, copies)
		}
		for i := range before {
			for id, s := range before[i] {
				require.Equal(t, was[i][id], *s, "look %d, probe %d", i, id)
			}
		}
	})
}

func TestAReaderWritesNothing(t *testing.T) {
	w := newWorld(t, 7, 1)
	r := look(t, w.s.Path())
	_, err := r.db.ExecContext(t.Context(), "DELETE FROM probes")
	require.ErrorContains(t, err, "readonly")
}

func TestAReaderIsOfUseAfterTheService(t *testing.T) {
	path := newPath(t)
	s, err := Open(t.Context(), path, "seoul-1", "")
	require.NoError(t, err)
	started := t0.Add(time.Microsecond)
	require.NoError(t, s.Started(t.Context(), "1.2.3", started))
	id := configure(t, s, t0, watched("a", time.Minute))["a"]
	during := look(t, path)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	snapshot, err := during.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Equal(t, Service{Running: true, Version: "1.2.3", StartedAt: started, LastWrite: t0, Pending: 1, Oldest: t0}, snapshot.Service)
	require.Equal(t, "seoul-1", snapshot.Location)

	require.NoError(t, s.Close())
	require.FileExists(t, path+"-wal", "so that others may read")
	for name, r := range map[string]*Reader{"one that was open": during, "a new one": look(t, path)} {
		snapshot, err = r.Snapshot(t.Context(), t0)
		require.NoError(t, err, name)
		require.Equal(t, Service{Version: "1.2.3", StartedAt: started, LastWrite: t0, Pending: 1, Oldest: t0}, snapshot.Service, name)
	}
}

func TestRetiredProbesAreNotShown(t *testing.T) {
	s := open(t, newPath(t))
	configure(t, s, t0, watched("b", time.Minute), watched("a", time.Minute), watched("c", time.Minute))
	configure(t, s, t0, watched("c", time.Minute), watched("b", time.Minute))
	snapshot, err := look(t, s.Path()).Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Len(t, snapshot.Probes, 2)
	require.Equal(t, "b", snapshot.Probes[0].Name(), "in the order of their ids")
	require.Equal(t, "c", snapshot.Probes[1].Name())
}

func TestDeadMessagesAreCountedApart(t *testing.T) {
	s, id := configured(t)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	c, _, err := s.Claim(t.Context(), "ops", t0)
	require.NoError(t, err)
	r := look(t, s.Path())
	snapshot, err := r.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, []int{snapshot.Service.Pending, snapshot.Service.Dead}, "being sent is not sent yet")
	require.NoError(t, s.Settle(t.Context(), c.Message.ID, notify.Settlement{State: notify.StateDead, At: t0, Err: "no such channel"}))
	snapshot, err = r.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, []int{snapshot.Service.Pending, snapshot.Service.Dead})
}

func TestAReaderServesSeveralAtOnce(t *testing.T) {
	w := newWorld(t, 8, 3)
	r := look(t, w.s.Path())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := r.Snapshot(t.Context(), t0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 50 {
		w.happen(10)
		w.commit(true)
	}
	cancel()
	readers.Wait()
	require.Equal(t, w.states(), seen(t, r))
}
