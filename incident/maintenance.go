package incident

import (
	"time"

	"sonde/probe"
)

// rest is what an input means while the probe is in maintenance: results are kept and
// accounted for, and nothing is suspected, opened or reminded of. What is open may
// resolve. Suspicions are gone, so that what fails when the maintenance ends has to
// last from there on.
func (m *machine) rest() {
	s, in := m.s, m.in
	s.Suspect, s.Row, s.Due = nil, nil, time.Time{}
	if in.Kind != Ran {
		return
	}
	switch {
	case in.Run == probe.Recheck, in.Verdict.Outcome == probe.Unknown:
	case in.Verdict.Kind() == probe.KindAuthFailed:
		s.Denials++ // accounts are locked in maintenance, too
	default:
		s.Denials = 0
	}
	m.watchGood()
	m.hold()
}
