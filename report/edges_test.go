package report_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

// goOn has the probes of a lab go on under another configuration.
func (l *lab) goOn(at time.Time, probes ...store.Probe) {
	l.t.Helper()
	memory, known, err := record.Begin(l.t.Context(), l.store, probes, at)
	require.NoError(l.t, err)
	l.memory = memory
	for _, p := range known {
		l.probes[p.Name()] = p
	}
}

func TestG12ChangingAPromiseOrAnIntervalMigratesNothing(t *testing.T) {
	l := newLab(t, watched("a", 60, "99.9% over 30d"))
	l.play("a", 3600, slices.Concat(times(20, good), times(10, broken))...)
	o := only(t, l.status()).Objectives[0]
	require.EqualValues(t, 600_000, o.SpentMS)
	require.EqualValues(t, 2_592_000, o.BudgetMS)

	l.goOn(ago(1800), watched("a", 30, "99.5% over week in Asia/Seoul", "99% over 6h"))
	l.play("a", 1770, slices.Concat(times(2, broken), times(58, good))...)
	all := only(t, l.status()).Objectives
	require.EqualValues(t, 600_000+2*30_000, all[0].SpentMS, "minutes weigh a minute, and half minutes half of one")
	require.EqualValues(t, 3_024_000, all[0].BudgetMS)
	require.EqualValues(t, 660_000, all[1].SpentMS)
	require.Equal(t, 1.0, all[0].Coverage)
}

func TestSlotsOfTheFutureCountWhenTheyCome(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.play("a", 120, good, good, good)
	l.feed("a", incident.Input{At: now.Add(time.Minute), Verdict: broken, Attempts: 1}, incident.Input{At: now.Add(time.Hour), Verdict: broken, Attempts: 1})
	o := only(t, l.status()).Objectives[0]
	require.Zero(t, o.SpentMS)
	require.Equal(t, 1.0, *o.AttainedRatio)
	require.Equal(t, 1.0, o.Coverage)
}

func TestG17ASlotThatComesTwiceCountsOnce(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.play("a", 180, good, broken, good)
	l.play("a", 180, broken, broken, broken, broken) // the clock was set back
	o := only(t, l.status()).Objectives[0]
	require.EqualValues(t, 2*60_000, o.SpentMS, "of those only the last one is new")
}

func TestWhileTheProberWasDownNothingIsKnown(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.play("a", 7200, times(30, good)...)
	l.play("a", 1800, times(30, good)...) // an hour and a half later
	o := only(t, l.status()).Objectives[0]
	require.Zero(t, o.SpentMS, "it is not bad")
	require.Equal(t, 1.0, *o.AttainedRatio, "nor good: nothing is said of it")
	require.InDelta(t, 0.5, o.Coverage, 0.01)
	require.Equal(t, "unverified", o.Status)
}

func TestABudgetFollowsItsProbeOverARename(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.play("a", 3600, slices.Concat(times(20, good), times(5, broken))...)
	renamed := watched("b", 60, "99% over 24h")
	renamed.Was = "a"
	l.goOn(ago(600), renamed)
	l.play("b", 600, times(10, broken)...)
	o := only(t, l.status()).Objectives[0]
	require.EqualValues(t, 15*60_000, o.SpentMS)
}

func TestAPromiseMayWaitForTheFirstSuccess(t *testing.T) {
	for start, want := range map[bool]int64{false: 6 * 60_000, true: 60_000} {
		p := watched("a", 60, "99% over 24h")
		p.Policy.StartOnSuccess = start
		l := newLab(t, p)
		l.play("a", 1200, slices.Concat(times(5, broken), times(10, good), times(1, broken), times(5, good))...)
		s := only(t, l.status())
		require.Equal(t, want, s.Objectives[0].SpentMS)
		require.Equal(t, 1.0, s.Objectives[0].Coverage)
		require.InDelta(t, 15.0/21, *s.Availability["24h"].Ratio, 1e-9, "what was is what was")
		span, err := report.ParseMonth("2026-11", "")
		require.NoError(t, err)
		require.Equal(t, want, l.month(span, now).Probes[0].SpentMS)
	}
	never := watched("a", 60, "99% over 24h")
	never.Policy.StartOnSuccess = true
	l := newLab(t, never)
	l.play("a", 1200, times(20, broken)...)
	o := only(t, l.status()).Objectives[0]
	require.Equal(t, "no_data", o.Status)
	require.Nil(t, o.AttainedRatio)
	require.Nil(t, o.RemainingRatio)
}

// TestHostileHistoriesLeaveNumbers plays what no prober should: slots of the future, of the past,
// twice, and out of order, over windows longer than history. What people and scripts read has
// numbers where they make sense and null elsewhere.
func TestHostileHistoriesLeaveNumbers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(61, 62))
	answers := []probe.Verdict{good, good, broken, denied, throttled, blind, slow, missing, refused}
	for range 12 {
		combine := slo.Combine(rnd.IntN(2))
		members := inGroup("g", combine, "latency 300ms for 99% over quarter", watched("a", 60, "99.9999% over 1h", "0.0001% over 400d", "latency 500ms for 50% over 36h"), watched("b", 7, "99% over month in Asia/Seoul"))
		for i := range members {
			members[i].Policy.Thresholds, _ = incident.NewThresholds(slices.Concat(members[i].Objectives, members[i].Pledge.Objectives))
			members[i].Policy.StartOnSuccess = rnd.IntN(2) == 0
		}
		l := newLab(t, members...)
		for range rnd.IntN(60) {
			name, p := "a", l.probes["a"]
			if rnd.IntN(2) == 0 {
				name, p = "b", l.probes["b"]
			}
			at := ago(rnd.IntN(200_000) - 20_000).Truncate(p.Policy.Interval)
			in := incident.Input{At: at, Verdict: answers[rnd.IntN(len(answers))], Attempts: rnd.IntN(3), Elapsed: time.Duration(rnd.Int64N(int64(time.Second)))}
			if rnd.IntN(5) == 0 {
				in.Kind, in.To, in.Verdict = incident.Skipped, at.Add(time.Duration(rnd.IntN(100_000))*time.Second), blind
			}
			if l.memory.State(p.ID).Stale(&in) {
				continue
			}
			l.feed(name, in)
			if rnd.IntN(20) == 0 {
				_, err := l.store.Compact(t.Context(), now)
				require.NoError(t, err)
			}
		}
		span, err := report.ParseMonth("2026-11", "America/St_Johns")
		require.NoError(t, err)
		status := l.status()
		for _, document := range []any{status, status.Promises(), l.month(span, now)} {
			requireSane(t, "", plain(t, document))
		}
	}
}

// plain is a document as a script reads it; one that has NaN or infinity is none.
func plain(t *testing.T, document any) (v any) {
	t.Helper()
	written, err := json.Marshal(document)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(written, &v))
	return v
}

// requireSane looks at all numbers of a document, by their keys.
func requireSane(t *testing.T, key string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			requireSane(t, k, x)
		}
	case []any:
		for _, x := range v {
			requireSane(t, key, x)
		}
	case float64:
		switch key {
		case "ratio", "coverage", "attained_ratio", "objective", "target":
			require.True(t, v >= 0 && v <= 1, "%s is %v", key, v)
		case "remaining_ratio":
			require.LessOrEqual(t, v, 1.0)
		case "remaining_ms":
		default:
			require.GreaterOrEqual(t, v, 0.0, "%s is %v", key, v)
		}
	}
}
