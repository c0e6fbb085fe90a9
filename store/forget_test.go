package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

func TestWhatIsOldIsForgotten(t *testing.T) {
	t.Parallel()
	for seed := range worlds() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := long(t, seed)
			for range 10 {
				w.happen(400)
				w.commit(true)
				_, err := w.s.Compact(t.Context(), w.now())
				require.NoError(t, err)
			}
			r := look(t, w.s.Path())
			w.requireSumsOutliveResults(t, r)
			w.requireNothingIsKnownOfWhatIsNotKept(t, r)
		})
	}
}

func (w *world) requireSumsOutliveResults(t *testing.T, r *Reader) {
	t.Helper()
	now := w.now()
	id := w.probes[0].ID
	from := t0.Truncate(day)
	before, err := r.Summaries(t.Context(), id, from, now.Truncate(day), day)
	require.NoError(t, err)
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 400 * day}))
	kept := read(t, r, id, t0.Add(-day), forever)
	require.Less(t, len(kept), len(w.results(id, t0.Add(-day), forever))/2)
	require.Equal(t, w.results(id, now.Add(-day), forever), read(t, r, id, now.Add(-day), forever), "what is kept is whole")
	after, err := r.Summaries(t.Context(), id, from, now.Truncate(day), day)
	require.NoError(t, err)
	require.Equal(t, sumsOf(t, before), sumsOf(t, after), "sums outlive results")
	w.requireTallies(t, r)
}

func (w *world) requireNothingIsKnownOfWhatIsNotKept(t *testing.T, r *Reader) {
	t.Helper()
	now := w.now()
	silenced := func(key string, until time.Time) incident.Command {
		return incident.Command{Key: key, Kind: incident.Silence, At: t0, From: t0, Until: until, Scope: incident.Scope{All: true}}
	}
	commands := []incident.Command{silenced("old", now.Add(-5*day)), silenced("new", now.Add(-day))}
	require.NoError(t, w.s.Commit(t.Context(), &Batch{Seq: w.memory.Seq, At: now, Commands: commands}))
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 3 * day}))
	require.Equal(t, "new\x1f\n", all(t, w.s, "SELECT key FROM commands"), "commands that were in force are kept as long")
	since := now.Add(-3 * day).Truncate(day)
	snapshot, err := r.Snapshot(t.Context(), now)
	require.NoError(t, err)
	for _, p := range snapshot.Probes {
		want := w.tally(p.ID, since.Add(-time.Millisecond), now)
		require.Equal(t, want, p.Ledger.Tally(now.Add(-30*day), now), "days by their sums")
		l, err := r.Ledger(t.Context(), p.ID, now.Add(-30*day), now)
		require.NoError(t, err)
		require.Equal(t, want, l.Tally(now.Add(-30*day), now), "days slot by slot")
	}
	require.Zero(t, count(t, w.s, "SELECT count(*) FROM ledger WHERE last < ?", since.UnixMilli()))
	require.Zero(t, count(t, w.s, "SELECT count(*) FROM days WHERE day < ?", dayOf(since.UnixMilli())))
}

func TestTheFirstDayThatIsKeptIsKeptFromMidnight(t *testing.T) {
	w := newWorld(t, 1, 1)
	id := w.probes[0].ID
	w.probes[0].Policy.Interval = time.Hour
	w.revise()
	now := t0.Add(5 * day)
	for at := t0; !at.After(now); at = at.Add(time.Hour) {
		in := incident.Input{At: at, Verdict: judge(probe.OK, 200), Attempts: 1}
		if at.Hour() == 0 {
			in.Verdict = judge(probe.ServerError, 503)
		}
		w.step(Entry{Probe: id, Input: in})
		w.commit(true)
	}
	_, err := w.s.Compact(t.Context(), now)
	require.NoError(t, err)
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 2 * day}))

	// Two days from midnight to midnight, and today's slots from 00:00 until 05:00.
	want := slo.Tally{Good: 51 * time.Hour, Bad: 3 * time.Hour}
	r := look(t, w.s.Path())
	snapshot, err := r.Snapshot(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, want, snapshot.Probes[0].Ledger.Tally(now.Add(-30*day), now), "by the sums of days")
	l, err := r.Ledger(t.Context(), id, t0.Add(-day), now)
	require.NoError(t, err)
	require.Equal(t, want, l.Tally(t0.Add(-day), now), "slot by slot")
}

func TestAStretchIsCutToWhatIsKept(t *testing.T) {
	w := newWorld(t, 1, 1)
	id := w.probes[0].ID
	w.probes[0].Policy.Interval = time.Hour
	w.revise()
	now, mended := t0.Add(5*day), t0.Add(4*day)
	for at := t0; !at.After(now); at = at.Add(time.Hour) {
		in := incident.Input{At: at, Verdict: judge(probe.ServerError, 503), Attempts: 1}
		if !at.Before(mended) {
			in.Verdict = judge(probe.OK, 200)
		}
		w.step(Entry{Probe: id, Input: in})
		w.commit(true)
	}
	_, err := w.s.Compact(t.Context(), now)
	require.NoError(t, err)
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 2 * day}))
	l, err := look(t, w.s.Path()).Ledger(t.Context(), id, t0.Add(-day), now)
	require.NoError(t, err)
	since := now.Add(-2 * day).Truncate(day)
	require.Equal(t, []incident.Entry{{
		Slots:   slo.Stretch{First: since, Last: mended.Add(-time.Hour), Step: time.Hour},
		Outcome: probe.Bad, Reason: probe.ServerError,
	}}, l.Stretches(t0.Add(-day), now))
}

// shared commits an incident of what several share, as it was at an instant.
func (w *world) shared(key string, phase incident.Phase, id incident.ID, at time.Time) {
	w.t.Helper()
	c := &incident.Circle{Bond: incident.Bond{Tie: incident.TieHost, Key: key}, Title: "host " + key}
	c.ID = c.Bond.ID()
	p := incident.Problem{ID: id, Kind: probe.KindGatewaySurge, Phase: phase, Openings: 1, Since: at, OpenedAt: at, RecoveredAt: at}
	told := incident.Transition{Change: incident.ClosedNow, At: at, Problem: p}
	w.memory.Seq++
	require.NoError(w.t, w.s.Commit(w.t.Context(), &Batch{
		Seq: w.memory.Seq, At: at, Entries: []Entry{{Input: incident.Input{Kind: incident.Idle, At: at}}},
		Circles: []*incident.Circle{c}, Effects: []Effect{{Probe: c.ID, Effects: incident.Effects{Transitions: []incident.Transition{told}}}},
	}))
}

func TestWhatNobodySharesAnyMoreIsForgottenWithItsIncidents(t *testing.T) {
	w := newWorld(t, 1, 1)
	now := t0.Add(10 * day)
	w.shared("gone", incident.Closed, 1001, t0)
	w.shared("open", incident.Open, 1002, t0)
	w.shared("late", incident.Closed, 1003, now.Add(-day))
	w.shared("again", incident.Closed, 1004, t0)
	w.shared("again", incident.Closed, 1005, now.Add(-day))
	_, err := w.s.db.ExecContext(t.Context(), "INSERT INTO grids(probe, location, first, last, step) VALUES (?, 1, 0, 1, 1)", w.probes[0].ID) // something is old
	require.NoError(t, err)
	named := func() string { return all(t, w.s, "SELECT name FROM probes WHERE id < 0 ORDER BY name") }
	require.NoError(t, w.s.Forget(t.Context(), t0.Add(day), Retention{Results: day, Rollups: 3 * day}))
	require.Equal(t, "host/again\x1f\nhost/gone\x1f\nhost/late\x1f\nhost/open\x1f\n", named())
	_, err = w.s.db.ExecContext(t.Context(), "INSERT INTO grids(probe, location, first, last, step) VALUES (?, 1, 0, 1, 1)", w.probes[0].ID)
	require.NoError(t, err)
	require.NoError(t, w.s.Forget(t.Context(), now, Retention{Results: day, Rollups: 3 * day}))
	require.Equal(t, "host/again\x1f\nhost/late\x1f\nhost/open\x1f\n", named())
	require.Equal(t, 1, count(t, w.s, "SELECT count(*) FROM probes WHERE id > 0"), "a probe keeps its id, whatever becomes of it")
	require.Zero(t, count(t, w.s, "SELECT count(*) FROM pragma_foreign_key_check"))

	w.shared("gone", incident.Open, 1006, now) // and it comes back
	require.Equal(t, "host/again\x1f\nhost/gone\x1f\nhost/late\x1f\nhost/open\x1f\n", named())
}
