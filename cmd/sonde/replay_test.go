package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
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

	write(", alert: {down_after: 1h}")
	for _, x := range play().Incidents {
		require.NotEqual(t, probe.KindDown, x.Kind, "a rule is tuned before it is switched on")
	}
}
