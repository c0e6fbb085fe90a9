package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"sonde/probe"
	"sonde/store"
)

// The test binary is also the readers.
func TestMain(m *testing.M) {
	if asked, err := readIfAsked(context.Background()); asked {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func TestEverythingIsMeasuredOfAFewProbes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results.md")
	t.Setenv("TMPDIR", t.TempDir())
	o := order{probes: 20, interval: 10 * time.Second, length: 45 * time.Minute, month: 1, days: 1, readers: 2, reading: 500 * time.Millisecond, out: out}
	require.NoError(t, o.follow(t.Context()))
	table, err := os.ReadFile(out)
	require.NoError(t, err)
	for _, want := range []string{
		"| results | 5400 ", "| compaction | ", "| on disk per result, with phases | ", "| Open and Load | ", "reading 20 states", "one of them over 30d", "| the same by a process of its own, as commands do | ", "| next Snapshot ", "| results of one of them over 1d, for a message: ", "| its results over 4m | ", "| nobody reads | commit p50 ", "2 readers, each looks again and again", " looks/s, write-ahead log ",
		"in steps of 6h | ", "(4 windows of 8640 results)", "(8640 results)", "objectives of 3 probes over 90d", "incidents of one probe over 1d",
	} {
		require.Contains(t, string(table), want)
	}
	require.NotContains(t, string(table), "NaN")
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left, "the databases are removed")
	require.Equal(t, 4, strings.Count(string(table), "|---|---|"))
}

// What is made up must be what a service could have seen: in the order of time, each
// slot once, with verdicts that can be stored, and about as much trouble as was asked for.
func TestWhatIsMadeUpCouldHaveBeenSeen(t *testing.T) {
	c := newCrowd()
	probes := make([]store.Probe, 50)
	for i, name := range names(len(probes)) {
		probes[i] = watched(name, 10*time.Second, 30*day)
		probes[i].ID = probe.ID(i + 1)
	}
	c.add(probes, t0, 0.02)
	slots, bad := map[probe.ID]time.Time{}, 0
	var before time.Time
	for n := range 50_000 {
		e, ok := c.next(t0.Add(day))
		require.True(t, ok)
		require.True(t, e.Input.Verdict.Valid())
		require.False(t, e.Input.At.Before(before), "result %d goes back in time", n)
		before = e.Input.At
		if last, ok := slots[e.Probe]; ok {
			require.Equal(t, 10*time.Second, e.Input.At.Sub(last))
		}
		slots[e.Probe] = e.Input.At
		if tm := e.Input.Timings; e.Input.Verdict.Outcome != probe.Good {
			bad++
			require.Len(t, e.Attempts, 1)
		} else {
			require.Equal(t, tm.Total, tm.DNS+tm.Connect+tm.TLS+tm.FirstByte+tm.Transfer)
		}
	}
	require.InDelta(t, 1000, bad, 300)
	c.recheck(probes[0].ID, before.Add(time.Millisecond))
	e, ok := c.next(t0.Add(day))
	require.True(t, ok)
	require.Equal(t, probe.Recheck, e.Input.Run)
}

// What is made must be what a service would have left: a month that is summed up, and a
// rest that is not.
func TestADatabaseIsMadeForAServiceToStartWith(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sonde.db")
	o := order{probes: 20, interval: 10 * time.Second, length: 31 * time.Minute, month: 3, days: 1, file: path}
	before := time.Now()
	require.NoError(t, o.follow(t.Context()))

	r, err := store.OpenReader(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	now := time.Now()
	snapshot, err := r.Snapshot(t.Context(), now)
	require.NoError(t, err)
	require.Len(t, snapshot.Probes, 20)
	for i := range snapshot.Probes {
		p := &snapshot.Probes[i]
		require.Equal(t, fmt.Sprintf("p%d", i), p.Subject.Name)
		require.WithinDuration(t, before, p.State.Account.Grid.Last, o.interval+time.Second, "the last result is new")
		tally := p.Ledger.Tally(now.Add(-30*day), now)
		require.InDelta(t, 3*day, tally.Good+tally.Bad, float64(7*time.Hour), "the time is known, but for some of the interval at which it changes")
	}
	midnight := before.UTC().Truncate(day)
	days, err := r.Summaries(t.Context(), snapshot.Probes[0].ID, midnight.Add(-2*day), midnight.Add(-day), day)
	require.NoError(t, err)
	require.Len(t, days, 1)
	require.GreaterOrEqual(t, days[0].Results(), int64(4))

	rest, err := compacted(t.Context(), path)
	require.NoError(t, err)
	require.Greater(t, rest, int64(20*6*15-1), "a whole quarter of an hour is left")
	rest, err = compacted(t.Context(), path)
	require.NoError(t, err)
	require.Zero(t, rest)
}
