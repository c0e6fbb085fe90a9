package incident

import (
	"time"

	"sonde/probe"
)

// changeAfter is how many results in a row must show another cause before people
// are told that it changed.
const changeAfter = 2

// open opens an incident of a kind on a suspicion that has been confirmed, or
// reopens the one that has recovered lately. Down takes over what was degraded.
func (m *machine) open(kind probe.Kind, confirmed Suspicion) {
	m.openAs(kind, confirmed, false, Reading{})
}

// openAs opens an incident that a row of results has confirmed, or a bucket, or what a rule has read.
func (m *machine) openAs(kind probe.Kind, confirmed Suspicion, leaky bool, reading Reading) {
	if !m.p.Rules.wants(kind) {
		return
	}
	cause := m.cause(kind)
	if degraded := m.s.Open(probe.KindDegraded); kind == probe.KindDown && degraded != nil {
		m.rise(degraded, cause, confirmed)
		return
	}
	problem, change := m.begin(kind)
	stage := problem.worse(kind)
	now := m.in.Until()
	*problem = Problem{
		ID: problem.ID, Kind: kind, Phase: Open, Severity: severity(kind, cause), Cause: cause,
		Since: confirmed.Since, OpenedAt: now, Openings: problem.Openings + 1,
		Failures: confirmed.Results, Codes: confirmed.Codes, Leaky: leaky, Telling: problem.Telling, Reading: reading, Stage: stage,
	}
	switch {
	case kind == probe.KindClientFault:
		problem.Reading = m.worked(confirmed.Since.UnixMilli(), leaky)
	case doubtful(kind) && !m.s.Worked:
		problem.Reading = m.unproven()
	}
	problem.promise(confirmed.RecoverBy, now)
	problem.RemindAt = m.p.FirstReminder(problem)
	m.s.Goods = Streak{}
	m.tell(change, now, problem)
}

// severity is how urgent an incident is: degraded is never as bad as down, whatever fails.
func severity(kind probe.Kind, cause probe.Verdict) probe.Severity {
	switch kind {
	case probe.KindDegraded:
		return min(cause.Severity(), probe.Warning)
	case probe.KindCodeAnomaly, probe.KindGroupRate:
		return probe.Warning
	}
	return cause.Severity()
}

// cause is what people are told is wrong: what was just found, or what announced that
// nothing was to be asked.
func (m *machine) cause(kind probe.Kind) probe.Verdict {
	if last := m.s.Last.Verdict; m.in.Kind == Skipped && last.Kind() == kind {
		return last
	}
	return m.in.Verdict
}

// rise makes what was degraded down. It stays the same incident.
func (m *machine) rise(p *Problem, cause probe.Verdict, confirmed Suspicion) {
	now := m.in.Until()
	p.Kind, p.Severity, p.Cause, p.Other, p.Others, p.Stage = probe.KindDown, cause.Severity(), cause, probe.Verdict{}, 0, 0
	switch {
	case p.Leaky && m.in.Kind == Ran: // the others are counted already
		p.count(m.in)
	case !p.Leaky:
		p.Failures += confirmed.Results
		for _, c := range confirmed.Codes {
			for range c.Count {
				p.Codes = countCode(p.Codes, int(c.Code))
			}
		}
	}
	if p.promise(confirmed.RecoverBy, now); !m.s.Worked {
		p.Reading = m.unproven()
	}
	m.s.Goods, m.s.Row = Streak{}, nil
	m.tell(Risen, now, p)
}

// relent makes what was down degraded again, when it answers but its bucket says that it has
// failed now and then: it is over when that is low. It stays the same incident.
func (m *machine) relent(p *Problem) {
	now := m.in.Until()
	p.Kind, p.Severity, p.Other, p.Others, p.Stage = probe.KindDegraded, severity(probe.KindDegraded, p.Cause), probe.Verdict{}, 0, WasDown
	m.remindOnGrid(now, p)
	m.remindSoon(now, p)
	m.fx.Transitions = append(m.fx.Transitions, Transition{Change: Eased, At: now, Problem: p.Clone(), Quiet: true})
}

// begin finds the incident of a kind that has recovered lately, or makes a new one, and says
// what it means to open it.
func (m *machine) begin(kind probe.Kind) (*Problem, Change) {
	if problem := m.related(kind); problem != nil {
		return problem, Reopened
	}
	n := len(m.s.Problems)
	problems := make([]Problem, n+1) // no room is kept for more: few have two
	copy(problems, m.s.Problems)
	problems[n] = Problem{ID: m.ids.take(), Kind: kind}
	m.s.Problems = problems
	return &problems[n], Opened
}

// related is the incident that a new opening of a kind belongs to, if there is one. What was
// down and is degraded now, or the other way round, is the same trouble.
func (m *machine) related(kind probe.Kind) *Problem {
	problem := m.s.problem(kind)
	switch {
	case problem != nil:
	case kind == probe.KindDown:
		return m.s.problem(probe.KindDegraded)
	case kind == probe.KindDegraded:
		return m.s.problem(probe.KindDown)
	}
	return problem
}

// worsen adds a result to an open incident, and tells when its cause has changed
// for good.
func (m *machine) worsen(p *Problem) {
	overdue := p.broken(m.in)
	p.count(m.in)
	if overdue {
		p.Unkept = true
		m.tell(Overdue, m.in.At, p)
	}
	if sameCause(m.in.Verdict, p.Cause) {
		p.Others = 0
		return
	}
	if p.Others == 0 || !sameCause(m.in.Verdict, p.Other) {
		p.Other, p.Others = m.in.Verdict, 0
	}
	p.Others++
	if p.Others >= changeAfter {
		p.Cause, p.Other, p.Others = m.in.Verdict, probe.Verdict{}, 0
		m.tell(Changed, m.in.At, p)
	}
}

// sameCause reports whether two verdicts are the same trouble to people.
func sameCause(a, b probe.Verdict) bool { return a.Reason == b.Reason && a.Status == b.Status }

// resolve marks an open incident as recovered.
func (m *machine) resolve(p *Problem) {
	now := m.in.Until()
	p.Phase, p.RecoveredAt = Recovered, now
	p.CloseAt = now.Add(m.p.relapse())
	p.RemindAt = time.Time{}
	if b, _ := m.leak(p.Kind); b != nil {
		*b = Bucket{}
	}
	if p.Kind == probe.KindRateLimited {
		m.s.Limits = 0
	}
	p.remember()
	m.tell(Resolved, now, p)
}

// expire fires the deadlines that have passed, each dated at itself.
func (m *machine) expire(now time.Time) {
	m.lapse(now)
	if !m.s.Hold.Until.After(now) {
		m.s.Hold = Hold{}
	}
	if len(m.s.Problems) == 0 {
		return
	}
	for i := range m.s.Problems {
		m.settle(&m.s.Problems[i], now)
	}
	m.close(now)
	for i := range m.s.Problems {
		m.urge(&m.s.Problems[i], now)
		m.remind(&m.s.Problems[i], now)
	}
}

// lapse drops a suspicion that was not confirmed in time. Without this, a failure
// of last week and one of today would be an outage.
func (m *machine) lapse(now time.Time) {
	if m.s.Suspect != nil && now.Sub(m.s.Suspect.Since) > m.p.suspectFor() {
		m.s.Suspect, m.s.Due = nil, time.Time{}
	}
	if m.s.Row.is(probe.KindDegraded) && now.Sub(m.s.Row.Since) > m.p.suspectFor() {
		m.s.Row = nil
	}
}

// close closes the incidents that were not reopened in time. An incident does not
// close while a failure that began in time may still reopen it.
func (m *machine) close(now time.Time) {
	m.s.Problems = m.keep(m.s.Problems, func(p *Problem) bool {
		return p.Phase != Recovered || p.CloseAt.After(now) || m.maybeRelapse(p)
	}, func(p *Problem) {
		p.Phase = Closed
		m.tell(ClosedNow, p.CloseAt, p)
	})
}

// remind tells that an incident is still open, once however many reminders were
// missed; or, where people take it for worse than it is, that it is degraded.
func (m *machine) remind(p *Problem, now time.Time) {
	if p.Phase != Open || p.RemindAt.IsZero() || p.RemindAt.After(now) {
		return
	}
	due, overrated := p.RemindAt, p.overrated()
	p.RemindAt = m.p.remindAgain(p, due, now)
	switch {
	case m.in.Maintenance:
	case overrated:
		m.tell(Eased, due, p)
		m.remindOnGrid(now, p)
	case !p.RemindAt.IsZero():
		m.tell(Reminded, due, p)
	}
}

// maybeRelapse reports whether a suspicion that began before the incident's
// closing is still undecided.
func (m *machine) maybeRelapse(p *Problem) bool {
	var of *Suspicion
	switch {
	case m.s.Row.is(p.Kind), p.Kind == probe.KindDown && m.s.Row.is(probe.KindDegraded):
		of = &m.s.Row.Suspicion
	case p.Kind == probe.KindDown, p.Kind == probe.KindDegraded:
		of = m.s.Suspect
	}
	return of != nil && !of.Since.After(p.CloseAt)
}

// tell adds a transition to the effects.
func (m *machine) tell(change Change, at time.Time, p *Problem) {
	quiet := !m.told(change, at, p)
	m.fx.Transitions = append(m.fx.Transitions, Transition{Change: change, At: at, Problem: p.Clone(), Quiet: quiet})
}

// Withdraw closes whatever is not closed on a probe that is not watched any more.
// Those who heard of an open incident hear that nobody looks any longer.
func Withdraw(s *State, now time.Time) Effects {
	m := machine{s: s, in: &Input{At: now}}
	for i := range s.Problems {
		m.withdraw(&s.Problems[i])
	}
	s.Problems, s.Buckets = nil, Buckets{}
	s.Suspect, s.Row, s.Goods, s.Due, s.Limits = nil, nil, Streak{}, time.Time{}, 0
	s.Hold, s.Denials = Hold{}, 0
	s.Certificate, s.Cache, s.Spending, s.Pace, s.Shared = Certificate{}, nil, nil, nil, nil
	s.Anomaly, s.Rated = nil, nil
	return m.fx
}

// Rewrite forgets what was learned of a request that the configuration has changed: that
// it worked, how often it was refused, when it was not to be made, and how long it takes.
func (s *State) Rewrite() {
	s.Worked, s.Denials, s.Hold, s.Cache, s.Pace = false, 0, Hold{}, nil, nil
}
