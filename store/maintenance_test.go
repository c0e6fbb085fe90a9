package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// nightly is maintenance every night, as the configuration says it.
func nightly(t testing.TB, names ...string) incident.Command {
	s, err := slo.Every("day 22:30-03:15", time.UTC)
	require.NoError(t, err)
	return incident.Command{Name: "nightly", Schedule: s, Scope: incident.Scope{Names: names}}
}

// once is maintenance between two instants.
func once(t testing.TB, name string, from, until time.Time, names ...string) incident.Command {
	s, err := slo.Once(from, until)
	require.NoError(t, err)
	return incident.Command{Name: name, Schedule: s, Scope: incident.Scope{Names: names}}
}

// What is planned covers some probes at some times, and days that are summed up already:
// nothing of it counts, and everything else counts as it did.
func TestTimeInMaintenanceIsExcludedToTheSlotHoweverOld(t *testing.T) {
	t.Parallel()
	for seed := range (worlds() + 1) / 2 {
		w := long(t, seed)
		w.probes[1].Subject.Group = "night"
		for range 6 {
			w.happen(400)
			w.commit(true)
			_, err := w.s.Compact(t.Context(), w.now())
			require.NoError(t, err)
		}
		require.Greater(t, count(t, w.s, "SELECT count(*) FROM tallies"), 2)
		now := w.now()
		from, until := t0.Add(now.Sub(t0)/4).Truncate(time.Second), t0.Add(now.Sub(t0)*3/4).Truncate(time.Second)
		w.plans = []incident.Command{nightly(t, "group:night"), once(t, "move", from, until, "probe-2", "probe-1")}
		w.revise()
		ids := w.probes
		w.rests = func(id probe.ID, at time.Time) bool {
			move := !at.Before(from) && at.Before(until)
			night := at.Hour()*60+at.Minute() >= 22*60+30 || at.Hour()*60+at.Minute() < 3*60+15
			switch id {
			case ids[1].ID:
				return move || night
			case ids[2].ID:
				return move
			}
			return false
		}
		r := look(t, w.s.Path())
		w.requireTallies(t, r)

		w.plans = nil
		w.s.hook = nil
		_, err := w.s.db.ExecContext(t.Context(), "UPDATE commands SET ends = 0")
		require.NoError(t, err)
		w.rests = nil
		w.requireTallies(t, r)
	}
}

func TestARecurringPlanCountsFromWhereItStandsInTheConfiguration(t *testing.T) {
	s := open(t, newPath(t))
	revise := func(at time.Time, plans ...incident.Command) {
		t.Helper()
		require.NoError(t, s.Revise(t.Context(), &Revision{At: at, Probes: []Probe{watched("a", time.Minute)}, Memory: NewMemory(), Maintenance: plans}))
	}
	spells := func() []slo.Spell {
		given, err := s.Commands(t.Context(), t0.Add(-day))
		require.NoError(t, err)
		return incident.NewCalendar(given).Spells(1, t0.Add(-10*day), t0.Add(10*day))
	}
	at := func(days, hour, minute int) time.Time {
		return t0.Truncate(day).Add(time.Duration(days)*day + time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	revise(t0)
	require.Empty(t, spells())
	revise(at(1, 23, 0), nightly(t, "a"), once(t, "past", at(-3, 1, 0), at(-3, 2, 0), "a"), once(t, "next", at(5, 1, 0), at(5, 2, 0), "a"))
	revise(at(2, 12, 0), nightly(t, "a"), once(t, "past", at(-3, 1, 0), at(-3, 2, 0), "a"), once(t, "next", at(5, 1, 0), at(5, 2, 0), "a"))
	require.Equal(t, 3, count(t, s, "SELECT count(*) FROM commands"), "what is the same is not written again")
	revise(at(3, 1, 0))
	require.Equal(t, []slo.Spell{
		{From: at(-3, 1, 0), Until: at(-3, 2, 0)}, // what was once stays, although the file does not name it any more
		{From: at(1, 23, 0), Until: at(2, 3, 15)}, // the first night from when it was said
		{From: at(2, 22, 30), Until: at(3, 1, 0)}, // the last one until it was taken out
	}, spells())
	revise(at(3, 2, 0), once(t, "next", at(5, 1, 0), at(5, 2, 0), "a"))
	require.Contains(t, spells(), slo.Spell{From: at(5, 1, 0), Until: at(5, 2, 0)}, "what is named again counts again")
}

func TestASnapshotSaysWhichMaintenanceAProbeIsIn(t *testing.T) {
	s := open(t, newPath(t))
	plan := once(t, "move", t0.Add(time.Hour), t0.Add(2*time.Hour), "a")
	plan.Note = "new disks"
	require.NoError(t, s.Revise(t.Context(), &Revision{At: t0, Probes: []Probe{watched("a", time.Minute), watched("b", time.Minute)}, Memory: NewMemory(), Maintenance: []incident.Command{plan}}))
	r := look(t, s.Path())
	at := func(d time.Duration) []Watched {
		snapshot, err := r.Snapshot(t.Context(), t0.Add(d))
		require.NoError(t, err)
		return snapshot.Probes
	}
	require.Nil(t, at(time.Hour - 1)[0].Maintenance)
	in := at(90 * time.Minute)
	require.Equal(t, "move", in[0].Maintenance.Name)
	require.Equal(t, "new disks", in[0].Maintenance.Note)
	require.Equal(t, slo.Spell{From: t0.Add(time.Hour), Until: t0.Add(2 * time.Hour)}, in[0].Rest)
	require.Nil(t, in[1].Maintenance)
	require.Nil(t, at(2 * time.Hour)[0].Maintenance)
}
