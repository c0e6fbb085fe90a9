package incident

import (
	"time"

	"sonde/probe"
)

// calm reports whether an input is what nearly all are, the next good result of a probe that
// nothing is wrong with: no rule has anything to do but to note it.
func (s *State) calm(p *Policy, in *Input) bool {
	return in.plain() && s.untroubled() && s.awaits(p, in) && s.uncounted(p)
}

// plain reports whether an input is a good result of a slot, and nothing else.
func (in *Input) plain() bool {
	return in.Kind == Ran && in.Run == probe.Scheduled && in.Verdict.Outcome == probe.Good && in.Verdict.Kind() == probe.NoIncident &&
		in.Cache == probe.CacheNone && !in.Maintenance && !in.Expiring && in.RecoverBy.IsZero()
}

// untroubled reports whether nothing is wrong, was lately, or may be.
func (s *State) untroubled() bool {
	return len(s.Problems) == 0 && s.Suspect == nil && s.Row == nil && s.Spending == nil && s.Buckets.empty() && s.Limits == 0 &&
		s.Worked && s.Last.Verdict.Outcome == probe.Good && s.Account.Run.Slots.Step == 0
}

// awaits reports whether an input is of the very next slot, with nothing between.
func (s *State) awaits(p *Policy, in *Input) bool {
	grid := &s.Account.Grid
	return grid.Step == p.Interval && in.At.Sub(grid.Last) == grid.Step && !in.At.Before(s.Last.At) && in.At.UnixMilli() >= s.Account.Start
}

// uncounted reports whether no rule counts all results, the good ones too, but the one about
// how long they take.
func (s *State) uncounted(p *Policy) bool {
	return len(s.Lags) == 0 && p.Thresholds == (Thresholds{}) && p.Rules.CodeAnomaly == nil && s.Anomaly == nil && p.Rules.Rate == nil && s.Rated == nil
}

// note notes a calm input.
func (m *machine) note() {
	s, in := m.s, m.in
	s.Account.Grid.Last = in.At
	s.Last = Last{At: in.At, Verdict: in.Verdict, Latency: in.Timings.Total, Attempts: in.Attempts}
	s.Known = InstantOf(in.At)
	s.Maintained, s.Denials, s.Due, s.Hold = false, 0, time.Time{}, Hold{}
	s.Goods.extend(in.At)
	m.watchCertificate()
	m.watchLatency()
}
