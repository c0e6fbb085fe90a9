package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Step moves the state of one probe on by one input and returns what follows from
// it. Ids of new incidents come from the sequence. A manual run changes nothing,
// and neither does what is stale. A result that is late, for a newer one has
// stepped already, is accounted for and no more: time never goes back in state.
func Step(p *Policy, s *State, in *Input, ids *Sequence) Effects {
	m := machine{p: p, s: s, in: in, ids: ids}
	switch {
	case s.calm(p, in): // which is new
		m.note()
	case in.Kind == Ran && in.Run == probe.Manual, s.Stale(in):
	default:
		m.step()
	}
	return m.fx
}

// step has every rule look at the input.
func (m *machine) step() {
	m.expire(m.in.Until())
	switch m.in.Kind {
	case Skipped:
		m.skip()
	case Ran:
		m.run()
	case Idle:
		m.watchNoData()
	}
}

// late reports whether a result is older than the latest one. A re-check as old as
// it is the same one again, or overtaken by a slot that says as much.
func late(s *State, in *Input) bool {
	return in.At.Before(s.Last.At) || in.Run != probe.Scheduled && in.At.Equal(s.Last.At)
}

// machine is one step under way.
type machine struct {
	p   *Policy
	s   *State
	in  *Input
	ids *Sequence
	fx  Effects

	fresh  slo.Stretch // slots of the input that were not accounted for before
	edited bool        // the promises are not those of the input before
}

// Stale reports whether an input says nothing new: its slot is accounted for
// already. Such an input is dropped before it is stored.
func (s *State) Stale(in *Input) bool {
	last := s.Account.Grid.Last
	switch {
	case in.Kind == Skipped && in.Run == probe.Recheck:
		return s.Due.IsZero() || in.At.Before(s.Due) // not one that is due
	case in.Kind == Skipped:
		return !in.To.After(last)
	case in.Kind == Ran && in.Run == probe.Scheduled:
		return !in.At.After(last)
	}
	return false
}

func (m *machine) run() {
	if m.in.Run == probe.Scheduled {
		m.account(m.slots(m.in.At, m.in.At))
	}
	if late(m.s, m.in) {
		return
	}
	if m.in.Verdict.Reason == probe.Canceled {
		return // our own end says nothing about the target
	}
	m.retire()
	m.remember()
	m.know()
	if m.s.Maintained = m.in.Maintenance; m.in.Maintenance {
		m.rest()
		return
	}
	m.followRow()
	m.watchDown()
	m.watchAuth()
	m.watchShed()
	m.watchDegraded()
	m.watchClientFault()
	m.watchGood()
	m.watchRateLimited()
	m.watchBypass()
	m.watchCodes()
	m.watchRate()
	m.watchCertificate()
	m.watchCache()
	m.watchBudgets()
	m.watchLatency()
	m.hold()
}

// slots are the slots from one to another.
func (m *machine) slots(first, last time.Time) slo.Stretch {
	return slo.Stretch{First: first, Last: last, Step: m.p.Interval}
}

// remember notes the result for those who ask how the probe is.
func (m *machine) remember() {
	s, in := m.s, m.in
	wasGood := s.Last.Verdict.Outcome == probe.Good
	isGood := in.Verdict.Outcome == probe.Good
	if s.Last.At.IsZero() || wasGood != isGood {
		s.Since = InstantOf(in.At)
	}
	s.Last = Last{At: in.At, Verdict: in.Verdict, Latency: in.Timings.Total, Attempts: in.Attempts}
	if isGood && !s.Worked {
		s.Worked = true
		s.prove()
	}
}

// watchDown counts what speaks for down: no answer, 5xx, wrong answers. Results
// that say nothing about that (excluded, unknown) neither confirm nor clear. An
// answer that is right but slow clears.
func (m *machine) watchDown() {
	s, in := m.s, m.in
	s.Due = time.Time{}
	switch {
	case in.Verdict.Outcome == probe.Good || in.Verdict.Kind() == probe.KindDegraded || in.Cured:
		s.Suspect = nil
		s.interrupt(probe.KindDown)
	case in.Verdict.Kind() == probe.KindDown && s.Open(probe.KindDown) != nil:
		m.worsen(s.Open(probe.KindDown))
	case in.Verdict.Kind() == probe.KindDown && !m.p.Rules.Off.Has(probe.KindDown):
		s.suspect(in)
	}
	if s.Suspect == nil {
		return
	}
	if in.Verdict.Kind() == probe.KindDown && m.isDown() {
		m.openDown()
		return
	}
	m.planRecheck(in.At)
}

// isDown reports whether the suspicion is confirmed: it has lasted, and was looked at
// often enough.
func (m *machine) isDown() bool {
	suspect := m.s.Suspect
	return suspect.Attempts >= downAttempts && m.in.Until().Sub(suspect.Since) >= m.p.confirmAfter()
}

func (m *machine) openDown() {
	m.open(probe.KindDown, *m.s.Suspect)
	m.s.Suspect, m.s.Due = nil, time.Time{}
}

// planRecheck asks for a run before the next slot, if it would come first: a
// failure must be seen to last, and often enough to be found soon.
func (m *machine) planRecheck(now time.Time) {
	s := m.s
	if !m.p.Repeatable || !m.mayInsist() {
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

// mayInsist reports whether the target may be asked between its slots: after it
// failed, or was not asked for a reason of ours. Whoever refused our credential,
// throttles us or rejects the request is not asked more often for that.
func (m *machine) mayInsist() bool {
	if m.in.Verdict.Outcome == probe.Unknown {
		return !m.s.Row.is(probe.KindAuthFailed) && m.s.Open(probe.KindAuthFailed) == nil
	}
	return m.in.Verdict.Kind() == probe.KindDown
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
		switch p := &s.Problems[i]; {
		case p.Phase != Open || !healedByGood(p.Kind):
		case m.drained(p):
			m.resolve(p)
		case p.Kind == probe.KindDown:
			m.relent(p)
		}
	}
}
