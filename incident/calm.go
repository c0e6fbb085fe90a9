package incident

import (
	"time"

	"sonde/probe"
)

// calm reports whether an input is what nearly all are, the next good result of a probe that
// nothing is wrong with: few rules have anything to do with it.
func (s *State) calm(p *Policy, in *Input) bool {
	return in.plain() && s.untroubled() && s.awaits(p, in) && s.over(p, in.At)
}

// plain reports whether an input is a good result of a slot, and nothing else.
func (in *Input) plain() bool {
	return in.Kind == Ran && in.Run == probe.Scheduled && in.Verdict.Outcome == probe.Good && in.Verdict.Kind() == probe.NoIncident &&
		in.Cache == probe.CacheNone && !in.Maintenance && !in.Expiring && in.RecoverBy.IsZero()
}

// untroubled reports whether nothing may become an incident, and the latest result was good.
func (s *State) untroubled() bool {
	return s.Suspect == nil && s.Row == nil && s.Limits == 0 && s.Worked && s.Last.Verdict.Outcome == probe.Good && s.Account.Run.Slots.Step == 0
}

// awaits reports whether an input is of the very next slot, with nothing between.
func (s *State) awaits(p *Policy, in *Input) bool {
	grid := &s.Account.Grid
	return grid.Step == p.Interval && in.At.Sub(grid.Last) == grid.Step && !in.At.Before(s.Last.At) && in.At.UnixMilli() >= s.Account.Start
}

// over reports whether all that was wrong has recovered, and nothing of it is due.
func (s *State) over(p *Policy, now time.Time) bool {
	for i := range s.Problems {
		x := &s.Problems[i]
		if x.Phase != Recovered || x.Telling.Unsaid || !x.CloseAt.After(now) || !p.Rules.wants(x.Kind) || !p.Budgets.follows(x.Kind) {
			return false
		}
	}
	return true
}

// note notes a calm input, and has those rules look at it that count good results, too.
func (m *machine) note() {
	s, in, rules := m.s, m.in, &m.p.Rules
	m.fresh = m.slots(in.At, in.At)
	s.Account.Grid.Last = in.At
	m.measure()
	m.spend()
	m.remember()
	m.know()
	s.Maintained, s.Denials, s.Due = false, 0, time.Time{}
	m.pour(&s.Buckets.Auth, rules.AuthFailed, false)
	m.pour(&s.Buckets.Target, rules.Degraded, false)
	m.pour(&s.Buckets.Client, rules.ClientFault.Leak, false)
	s.Goods.extend(in.At)
	m.watchCodes()
	m.watchRate()
	m.watchCertificate()
	m.watchBudgets()
	m.watchLatency()
	m.hold()
}
