package store

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

func TestTheLedgerIsExactToTheSlot(t *testing.T) {
	t.Parallel()
	inWorlds(t, func(t *testing.T, w *world) {
		reader := look(t, w.s.Path())
		judged := slo.Tally{}
		for range 6 {
			w.happen(120)
			w.changeInterval()
			now := latestSlot(w).Add(time.Duration(w.rnd.IntN(20)) * time.Minute)
			snapshot, err := reader.Snapshot(t.Context(), now)
			require.NoError(t, err)
			for i := range snapshot.Probes {
				p := &snapshot.Probes[i]
				for range 30 {
					until := now.Add(-time.Duration(w.rnd.Int64N(int64(2 * now.Sub(t0)))))
					if w.rnd.IntN(3) == 0 {
						until = now
					}
					after := until.Add(-time.Duration(w.rnd.Int64N(int64(now.Sub(t0)))))
					got := p.Ledger.Tally(after, until)
					require.Equalf(t, w.tally(p.ID, after, until), got, "%s from %s until %s", p.Name(), after, until)
					judged = judged.Plus(got)
				}
			}
		}
		for _, time := range []time.Duration{judged.Good, judged.Bad, judged.Excluded, judged.Unknown} {
			require.Positive(t, time, "the world has everything in it")
		}
	})
}

func latestSlot(w *world) (latest time.Time) {
	latest = t0.Add(time.Hour)
	for _, slots := range w.slots {
		if n := len(slots); n > 0 && slots[n-1].at.After(latest) {
			latest = slots[n-1].at
		}
	}
	return latest
}

func TestSlotsThatNobodyAccountedForAreUnknown(t *testing.T) {
	s, id := configured(t)
	p := watched("a", time.Minute)
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	in := incident.Input{At: t0, Verdict: judge(probe.OK, 200), Attempts: 1}
	fx := incident.Step(p.Policy, memory.State(id), &in, &memory.IDs)
	require.NoError(t, s.Commit(t.Context(), &Batch{Seq: 1, At: t0, Entries: []Entry{{Probe: id, Input: in}}, Effects: []Effect{{id, fx}}}))

	for name, tc := range map[string]struct {
		now    time.Duration
		window time.Duration
		want   slo.Tally
	}{
		"two slots may still be under way":      {2 * time.Minute, time.Hour, slo.Tally{Good: time.Minute}},
		"the third is missing":                  {3 * time.Minute, time.Hour, slo.Tally{Good: time.Minute, Unknown: time.Minute}},
		"a window behind the last slot":         {time.Hour, 10 * time.Minute, slo.Tally{Unknown: 8 * time.Minute}},
		"a window that is all under way":        {time.Hour, 2 * time.Minute, slo.Tally{}},
		"a service that was stopped for a week": {7 * 24 * time.Hour, 24 * time.Hour, slo.Tally{Unknown: 24*time.Hour - 2*time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			now := t0.Add(tc.now)
			snapshot, err := look(t, s.Path()).Snapshot(t.Context(), now)
			require.NoError(t, err)
			require.Equal(t, tc.want, snapshot.Probes[0].Ledger.Tally(now.Add(-tc.window), now))
		})
	}
}

func TestTheLedgerReachesBackAsFarAsTheLongestObjective(t *testing.T) {
	s := open(t, newPath(t))
	p := watched("a", time.Minute)
	p.Objectives[0].Window = slo.Rolling(90 * 24 * time.Hour)
	id := configure(t, s, t0, p)["a"]
	b := outage(id, 1)
	b.Checkpoint, b.Entries[0].Input.At = nil, t0.Add(2*time.Hour)
	b.Effects[0].Grids = []slo.Stretch{{First: t0, Last: t0.Add(time.Hour), Step: time.Minute}}
	require.NoError(t, s.Commit(t.Context(), b))

	now := t0.Add(80 * 24 * time.Hour)
	snapshot, err := look(t, s.Path()).Snapshot(t.Context(), now)
	require.NoError(t, err)
	tally := snapshot.Probes[0].Ledger.Tally(t0.Add(-time.Minute), t0.Add(time.Hour))
	require.Equal(t, slo.Tally{Good: 60 * time.Minute, Bad: time.Minute}, tally)
}

func TestDaysWithinAWindowLieInItAsAWhole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(71, 72))
	for range 5000 {
		firstDay, n := int64(rnd.IntN(20)-10), rnd.IntN(10)
		after := instant((firstDay-2)*day.Milliseconds() + rnd.Int64N(14)*day.Milliseconds() + rnd.Int64N(5) - 2).Add(time.Duration(rnd.IntN(3) - 1))
		until := after.Add(time.Duration(rnd.Int64N(int64(12 * day)))).Truncate(time.Duration(1 + rnd.Int64N(int64(day)))).Add(time.Duration(rnd.IntN(5)-2) * time.Millisecond)
		first, last := wholeDays(firstDay, n, after, until)
		for i := range n {
			from, to := dayWindow(firstDay + int64(i))
			require.Equal(t, !from.Before(after) && !to.After(until), first <= i && i < last, "%v..%v, day %d of %d", after, until, firstDay+int64(i), n)
		}
	}
}
