package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

// The shares of a budget from which on it is more than worth knowing, and how far below a
// level people hear of it again.
const (
	levelWarns    = 80
	levelSpent    = 100
	levelApart    = 10
	leastCoverage = 0.9
)

// judged reports whether the slots of the input say anything of the promise. What they say of
// a probe in maintenance does not count.
func (m *machine) judged() bool {
	return m.fresh.Step > 0 && !m.in.Maintenance && (m.in.Verdict.Outcome == probe.Good || m.in.Verdict.Outcome == probe.Bad)
}

// judges reports whether the slots of the input say anything of a promise, and if they do,
// whether they spend its budget.
func (m *machine) judges(o slo.Objective) (judged, bad bool) {
	if m.fresh.Step <= 0 || m.p.early(&m.s.Account, m.in.At) {
		return false, false
	}
	return m.in.judges(o)
}

// early reports whether a slot lies before the first one that counts for promises.
func (p *Policy) early(a *Account, at time.Time) bool {
	return p.StartOnSuccess && at.UnixMilli() < a.Start
}

// judges reports whether an input says anything of a promise, and if it does, whether it spends
// its budget. One about latency is about answers that are right.
func (in *Input) judges(o slo.Objective) (judged, bad bool) {
	outcome := in.Verdict.Outcome
	judged = !in.Maintenance && (outcome == probe.Good || outcome == probe.Bad)
	if o.Kind == slo.Latency {
		judged = judged && in.Kind == Ran && (outcome == probe.Good || in.Verdict.Reason == probe.TooSlow)
		return judged, judged && in.Elapsed > o.Threshold
	}
	return judged, judged && outcome == probe.Bad
}

// spoils reports whether the slots of the input spend any budget.
func (m *machine) spoils(b *Budgets) bool {
	for i := range b.Of {
		if _, bad := m.judges(b.Of[i].Objective); bad {
			return true
		}
	}
	return false
}

// account accounts for slots.
func (m *machine) account(slots slo.Stretch) {
	s, in := m.s, m.in
	m.fresh = s.Account.fresh(slots)
	s.Account.begin(m.fresh, in.Verdict.Outcome)
	s.Account.add(slots, in.Verdict.Outcome, in.Verdict.Reason, &m.fx)
	m.measure()
	m.spend()
}

// spend adds what is new to what is remembered of budgets.
func (m *machine) spend() {
	s, in, b := m.s, m.in, m.p.Budgets
	switch {
	case b == nil:
		s.Spending = nil
		return
	case s.Spending == nil && !m.spoils(b):
		return
	case s.Spending == nil:
		s.Spending = &Spending{}
		for _, x := range b.Of {
			s.Spending.Of = append(s.Spending.Of, Burning{Burn: *slo.NewBurn(m.fresh.First.Add(-m.fresh.Step), x.Objective.Window), Key: x.Key})
		}
	}
	if m.judged() && !in.Until().Before(s.Last.At) {
		m.edited = s.Spending.adapt(b, m.fresh.First.Add(-m.fresh.Step))
	}
	for i := range s.Spending.Of {
		burning := &s.Spending.Of[i]
		switch {
		case m.fresh.Step > 0 && in.Maintenance:
			burning.Excuse(m.fresh.Last)
		case i < len(b.Of) && burning.Key == b.Of[i].Key: // else the slot is late, and the promise another one since
			if judged, bad := m.judges(b.Of[i].Objective); judged {
				burning.Begin(m.fresh.Last, b.Of[i].Objective.Window)
				burning.Add(m.fresh, bad)
			}
		}
	}
}

// watchBudgets tells when a budget is spent too fast, or much of it is spent. While nothing
// is judged, nothing of that opens or resolves.
func (m *machine) watchBudgets() {
	s, b := m.s, m.p.Budgets
	if m.fresh.Step > 0 {
		m.retireBudgets()
	}
	if b == nil || s.Spending == nil || !m.judged() {
		return
	}
	m.watchBurn(probe.KindBudgetFast, true)
	m.watchBurn(probe.KindBudgetSlow, false)
	m.watchSpent()
	if s.Spending.quiet() && s.Open(probe.KindBudgetFast) == nil && s.Open(probe.KindBudgetSlow) == nil && s.Open(probe.KindBudgetThreshold) == nil {
		s.Spending = nil
	}
}

// retireBudgets withdraws what is open of a promise that nobody makes any more.
func (m *machine) retireBudgets() {
	for i := range m.s.Problems {
		if !m.p.Budgets.follows(m.s.Problems[i].Kind) {
			m.s.Problems = m.keep(m.s.Problems, func(p *Problem) bool { return m.p.Budgets.follows(p.Kind) }, m.withdraw)
			return
		}
	}
}

// follows reports whether an incident of a kind can still tell of something.
func (b *Budgets) follows(kind probe.Kind) bool {
	switch kind {
	case probe.KindBudgetFast:
		return b.watches(true)
	case probe.KindBudgetSlow:
		return b.watches(false)
	case probe.KindBudgetThreshold:
		return b != nil && len(b.Levels) > 0
	}
	return true
}

// quiet reports whether nothing is remembered that could matter.
func (s *Spending) quiet() bool {
	for i := range s.Of {
		if !s.Of[i].Quiet() || s.Of[i].Fast > 0 || s.Of[i].Slow > 0 {
			return false
		}
	}
	return s.Level == 0
}

// watchBurn tells when a budget is spent too fast, and that it is not any more once that has
// not been so for the whole long window of the alarm: for judged time, for of other time
// nothing is known.
func (m *machine) watchBurn(kind probe.Kind, fast bool) {
	s := m.s
	problem := s.Open(kind)
	worst, fires := m.burning(fast)
	calm := true
	for i := range s.Spending.Of {
		calm = calm && *s.Spending.Of[i].calm(fast) == 0
	}
	switch bad := m.spoils(m.p.Budgets); {
	case problem == nil && fires && bad: // a good slot is no cause
		m.openBudget(kind, worst)
	case problem != nil && calm:
		m.resolve(problem)
	case problem != nil:
		if fires {
			problem.Reading = worst
		}
		if bad {
			problem.Failures++
		}
	}
}

// burning looks at all alarms of a kind. Where several fire it is the one most above what its
// budget bears that is shown.
func (m *machine) burning(fast bool) (worst Reading, fires bool) {
	weight := uint32(min(m.fresh.Weight(), 3*24*time.Hour).Milliseconds())
	for i := range m.s.Spending.Of {
		burning, budget := &m.s.Spending.Of[i], &m.p.Budgets.Of[i]
		calm := burning.calm(fast)
		if judged, _ := m.judges(budget.Objective); !judged {
			continue
		}
		if *calm -= min(*calm, weight); !m.p.Budgets.watches(fast) {
			*calm = 0
		}
		for j := range budget.Alarms {
			a := &budget.Alarms[j]
			if a.Fast != fast || !burning.Fires(a, m.p.Interval) {
				continue
			}
			fires = true
			*calm = max(*calm, uint32(a.Long.Milliseconds()))
			bad := burning.Bad(a.Long)
			rate, _ := budget.Objective.BurnRate(slo.Tally{Bad: bad}, a.Long)
			if worst.Usual == 0 || rate*worst.Usual > worst.Now*a.Factor {
				worst = Reading{Now: rate, Usual: a.Factor, Samples: int(bad / m.p.Interval), Over: a.Long, Level: i + 1}
			}
		}
	}
	return worst, fires
}

// watchSpent tells when a share of a budget is spent, once on the way up. That a change of the
// configuration made it so is told only where people were told of it before.
func (m *machine) watchSpent() {
	s, levels := m.s, m.p.Budgets.Levels
	spending, problem := s.Spending, s.Open(probe.KindBudgetThreshold)
	share, of := spending.share(m.p.Budgets)
	reached := levelOf(levels, share)
	switch {
	case m.edited:
		spending.Level = reached
	case reached > spending.Level:
		if m.spoils(m.p.Budgets) && spending.Of[of].Coverage(s.Account.Grid.First) >= leastCoverage {
			spending.Level = reached
			m.tellSpent(problem, share)
		}
		return
	default:
		for spending.Level > reached && share*100 < rearmAt(spending.Level) {
			spending.Level = below(levels, spending.Level)
		}
	}
	switch {
	case problem == nil:
	case spending.Level == 0:
		m.resolve(problem)
	default:
		problem.Reading, problem.Severity = Reading{Now: share, Level: spending.Level}, levelSeverity(spending.Level)
		if m.edited {
			m.tell(Changed, m.in.Until(), problem)
		}
	}
}

// tellSpent tells that a level has been reached.
func (m *machine) tellSpent(problem *Problem, share float64) {
	reading := Reading{Now: share, Level: m.s.Spending.Level}
	if problem == nil {
		m.openBudget(probe.KindBudgetThreshold, reading)
		return
	}
	problem.Reading, problem.Severity, problem.Cause = reading, levelSeverity(reading.Level), m.badCause()
	problem.Failures++
	m.tell(Escalated, m.in.Until(), problem)
}

// levelOf is the highest level that a share has reached; 0 if it is none.
func levelOf(levels []int, share float64) (reached int) {
	for _, level := range levels {
		if share*100 >= float64(level) {
			reached = level
		}
	}
	return reached
}

// below is the next lower level; 0 if there is none.
func below(levels []int, level int) (next int) {
	for _, l := range levels {
		if l < level {
			next = l
		}
	}
	return next
}

// rearmAt is the share, in percent, below which a level counts as not reached.
func rearmAt(level int) float64 { return float64(level) - min(levelApart, float64(level)/2) }

func levelSeverity(level int) probe.Severity {
	switch {
	case level >= levelSpent:
		return probe.Critical
	case level >= levelWarns:
		return probe.Warning
	}
	return probe.Info
}

// badCause is the failure that people are told of.
func (m *machine) badCause() probe.Verdict {
	if last := m.s.Last.Verdict; m.in.Kind == Skipped && last.Outcome == probe.Bad {
		return last
	}
	return m.in.Verdict
}

// openBudget opens the incident, or reopens the one that has recovered lately.
func (m *machine) openBudget(kind probe.Kind, measured Reading) {
	problem, change := m.begin(kind)
	now := m.in.Until()
	severity := probe.Critical
	switch kind {
	case probe.KindBudgetSlow:
		severity = probe.Warning
	case probe.KindBudgetThreshold:
		severity = levelSeverity(measured.Level)
	}
	*problem = Problem{
		ID: problem.ID, Kind: kind, Phase: Open, Severity: severity, Cause: m.badCause(), Reading: measured,
		Since: now, OpenedAt: now, Openings: problem.Openings + 1, Failures: max(1, measured.Samples), Telling: problem.Telling,
	}
	problem.RemindAt = m.p.FirstReminder(problem)
	m.tell(change, now, problem)
}
