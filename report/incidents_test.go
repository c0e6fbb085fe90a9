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
	"sonde/store"
)

func TestIncidentsAreListedAndToldWithTheirTimeline(t *testing.T) {
	l := newLab(t, watched("checkout", 60), watched("login", 60))
	l.play("checkout", 6000, slices.Concat(times(30, good), times(4, broken), times(2, refused), times(40, good))...)
	l.play("login", 1200, slices.Concat(times(10, good), times(10, denied))...)
	reader := l.reader()
	records, err := reader.Incidents(t.Context(), 0, now.Add(-24*time.Hour), now, 0)
	require.NoError(t, err)
	all := report.NewIncidents(records, now)
	require.Len(t, all, 2)
	golden(t, "incidents.json", indented(t, all))
	requireContract(t, "contract-incidents.json", all)
	var list strings.Builder
	require.NoError(t, report.WriteIncidents(&list, all))
	golden(t, "incidents.txt", list.String())

	timeline, err := reader.Timeline(t.Context(), records[1].ID)
	require.NoError(t, err)
	s := report.NewStory(&records[1], timeline, now)
	s.Witness([]store.Sight{{At: records[1].Since, Attempts: []probe.Attempt{{
		Verdict: broken, Timings: probe.Timings{Connect: 2 * time.Millisecond, FirstByte: time.Minute, Total: time.Minute + 2*time.Millisecond},
		Evidence: probe.Evidence{
			RemoteAddr: "192.0.2.1:443", StatusLine: "HTTP/1.1 503 Service Unavailable", AnsweredBy: "edge (nginx)", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
			Gateway: "503 after 60.0 s from the edge (nginx): upstream timeout", Excerpt: "<h1>503</h1>\n<hr>nginx",
		},
	}}}})
	s.Say([]store.Conversation{{Destination: "backup"}, {Destination: "ops", Link: "https://example.slack.com/archives/C0OPS/p1700000000000100"}})
	requireContract(t, "contract-incident.json", s)
	var one strings.Builder
	require.NoError(t, s.WriteText(&one))
	golden(t, "incident.txt", one.String())
}

func TestAnIncidentLastsUntilItsRecoveryItsWithdrawalOrNow(t *testing.T) {
	for name, tc := range map[string]struct {
		record store.IncidentRecord
		want   time.Duration
	}{
		"open: until now":               {store.IncidentRecord{Since: ago(600)}, 10 * time.Minute},
		"recovered":                     {store.IncidentRecord{Since: ago(600), RecoveredAt: ago(300)}, 5 * time.Minute},
		"closed an hour after":          {store.IncidentRecord{Since: ago(9000), RecoveredAt: ago(8400), ClosedAt: ago(4800)}, 10 * time.Minute},
		"withdrawn: it never recovered": {store.IncidentRecord{Since: ago(600), ClosedAt: ago(540)}, time.Minute},
		"the clock was set back":        {store.IncidentRecord{Since: now.Add(time.Hour)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			all := report.NewIncidents([]store.IncidentRecord{tc.record}, now)
			require.Equal(t, tc.want.Milliseconds(), all[0].LastedMS)
			require.NotNil(t, all[0].Codes)
		})
	}
}

func TestNoIncidentsAreSaidInWords(t *testing.T) {
	var out strings.Builder
	require.NoError(t, report.WriteIncidents(&out, nil))
	require.Equal(t, "no incidents\n", out.String())
	require.Equal(t, "[]\n", indented(t, report.NewIncidents(nil, now)))
}

func TestPromisesNameTheirProbe(t *testing.T) {
	l := newLab(t, watched("checkout", 60, "99.9% over 30d", "99% over 7d"), watched("login", 60))
	l.play("checkout", 1200, slices.Concat(times(20, good), times(1, broken))...)
	promises := l.status().Promises()
	requireContract(t, "contract-slo.json", promises, promiseExtras...)
	require.Len(t, promises, 2)
	require.Equal(t, "checkout", promises[0].Name)
	require.Equal(t, "99.9% over 30d", promises[0].Text)
	require.Equal(t, l.status().Probes[0].Objectives[1], promises[1].Objective)
	require.Equal(t, "[]\n", indented(t, (&report.Status{}).Promises()))
}

// strange is a result that has everything.
var strange = incident.Input{
	At: ago(90).Add(7 * time.Millisecond), Run: probe.Recheck, Verdict: broken, Attempts: 2, Elapsed: 2 * time.Second,
	Timings: probe.Timings{
		DNS: 1500 * time.Microsecond, Connect: 2 * time.Millisecond, TLS: 3 * time.Millisecond,
		FirstByte: 4 * time.Millisecond, Transfer: 5 * time.Millisecond, Total: 20 * time.Millisecond,
	},
}

func TestFalseAlarmsAreCounted(t *testing.T) {
	records := make([]store.IncidentRecord, 13)
	for i := range records {
		records[i] = store.IncidentRecord{ID: incident.FirstID + incident.ID(i), Kind: probe.KindDown, Phase: incident.Closed, Cause: probe.ServerError, OpenedAt: now}
	}
	last := func() string {
		var list strings.Builder
		require.NoError(t, report.WriteIncidents(&list, report.NewIncidents(records, now)))
		lines := strings.Split(strings.TrimSpace(list.String()), "\n")
		return lines[len(lines)-1]
	}
	require.NotContains(t, last(), "false")
	records[1].FalseAlarmAt, records[1].FalseAlarmBy = now, "kim"
	require.Equal(t, "1 of 13 was a false alarm: 1001", last())
	for i := range records {
		records[i].FalseAlarmAt = now
	}
	require.Equal(t, "13 of 13 were false alarms: 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009 …", last())
}
