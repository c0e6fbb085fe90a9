package report_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

func TestStateIsWhatTheProbesHistorySays(t *testing.T) {
	for name, tc := range map[string]struct {
		verdicts []probe.Verdict // of slots 60 s apart
		last     int             // seconds between the last of them and now
		state    report.State
		since    int // seconds ago; 0: never
	}{
		"a probe that never ran is unknown, since nobody knows when":  {nil, 0, report.Unknown, 0},
		"good results are up, since the first of them":                {times(5, good), 10, report.Up, 250},
		"a probe is up again since it recovered":                      {slices.Concat(times(3, refused), times(3, good)), 10, report.Up, 130},
		"one failure is degraded, since it is not confirmed":          {[]probe.Verdict{good, good, broken}, 10, report.Degraded, 10},
		"failures that lasted are down, since the first of them":      {slices.Concat(times(3, good), times(4, broken)), 10, report.Down, 190},
		"good results do not end down before it is resolved":          {slices.Concat(times(3, good), times(4, broken), times(1, good)), 10, report.Down, 250},
		"refused credentials are degraded, since the first refusal":   {slices.Concat(times(2, good), times(4, denied)), 10, report.Degraded, 190},
		"a slow answer is degraded, never down":                       {slices.Concat(times(2, good), times(9, slow)), 10, report.Degraded, 490},
		"an answer that says nothing of the promise is degraded":      {[]probe.Verdict{good, throttled}, 10, report.Degraded, 10},
		"a 4xx after good answers is degraded, never down":            {slices.Concat(times(2, good), times(9, missing)), 10, report.Degraded, 490},
		"a fault of the prober is unknown, since it began":            {slices.Concat(times(2, broken), times(3, blind)), 10, report.Unknown, 130},
		"a result just newer than 3 intervals still speaks":           {times(2, good), 179, report.Up, 239},
		"a result as old as 3 intervals is unknown, since that":       {times(2, good), 180, report.Unknown, 180},
		"an old fault of the prober is unknown, since it began":       {slices.Concat(times(2, good), times(2, blind)), 600, report.Unknown, 660},
		"a bad result that is old is unknown, not degraded":           {[]probe.Verdict{good, broken}, 600, report.Unknown, 600},
		"an open outage stays down although nobody looks any more":    {times(4, refused), 6000, report.Down, 6180},
		"a fault of the prober during an outage does not end it":      {slices.Concat(times(4, refused), times(2, blind)), 10, report.Down, 310},
		"an outage while the credential is refused is down, not less": {slices.Concat(times(4, denied), times(4, refused)), 10, report.Down, 190},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, watched("checkout", 60))
			if n := len(tc.verdicts); n > 0 {
				l.play("checkout", tc.last+60*(n-1), tc.verdicts...)
			}
			status := l.status()
			p := only(t, status)
			require.Equal(t, tc.state, p.State)
			if tc.since == 0 {
				require.Nil(t, p.Since)
				require.Nil(t, p.Last)
				return
			}
			require.Equal(t, ago(tc.since), *p.Since)
			require.Equal(t, tc.verdicts[len(tc.verdicts)-1].Reason, p.Last.Reason)
		})
	}
}

func TestSkippedSlotsDoNotSpeakForTheTarget(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.play("checkout", 600, good)
	l.feed("checkout", incident.Input{Kind: incident.Skipped, At: ago(540), To: ago(0), Verdict: probe.Miss(probe.ProberOverload)})
	p := only(t, l.status())
	require.Equal(t, report.Unknown, p.State)
	require.Equal(t, ago(600), *p.Since, "nothing is known since the last result")
	require.Equal(t, probe.OK, p.Last.Reason)
	require.InDelta(t, 1.0/11, p.Availability["24h"].Coverage, 1e-9)
	require.Equal(t, 1.0, *p.Availability["24h"].Ratio)
}

func TestSummaryCountsEveryProbeOnce(t *testing.T) {
	l := newLab(t, watched("a", 60), watched("b", 60), watched("c", 60), watched("d", 60), watched("e", 60))
	l.play("a", 130, good, good, good)
	l.play("b", 70, good, good)
	l.play("c", 70, good, broken)
	l.play("d", 250, times(5, refused)...)
	s := l.status()
	require.Equal(t, report.Summary{Up: 2, Degraded: 1, Down: 1, Unknown: 1, Classes24h: map[string]int64{
		"success": 6, "server_error": 1, "no_response": 5,
	}}, s.Summary)
}

func TestDegradedIsSinceTheFirstOfItsOpenIncidents(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.play("checkout", 60, good, good)
	reader, err := store.OpenReader(t.Context(), l.path)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	snapshot, err := reader.Snapshot(t.Context(), now)
	require.NoError(t, err)
	snapshot.Probes[0].State.Problems = []incident.Problem{
		{Kind: probe.KindDown, Phase: incident.Recovered, Since: ago(900)},
		{Kind: probe.KindCertificate, Phase: incident.Open, Since: ago(300)},
		{Kind: probe.KindAuthFailed, Phase: incident.Open, Since: ago(500)},
		{Kind: probe.KindRateLimited, Phase: incident.Open, Since: ago(400)},
	}
	p := only(t, report.NewStatus(snapshot, now))
	require.Equal(t, report.Degraded, p.State)
	require.Equal(t, ago(500), *p.Since)
	require.Len(t, p.Incidents, 4)
}

func TestACertificateThatEndsSoonIsAWarning(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	in := incident.Input{At: ago(60), Verdict: judge(probe.CertificateExpiring, 200), Attempts: 1, CertificateEnds: now.Add(20 * 24 * time.Hour), Expiring: true}
	l.feed("checkout", in)
	s := l.status()
	p := only(t, s)
	require.Equal(t, report.Degraded, p.State)
	require.Equal(t, in.CertificateEnds, *p.CertificateEnds)
	require.Equal(t, 1.0, *p.Availability["24h"].Ratio, "its answers are good")
	require.Equal(t, report.ExitWarning, s.ExitCode())
	require.Equal(t, probe.KindCertificate, p.Incidents[0].Kind)
	require.Equal(t, probe.Warning, p.Incidents[0].Severity)
	requireContract(t, "contract-status.json", s, append(extraStatusKeys, "probes[].certificate_ends_at")...)
}

// Nothing puts a probe into these two yet; the words and their meaning are fixed.
func TestMaintenanceAndPausedAreWordsThatAlarmNobody(t *testing.T) {
	for state, word := range map[report.State]string{report.Maintenance: "maintenance", report.Paused: "paused"} {
		require.Equal(t, word, string(state))
		s := report.Status{GeneratedAt: now, Probes: []report.Probe{{
			Name: "checkout", State: state,
			Incidents:  []report.Incident{{Kind: probe.KindAuthFailed, Phase: incident.Open}},
			Objectives: []report.Objective{{Status: "spent"}},
		}}}
		require.Equal(t, report.ExitOK, s.ExitCode())
	}
}

func TestClassesCountTheScheduledAnswersOfTheLastDay(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	day := int((24 * time.Hour).Seconds())
	l.play("checkout", 2*day, broken, broken)
	l.play("checkout", day-60, good, denied)
	l.feed("checkout",
		incident.Input{Kind: incident.Skipped, At: ago(300), To: ago(120), Verdict: probe.Miss(probe.ProberOverload)},
		incident.Input{Run: probe.Recheck, At: ago(90), Verdict: broken, Attempts: 1},
		incident.Input{Run: probe.Manual, At: ago(80), Verdict: broken, Attempts: 1},
		incident.Input{At: ago(60), Verdict: refused, Attempts: 2},
	)
	require.Equal(t, map[string]int64{"success": 1, "client_error": 1, "no_response": 1}, l.status().Summary.Classes24h)
}
