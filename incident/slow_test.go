package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

const ms = time.Millisecond

// start is the first slot of these probes.
var start = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// took is a scheduled result after so many minutes that took so long.
func took(minute int, v probe.Verdict, took time.Duration) incident.Input {
	return incident.Input{At: start.Add(time.Duration(minute) * time.Minute), Verdict: v, Attempts: 1, Elapsed: took}
}

var (
	prompt200 = probe.Verdict{Status: 200, Class: probe.ClassSuccess, Retry: probe.RetryNotApplicable, Outcome: probe.Good}
	late200   = probe.Verdict{Status: 200, Class: probe.ClassSuccess, Reason: probe.TooSlow, Retry: probe.RetryNotApplicable, Fault: probe.FaultTarget, Outcome: probe.Bad}
	broken503 = probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError, Retry: probe.RetryBackoff, Fault: probe.FaultTarget, Outcome: probe.Bad}
)

// paced steps a probe with thresholds, and returns what was written about them.
func paced(p incident.Policy, s *incident.State, inputs ...incident.Input) (slow []incident.Slow, measures []incident.Measure) {
	var ids incident.Sequence
	for _, in := range inputs {
		fx := incident.Step(&p, s, &in, &ids)
		slow, measures = append(slow, fx.Slow...), append(measures, fx.Measures...)
	}
	return slow, measures
}

func TestSlotsOverAThresholdAreStretches(t *testing.T) {
	p := incident.Policy{Interval: time.Minute, Thresholds: incident.Thresholds{500 * ms}}
	s := &incident.State{}
	slow, measures := paced(p, s,
		took(0, prompt200, 500*ms), // is soon enough
		took(1, prompt200, 501*ms), took(2, prompt200, time.Second),
		took(3, prompt200, 120*ms),
		took(4, late200, 3*time.Second), took(5, prompt200, 3*time.Second), // they differ in whether they are bad anyway
		took(6, broken503, 9*time.Second),                      // spends another budget
		took(7, prompt200, 501*ms), took(9, prompt200, 501*ms), // 8 is not known
		incident.Input{Kind: incident.Skipped, At: start.Add(10 * time.Minute), To: start.Add(11 * time.Minute), Verdict: probe.Miss(probe.ProberOverload)},
		took(12, prompt200, ms),
	)
	at := func(first, last int, failed bool) incident.Slow {
		return incident.Slow{Threshold: 500 * ms, Failed: failed, Slots: slo.Stretch{
			First: start.Add(time.Duration(first) * time.Minute), Last: start.Add(time.Duration(last) * time.Minute), Step: time.Minute,
		}}
	}
	require.Equal(t, []incident.Slow{at(1, 2, false), at(4, 4, true), at(5, 5, false), at(7, 7, false), at(9, 9, false)}, slow)
	require.Empty(t, measures)
	require.Equal(t, start, s.Lags[0].Since)
}

func TestAThresholdThatIsNoneAnyMoreIsDoneWith(t *testing.T) {
	p := incident.Policy{Interval: time.Minute, Thresholds: incident.Thresholds{100 * ms, 500 * ms}}
	s := &incident.State{}
	slow, _ := paced(p, s, took(0, prompt200, 200*ms), took(1, prompt200, 200*ms))
	require.Empty(t, slow, "it goes on")
	require.Len(t, s.Lags, 2)

	p.Thresholds = incident.Thresholds{500 * ms, time.Second}
	slow, measures := paced(p, s, took(2, prompt200, 200*ms))
	require.Len(t, slow, 1)
	require.Equal(t, 2*time.Minute, slow[0].Slots.Weight())
	require.Equal(t, []incident.Measure{{Threshold: 100 * ms, From: start, To: start.Add(2*time.Minute - ms)}}, measures)
	require.Equal(t, []time.Time{start, start.Add(2 * time.Minute)}, []time.Time{s.Lags[0].Since, s.Lags[1].Since})

	p.Thresholds = incident.Thresholds{}
	_, measures = paced(p, s, took(3, prompt200, 200*ms))
	require.Len(t, measures, 2)
	require.Nil(t, s.Lags, "nothing is left")
}

func TestRecheckedAndManualRunsAreNoSlots(t *testing.T) {
	p := incident.Policy{Interval: time.Minute, Thresholds: incident.Thresholds{100 * ms}}
	s := &incident.State{}
	in := took(0, prompt200, time.Second)
	in.Run = probe.Recheck
	slow, _ := paced(p, s, in)
	require.Empty(t, slow)
	require.Nil(t, s.Lags)
}

// TestSlowTimeIsWhatEachSlotSays adds up the stretches and compares with the slots one by
// one, over changes of the thresholds.
func TestSlowTimeIsWhatEachSlotSays(t *testing.T) {
	for seed := range 200 {
		rnd := rand.New(rand.NewPCG(uint64(seed), 9))
		p := incident.Policy{Interval: time.Minute, Thresholds: incident.Thresholds{100 * ms, 300 * ms}}
		s, ids := &incident.State{}, incident.Sequence{}
		want, got := map[time.Duration]time.Duration{}, map[time.Duration]time.Duration{}
		for minute := range 300 {
			if rnd.IntN(10) == 0 {
				continue // missed
			}
			in := took(minute, [...]probe.Verdict{prompt200, prompt200, prompt200, late200, broken503}[rnd.IntN(5)], time.Duration(rnd.IntN(500))*ms)
			for _, threshold := range p.Thresholds[:2] {
				if in.Elapsed > threshold && in.Verdict.Reason != probe.ServerError {
					want[threshold] += time.Minute
				}
			}
			fx := incident.Step(&p, s, &in, &ids)
			for _, x := range fx.Slow {
				got[x.Threshold] += x.Slots.Weight()
			}
		}
		for _, lag := range s.Clone().Lags {
			got[lag.Run.Threshold] += lag.Run.Slots.Weight()
		}
		require.Equal(t, want, got, "seed %d", seed)
	}
}

func TestNewThresholds(t *testing.T) {
	o := func(text string) slo.Objective {
		o, err := slo.ParseObjective(text)
		require.NoError(t, err)
		return o
	}
	all := []slo.Objective{o("latency 2s for 99% over 30d"), o("99% over 30d"), o("latency 1s for 99% over 7d"), o("latency 2s for 99.9% over 7d")}
	got, ok := incident.NewThresholds(all)
	require.True(t, ok)
	require.Equal(t, incident.Thresholds{time.Second, 2 * time.Second}, got)
	_, ok = incident.NewThresholds(append(all, o("latency 3s for 9% over 1d"), o("latency 4s for 9% over 1d"), o("latency 5s for 9% over 1d")))
	require.False(t, ok)
	require.NotNil(t, incident.NewBudgets(all[:1], time.Minute, incident.BudgetRules{Fast: true, Slow: true}), "it has a budget, too")
}
