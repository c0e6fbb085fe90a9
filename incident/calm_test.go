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

// twins are a state that may take the short way and one that never does. The short way is a second
// telling of what the rules do with most results: it must never say anything else.
type twins struct {
	t           *testing.T
	short, long incident.State
	ids, others incident.Sequence
	steps, calm int
}

func (w *twins) step(p *incident.Policy, in *incident.Input) {
	w.steps++
	if incident.Calm(p, &w.short, in) {
		w.calm++
	}
	fx := incident.Step(p, &w.short, in, &w.ids)
	require.Equal(w.t, incident.StepByRules(p, &w.long, in, &w.others), fx)
	require.Equal(w.t, w.long, w.short)
	require.Equal(w.t, w.others, w.ids)
}

func TestWhatIsCalmIsSteppedAsTheRulesWould(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	calm, all := 0, 0
	for range rounds(400) {
		w := twins{t: t}
		moves(calmScript(rnd), func(m move) time.Time {
			if m.in.Kind != incident.Ran || m.in.Run != probe.Manual {
				w.step(&m.policy, &m.in)
			}
			return w.short.Due
		})
		calm, all = calm+w.calm, all+w.steps
	}
	require.Greater(t, calm, all/10)
	require.Less(t, calm, all*9/10)
}

// calmScript is a script that is mostly good results, with something else now and then.
func calmScript(rnd *rand.Rand) (data []byte) {
	for range 1 + rnd.IntN(4) {
		trouble := randomScript(rnd)
		data = append(data, trouble[:min(len(trouble), 2*rnd.IntN(20))]...)
		for range rnd.IntN(300) {
			data = append(data, byte(2+rnd.IntN(2)), 0)
		}
	}
	return data
}

// changes are what makes the next good result of a probe that has had an hour of them another one.
type changes map[string]func(p *incident.Policy, s *incident.State, in *incident.Input)

func (c changes) each(t *testing.T, f func(t *testing.T, w *twins, p *incident.Policy, in *incident.Input)) {
	for name, change := range c {
		t.Run(name, func(t *testing.T) {
			w, p := twins{t: t}, usual(60)
			p.Rules = incident.UsualRules()
			in := incident.Input{At: t0, Verdict: good, Attempts: 1}
			for range 60 {
				w.step(&p, &in)
				in.At = in.At.Add(p.Interval)
			}
			require.Equal(t, 59, w.calm, "all but the first")
			change(&p, &w.short, &in)
			w.long = *w.short.Clone()
			f(t, &w, &p, &in)
		})
	}
}

func hasRecovered(kind probe.Kind, closes time.Time) incident.Problem {
	return incident.Problem{ID: 1, Kind: kind, Phase: incident.Recovered, OpenedAt: t0, RecoveredAt: t0, CloseAt: closes}
}

func TestRulesThatCountGoodResultsCountWhatIsCalm(t *testing.T) {
	changes{
		"nothing":                func(*incident.Policy, *incident.State, *incident.Input) {},
		"a threshold of latency": func(p *incident.Policy, _ *incident.State, _ *incident.Input) { p.Thresholds[0] = time.Second },
		"a threshold that was": func(_ *incident.Policy, s *incident.State, _ *incident.Input) {
			s.Lags = []incident.Lag{{Since: t0, Run: incident.Slow{Threshold: time.Second}}}
		},
		"codes that are counted": func(p *incident.Policy, _ *incident.State, _ *incident.Input) {
			p.Rules.CodeAnomaly = &incident.CodeAnomaly{Codes: [8]int16{200}, Factor: 3, MinCount: 3, Window: time.Hour}
		},
		"codes that were counted": func(_ *incident.Policy, s *incident.State, _ *incident.Input) {
			s.Anomaly = &incident.Anomaly{Window: time.Hour}
		},
		"a rate": func(p *incident.Policy, _ *incident.State, _ *incident.Input) {
			p.Rules.Rate = &incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 5}
		},
		"a rate that was": func(_ *incident.Policy, s *incident.State, _ *incident.Input) {
			s.Rated = &incident.Rated{Over: time.Hour}
		},
		"a budget that is spent": func(p *incident.Policy, s *incident.State, in *incident.Input) {
			promised := promising(60, "99.9% over 30d", "latency 1s for 99% over 1d")
			p.Budgets, p.Thresholds = promised.Budgets, promised.Thresholds
			s.Spending = &incident.Spending{}
			for _, b := range p.Budgets.Of {
				s.Spending.Of = append(s.Spending.Of, incident.Burning{Burn: *slo.NewBurn(in.At.Add(-time.Hour), b.Objective.Window), Key: b.Key})
			}
			s.Spending.Of[0].Add(slo.Stretch{First: in.At.Add(-time.Minute), Last: in.At.Add(-time.Minute), Step: time.Minute}, true)
		},
		"bad time": func(_ *incident.Policy, s *incident.State, _ *incident.Input) {
			b := incident.Bucket{Level: 300_000, Count: 1}
			s.Buckets = incident.Buckets{Target: b, Auth: b, Client: b}
		},
		"bad time that nobody wants to know of": func(p *incident.Policy, s *incident.State, _ *incident.Input) {
			p.Rules.Degraded, s.Buckets.Target = incident.Leak{}, incident.Bucket{Level: 300_000, Count: 1}
		},
		"maintenance before":     func(_ *incident.Policy, s *incident.State, _ *incident.Input) { s.Maintained = true },
		"refusals before":        func(_ *incident.Policy, s *incident.State, _ *incident.Input) { s.Denials = 3 },
		"a re-check that is due": func(_ *incident.Policy, s *incident.State, in *incident.Input) { s.Due = in.At },
		"a hold that has been too long": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Hold = incident.Hold{Until: in.At.Add(time.Hour)}
		},
		"an incident that is over": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Problems = []incident.Problem{hasRecovered(probe.KindDown, in.At.Add(time.Hour))}
		},
	}.each(t, func(t *testing.T, w *twins, p *incident.Policy, in *incident.Input) {
		require.True(t, incident.Calm(p, &w.short, in))
		for i := range 90 {
			in.Elapsed = time.Duration(i%7) * 300 * time.Millisecond
			in.Timings.Total = in.Elapsed
			if in.Verdict = good; i == 45 {
				in.Verdict = broken
			}
			w.step(p, in)
			in.At = in.At.Add(p.Interval)
		}
	})
}

func TestNothingIsCalmThatARuleHasToLookAt(t *testing.T) {
	changes{
		"slots that were skipped": func(_ *incident.Policy, _ *incident.State, in *incident.Input) {
			in.Kind, in.To = incident.Skipped, in.At
		},
		"time that passed":    func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Kind = incident.Idle },
		"a re-check":          func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Run = probe.Recheck },
		"the first run":       func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Run = probe.First },
		"a failure":           func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Verdict = broken },
		"a refusal":           func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Verdict = denied },
		"what is not known":   func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Verdict = blind },
		"a run that we ended": func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Verdict = judge(probe.Canceled, 0) },
		"a limit":             func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Verdict = throttled },
		"good in a way of its own": func(_ *incident.Policy, _ *incident.State, in *incident.Input) {
			in.Verdict = judge(probe.CertificateExpiring, 200)
		},
		"maintenance": func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Maintenance = true },
		"a certificate that ends soon": func(_ *incident.Policy, _ *incident.State, in *incident.Input) {
			in.CertificateEnds, in.Expiring = in.At.Add(time.Hour), true
		},
		"an announcement":             func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.RecoverBy = in.At.Add(time.Minute) },
		"an answer from a cache":      func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.Cache = probe.CacheHit },
		"a slot that was passed over": func(p *incident.Policy, _ *incident.State, in *incident.Input) { in.At = in.At.Add(p.Interval) },
		"a slot off the grid":         func(_ *incident.Policy, _ *incident.State, in *incident.Input) { in.At = in.At.Add(time.Second) },
		"another interval":            func(p *incident.Policy, _ *incident.State, _ *incident.Input) { p.Interval = 30 * time.Second },
		"a suspicion": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Suspect = &incident.Suspicion{Since: in.At, Results: 1, Attempts: 1}
		},
		"a row": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Row = &incident.Row{Suspicion: incident.Suspicion{Since: in.At, Results: 1}, Of: probe.KindAuthFailed}
		},
		"an incident": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Problems = []incident.Problem{{ID: 1, Kind: probe.KindDown, Phase: incident.Open, OpenedAt: in.At, CloseAt: in.At.Add(time.Hour)}}
		},
		"a limit of late":          func(_ *incident.Policy, s *incident.State, _ *incident.Input) { s.Limits = 2 },
		"what never worked":        func(_ *incident.Policy, s *incident.State, _ *incident.Input) { s.Worked = false },
		"what was not good before": func(_ *incident.Policy, s *incident.State, _ *incident.Input) { s.Last.Verdict = broken },
		"what a re-check overtook": func(_ *incident.Policy, s *incident.State, in *incident.Input) { s.Last.At = in.At.Add(time.Second) },
		"a stretch that was bad": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Account.Run = incident.Entry{Slots: slo.Stretch{First: s.Account.Grid.Last, Last: s.Account.Grid.Last, Step: time.Minute}, Outcome: probe.Bad, Reason: probe.ServerError}
		},
		"a beginning that waits for success": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Account.Start = in.At.Add(time.Hour).UnixMilli()
		},
		"a recovery that nobody has heard of": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Problems = []incident.Problem{hasRecovered(probe.KindDown, in.At.Add(time.Hour))}
			s.Problems[0].Telling.Unsaid = true
		},
		"an incident that closes": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Problems = []incident.Problem{hasRecovered(probe.KindDown, in.At)}
		},
		"an incident that nobody wants to hear of": func(p *incident.Policy, s *incident.State, in *incident.Input) {
			p.Rules.Off = p.Rules.Off.With(probe.KindDown)
			s.Problems = []incident.Problem{hasRecovered(probe.KindDown, in.At.Add(time.Hour))}
		},
		"an incident of a budget that there is not": func(_ *incident.Policy, s *incident.State, in *incident.Input) {
			s.Problems = []incident.Problem{hasRecovered(probe.KindBudgetFast, in.At.Add(time.Hour))}
		},
	}.each(t, func(t *testing.T, w *twins, p *incident.Policy, in *incident.Input) {
		require.False(t, incident.Calm(p, &w.short, in))
	})
}
