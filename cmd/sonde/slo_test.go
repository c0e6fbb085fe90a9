package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

// promised is a database in which checkout promises something, and login nothing. It was
// asked every minute for two hours, and the last slot but one was bad.
func promised(t *testing.T, end time.Time) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sonde.db")
	db, err := store.Open(t.Context(), path, "here", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	described := []store.Probe{}
	for _, name := range []string{"checkout", "login"} {
		described = append(described, store.Probe{
			Subject: notify.Subject{Name: name, URL: "https://example.com/" + name, Interval: time.Minute},
			Policy:  &incident.Policy{Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second},
		})
	}
	objective, err := slo.ParseObjective("99.9% over 30d")
	require.NoError(t, err)
	described[0].Objectives = []slo.Objective{objective}
	for i := range described {
		described[i].Subject.Group = "shop"
		described[i].Pledge = store.Pledge{Combine: slo.Worst, Objectives: described[0].Objectives}
	}
	memory, known, err := record.Begin(t.Context(), db, described, end.Add(-3*time.Hour))
	require.NoError(t, err)
	memory.Seq++
	b := &store.Batch{Seq: memory.Seq, At: end}
	p := known[0]
	for at := end.Add(-2 * time.Hour); !at.After(end); at = at.Add(time.Minute) {
		v := probe.Verdict{Status: 200, Class: probe.ClassSuccess, Retry: probe.RetryNotApplicable, Outcome: probe.Good}
		if at.Equal(end.Add(-time.Minute)) {
			v = probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError, Retry: probe.RetryBackoff, Fault: probe.FaultTarget, Outcome: probe.Bad}
		}
		in := incident.Input{At: at, Verdict: v, Attempts: 1}
		fx := incident.Step(p.Policy, memory.State(p.ID), &in, &memory.IDs)
		b.Entries = append(b.Entries, store.Entry{Probe: p.ID, Input: in})
		b.Effects = append(b.Effects, store.Effect{Probe: p.ID, Effects: fx})
	}
	require.NoError(t, db.Commit(t.Context(), b))
	return path
}

func TestSLOShowsHowObjectivesStand(t *testing.T) {
	path := promised(t, time.Now().UTC().Truncate(time.Minute))
	code, out, errs := sonde(t, "slo", "--db", path)
	require.Equal(t, exitOK, code, errs)
	require.Regexp(t, `checkout +99\.9% over 30d +met +99\.17% +100\.00% \(history 2 h of 30 d\) +97\.69% \(42m 12s\)`, out)
	require.NotContains(t, out, "login", "it promises nothing")

	code, out, errs = sonde(t, "slo", "checkout", "--db", path)
	require.Equal(t, exitOK, code, errs)
	require.Contains(t, out, "# budget left")
	require.Regexp(t, `100% \|#+\n`, out)

	for _, name := range []string{"shop", "group:shop"} {
		code, out, errs = sonde(t, "slo", name, "--db", path)
		require.Equal(t, exitOK, code, errs)
		require.Contains(t, out, "group:shop  99.9% over 30d: met")
		require.Contains(t, out, "# budget left")
	}

	code, out, errs = sonde(t, "slo", "login", "--db", path)
	require.Equal(t, exitOK, code, errs)
	require.Contains(t, out, "no objectives")

	code, out, errs = sonde(t, "slo", "--json", "--db", path)
	require.Equal(t, exitOK, code, errs)
	var all []report.Promise
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	require.Len(t, all, 2)
	require.True(t, all[1].Group)
	require.EqualValues(t, 60_000, all[0].SpentMS)
	require.EqualValues(t, 2_532_000, all[0].RemainingMS)
}

func TestSLOExitsAsOthersDo(t *testing.T) {
	path := promised(t, time.Now().UTC().Truncate(time.Minute))
	code, _, errs := sonde(t, "slo", "chekout", "--db", path)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, `no probe is called "chekout"; did you mean "checkout"?`)

	code, _, errs = sonde(t, "slo", "--db", filepath.Join(t.TempDir(), "none.db"))
	require.Equal(t, exitStorage, code)
	require.Contains(t, errs, "none.db")

	code, _, errs = sonde(t, "slo", "--nonsense")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "unknown flag")
}

func TestSLOReportSaysWhatBecameOfAMonth(t *testing.T) {
	end := time.Date(2026, 10, 20, 12, 0, 0, 0, time.UTC)
	path := promised(t, end)
	for format, want := range map[string]string{
		"text": "Objectives in 2026-10 (Europe/Berlin)", "csv": "2026-10,Europe/Berlin,probe,checkout,0.999,", "json": `"month": "2026-10"`, "html": "<!DOCTYPE html>",
	} {
		code, out, errs := sonde(t, "slo", "report", "--month", "2026-10", "--zone", "Europe/Berlin", "--format", format, "--db", path)
		require.Equal(t, exitOK, code, errs)
		require.Contains(t, out, want)
		require.Contains(t, out, "checkout")
	}
	for says, args := range map[string][]string{
		`required flag(s) "month" not set`: {}, "is no month": {"--month", "2026"}, "is no format": {"--month", "2026-10", "--format", "pdf"},
		"has not begun yet": {"--month", "9999-01"}, "no zone": {"--month", "2026-10", "--zone", "Mars"}, "unknown command": {"--month", "2026-10", "checkout"},
	} {
		code, _, errs := sonde(t, append([]string{"slo", "report", "--db", path}, args...)...)
		require.Equal(t, exitUsage, code, says)
		require.Contains(t, errs, says)
	}
}
