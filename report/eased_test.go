package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// listed are the incidents of a lab, as scripts and people read them.
func (l *lab) listed() ([]report.PastIncident, string) {
	l.t.Helper()
	reader, err := store.OpenReader(l.t.Context(), l.path)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, reader.Close()) }()
	records, err := reader.Incidents(l.t.Context(), 0, ago(86_400), now, 0)
	require.NoError(l.t, err)
	all := report.NewIncidents(records, now)
	var list strings.Builder
	require.NoError(l.t, report.WriteIncidents(&list, all))
	return all, list.String()
}

// Who asks later what happened asks how bad it was.
func TestAnOutageThatEndsBitByBitIsAnOutage(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.probes["checkout"].Policy.Rules = incident.UsualRules()
	partly := []probe.Verdict{broken, good, broken, good, broken, good, broken}
	l.play("checkout", 3*3600, slices.Concat(partly, times(3, broken), times(3, good))...)
	all, list := l.listed()
	require.Len(t, all, 1)
	require.Equal(t, probe.KindDegraded, all[0].Kind, "while it is open it goes by how it is")
	require.Equal(t, probe.Warning, all[0].Severity)
	require.Equal(t, probe.KindDown, *all[0].Peak)
	require.Contains(t, list, "degraded (was down)  open")
	require.Contains(t, indented(t, all), `"peak": "down"`)

	l.play("checkout", 3*3600-13*60, times(120, good)...)
	all, list = l.listed()
	require.Len(t, all, 1)
	require.Equal(t, probe.KindDown, all[0].Kind)
	require.Equal(t, probe.Critical, all[0].Severity)
	require.Nil(t, all[0].Peak)
	require.Contains(t, list, "down  recovered  critical")
	require.NotContains(t, indented(t, all), "peak")
}
