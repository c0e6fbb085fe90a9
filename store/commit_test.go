package store

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// tables are those that a commit writes.
var tables = []string{"log", "checkpoints", "ledger", "grids", "incidents", "timeline", "outbox"}

// rows counts the rows of all tables that a commit writes.
func rows(t *testing.T, s *Store) map[string]int {
	n := map[string]int{}
	for _, table := range tables {
		n[table] = count(t, s, "SELECT count(*) FROM "+table)
	}
	return n
}

// outage is a batch in which a probe goes down, with everything that can be in a batch.
func outage(id probe.ID, seq int64) *Batch {
	broken := judge(probe.ServerError, 503)
	slots := slo.Stretch{First: t0, Last: t0, Step: time.Minute}
	problem := incident.Problem{
		ID: incident.FirstID, Kind: probe.KindDown, Phase: incident.Open, Severity: probe.Critical, Cause: broken,
		Since: t0, OpenedAt: t0, Failures: 1, Openings: 1, Codes: []incident.CodeCount{{Code: 503, Count: 1}},
	}
	opened := incident.Transition{Change: incident.Opened, At: t0, Problem: problem}
	p := watched("a", time.Minute)
	return &Batch{
		Seq: seq, At: t0,
		Entries: []Entry{{Probe: id, Input: incident.Input{At: t0, Verdict: broken, Attempts: 1}}},
		Effects: []Effect{{id, incident.Effects{
			Transitions: []incident.Transition{opened},
			Ledger:      []incident.Entry{{Slots: slots, Outcome: probe.Bad, Reason: probe.ServerError}},
			Grids:       []slo.Stretch{slots},
		}}},
		Messages:   notify.Plan(opened, p.Subject, "here", nil),
		Checkpoint: (&Memory{Seq: seq}).Checkpoint(),
	}
}

// configured is a store that knows the probe "a", and its id.
func configured(t testing.TB) (*Store, probe.ID) {
	s := open(t, newPath(t))
	r := &Revision{At: t0, Probes: []Probe{watched("a", time.Minute)}, Memory: &Memory{}}
	require.NoError(t, s.Revise(t.Context(), r))
	return s, r.Probes[0].ID
}

func TestACommitIsAllOrNothing(t *testing.T) {
	for name, spoil := range map[string]func(b *Batch){
		"a ledger of a probe that is not known": func(b *Batch) { b.Effects = append(b.Effects, Effect{99, b.Effects[0].Effects}) },
		"a grid of a probe that is not known":   func(b *Batch) { b.Effects = append(b.Effects, Effect{99, incident.Effects{Grids: b.Effects[0].Grids}}) },
		"a second incident of a kind":           func(b *Batch) { b.Effects = append(b.Effects, second(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			s, id := configured(t)
			before := rows(t, s)
			b := outage(id, 1)
			spoil(b)
			require.ErrorContains(t, s.Commit(t.Context(), b), "constraint failed")
			require.Equal(t, before, rows(t, s), "nothing of it is there")

			require.NoError(t, s.Commit(t.Context(), outage(id, 1)), "the place in the log is still free")
			for table, n := range rows(t, s) {
				require.Equal(t, before[table]+1, n, table)
			}
		})
	}
}

// second is another incident of the same kind on the same probe.
func second(b *Batch) Effect {
	again := b.Effects[0].Transitions[0]
	again.Problem.ID = incident.FirstID + 7
	return Effect{b.Effects[0].Probe, incident.Effects{Transitions: []incident.Transition{again}}}
}

func TestACommitThatIsInterruptedLeavesNothing(t *testing.T) {
	s, id := configured(t)
	before := rows(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Commit(ctx, outage(id, 1)), ctx.Err())
	require.Equal(t, before, rows(t, s))
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
}

func TestABatchThatIsCommittedTwiceIsKeptOnce(t *testing.T) {
	s, id := configured(t)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	once := rows(t, s)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	require.Equal(t, once, rows(t, s))
}

func TestTheSameMessageIsKeptOnce(t *testing.T) {
	s, id := configured(t)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	again := outage(id, 2)
	again.Effects = nil
	require.NoError(t, s.Commit(t.Context(), again))
	require.Equal(t, 2, count(t, s, "SELECT count(*) FROM log"))
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox"))
}

func TestAnIncidentIsOneRowThatChanges(t *testing.T) {
	s, id := configured(t)
	b := outage(id, 1)
	require.NoError(t, s.Commit(t.Context(), b))

	gone := b.Effects[0].Transitions[0]
	gone.Change, gone.At = incident.Resolved, t0.Add(5*time.Minute)
	gone.Problem.Phase, gone.Problem.RecoveredAt, gone.Problem.Failures = incident.Recovered, gone.At, 5
	over := gone
	over.Change, over.At, over.Problem.Phase = incident.ClosedNow, t0.Add(2*time.Hour), incident.Closed
	effects := []Effect{{id, incident.Effects{Transitions: []incident.Transition{gone}}}, {id, incident.Effects{Transitions: []incident.Transition{over}}}}
	require.NoError(t, s.Commit(t.Context(), &Batch{Seq: 2, At: t0, Entries: b.Entries, Effects: effects}))

	var phase, codes string
	var failures int
	var opened, recovered, closed int64
	require.NoError(t, s.db.QueryRowContext(t.Context(), "SELECT phase, codes, failures, opened_at, recovered_at, closed_at FROM incidents").
		Scan(&phase, &codes, &failures, &opened, &recovered, &closed))
	require.Equal(t, "closed", phase)
	require.JSONEq(t, `{"503":1}`, codes)
	require.Equal(t, 5, failures)
	require.Equal(t, []time.Time{t0, t0.Add(5 * time.Minute), t0.Add(2 * time.Hour)}, []time.Time{instant(opened), instant(recovered), instant(closed)})
	require.Equal(t, 3, count(t, s, "SELECT count(*) FROM timeline WHERE incident = ?", incident.FirstID))

	anew := outage(id, 3)
	anew.Effects[0].Transitions[0].Problem.ID++
	require.NoError(t, s.Commit(t.Context(), anew), "once it is closed another one may open")
}

func TestClassesOfScheduledResultsAreCounted(t *testing.T) {
	s, id := configured(t)
	now := t0.Add(48 * time.Hour)
	seq := int64(0)
	add := func(in incident.Input) {
		seq++
		require.NoError(t, s.Commit(t.Context(), &Batch{Seq: seq, At: in.At, Entries: []Entry{{Probe: id, Input: in}}}))
	}
	good, broken, refused := judge(probe.OK, 200), judge(probe.ServerError, 503), judge(probe.ConnectRefused, 0)
	for _, ago := range []time.Duration{0, time.Minute, time.Hour, 23 * time.Hour} {
		add(incident.Input{At: now.Add(-ago), Verdict: good, Attempts: 1})
	}
	add(incident.Input{At: now.Add(-time.Hour), Verdict: broken, Attempts: 3})
	add(incident.Input{At: now.Add(-time.Hour), Verdict: refused, Attempts: 1})
	add(incident.Input{At: now.Add(-25 * time.Hour), Verdict: broken, Attempts: 1})                     // long ago
	add(incident.Input{At: now.Add(-time.Hour), Verdict: broken, Attempts: 1, Run: probe.Recheck})      // not scheduled
	add(incident.Input{At: now.Add(-time.Hour), Verdict: broken, Attempts: 1, Run: probe.Manual})       // not scheduled
	add(incident.Input{At: now.Add(-time.Hour), Verdict: probe.Miss(probe.ProberNetwork), Attempts: 0}) // nothing was asked
	add(incident.Input{Kind: incident.Skipped, At: now, To: now, Verdict: probe.Miss(probe.ProberOverload)})

	snapshot, err := look(t, s.Path()).Snapshot(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, map[probe.Class]int64{probe.ClassSuccess: 4, probe.ClassServerError: 1, probe.ClassNoResponse: 1}, snapshot.Classes)
}
