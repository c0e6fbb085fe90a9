package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/store"
)

func TestReplayPlaysWhatTheDatabaseHolds(t *testing.T) {
	db := chronicle(t, time.Now())
	config := filepath.Join(t.TempDir(), "sonde.yaml")
	write := func(more string) {
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
probes:
  - {name: pay, was: checkout, url: "https://127.0.0.1:1/", notify: []%s}
  - {name: new, url: "https://127.0.0.1:1/", notify: []}
`, more), 0o600))
	}
	play := func() *report.Replay {
		code, stdout, stderr := sonde(t, "replay", "-c", config, "--db", db, "--since", "3h", "--json")
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stderr, "warning: the database knows no probe new")
		var played report.Replay
		require.NoError(t, json.Unmarshal([]byte(stdout), &played))
		return &played
	}
	write("")
	played := play()
	require.Equal(t, 120, played.Results)
	require.NotEmpty(t, played.Incidents)
	require.Equal(t, "pay", played.Incidents[0].Probe)
	require.Equal(t, probe.KindDown, played.Incidents[0].Kind, "and later that ten minutes are much of the budget")
	require.Equal(t, 1, played.Rules[0].LongerThan5m)

	down := played.Incidents[0]
	require.Equal(t, down.OpenedAt, *down.ToldAt)
	require.Equal(t, 2, down.Messages)

	code, _, stderr := sonde(t, "maintenance", "add", "other", "--probes", "checkout", "--from", "2020-01-01", "--for", "1h", "--db", db)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, down, play().Incidents[0], "what is over before the range changes nothing")
	ordered(t, db, incident.Command{
		Key: "quiet", Kind: incident.Silence, At: down.Since, From: down.Since.Add(-time.Minute), Until: down.OpenedAt.Add(2 * time.Minute),
		Scope: incident.Scope{All: true, Kinds: []probe.Kind{probe.KindDown}},
	})
	late := play().Incidents[0]
	require.Equal(t, "silence", late.HeldBy)
	require.True(t, late.ToldAt.After(down.OpenedAt.Add(time.Minute)), "when the silence was over")
	code, _, stderr = sonde(t, "maintenance", "add", "work", "--probes", "checkout", "--every", "day 00:00-24:00", "--from", "2020-01-01", "--db", db)
	require.Equal(t, exitOK, code, stderr)
	require.Empty(t, play().Incidents, "maintenance of the database counts, too")
	code, _, stderr = sonde(t, "maintenance", "remove", "3", "--entirely", "--db", db)
	require.Equal(t, exitOK, code, stderr)

	write(", alert: {down_after: 1h}")
	for _, x := range play().Incidents {
		require.NotEqual(t, probe.KindDown, x.Kind, "a rule is tuned before it is switched on")
	}
}

func TestSlotsThatWereNotAskedArePlayedAsTheyCounted(t *testing.T) {
	begin := time.Now().Truncate(time.Minute).Add(-2 * time.Hour)
	path := filepath.Join(t.TempDir(), "sonde.db")
	db, err := store.Open(t.Context(), path, "here", "")
	require.NoError(t, err)
	described := []store.Probe{{
		Subject: notify.Subject{Name: "shop", URL: "https://127.0.0.1:1/", Interval: time.Minute},
		Policy:  &incident.Policy{Interval: time.Minute, DownAfter: 90 * time.Second, ResolveAfter: time.Minute},
	}}
	memory, probes, err := record.Begin(t.Context(), db, described, begin)
	require.NoError(t, err)
	memory.Seq++
	b := &store.Batch{Seq: memory.Seq, At: time.Now()}
	for i := range 60 {
		in := incident.Input{At: begin.Add(time.Duration(i) * time.Minute), Verdict: probe.VerdictOf(probe.OK, 200), Attempts: 1}
		switch {
		case i == 20: // it announces when it will be back, and is left alone until then
			in.Verdict, in.RecoverBy = probe.VerdictOf(probe.ServerError, 503), in.At.Add(10*time.Minute)
		case i == 21:
			in = incident.Input{Kind: incident.Skipped, At: in.At, To: in.At.Add(8 * time.Minute), Verdict: probe.Miss(probe.ServerError)}
		case i > 21 && i < 30:
			continue
		}
		fx := incident.Step(probes[0].Policy, memory.State(probes[0].ID), &in, &memory.IDs)
		b.Entries = append(b.Entries, store.Entry{Probe: probes[0].ID, Input: in})
		b.Effects = append(b.Effects, store.Effect{Probe: probes[0].ID, Effects: fx})
	}
	require.NoError(t, db.Commit(t.Context(), b))
	require.NoError(t, db.Close())

	config := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, os.WriteFile(config, []byte("probes: [{name: shop, url: \"https://127.0.0.1:1/\", notify: [], retries: 0}]"), 0o600))
	code, stdout, stderr := sonde(t, "replay", "-c", config, "--db", path, "--since", "3h", "--json")
	require.Equal(t, exitOK, code, stderr)
	var played report.Replay
	require.NoError(t, json.Unmarshal([]byte(stdout), &played))
	require.Equal(t, 51, played.Results, "slots at which nothing was asked are no results")
	require.NotEmpty(t, played.Incidents)
	require.Equal(t, probe.KindDown, played.Incidents[0].Kind, "one answer, and nine slots that it forbade")
	require.Equal(t, begin.Add(20*time.Minute).UTC(), played.Incidents[0].Since)
}

// ordered stores a command in a database that no service writes.
func ordered(t *testing.T, db string, c incident.Command) {
	t.Helper()
	s, err := store.Open(t.Context(), db, "here", "")
	require.NoError(t, err)
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), &store.Batch{Seq: memory.Seq, At: c.At, Commands: []incident.Command{c}}))
	require.NoError(t, s.Close())
}
