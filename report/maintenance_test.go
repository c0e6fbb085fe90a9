package report_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

// plan has a probe be in maintenance between two moments, so many seconds ago.
func (l *lab) plan(name string, from, until int, probes ...string) {
	l.t.Helper()
	schedule, err := slo.Once(ago(from), ago(until))
	require.NoError(l.t, err)
	var all []store.Probe
	for _, p := range l.probes {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b store.Probe) int { return int(a.ID - b.ID) })
	require.NoError(l.t, l.store.Revise(l.t.Context(), &store.Revision{At: ago(7200), Probes: all, Memory: l.memory, Maintenance: []incident.Command{
		{Name: name, Note: "new disks", Schedule: schedule, Scope: incident.Scope{Names: probes}},
	}}))
}

func TestAProbeInMaintenanceSaysSoWhateverItWasBefore(t *testing.T) {
	l := newLab(t, watched("checkout", 60, "99% over 7d"), watched("web", 60))
	l.play("checkout", 600, slices.Concat(times(3, good), times(7, broken))...)
	l.play("web", 600, times(10, good)...)
	require.Equal(t, report.ExitCritical, l.status().ExitCode())
	l.plan("move", 300, -3600, "checkout")

	status := l.status()
	require.Equal(t, report.ExitOK, status.ExitCode(), "people know")
	require.Equal(t, 1, status.Summary.Maintenance)
	p := status.Probes[0]
	require.Equal(t, report.Maintenance, p.State)
	require.Equal(t, ago(300), *p.Since)
	require.Equal(t, &report.Work{Name: "move", Until: ago(-3600), Reason: "new disks"}, p.Maintenance)
	require.Len(t, p.Incidents, 1, "what is open stays")
	require.Equal(t, (2 * time.Minute).Milliseconds(), p.Objectives[0].SpentMS, "what was bad before the maintenance counts, and nothing since")
	require.Nil(t, status.Probes[1].Maintenance)

	var text bytes.Buffer
	require.NoError(t, status.WriteText(&text, report.Palette{}))
	require.Contains(t, text.String(), "2 probes: 1 up, 1 maintenance;")
	require.Contains(t, text.String(), "checkout is in maintenance until "+ago(-3600).Format("2006-01-02 15:04:05 MST")+" (move)\n")
	written, err := json.Marshal(p)
	require.NoError(t, err)
	require.Contains(t, string(written), `"maintenance":{"name":"move","until":"`)
}

func TestMaintenanceThatWasNotPlannedInTimeIsExcludedAfterwards(t *testing.T) {
	l := newLab(t, watched("checkout", 60, "99% over 7d"))
	l.play("checkout", 600, slices.Concat(times(3, good), times(4, broken), times(3, good))...)
	require.Equal(t, (4 * time.Minute).Milliseconds(), only(t, l.status()).Objectives[0].SpentMS)
	l.plan("move", 600, 200, "checkout")
	p := only(t, l.status())
	require.Zero(t, p.Objectives[0].SpentMS)
	require.Equal(t, 1.0, p.Availability["24h"].Coverage, "nobody wanted to see the time of maintenance")
	require.Len(t, p.Incidents, 1, "what has come of it stays as it is")
}
