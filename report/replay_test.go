package report_test

import (
	"fmt"
	"os"
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

// rehearsed are probes that have ids, as a replay needs them.
func rehearsed(probes ...store.Probe) []store.Probe {
	for i := range probes {
		probes[i].ID = probe.ID(i + 1)
	}
	return probes
}

// minutes plays what a probe answered minute by minute, from an instant on.
func minutes(r *report.Rehearsal, id probe.ID, from time.Time, answers ...probe.Verdict) {
	for i, v := range answers {
		r.Take(id, &incident.Input{At: from.Add(time.Duration(i) * time.Minute), Verdict: v, Attempts: 1})
	}
}

func TestAReplayPrintsWhatWouldHaveOpenedAndWhatEachRuleCosts(t *testing.T) {
	from := now.Add(-24 * time.Hour)
	r := report.NewRehearsal(rehearsed(watched("checkout", 60), watched("login", 60)), from, now)
	minutes(r, 1, from, times(10, good)...)
	minutes(r, 1, from.Add(10*time.Minute), times(12, broken)...) // an outage
	minutes(r, 1, from.Add(22*time.Minute), times(8, good)...)
	minutes(r, 1, from.Add(30*time.Minute), times(4, refused)...) // a relapse
	minutes(r, 1, from.Add(34*time.Minute), times(10, good)...)
	minutes(r, 2, from, times(5, good)...)
	minutes(r, 2, from.Add(5*time.Minute), times(10, denied)...) // until the end
	minutes(r, 2, from.Add(3*time.Minute), good)                 // late: it is left out

	played := r.End()
	golden(t, "replay.json", indented(t, played))
	var out strings.Builder
	require.NoError(t, played.WriteText(&out))
	golden(t, "replay.txt", out.String())
}

func TestAReplayInWhichNothingOpensSaysSo(t *testing.T) {
	r := report.NewRehearsal(rehearsed(watched("checkout", 60)), now.Add(-time.Hour), now)
	minutes(r, 1, now.Add(-time.Hour), times(30, good)...)
	minutes(r, 7, now.Add(-time.Hour), times(30, broken)...) // of no probe that is known
	played := r.End()
	require.Equal(t, 30, played.Results)
	require.Empty(t, played.Incidents)
	var out strings.Builder
	require.NoError(t, played.WriteText(&out))
	require.Contains(t, out.String(), "no rule would have opened an incident")
}

func TestAReplayOpensWhatTheServiceHasOpened(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	p := l.probes["checkout"]
	var all []incident.Input
	for i := range 600 {
		in := incident.Input{At: ago(60 * (700 - i)), Verdict: good, Attempts: 1}
		if i%97 > 90 {
			in.Verdict = broken
		}
		all = append(all, in)
	}
	ids := incident.Sequence{}
	state := &incident.State{}
	var opened, told int
	r := report.NewRehearsal([]store.Probe{p}, ago(60*700), now)
	for i := range all {
		for _, c := range incident.Step(p.Policy, state, &all[i], &ids).Transitions {
			if c.Change == incident.Opened {
				opened++
			}
			if c.Change != incident.ClosedNow && !c.Quiet {
				told++
			}
		}
		r.Take(p.ID, &all[i])
	}
	played := r.End()
	require.Len(t, played.Incidents, opened)
	require.Positive(t, opened)
	messages := 0
	for _, x := range played.Incidents {
		messages += x.Messages
	}
	require.Equal(t, told, messages)
}

func TestAReplayKnowsMaintenanceAndWhatProbesShare(t *testing.T) {
	from := now.Add(-2 * time.Hour)
	play := func(planned ...incident.Command) *report.Replay {
		probes := rehearsed(watched("a", 60), watched("b", 60), watched("c", 60))
		for i := range probes {
			probes[i].Subject.Group = "shop"
			probes[i].Policy.Rules.AuthGroup = incident.AuthGroup{Probes: 3, Share: 0.5, Within: 10 * time.Minute}
			probes[i].Credential = "key"
		}
		r := report.NewRehearsal(probes, from, now, planned...)
		for minute := range 100 {
			for id := range probe.ID(3) {
				v := good
				if minute >= 20 && minute < 60 {
					v = denied
				}
				minutes(r, id+1, from.Add(time.Duration(minute)*time.Minute), v)
			}
		}
		return r.End()
	}
	kinds := map[probe.Kind]int{}
	for _, x := range play().Incidents {
		kinds[x.Kind]++
	}
	require.Equal(t, map[probe.Kind]int{probe.KindAuthGroup: 1, probe.KindAuthFailed: 3}, kinds)

	whole, err := slo.Once(from, now)
	require.NoError(t, err)
	rest := incident.Command{Kind: incident.Maintain, Schedule: whole, Scope: incident.Scope{Names: []string{"group:shop"}}}
	require.Empty(t, play(rest).Incidents, "nothing opens in maintenance")
}

func TestReadResultsTakesWhatHistoryExports(t *testing.T) {
	var exported strings.Builder
	out := report.NewExport(&exported, report.CSV)
	want := []incident.Input{
		{At: ago(180), Verdict: good, Attempts: 1, Timings: probe.Timings{Total: 20 * time.Millisecond}, Elapsed: 20 * time.Millisecond},
		{At: ago(120), Verdict: broken, Attempts: 2, Elapsed: time.Second},
		{At: ago(90), Run: probe.Recheck, Verdict: refused, Attempts: 1},
		{At: ago(60), Verdict: gone, Attempts: 1},
		{At: ago(30), Verdict: blind, Attempts: 1},
	}
	for i := range want {
		require.NoError(t, out.Add(&want[i]))
	}
	require.NoError(t, out.Close())
	got, err := report.ReadResults(strings.NewReader(exported.String()))
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i := range want {
		want[i].Verdict.Fault = got[i].Input.Verdict.Fault // not exported: who has to act follows from the reason
		require.Equal(t, want[i], got[i].Input)
	}
}

func TestReadResultsNeedsLittle(t *testing.T) {
	got, err := report.ReadResults(strings.NewReader("\ufeffProbe, at, STATUS, note\nweb,2026-11-23T05:01:00Z,503,x\nweb,2026-11-23T05:00:00+01:00,204,\n"))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "web", got[0].Probe)
	require.Equal(t, time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC), got[0].Input.At, "the earlier first, whatever its zone")
	require.Equal(t, probe.OK, got[0].Input.Verdict.Reason)
	require.Equal(t, probe.ServerError, got[1].Input.Verdict.Reason)
	require.Equal(t, probe.Bad, got[1].Input.Verdict.Outcome)
}

func TestReadResultsNamesWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct{ table, want string }{
		"nothing at all":         {"", "the table is empty"},
		"no instants":            {"status\n200\n", `line 1: there is no column "at"`},
		"nothing that was seen":  {"at,latency\n", `neither a column "reason" nor "status"`},
		"a column twice":         {"at,status,at\n", `line 1: the column "at" stands twice`},
		"a time that is none":    {"at,status\nyesterday,200\n", `line 2: at: "yesterday" is no time of RFC 3339`},
		"a status that is none":  {"at,status\n2026-11-23T05:00:00Z,ok\n", `line 2: status: "ok" is no status code`},
		"neither said":           {"at,status\n2026-11-23T05:00:00Z,\n", "line 2: there is neither a reason nor a status"},
		"a reason that is none":  {"at,reason\n2026-11-23T05:00:00Z,tired\n", "line 2: reason: "},
		"an outcome that isn't":  {"at,reason,outcome\n2026-11-23T05:00:00Z,ok,fine\n", "line 2: outcome: "},
		"a run that is none":     {"at,status,run\n2026-11-23T05:00:00Z,200,later\n", "line 2: run: "},
		"attempts below zero":    {"at,status,attempts\n2026-11-23T05:00:00Z,200,-1\n", "line 2: attempts: "},
		"a length without end":   {"at,status,total_ms\n2026-11-23T05:00:00Z,200,Inf\n", "line 2: total_ms: "},
		"a length that is none":  {"at,status,elapsed_ms\n2026-11-23T05:00:00Z,200,NaN\n", "line 2: elapsed_ms: "},
		"a line that is shorter": {"at,status\n2026-11-23T05:00:00Z\n", "record on line 2: wrong number of fields"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := report.ReadResults(strings.NewReader(tc.table))
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func FuzzReadResults(f *testing.F) {
	f.Add("at,status\n2026-11-23T05:00:00Z,200\n")
	f.Add("probe,at,run,outcome,reason,status,attempts,total_ms,elapsed_ms\na,2026-11-23T05:00:00.5Z,recheck,bad,client_error,404,2,1.5,3\n")
	f.Add("at,reason\n9999-12-31T23:59:59Z,connect_refused\n0001-01-01T00:00:00Z,throttled\n")
	f.Fuzz(func(t *testing.T, table string) {
		results, err := report.ReadResults(strings.NewReader(table))
		if err != nil {
			return
		}
		r := report.NewRehearsal(rehearsed(watched("checkout", 60)), now.Add(-time.Hour), now)
		for i := range results {
			if i > 0 {
				require.False(t, results[i].Input.At.Before(results[i-1].Input.At))
			}
			require.True(t, results[i].Input.Verdict.Valid())
			r.Take(1, &results[i].Input)
		}
		require.LessOrEqual(t, r.End().Results, len(results))
	})
}

func ExampleRehearsal() {
	checkout := watched("checkout", 60)
	checkout.ID = 1
	from := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	r := report.NewRehearsal([]store.Probe{checkout}, from, from.Add(time.Hour))
	for minute := range 60 {
		v := probe.VerdictOfStatus(200)
		if minute >= 10 && minute < 20 {
			v = probe.VerdictOfStatus(503)
		}
		r.Take(1, &incident.Input{At: from.Add(time.Duration(minute) * time.Minute), Verdict: v, Attempts: 1})
	}
	if err := r.End().WriteText(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1 probe and 60 results from 2026-11-23 04:00:00 to 2026-11-23 05:00:00 UTC
	//
	// OPENED (UTC)         PROBE     KIND  SEVERITY  LASTED  RELAPSES  MESSAGES  CAUSE
	// 2026-11-23 04:12:00  checkout  down  critical  10m     0         2         server_error (503)
	//
	// The rule down would have opened 1 incident, which lasts longer than 5 minutes: 2 messages to whoever hears of it, 720.00 openings per probe in 30 days.
	//
	// No other rule would have opened anything.
}

// BenchmarkReplay plays 30 days of a probe that is asked once a minute.
func BenchmarkReplay(b *testing.B) {
	probes := rehearsed(watched("checkout", 60))
	const results = 30 * 24 * 60
	inputs := make([]incident.Input, results)
	for i := range inputs {
		inputs[i] = incident.Input{At: ago(60 * (results - i)), Verdict: good, Attempts: 1, Timings: probe.Timings{Total: 20 * time.Millisecond}}
		if i%1900 < 3 {
			inputs[i].Verdict = broken
		}
	}
	for b.Loop() {
		r := report.NewRehearsal(probes, inputs[0].At, now)
		for i := range inputs {
			r.Take(1, &inputs[i])
		}
		r.End()
	}
}
