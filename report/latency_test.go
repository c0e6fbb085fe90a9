package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/store"
)

// took is a result that took so long.
type took struct {
	v probe.Verdict
	d time.Duration
}

// pace gives a probe scheduled results from so many seconds ago on.
func (l *lab) pace(name string, seconds int, all ...took) {
	l.t.Helper()
	var inputs []incident.Input
	for i, x := range all {
		inputs = append(inputs, incident.Input{At: ago(seconds).Add(time.Duration(i) * l.probes[name].Policy.Interval), Verdict: x.v, Attempts: 1, Elapsed: x.d})
	}
	l.feed(name, inputs...)
}

const ms = time.Millisecond

func TestG15AnObjectiveOfLatency(t *testing.T) {
	l := newLab(t, watched("a", 60, "latency 500ms for 99% over 24h", "99% over 24h"))
	l.pace("a", 300, took{good, 120 * ms}, took{good, 480 * ms}, took{good, 500 * ms}, took{good, 501 * ms}, took{judge(probe.ConnectTimeout, 0), 10 * time.Second}, took{broken, 90 * ms})
	all := only(t, l.status()).Objectives
	o := all[0]
	require.Equal(t, "latency", o.Kind)
	require.EqualValues(t, 500, o.LatencyMS)
	require.Equal(t, "latency 500ms for 99% over 1d", o.String())
	require.InDelta(t, 0.75, *o.AttainedRatio, 1e-12, "three of four")
	require.EqualValues(t, 60_000, o.SpentMS)
	require.InDelta(t, 4.0/6, o.Coverage, 1e-12, "what failed is excluded")
	require.Nil(t, o.LatencySince)
	require.Equal(t, "availability", all[1].Kind)
	require.Zero(t, all[1].LatencyMS)
	require.EqualValues(t, 120_000, all[1].SpentMS, "an outage spends one budget only")
}

func TestWhatIsTooSlowIsSlow(t *testing.T) {
	l := newLab(t, watched("a", 60, "latency 500ms for 99% over 24h"))
	l.pace("a", 180, took{good, 100 * ms}, took{slow, 3 * time.Second}, took{slow, 400 * ms}, took{good, 100 * ms})
	o := only(t, l.status()).Objectives[0]
	require.EqualValues(t, 60_000, o.SpentMS, "slower than the expectation and the threshold")
	require.InDelta(t, 2.0/3, *o.AttainedRatio, 1e-12)
}

// reconfigure has the probes of a lab go on under others.
func (l *lab) reconfigure(at time.Time, probes ...store.Probe) {
	l.t.Helper()
	memory, known, err := record.Begin(l.t.Context(), l.store, probes, at)
	require.NoError(l.t, err)
	l.memory = memory
	for _, p := range known {
		l.probes[p.Name()] = p
	}
}

func TestAChangedThresholdLeavesTheOldVerdicts(t *testing.T) {
	l := newLab(t, watched("a", 60, "latency 500ms for 99% over 24h"))
	l.pace("a", 600, slices.Repeat([]took{{good, 600 * ms}}, 5)...)
	l.reconfigure(ago(330), watched("a", 60, "latency 1s for 99% over 24h"))
	l.pace("a", 300, slices.Repeat([]took{{good, 700 * ms}, {good, 1100 * ms}}, 3)...)
	p := only(t, l.status())
	o := p.Objectives[0]
	require.EqualValues(t, (5+3)*60_000, o.SpentMS, "five slots as they were judged then, three as now")
	require.Equal(t, 1.0, o.Coverage)
	require.Equal(t, ago(300), *o.LatencySince)

	var out strings.Builder
	promise := l.status().Promises()[0]
	require.NoError(t, promise.WriteText(&out, nil))
	require.Contains(t, out.String(), "threshold          decides since 2026-11-23 04:55 UTC; before, another one did")

	l.reconfigure(now, watched("a", 60, "latency 500ms for 99% over 24h"))
	l.feed("a", incident.Input{At: now.Add(60 * time.Second), Verdict: good, Attempts: 1, Elapsed: 100 * ms})
	o = only(t, l.status()).Objectives[0]
	require.EqualValues(t, (5+3)*60_000, o.SpentMS, "what 500 ms said is known, and in between it is what 1 s said")
}

func TestAChangedThresholdDecidesAboutResultsThatAreKept(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.pace("a", 7200, slices.Repeat([]took{{good, 300 * ms}, {good, 600 * ms}, {good, 2000 * ms}}, 10)...)
	l.reconfigure(ago(5410), watched("a", 60, "99% over 24h", "latency 500ms for 99% over 24h"))
	l.pace("a", 5400, slices.Repeat([]took{{good, 600 * ms}, {good, 2000 * ms}}, 10)...)
	l.reconfigure(ago(4210), watched("a", 60, "99% over 24h", "latency 1s for 99% over 24h"))
	l.pace("a", 4200, slices.Repeat([]took{{good, 600 * ms}, {good, 2000 * ms}}, 10)...)
	_, err := l.store.Compact(t.Context(), now)
	require.NoError(t, err)
	o := only(t, l.status()).Objectives[1]
	require.EqualValues(t, (10+10+10)*60_000, o.SpentMS, "as if it had been promised from the beginning")
	require.InDelta(t, 40.0/70, *o.AttainedRatio, 1e-12)
	require.Nil(t, o.LatencySince)
	span, err := report.ParseMonth("2026-11", "")
	require.NoError(t, err)
	require.EqualValues(t, o.SpentMS, l.month(span, now).Probes[1].SpentMS)
}

func TestAnObjectiveOfLatencyThatIsNewHasNoPast(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.pace("a", 1200, slices.Repeat([]took{{good, 2 * time.Second}}, 10)...)
	l.reconfigure(ago(630), watched("a", 60, "99% over 24h", "latency 1s for 99% over 24h"))
	o := only(t, l.status()).Objectives[1]
	require.Equal(t, "no_data", o.Status)
	require.Nil(t, o.AttainedRatio)
	l.pace("a", 600, slices.Repeat([]took{{good, 2 * time.Second}, {good, 100 * ms}}, 5)...)
	o = only(t, l.status()).Objectives[1]
	require.EqualValues(t, 5*60_000, o.SpentMS)
	require.InDelta(t, 0.5, *o.AttainedRatio, 1e-12)
	require.InDelta(t, 10.0/11, o.Coverage, 0.1)
	require.Nil(t, o.LatencySince, "no other threshold decided before")
}

func TestMaintenanceSpendsNoBudgetOfLatency(t *testing.T) {
	l := newLab(t, watched("a", 60, "latency 500ms for 99% over 24h"))
	l.pace("a", 540, slices.Repeat([]took{{good, time.Second}}, 10)...)
	l.plan("move", 540, 240, "a")
	o := only(t, l.status()).Objectives[0]
	require.EqualValues(t, 5*60_000, o.SpentMS)
	require.Equal(t, 1.0, o.Coverage)
	l.plan("all", 7200, -7200, "a")
	require.Zero(t, only(t, l.status()).Objectives[0].SpentMS)
}

func TestLatencyInTheMonth(t *testing.T) {
	l := newLab(t, watched("a", 60, "99.9% over 30d", "latency 500ms for 99% over 7d"))
	l.pace("a", 300, took{good, 120 * ms}, took{good, 700 * ms}, took{broken, 90 * ms}, took{good, ms}, took{good, ms}, took{good, ms})
	span, err := report.ParseMonth("2026-11", "")
	require.NoError(t, err)
	month := l.month(span, now)
	require.Len(t, month.Probes, 2)
	require.EqualValues(t, 500, month.Probes[1].LatencyMS)
	require.EqualValues(t, 60_000, month.Probes[1].SpentMS)
	require.InDelta(t, 0.8, *month.Probes[1].AttainedRatio, 1e-12)
	var out strings.Builder
	require.NoError(t, month.Write(&out, "text"))
	require.Contains(t, out.String(), "99% in 500ms")
}
