package incident

import (
	"time"

	"sonde/probe"
)

// bypassResults is how many results in a row must show that access is given which should
// be refused, and how many that it is refused again.
const bypassResults = 2

// watchBypass tells when a target gives access that it should refuse. One look is not
// enough to wake somebody for it, and a second one is made at once.
func (m *machine) watchBypass() {
	s, in := m.s, m.in
	if !m.p.Rules.AuthBypass || in.Verdict.Outcome == probe.Unknown {
		return
	}
	open := s.Open(probe.KindAuthBypass)
	switch given := in.Verdict.Kind() == probe.KindAuthBypass; {
	case given && open != nil:
		m.worsen(open)
	case given:
		s.addToRow(probe.KindAuthBypass, in)
		if s.Row.Results < bypassResults {
			m.lookAgain()
			return
		}
		m.open(probe.KindAuthBypass, s.Row.Suspicion)
		s.Row = nil
	case open != nil && in.Run == probe.Scheduled && s.Goods.Count >= bypassResults:
		m.resolve(open)
	}
}

// lookAgain asks for a re-check at once, unless the next slot comes first.
func (m *machine) lookAgain() {
	if !m.p.Repeatable {
		return
	}
	due := m.in.At.Add(max(m.in.Elapsed, 1) + time.Millisecond - 1).Truncate(time.Millisecond)
	if grid := m.s.Account.Grid; grid.Step > 0 && !due.Before(grid.Last.Add(grid.Step)) {
		return
	}
	m.s.Due = due
}
