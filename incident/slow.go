package incident

import (
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// maxThresholds is how many thresholds of latency a probe may have.
const maxThresholds = 4

// Thresholds are those of the promises about latency, ascending; 0 stands for none.
type Thresholds [maxThresholds]time.Duration

// NewThresholds are the thresholds of objectives; false if there are too many.
func NewThresholds(objectives []slo.Objective) (t Thresholds, ok bool) {
	var all []time.Duration
	for _, o := range objectives {
		if o.Kind == slo.Latency && !slices.Contains(all, o.Threshold) {
			all = append(all, o.Threshold)
		}
	}
	slices.Sort(all)
	return t, copy(t[:], all) == len(all)
}

func (t *Thresholds) has(d time.Duration) bool { return slices.Contains(t[:], d) }

// Slow is a stretch of slots whose answers were right, but took longer than a threshold.
type Slow struct {
	Threshold time.Duration
	Slots     slo.Stretch
	Failed    bool // they were bad for nothing but that: too_slow
}

// Measure is a time over which it was looked whether answers took longer than a threshold.
type Measure struct {
	Threshold time.Duration
	From, To  time.Time
}

// Lag is how a probe keeps to a threshold.
type Lag struct {
	Since time.Time // the first slot that was looked at
	Run   Slow      // the stretch that is going on; its Step is 0 if the latest slot was not slow
}

// Looks reports whether all thresholds have been looked for at a slot at least.
func (s *State) Looks(t Thresholds) bool {
	for _, threshold := range t {
		if threshold > 0 && !slices.ContainsFunc(s.Lags, func(p Lag) bool { return p.Run.Threshold == threshold }) {
			return false
		}
	}
	return true
}

// measure notes whether a slot that is new took longer than the thresholds. Thresholds that
// the policy does not have any more are done with.
func (m *machine) measure() {
	s := m.s
	if m.fresh.Step == 0 || len(s.Lags) == 0 && m.p.Thresholds == (Thresholds{}) {
		return
	}
	for i := range s.Lags {
		if lag := &s.Lags[i]; !m.p.Thresholds.has(lag.Run.Threshold) {
			lag.settle(&m.fx)
			m.fx.Measures = append(m.fx.Measures, Measure{lag.Run.Threshold, lag.Since, m.fresh.First.Add(-time.Millisecond)})
		}
	}
	s.Lags = slices.DeleteFunc(s.Lags, func(p Lag) bool { return !m.p.Thresholds.has(p.Run.Threshold) })
	for _, threshold := range m.p.Thresholds {
		if threshold > 0 {
			m.lag(threshold)
		}
	}
	if len(s.Lags) == 0 {
		s.Lags = nil
	}
}

func (m *machine) lag(threshold time.Duration) {
	i := slices.IndexFunc(m.s.Lags, func(p Lag) bool { return p.Run.Threshold == threshold })
	if i < 0 {
		i = len(m.s.Lags)
		m.s.Lags = append(slices.Clip(m.s.Lags), Lag{Since: m.fresh.First, Run: Slow{Threshold: threshold}})
	}
	lag, in := &m.s.Lags[i], m.in
	failed := in.Verdict.Reason == probe.TooSlow && in.Verdict.Outcome == probe.Bad
	if in.Kind != Ran || in.Elapsed <= threshold || !failed && in.Verdict.Outcome != probe.Good {
		lag.settle(&m.fx)
		return
	}
	run := &lag.Run
	if run.Slots.Step == m.fresh.Step && run.Failed == failed && run.Slots.Follows(m.fresh.First) {
		run.Slots.Last = m.fresh.Last
		return
	}
	lag.settle(&m.fx)
	run.Slots, run.Failed = m.fresh, failed
}

// settle completes the stretch that is going on.
func (p *Lag) settle(fx *Effects) {
	if p.Run.Slots.Step > 0 {
		fx.Slow = append(fx.Slow, p.Run)
		p.Run.Slots, p.Run.Failed = slo.Stretch{}, false
	}
}
