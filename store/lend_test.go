package store

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// lender lends the memory of a world as it was at the latest call of keep.
type lender struct {
	circles *incident.Circles
	kept    *Memory
	lent    int // loans that were not given back
	broken  error
}

func (l *lender) Lend(context.Context) (*Memory, func(), error) {
	if l.broken != nil {
		return nil, nil, l.broken
	}
	l.lent++
	return l.kept.Lend(), func() { l.lent-- }, nil
}

func (l *lender) Circles() *incident.Circles { return l.circles }

func TestAReaderThatBorrowsSeesWhatOneSeesThatReads(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		l, r := &lender{circles: Circles(w.probes)}, look(t, w.s.Path())
		r.Borrow(l, w.probes)
		for range 10 {
			w.happen(20)
			w.commit(w.rnd.IntN(4) == 0)
			l.kept = w.memory.Lend()
			if w.rnd.IntN(2) == 0 {
				w.happen(20) // what is lent is behind the database then
				w.commit(w.rnd.IntN(4) == 0)
			}
			l.broken = nil
			if w.rnd.IntN(4) == 0 {
				l.broken = errors.New("commits fail")
			}
			require.Equal(t, w.states(), seen(t, r))
			if w.rnd.IntN(4) == 0 {
				w.changeInterval()
				l.kept, l.circles = w.memory.Lend(), Circles(w.probes)
				require.Equal(t, w.states(), seen(t, r), "a revision")
			}
			if l.broken == nil {
				require.Nil(t, r.memory, "it keeps nothing of what it borrowed")
			}
		}
	})
}

// strictly lends as a recorder does that goes on at once: what is given back is not what it was.
type strictly struct{ *lender }

func (l strictly) Lend(ctx context.Context) (*Memory, func(), error) {
	m, done, err := l.lender.Lend(ctx)
	if err != nil {
		return nil, nil, err
	}
	return m, func() {
		clear(m.States)
		l.kept.Regain()
		done()
	}, nil
}

func TestCompactionReadsNoStatesThatItGaveBack(t *testing.T) {
	w := long(t, 7)
	w.pledge(slo.Worst, "99% over 30d", "latency 2500ms for 50% over 30d")
	l := strictly{&lender{circles: Circles(w.probes), kept: w.memory}}
	w.s.Borrow(l, w.probes)
	for range 4 {
		w.happen(400)
		w.commit(true)
		l.kept = w.memory
		w.compact()
		require.Zero(t, l.lent)
		w.requireWorst(t)
	}
	require.Greater(t, count(t, w.s, "SELECT count(*) FROM worstdays"), 2)
}

func TestALookGivesBackWhatItBorrowed(t *testing.T) {
	w := newWorld(t, 3, 3)
	w.happen(30)
	w.commit(false)
	l, r := &lender{kept: w.memory}, look(t, w.s.Path())
	r.Borrow(l, nil)
	snapshot, err := r.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Equal(t, 1, l.lent, "it is still read")
	snapshot.Done()
	require.Zero(t, l.lent)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Snapshot(gone, t0)
	require.Error(t, err)
	require.Zero(t, l.lent, "a look that fails gives it back by itself")
}

func TestWhatWasLentStaysAsItWas(t *testing.T) {
	w := newWorld(t, 4, 3)
	w.happen(60)
	w.commit(false)
	lent := w.memory.Lend()
	was := map[probe.ID]*incident.State{}
	for id, s := range lent.States {
		was[id] = s.Clone()
	}
	w.happen(60)
	require.Equal(t, was, lent.States)
	require.NotEqual(t, w.memory.States, lent.States)
	w.memory.Regain()
	own := w.memory.Own(1)
	require.Same(t, own, w.memory.Own(1), "it is changed where it is again")
}

func TestTheReaderOfTheServiceHasWhatIsConfiguredOnce(t *testing.T) {
	w := newWorld(t, 5, 4)
	r := look(t, w.s.Path())
	l := &lender{kept: w.memory, circles: Circles(w.probes)}
	r.Borrow(l, w.probes)
	_, err := r.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Same(t, &w.probes[0], &r.known[0])
	require.Same(t, l.circles, r.circles)

	other := append([]Probe{}, w.probes...)
	other[1].Subject.Runbook = "https://runbooks.example.com/other"
	r = look(t, w.s.Path())
	r.Borrow(l, other)
	_, err = r.Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.NotSame(t, &other[0], &r.known[0], "the database does not say the same")
	require.NotSame(t, l.circles, r.circles)
	require.Equal(t, w.probes[1].Subject.Runbook, r.known[1].Subject.Runbook)
}
