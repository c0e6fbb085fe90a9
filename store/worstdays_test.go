package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// pledge has all probes promise something together.
func (w *world) pledge(combine slo.Combine, promises ...string) {
	w.t.Helper()
	p := Pledge{Combine: combine}
	for _, written := range promises {
		o, err := slo.ParseObjective(written)
		require.NoError(w.t, err)
		p.Objectives = append(p.Objectives, o)
	}
	for i := range w.probes {
		w.probes[i].Pledge = p
	}
	w.revise()
}

// worst is what the naive model says of all probes together: every slot stands for the step
// behind it, and the worst of what any of them says counts.
func (w *world) worst(after, until time.Time, means func(*slot) probe.Outcome) slo.Tally {
	var pieces []slo.Piece
	for i := range w.probes {
		id := w.probes[i].ID
		for _, s := range w.slotsUpTo(id, until) {
			if !s.at.After(w.since(id, after)) || s.at.After(until) {
				continue
			}
			m := meaning(means(&s))
			if w.rests != nil && w.rests(id, s.at) {
				m = slo.MeansPlanned
			}
			pieces = append(pieces, slo.Piece{From: s.at, To: s.at.Add(s.weight), Meaning: m})
		}
	}
	return slo.WorstOf(pieces)
}

// TestTheWorstOfManyDays compares windows that are made of sums of days with what each slot says.
func TestTheWorstOfManyDays(t *testing.T) {
	t.Parallel()
	for seed := range (worlds() + 1) / 2 {
		w := long(t, 300+seed)
		w.pledge(slo.Worst, "99% over 30d", "90% over 36h", "latency 2500ms for 50% over 30d", "99% over month in Asia/Seoul")
		for range 6 {
			w.happen(400)
			w.commit(true)
			w.compact()
			w.requireWorst(t)
		}
		require.Greater(t, count(t, w.s, "SELECT count(*) FROM worstdays"), 2)
		w.rest()
		w.requireWorst(t)
		for i := range w.probes {
			w.probes[i].Policy.Interval = 3 * time.Minute
		}
		w.revise()
		w.happen(400)
		w.commit(true)
		w.requireWorst(t)
		w.compact()
		w.requireWorst(t)
	}
}

// rest has a probe in maintenance every night, and for some hours of the past.
func (w *world) rest() {
	w.t.Helper()
	now := w.now()
	from, until := t0.Add(now.Sub(t0)/4).Truncate(time.Second), t0.Add(now.Sub(t0)/2).Truncate(time.Second)
	w.plans = []incident.Command{nightly(w.t, "probe-1"), once(w.t, "move", from, until, "probe-1", "probe-2")}
	w.revise()
	ids := w.probes
	w.rests = func(id probe.ID, at time.Time) bool {
		move := !at.Before(from) && at.Before(until)
		night := at.Hour()*60+at.Minute() >= 22*60+30 || at.Hour()*60+at.Minute() < 3*60+15
		return id == ids[1].ID && (move || night) || id == ids[2].ID && move
	}
}

func (w *world) requireWorst(t *testing.T) {
	t.Helper()
	now := w.now()
	snapshot, err := look(t, w.s.Path()).Snapshot(t.Context(), now)
	require.NoError(t, err)
	require.Len(t, snapshot.Groups, 1)
	g := &snapshot.Groups[0]
	require.Len(t, g.Members, len(w.probes))
	for i, o := range g.Objectives {
		line, means := &g.Ledger, (*slot).said
		if o.Kind == slo.Latency {
			line, means = g.Latencies[i], w.paced
		}
		for _, after := range []time.Time{o.Window.Span(now).After, now.Add(-time.Hour), now.Add(-6 * time.Hour), now.Add(-3 * day)} {
			require.Equal(t, w.worst(after, now, means), line.Tally(after, now), "%s, since %s", o, now.Sub(after))
		}
	}
}

// TestPromisesMayCountFromTheFirstSuccess compares what counts of probes that failed at first: of
// each, of its latency, and of all of them as the worst is.
func TestPromisesMayCountFromTheFirstSuccess(t *testing.T) {
	t.Parallel()
	started := 0
	for seed := range (worlds() + 1) / 2 {
		w := long(t, 400+seed)
		w.late = true
		for i := range w.probes {
			policy := *w.probes[i].Policy
			policy.StartOnSuccess = true
			w.probes[i].Policy = &policy
			w.mood[w.probes[i].ID] = 3 // they fail
		}
		w.pledge(slo.Worst, "99% over 30d", "latency 2500ms for 50% over 30d")
		for range 5 {
			w.happen(300)
			w.commit(true)
			w.compact()
			w.requireWorst(t)
			now := w.now()
			snapshot, err := look(t, w.s.Path()).Snapshot(t.Context(), now)
			require.NoError(t, err)
			for _, p := range snapshot.Probes {
				if !w.since(p.ID, t0.Add(-day)).Equal(t0.Add(-day)) {
					started++
				}
				for _, length := range []time.Duration{time.Hour, 6 * time.Hour, 3 * day, 30 * day} {
					after := now.Add(-length)
					from := w.since(p.ID, after)
					require.Equal(t, w.tally(p.ID, from, now), p.Ledger.Promised(p.Policy).Tally(after, now), "over %s", length)
					require.Equal(t, w.latency(p.ID, from, now), p.Latencies[1].Tally(after, now), "latency over %s", length)
					require.Equal(t, w.tally(p.ID, after, now), p.Ledger.Tally(after, now), "availability does not wait")
				}
			}
		}
	}
	require.Positive(t, started)
}

func FuzzReadWorstDays(f *testing.F) {
	f.Add(packWorstDays([]worstKey{1, 1 << 63}, []dayTally{{1, 2, 3, 4}, {86_400_000, 0, 0, 0}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packed []byte) {
		var keys []worstKey
		var sums []dayTally
		if readWorstDays(packed, func(key worstKey, d dayTally) { keys, sums = append(keys, key), append(sums, d) }) != nil {
			return
		}
		i := 0
		require.NoError(t, readWorstDays(packWorstDays(keys, sums), func(key worstKey, d dayTally) {
			require.Equal(t, keys[i], key)
			require.Equal(t, sums[i], d)
			i++
		}))
		require.Equal(t, len(keys), i)
	})
}
