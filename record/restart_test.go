package record_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// moment is one thing that happens to a prober.
type moment struct {
	probe   int // which of the probes
	result  probe.Result
	skip    bool
	to      time.Time
	pause   time.Duration // and then this long nothing does
	persist bool          // a checkpoint is asked for
}

// day makes a random but always the same day of so many moments.
func day(seed uint64, probes, moments int) []moment {
	rnd := rand.New(rand.NewPCG(seed, 2))
	verdicts := []probe.Verdict{good, good, broken, missing, judge(probe.ConnectRefused, 0), judge(probe.Unauthenticated, 401), judge(probe.ProberNetwork, 0)}
	mood, next := make([]int, probes), make([]time.Time, probes)
	for i := range next {
		next[i] = t0
	}
	var all []moment
	for range moments {
		i := rnd.IntN(probes)
		if rnd.IntN(5) == 0 {
			mood[i] = rnd.IntN(len(verdicts))
		}
		m := moment{probe: i, result: result(0, next[i], verdicts[mood[i]], 1+rnd.IntN(3)), persist: rnd.IntN(30) == 0}
		next[i] = next[i].Add(time.Minute)
		certified(&m.result, i)
		switch rnd.IntN(15) {
		case 0:
			m.skip, m.to = true, m.result.At.Add(time.Duration(rnd.IntN(4))*time.Minute)
			next[i] = m.to.Add(time.Minute)
		case 1:
			m.result.Run, m.result.At = probe.Recheck, m.result.At.Add(-30*time.Second)
			next[i] = next[i].Add(-time.Minute)
		case 2:
			next[i] = next[i].Add(time.Duration(rnd.IntN(200)) * time.Minute)
		}
		if rnd.IntN(3) > 0 {
			m.pause = time.Duration(rnd.IntN(400)) * time.Millisecond
		}
		all = append(all, m)
	}
	return all
}

// certified adds what was seen of a certificate: of the first probe's that it ends tomorrow, of the
// second's that it ended soon and was renewed after an hour.
func certified(r *probe.Result, i int) {
	ends, expiring := t0.Add(25*time.Hour), true
	switch {
	case i == 2:
		return
	case i == 1 && r.At.Sub(t0) > time.Hour:
		ends, expiring = t0.Add(90*24*time.Hour), false
	case i == 1:
		ends = t0.Add(5 * 24 * time.Hour)
	}
	for j := range r.Attempts {
		r.Attempts[j].Evidence.TLS = &probe.TLSEvidence{NotAfter: ends, Expiring: expiring}
	}
}

// live lets a moment happen.
func (p *place) live(m moment) {
	m.result.Probe = p.probes[m.probe].ID
	if m.skip {
		p.Skip(m.result.Probe, m.result.At, m.to, probe.ProberOverload)
	} else {
		p.Record(m.result)
	}
	if m.persist {
		p.Checkpoint()
	}
	time.Sleep(m.pause)
}

// durable is how many of the moments are in the log.
func (p *place) durable() int {
	n, err := strconv.Atoi(p.query("SELECT coalesce(sum(entries), 0) FROM log")[0])
	require.NoError(p.t, err)
	return n
}

// dump is everything that people ever see, apart from when it was written.
func (p *place) dump() map[string][]string {
	return map[string][]string{
		"incidents": p.query("SELECT * FROM incidents ORDER BY id"),
		"timeline":  p.query("SELECT * FROM timeline ORDER BY id"),
		"outbox":    p.query("SELECT * FROM outbox ORDER BY id"),
		"ledger":    p.query("SELECT * FROM ledger ORDER BY id"),
		"grids":     p.query("SELECT * FROM grids ORDER BY id"),
	}
}

// states are the states as they are loaded.
func (p *place) states() map[probe.ID]*incident.State {
	s, err := store.Open(p.t.Context(), p.path, "here", "")
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, s.Close()) }()
	_, memory, err := s.Load(p.t.Context())
	require.NoError(p.t, err)
	return memory.States
}

// However often a prober is killed or stopped, what it could not keep being seen again,
// the end is as if nothing had been.
func TestARestartChangesNothing(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() { // with the race detector each takes long
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { restart(t, seed) })
		})
	}
}

func restart(t *testing.T, seed uint64) {
	moments := day(seed, 3, 400)
	calm := newPlace(t, watched("a"), watched("b"), watched("c"))
	calm.begin(t0)
	for _, m := range moments {
		calm.live(m)
	}
	calm.end()
	require.NotEmpty(t, calm.dump()["incidents"], "the day is not a quiet one")
	require.Equal(t, []string{"escalated 1", "opened 2", "resolved 1"}, calm.query(
		"SELECT change, count(*) FROM timeline JOIN incidents ON incidents.id = incident WHERE kind = 'certificate' AND change <> 'closed' GROUP BY change ORDER BY change"))

	rnd := rand.New(rand.NewPCG(seed, 3))
	rough := newPlace(t, watched("a"), watched("b"), watched("c"))
	rough.begin(t0)
	kills, lost := 0, 0
	for i := 0; i < len(moments); i++ {
		rough.live(moments[i])
		switch rnd.IntN(20) {
		case 0:
			rough.kill()
			kills++
			lost += i + 1 - rough.durable()
			i = rough.durable() - 1 // the rest is seen again
		case 1:
			rough.end()
		default:
			continue
		}
		rough.begin(t0)
	}
	rough.end()
	require.Positive(t, kills)
	require.Positive(t, lost, "kills came at bad moments")
	require.Equal(t, len(moments), rough.durable())
	require.Equal(t, calm.dump(), rough.dump())
	require.Equal(t, calm.states(), rough.states())
}

// liar is a log whose every n-th commit gets through and says that it did not.
type liar struct {
	record.Log
	n, every int
}

func (l *liar) Commit(ctx context.Context, b *store.Batch) error {
	err := l.Log.Commit(ctx, b)
	if l.n++; err == nil && l.n%l.every == 1 {
		return errors.New("input/output error while syncing")
	}
	return err
}

func TestACommitThatGotThroughAlthoughItSeemedNotToIsKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		moments := day(20, 3, 300)
		calm := newPlace(t, watched("a"), watched("b"), watched("c"))
		calm.begin(t0)
		rough := newPlace(t, watched("a"), watched("b"), watched("c"))
		rough.log = func(s *store.Store) record.Log { return &liar{s, 0, 3} }
		rough.begin(t0)
		for _, m := range moments {
			calm.live(m)
			rough.live(m)
		}
		calm.end()
		rough.end()
		require.Greater(t, rough.Stats().Failures, int64(20))
		require.Equal(t, len(moments), rough.durable())
		require.Equal(t, calm.dump(), rough.dump())
		require.Equal(t, calm.states(), rough.states())
	})
}

// Everything that comes while commits fail is kept in memory and written in the end.
func TestADiskThatIsFullForAWhileLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		moments := day(21, 3, 300)
		calm := newPlace(t, watched("a"), watched("b"), watched("c"))
		calm.begin(t0)
		rough := newPlace(t, watched("a"), watched("b"), watched("c"))
		full := &disk{start: time.Now()}
		rough.log = func(s *store.Store) record.Log { return &fillable{s, full} }
		rough.begin(t0)
		for i, m := range moments {
			switch i {
			case 100:
				full.breaks(errFull)
			case 250:
				full.breaks(nil)
			}
			calm.live(m)
			rough.live(m)
		}
		calm.end()
		rough.end()
		require.Positive(t, rough.Stats().Failures)
		require.Equal(t, calm.dump(), rough.dump())
		require.Equal(t, calm.states(), rough.states())
	})
}

// fillable commits to a store unless the disk is full.
type fillable struct {
	store *store.Store
	disk  *disk
}

func (f *fillable) Commit(ctx context.Context, b *store.Batch) error {
	if err := f.disk.Commit(ctx, b); err != nil {
		return err
	}
	return f.store.Commit(ctx, b)
}
