package store

import (
	"time"

	"sonde/incident"
	"sonde/probe"
)

// The parts of a state that only a probe in trouble has.

func (p *packer) problems(problems []incident.Problem) {
	p.count(len(problems))
	for i := range problems {
		p.problem(&problems[i])
	}
}

func (u *unpacker) problems() (problems []incident.Problem) {
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		problems = append(problems, u.problem())
	}
	return problems
}

// judgement reads the outcome and the reason of a stretch of slots.
func (u *unpacker) judgement() (probe.Outcome, probe.Reason) {
	v := probe.Verdict{Outcome: probe.Outcome(u.byte()), Reason: probe.Reason(u.byte())}
	if !v.Valid() {
		u.fail()
		return probe.Good, probe.OK
	}
	return v.Outcome, v.Reason
}

func (p *packer) suspicion(s *incident.Suspicion) {
	p.time(s.Since)
	p.count(s.Results)
	p.count(s.Attempts)
	p.codes(s.Codes)
	p.time(s.RecoverBy)
}

func (u *unpacker) suspicion(s *incident.Suspicion) {
	s.Since = u.time()
	s.Results = u.count(false)
	s.Attempts = u.count(false)
	s.Codes = u.codes()
	s.RecoverBy = u.time()
}

// suspect reads a suspicion; nil if there is none.
func (u *unpacker) suspect() *incident.Suspicion {
	s := &incident.Suspicion{}
	if u.suspicion(s); empty(s) {
		return nil
	}
	return s
}

// row reads a row of results of a kind; nil if there is none.
func (u *unpacker) row(of probe.Kind) *incident.Row {
	r := &incident.Row{Of: of}
	if u.suspicion(&r.Suspicion); empty(&r.Suspicion) {
		return nil
	}
	return r
}

func (p *packer) codes(codes []incident.CodeCount) {
	p.count(len(codes))
	for _, c := range codes {
		p.count(int(c.Code))
		p.count(int(c.Count))
	}
}

func (u *unpacker) codes() (codes []incident.CodeCount) {
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		codes = append(codes, incident.CodeCount{Code: u.int32(), Count: u.int32()})
	}
	return codes
}

func (p *packer) problem(x *incident.Problem) {
	p.int(int64(x.ID))
	p.byte(byte(x.Kind))
	p.byte(byte(x.Phase))
	p.byte(byte(x.Severity))
	p.verdict(x.Cause)
	for _, t := range [...]time.Time{x.Since, x.OpenedAt, x.RecoveredAt, x.RecoverBy, x.CloseAt, x.RemindAt} {
		p.time(t)
	}
	p.count(x.Failures)
	p.count(x.Openings)
	p.codes(x.Codes)
	p.verdict(x.Other)
	p.count(int(x.Others))
}

func (u *unpacker) problem() (x incident.Problem) {
	x.ID = incident.ID(u.int())
	x.Kind, x.Phase, x.Severity = probe.Kind(u.byte()), incident.Phase(u.byte()), probe.Severity(u.byte())
	if x.Phase > incident.Recovered {
		u.fail()
	}
	x.Cause = u.verdict()
	for _, t := range [...]*time.Time{&x.Since, &x.OpenedAt, &x.RecoveredAt, &x.RecoverBy, &x.CloseAt, &x.RemindAt} {
		*t = u.time()
	}
	x.Failures = u.count(false)
	x.Openings = u.count(false)
	x.Codes = u.codes()
	x.Other = u.verdict()
	x.Others = u.few()
	return x
}

// certificateProblem is the incident about the certificate, if there is one.
func certificateProblem(s *incident.State) *incident.Problem {
	for i := range s.Problems {
		if s.Problems[i].Kind == probe.KindCertificate {
			return &s.Problems[i]
		}
	}
	return nil
}

// certificate packs what is known of the certificate, with what only an incident about it
// has: the first release had no room for that among the problems.
func (p *packer) certificate(s *incident.State) {
	c := &s.Certificate
	p.time(c.Ends.Time())
	p.count(int(c.Fine.Count))
	if c.Fine.Count > 0 {
		p.time(instant(c.Fine.First))
	}
	if problem := certificateProblem(s); problem != nil {
		p.time(problem.Ends)
		p.count(problem.Stage)
	}
}

func (u *unpacker) certificate(s *incident.State) {
	c := &s.Certificate
	c.Ends = incident.InstantOf(u.time())
	if c.Fine.Count = u.int32(); c.Fine.Count > 0 {
		c.Fine.First = u.time().UnixMilli()
	}
	if problem := certificateProblem(s); problem != nil {
		problem.Ends = u.time()
		problem.Stage = u.count(false)
	}
}
