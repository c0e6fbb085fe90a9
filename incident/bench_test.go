package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// steps gives a probe one scheduled result after another.
func steps(w *world, verdict probe.Verdict) func() {
	in := incident.Input{At: t0, Verdict: verdict, Attempts: 1}
	return func() {
		in.At = in.At.Add(time.Minute)
		incident.Step(&w.policy, &w.state, &in, &w.ids)
	}
}

func TestAResultThatChangesNothingTakesNoMemory(t *testing.T) {
	for name, tc := range map[string]struct {
		before  []probe.Verdict
		verdict probe.Verdict
	}{
		"good after good":             {[]probe.Verdict{good}, good},
		"good while it may relapse":   {[]probe.Verdict{broken, broken, broken, good, good, good}, good},
		"bad while it is open":        {[]probe.Verdict{broken, broken, broken}, broken},
		"refused while it is open":    {[]probe.Verdict{denied, denied, denied}, denied},
		"excluded, one after another": {[]probe.Verdict{missing}, missing},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: promising(60, "99.9% over 30d", "99% over month")}
			w.feed(-600, tc.before...)
			require.Zero(t, testing.AllocsPerRun(20, steps(&w, tc.verdict)))
		})
	}
}

func BenchmarkStep(b *testing.B) {
	for name, is := range map[string]struct {
		before, verdict probe.Verdict
		policy          incident.Policy
	}{
		"good":                          {good, good, promising(60, "99.9% over 30d")},
		"good, after something was bad": {broken, good, promising(60, "99.9% over 30d")},
		"bad while open":                {broken, broken, promising(60, "99.9% over 30d")},
		"bad while open, no promise":    {broken, broken, usual(60)},
	} {
		b.Run(name, func(b *testing.B) {
			w := world{policy: is.policy}
			w.feed(-600, is.before, is.before, is.before)
			step := steps(&w, is.verdict)
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
		})
	}
}

func TestRulesThatChangeNothingTakeNoMemory(t *testing.T) {
	for name, verdict := range map[string]probe.Verdict{
		"good": good, "down": broken, "refused": denied, "rejected": missing, "limited": throttled, "open to everybody": bypassed, "slow": slow,
	} {
		t.Run(name, func(t *testing.T) {
			w := ruled(nil)
			w.policy.Rules.Rate = &incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 5}
			w.policy.Rules.CodeAnomaly = &incident.CodeAnomaly{Codes: [8]int16{404}, Factor: 3, MinCount: 3, Window: time.Hour}
			w.feed(-24*3600, times(24*60, verdict)...)
			require.Zero(t, testing.AllocsPerRun(20, steps(w, verdict)))
		})
	}
}
