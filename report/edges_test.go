package report_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/record"
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
