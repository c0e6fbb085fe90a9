package incident

import "sonde/probe"

// watchShed counts load that the target sheds as it may, without asking more often: it
// only ever degrades, and says nothing while the target is down.
func (m *machine) watchShed() {
	s, in := m.s, m.in
	switch {
	case in.Run == probe.Recheck, in.Verdict.Outcome == probe.Unknown:
	case in.Verdict.Reason != probe.LoadShed, s.Open(probe.KindDown) != nil:
		if in.Verdict.Outcome == probe.Good {
			s.interrupt(probe.KindDegraded)
		}
	case s.Open(probe.KindDegraded) != nil:
		m.worsen(s.Open(probe.KindDegraded))
	default:
		s.addToRow(probe.KindDegraded, in)
		m.suspectShed()
	}
}

// suspectShed opens degraded once load has been shed for as long as makes an error down.
// A slot that was skipped for it is another look.
func (m *machine) suspectShed() {
	s := m.s
	if !s.Row.is(probe.KindDegraded) {
		return
	}
	if m.in.Kind == Skipped {
		s.Row.Attempts += m.skipped()
	}
	if s.Row.Attempts < downAttempts || m.in.Until().Sub(s.Row.Since) < m.p.confirmAfter() {
		return
	}
	m.open(probe.KindDegraded, s.Row.Suspicion)
	s.Row = nil
}
