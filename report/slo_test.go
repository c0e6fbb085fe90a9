package report_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
	"sonde/store"
)

// promiseExtras are the keys of a promise that the first contract did not have.
var promiseExtras = []string{
	"[].kind", "[].zone", "[].burn_rate.3d", "[].remaining_ms", "[].outlook", "[].window_ms", "[].elapsed_ms", "[].history_ms",
}

// promises is a lab whose promises stand in every way there is.
func promises(t *testing.T) *lab {
	t.Helper()
	l := newLab(t,
		watched("checkout", 60, "99% over 24h", "99.9% over month in Europe/Berlin"),
		watched("login", 60, "99% over day"), watched("search", 60, "99.9% over 7d"),
		watched("images", 60, "99% over 24h"), watched("new", 60, "99.5% over 30d"),
	)
	l.play("checkout", 86400-60, slices.Concat(times(700, good), times(3, broken), times(737, good))...)
	l.play("login", 18000, slices.Concat(times(8, broken), times(293, good))...)
	l.play("search", 9000, slices.Concat(times(140, good), times(11, broken))...)
	l.play("images", 86400-60, slices.Concat(times(600, good), times(600, blind), times(240, good))...)
	return l
}

func TestPromisesAsPeopleReadThem(t *testing.T) {
	status := promises(t).status()
	var out strings.Builder
	require.NoError(t, report.WritePromises(&out, status.Promises()))
	golden(t, "slo.txt", out.String())

	out.Reset()
	require.NoError(t, report.WritePromises(&out, nil))
	require.Equal(t, "no objectives; a probe has one if the configuration says so: objective: 99.9% over 30d\n", out.String())
}

func TestPromisesAsScriptsReadThem(t *testing.T) {
	golden(t, "slo.json", indented(t, promises(t).status().Promises()))
}

func TestTheKeysOfAPromiseStay(t *testing.T) {
	data, err := json.Marshal(promises(t).status().Promises())
	require.NoError(t, err)
	var all []map[string]any
	require.NoError(t, json.Unmarshal(data, &all))
	keys := []string{
		"attained_ratio", "budget_ms", "burn_rate", "coverage", "elapsed_ms", "exhausted_at", "history_ms", "kind", "name", "objective", "outlook",
		"promise", "remaining_ms", "remaining_ratio", "spent_ms", "status", "window", "window_ms",
	}
	require.Equal(t, keys, slices.Sorted(maps.Keys(all[0])))
	require.Equal(t, []string{"1h", "3d", "6h"}, slices.Sorted(maps.Keys(all[0]["burn_rate"].(map[string]any))))
	require.Equal(t, slices.Sorted(slices.Values(append(keys, "zone"))), slices.Sorted(maps.Keys(all[1])), "only a calendar has a zone")
}

// ledger reads the time of a probe over the reach of a promise.
func (l *lab) ledger(p *report.Promise) *store.Ledger {
	l.t.Helper()
	reader, err := store.OpenReader(l.t.Context(), l.path)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, reader.Close()) }()
	after, until := p.Reach()
	ledger, err := reader.Ledger(l.t.Context(), l.probes[p.Name].ID, after, until)
	require.NoError(l.t, err)
	return ledger
}

func TestAPromiseWithTheChartOfItsBudget(t *testing.T) {
	l := promises(t)
	var out strings.Builder
	for _, p := range report.Choose(l.status().Promises(), []string{"checkout", "login", "search", "new"}) {
		require.NoError(t, p.WriteText(&out, report.NewBurndown(&p, l.ledger(&p), now)))
		out.WriteString("\n")
	}
	golden(t, "slo-charts.txt", out.String())
}

func TestHistoryIsNoLongerThanWhatIsKept(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 30d", "99% over 1h", "99% over day"))
	l.play("a", 7200, times(121, good)...)
	all := l.status().Promises()
	require.EqualValues(t, 2*time.Hour.Milliseconds(), all[0].HistoryMS)
	require.EqualValues(t, 30*24*time.Hour.Milliseconds(), all[0].ElapsedMS)
	require.EqualValues(t, time.Hour.Milliseconds(), all[1].HistoryMS, "a window that is full has no more than its length")
	require.EqualValues(t, time.Hour.Milliseconds(), all[1].ElapsedMS)
	require.EqualValues(t, 5*time.Hour.Milliseconds(), all[2].ElapsedMS, "of the day, five hours have passed")
	require.EqualValues(t, 24*time.Hour.Milliseconds(), all[2].WindowMS)
	require.Equal(t, "met", all[0].Status)
	require.Equal(t, 1.0, all[0].Coverage, "all that had slots was seen")
}
