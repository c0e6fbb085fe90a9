package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Step moves the state of one probe on by one input and returns what follows from
// it. Ids of new incidents come from the sequence. Inputs of a probe are given in
// the order of their slots; one that is not newer than the latest of its kind
// changes nothing.
func Step(p Policy, s *State, in Input, ids *Sequence) Effects {
	m := machine{p, s, in, ids, Effects{}}
	m.expire()
	switch in.Kind {
	case Skipped:
		m.skip()
	case Ran:
		if in.Run != probe.Manual {
			m.run()
		}
	}
	return m.fx
}

// machine is one step under way.
type machine struct {
	p   Policy
	s   *State
	in  Input
	ids *Sequence
	fx  Effects
}

// Stale reports whether an input says nothing new: its slot is accounted for
// already. Such an input is dropped before it is stored.
func (s *State) Stale(in Input) bool {
	last := s.Account.Grid.Last
	switch {
	case in.Kind == Skipped:
		return !in.To.After(last)
	case in.Kind == Ran && in.Run == probe.Scheduled:
		return !in.At.After(last)
	}
	return false
}

func (m *machine) skip() {
	slots := slo.Stretch{First: m.in.At, Last: m.in.To, Step: m.p.Interval}
	m.s.Account.add(slots, m.in.Verdict.Outcome, m.in.Verdict.Reason, &m.fx)
}

func (m *machine) run() {
	if m.in.Run == probe.Scheduled {
		slot := slo.Stretch{First: m.in.At, Last: m.in.At, Step: m.p.Interval}
		m.s.Account.add(slot, m.in.Verdict.Outcome, m.in.Verdict.Reason, &m.fx)
	}
	m.remember()
	m.watchDown()
	m.watchAuth()
	m.watchGood()
}

// remember notes the result for those who ask how the probe is.
func (m *machine) remember() {
	s, in := m.s, m.in
	wasGood := s.Last.Verdict.Outcome == probe.Good
	isGood := in.Verdict.Outcome == probe.Good
	if s.Last.At.IsZero() || wasGood != isGood {
		s.Since = in.At
	}
	s.Last = Last{At: in.At, Verdict: in.Verdict, Latency: in.Timings.Total, Attempts: in.Attempts}
	s.Worked = s.Worked || isGood
}

// watchDown counts what speaks for down: no answer, 5xx, wrong answers. Results
// that say nothing about that (excluded, unknown) neither confirm nor clear.
func (m *machine) watchDown() {
	s, in := m.s, m.in
	s.Due = time.Time{}
	switch {
	case in.Verdict.Outcome == probe.Good || in.Cured:
		s.Suspect = Suspicion{}
	case in.Verdict.Kind() == probe.KindDown && s.Open(probe.KindDown) != nil:
		m.worsen(s.Open(probe.KindDown))
	case in.Verdict.Kind() == probe.KindDown:
		s.Suspect.note(in)
	}
	if s.Suspect.Results == 0 {
		return
	}
	if s.Suspect.Attempts >= downAttempts && in.At.Sub(s.Suspect.Since) >= m.p.confirmAfter() && in.Verdict.Kind() == probe.KindDown {
		m.open(probe.KindDown, s.Suspect)
		s.Suspect = Suspicion{}
		return
	}
	m.planRecheck()
}

// planRecheck asks for a run before the next slot, if it would come first: a
// failure must be seen to last, and often enough to be found soon.
func (m *machine) planRecheck() {
	s, now := m.s, m.in.At
	if !m.p.Repeatable {
		return
	}
	due := now.Add(m.p.RecheckEvery)
	if confirm := s.Suspect.Since.Add(m.p.DownAfter); confirm.After(now) && confirm.Before(due) {
		due = confirm
	}
	if grid := s.Account.Grid; grid.Step > 0 {
		if next := grid.Last.Add(grid.Step); next.After(now) && !due.Before(next) {
			return
		}
	}
	s.Due = due
}

// watchAuth counts refusals of our credential, without ever asking more often:
// repeated failures lock accounts.
func (m *machine) watchAuth() {
	s, in := m.s, m.in
	if in.Run == probe.Recheck || in.Verdict.Outcome == probe.Unknown {
		return
	}
	if in.Verdict.Kind() != probe.KindAuthFailed {
		s.Refusals = Suspicion{}
		return
	}
	if problem := s.Open(probe.KindAuthFailed); problem != nil {
		m.worsen(problem)
		return
	}
	s.Refusals.note(in)
	if s.Refusals.Results >= authResults && in.At.Sub(s.Refusals.Since) >= m.p.AuthAfter {
		m.open(probe.KindAuthFailed, s.Refusals)
		s.Refusals = Suspicion{}
	}
}

// watchGood resolves what is open once scheduled results have been good for long
// enough. What is unknown freezes the count; anything else begins it anew.
func (m *machine) watchGood() {
	s, in := m.s, m.in
	if in.Run != probe.Scheduled || in.Verdict.Outcome == probe.Unknown {
		return
	}
	if in.Verdict.Outcome != probe.Good {
		s.Goods = Streak{}
		return
	}
	s.Goods.extend(in.At)
	if !s.Goods.reached(goodResults, m.p.ResolveAfter, in.At) {
		return
	}
	for i := range s.Problems {
		if s.Problems[i].Phase == Open {
			m.resolve(&s.Problems[i])
		}
	}
}
