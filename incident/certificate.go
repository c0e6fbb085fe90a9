package incident

import (
	"time"

	"sonde/probe"
)

// Certificate is what is remembered of the certificate that a target shows.
type Certificate struct {
	Ends Instant // as it was last seen; 0 if none was
	Fine Streak  // scheduled results in a row that showed one which lasts, while an incident says otherwise
}

// The stages on the way to the end of a certificate. People are told of each once.
const (
	stageSoon = iota + 1 // sooner than is expected
	stageWeek            // a week or less
	stageDay             // a day or less
)

// stageOf is the stage of a certificate that ends sooner than is expected.
func stageOf(left time.Duration) int {
	const day = 24 * time.Hour
	switch {
	case left <= day:
		return stageDay
	case left <= 7*day:
		return stageWeek
	}
	return stageSoon
}

// watchCertificate tells of a certificate that ends soon, whatever else the result says:
// when that is first seen, a week before, and a day before. One look is enough, for a
// certificate is what it is.
func (m *machine) watchCertificate() {
	s, in := m.s, m.in
	if !in.CertificateEnds.IsZero() && !in.credential() {
		s.Certificate.Ends = InstantOf(in.CertificateEnds)
	}
	problem := s.Open(probe.KindCertificate)
	if !in.Expiring {
		m.renew(problem)
		return
	}
	s.Certificate.Fine = Streak{}
	stage := stageOf(in.CertificateEnds.Sub(in.At))
	if problem == nil {
		m.openCertificate(stage)
		return
	}
	problem.count(in)
	if problem.Ends.IsZero() || in.CertificateEnds.Before(problem.Ends) {
		problem.Ends = in.CertificateEnds
	}
	if stage > problem.Stage {
		m.approach(problem, stage)
		m.tell(Escalated, in.At, problem)
	}
}

// openCertificate opens the incident, or reopens the one that has recovered lately.
func (m *machine) openCertificate(stage int) {
	problem, change := m.begin(probe.KindCertificate)
	*problem = Problem{
		ID: problem.ID, Kind: probe.KindCertificate, Phase: Open,
		Since: m.in.At, OpenedAt: m.in.At, Openings: problem.Openings + 1, Ends: m.in.CertificateEnds,
		Telling: problem.Telling,
	}
	problem.count(m.in)
	m.approach(problem, stage)
	m.tell(change, m.in.At, problem)
}

// approach brings a problem to a stage. Its cause is the certificate, also where the answer
// was not good for another reason.
func (m *machine) approach(p *Problem, stage int) {
	cause := probe.CertificateExpiring
	if m.in.credential() {
		cause = probe.CredentialExpiring
	}
	p.Stage, p.Cause = stage, probe.Miss(cause)
	p.Cause.Status, p.Cause.Class = m.in.Verdict.Status, probe.ClassOf(m.in.Verdict.Status)
	p.Severity = p.Cause.Severity()
	if stage == stageDay {
		p.Severity = probe.Critical
	}
}

// renew resolves an open incident once scheduled results have shown for long enough that
// there is nothing to fear. Several servers behind one name may not have the new certificate at the same
// time: after every relapse twice as many results have to agree.
func (m *machine) renew(p *Problem) {
	s, in := m.s, m.in
	seen := !in.CertificateEnds.IsZero() || in.Verdict.Outcome == probe.Good // a good answer without a certificate needs none
	if p != nil && p.Cause.Reason == probe.CredentialExpiring {
		seen = in.Verdict.Outcome == probe.Good // else the credential was not seen to work
	}
	if p == nil || !seen || in.Run != probe.Scheduled {
		return
	}
	s.Certificate.Fine.extend(in.At)
	const most = 5
	if s.Certificate.Fine.reached(goodResults<<min(p.Openings-1, most), m.p.ResolveAfter, in.At) {
		s.Certificate.Fine = Streak{}
		m.resolve(p)
	}
}
