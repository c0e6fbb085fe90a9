package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

// inGroup has probes be members of a group of which something is promised.
func inGroup(name string, combine slo.Combine, promise string, members ...store.Probe) []store.Probe {
	o, err := slo.ParseObjective(promise)
	if err != nil {
		panic(err)
	}
	for i := range members {
		members[i].Subject.Group = name
		members[i].Pledge = store.Pledge{Combine: combine, Objectives: []slo.Objective{o}}
	}
	return members
}

// trio is a group of three whose members were bad in the 5th, in the 9th, and in the 3rd
// and the 5th of ten slots (D5).
func trio(t *testing.T, combine slo.Combine) *lab {
	t.Helper()
	l := newLab(t, append(inGroup("payments", combine, "99% over 24h", watched("a", 60), watched("b", 60), watched("c", 60)), watched("other", 60))...)
	l.play("a", 540, slices.Concat(times(4, good), times(1, broken), times(5, good))...)
	l.play("b", 540, slices.Concat(times(8, good), times(1, broken), times(1, good))...)
	l.play("c", 540, slices.Concat(times(2, good), times(1, broken), times(1, good), times(1, broken), times(5, good))...)
	l.play("other", 540, times(10, broken)...)
	return l
}

func TestD5AGroupIsAsItsWorstMember(t *testing.T) {
	s := trio(t, slo.Worst).status()
	require.Len(t, s.Groups, 1)
	g := s.Groups[0]
	require.Equal(t, []string{"a", "b", "c"}, g.Members)
	o := g.Objectives[0]
	require.InDelta(t, 0.7, *o.AttainedRatio, 1e-12)
	require.EqualValues(t, (3 * time.Minute).Milliseconds(), o.SpentMS)
	require.EqualValues(t, 864_000, o.BudgetMS)
	require.InDelta(t, 3.0/0.6, *o.BurnRate["1h"], 1e-9)
	require.Equal(t, "met", o.Status)
	require.Equal(t, 1.0, o.Coverage)
}

func TestTheTimeOfAGroupIsTheSumOfItsMembers(t *testing.T) {
	o := trio(t, slo.Sum).status().Groups[0].Objectives[0]
	require.InDelta(t, 26.0/30, *o.AttainedRatio, 1e-12)
	require.EqualValues(t, (80 * time.Second).Milliseconds(), o.SpentMS, "four minutes of three members")
	require.EqualValues(t, 864_000, o.BudgetMS, "of a day, however many there are")
}

// TestTheWorstOfOneIsThatOne compares a group of one with its member, over grids that
// changed and stretches of every kind.
func TestTheWorstOfOneIsThatOne(t *testing.T) {
	for _, combine := range []slo.Combine{slo.Worst, slo.Sum} {
		l := newLab(t, inGroup("g", combine, "99% over 24h", watched("a", 60, "99% over 24h"))...)
		l.play("a", 7200, slices.Concat(times(40, good), times(7, broken), times(5, denied), times(3, blind), times(60, good), times(2, broken))...)
		s := l.status()
		one, group := s.Probes[0].Objectives[0], s.Groups[0].Objectives[0]
		require.Equal(t, one, group, combine.String())
	}
}

func TestTheBudgetOfAGroupCountsForTheExitCode(t *testing.T) {
	l := newLab(t, inGroup("g", slo.Worst, "99% over 24h", watched("a", 60), watched("b", 60))...)
	l.play("a", 1200, slices.Concat(times(8, broken), times(13, good))...)
	l.play("b", 1200, slices.Concat(times(8, good), times(8, broken), times(5, good))...)
	s := l.status()
	require.Equal(t, "spent", s.Groups[0].Objectives[0].Status)
	require.Equal(t, report.ExitCritical, s.ExitCode())
	var out strings.Builder
	require.NoError(t, s.WriteText(&out, report.Palette{}))
	require.Contains(t, out.String(), "group:g promises 99% over 1d: spent, -11.11% of the budget left\n")
}

func TestGroupsStandAmongThePromises(t *testing.T) {
	all := trio(t, slo.Worst).status().Promises()
	require.Len(t, all, 1)
	require.True(t, all[0].Group)
	require.Equal(t, "payments", all[0].Name)
	require.Equal(t, "group:payments", all[0].Title())
	require.Len(t, report.Choose(all, []string{"group:payments"}), 1)
	require.Empty(t, report.Choose(all, []string{"payments"}), "that would be a probe")
	var out strings.Builder
	require.NoError(t, report.WritePromises(&out, all))
	require.Contains(t, out.String(), "group:payments  99% over 1d  met")
}

func TestAGroupWithoutDataIsNull(t *testing.T) {
	for _, combine := range []slo.Combine{slo.Worst, slo.Sum} {
		l := newLab(t, inGroup("g", combine, "99% over month", watched("a", 60), watched("b", 60))...)
		o := l.status().Groups[0].Objectives[0]
		require.Equal(t, "no_data", o.Status)
		require.Nil(t, o.AttainedRatio)
		require.Nil(t, o.RemainingRatio)
		require.Nil(t, o.BurnRate["1h"])
		require.Zero(t, o.Coverage)
	}
}

func TestMaintenanceCountsForNothing(t *testing.T) {
	for _, combine := range []slo.Combine{slo.Worst, slo.Sum} {
		l := newLab(t, inGroup("g", combine, "99% over 24h", watched("a", 60, "99% over 24h"), watched("b", 60))...)
		l.play("a", 540, slices.Concat(times(2, good), times(4, broken), times(4, good))...)
		l.play("b", 540, slices.Concat(times(9, good), times(1, broken))...)
		l.plan("move", 540-60, 540-5*60, "a") // three of the four
		s := l.status()
		own, group := s.Probes[0].Objectives[0], s.Groups[0].Objectives[0]
		require.EqualValues(t, time.Minute.Milliseconds(), own.SpentMS)
		require.Equal(t, 1.0, own.Coverage, "nobody wanted to see the time of maintenance")
		require.Equal(t, 1.0, group.Coverage)
		if combine == slo.Worst {
			require.EqualValues(t, 2*time.Minute.Milliseconds(), group.SpentMS)
		} else {
			require.EqualValues(t, time.Minute.Milliseconds(), group.SpentMS, "two minutes of two members")
		}

		l.plan("for ever", 7200, -7200, "a", "b")
		s = l.status()
		for _, o := range []report.Objective{s.Probes[0].Objectives[0], s.Groups[0].Objectives[0]} {
			require.Zero(t, o.SpentMS, "maintenance over the whole window")
			require.Equal(t, "no_data", o.Status)
			require.Nil(t, o.AttainedRatio)
			require.Zero(t, o.Coverage)
		}
	}
}

func TestAGroupPromisesLatency(t *testing.T) {
	members := func(combine slo.Combine) []store.Probe {
		all := inGroup("payments", combine, "latency 500ms for 90% over 24h", watched("a", 60, "99% over 24h"), watched("b", 60, "99% over 24h"))
		for i := range all {
			all[i].Policy.Thresholds, _ = incident.NewThresholds(all[i].Pledge.Objectives)
		}
		return all
	}
	for combine, want := range map[slo.Combine]int64{slo.Sum: 120_000, slo.Worst: 3 * 60_000} {
		l := newLab(t, members(combine)...)
		l.pace("a", 540, slices.Concat(slices.Repeat([]took{{good, time.Second}}, 2), slices.Repeat([]took{{good, 100 * ms}}, 8))...)
		l.pace("b", 540, slices.Concat([]took{{good, 100 * ms}, {good, time.Second}, {good, time.Second}}, []took{{broken, 10 * ms}}, slices.Repeat([]took{{good, 100 * ms}}, 6))...)
		o := l.status().Groups[0].Objectives[0]
		require.Equal(t, "latency", o.Kind)
		require.Equal(t, want, o.SpentMS, "combine: %v", combine)
		span, err := report.ParseMonth("2026-11", "")
		require.NoError(t, err)
		row := l.month(span, now).Groups[1]
		require.EqualValues(t, 500, row.LatencyMS)
		require.Equal(t, want, row.SpentMS)
	}
}

func TestTheBudgetOfAGroupBurns(t *testing.T) {
	members := inGroup("payments", slo.Worst, "99.9% over 30d", watched("a", 60), watched("b", 60))
	for i := range members {
		members[i].Pledge.Alerts = incident.BudgetRules{Fast: true, Slow: true, Levels: []int{5}}
	}
	l := newLab(t, members...)
	l.play("a", 3600, times(50, good)...)
	for i := range 10 { // in turn, as they come
		l.play("b", 600-60*i, broken)
		l.play("a", 600-60*i, good)
	}
	s := l.status()
	require.Equal(t, "at_risk", s.Groups[0].Objectives[0].Status)
	require.Len(t, s.Shared, 1)
	require.Equal(t, "promise/payments", s.Shared[0].Scope)
	require.Equal(t, "group payments", s.Shared[0].Name)
	require.Equal(t, []string{"b"}, s.Shared[0].Failing)
	var kinds []probe.Kind
	for _, x := range s.Shared[0].Incidents {
		kinds = append(kinds, x.Kind)
	}
	require.ElementsMatch(t, []probe.Kind{probe.KindBudgetThreshold, probe.KindBudgetFast, probe.KindBudgetSlow}, kinds)

	again, err := store.OpenReader(t.Context(), l.path)
	require.NoError(t, err)
	defer func() { require.NoError(t, again.Close()) }()
	snapshot, err := again.Snapshot(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, s.Shared, report.NewStatus(snapshot, now).Shared)
}
