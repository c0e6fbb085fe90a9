package incident

import (
	"time"

	"sonde/probe"
)

// NoData is when people hear that nothing is known of a probe any more.
type NoData struct {
	After     time.Duration // nothing was known for so long; 0: never
	Intervals int           // and for so many intervals
}

// within is how long nothing may be known before people hear of it.
func (p *Policy) within() time.Duration {
	return max(p.Rules.NoData.After, time.Duration(p.Rules.NoData.Intervals)*p.Interval)
}

// Silent reports whether nothing was known of a probe for too long, of which somebody has
// watched it since an instant. That its network is at fault is known, and told otherwise.
func (s *State) Silent(p *Policy, watched, now time.Time) bool {
	if p.Rules.NoData.After <= 0 || s.Last.Verdict.Reason == probe.ProberNetwork && !s.Last.At.IsZero() {
		return false
	}
	last := s.Known.Time()
	if last.Before(watched) {
		last = watched
	}
	return now.Sub(last) >= p.within()
}

// Wakes reports whether a deadline of the state has passed that the next input, whenever
// it comes, would fire.
func (s *State) Wakes(p *Policy, now time.Time) bool {
	for i := range s.Problems {
		x := &s.Problems[i]
		m := machine{p: p, s: s}
		switch {
		case x.Phase == Recovered && x.Telling.Unsaid && !m.settlesAt(x).After(now):
			return true
		case x.Phase == Recovered && !x.CloseAt.After(now):
			if !m.maybeRelapse(x) {
				return true
			}
		case x.Phase == Open && !x.RemindAt.IsZero() && !x.RemindAt.After(now):
			return true
		}
	}
	return false
}

// watchNoData opens when an idle input says that nothing came although it was due.
func (m *machine) watchNoData() {
	if m.in.Verdict.Reason != probe.NoData || m.p.Rules.NoData.After <= 0 || m.s.Open(probe.KindNoData) != nil {
		return
	}
	problem, change := m.begin(probe.KindNoData)
	cause := m.in.Verdict
	if last := m.s.Last; last.Verdict.Outcome == probe.Unknown && last.At.After(m.s.Known.Time()) {
		cause = last.Verdict // what came says nothing of the target, but why
	}
	since := m.s.Known.Time()
	if since.IsZero() {
		since = m.in.At
	}
	*problem = Problem{
		ID: problem.ID, Kind: probe.KindNoData, Phase: Open, Severity: cause.Severity(), Cause: cause,
		Since: since, OpenedAt: m.in.At, Openings: problem.Openings + 1, Telling: problem.Telling,
	}
	problem.RemindAt = m.p.FirstReminder(problem)
	m.tell(change, m.in.At, problem)
}

// know notes that something is known of the target.
func (m *machine) know() {
	if m.in.Verdict.Outcome == probe.Unknown {
		return
	}
	m.s.Known = InstantOf(m.in.Until())
	if problem := m.s.Open(probe.KindNoData); problem != nil {
		m.resolve(problem)
	}
}
