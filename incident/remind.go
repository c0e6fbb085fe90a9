package incident

import (
	"maps"
	"slices"
	"time"

	"sonde/probe"
)

// slowly is how often people are reminded, at the most, of a budget that is spent slowly: nobody
// is woken for what takes days to mend. The configuration may say otherwise.
const slowly = 24 * time.Hour

// Reminders say of kinds of incident, and of severities, how often people are reminded.
type Reminders struct {
	ByKind map[probe.Kind]time.Duration // 0: never

	// BySeverity is after how long of being open people are reminded of what no kind says
	// anything about, and how often after the last of these; none: never.
	BySeverity map[probe.Severity][]time.Duration `json:",omitempty"`
}

// Equal reports whether people are reminded alike. Nil says nothing of any kind.
func (r *Reminders) Equal(o *Reminders) bool {
	if r == nil || o == nil {
		return r == o
	}
	return maps.Equal(r.ByKind, o.ByKind) && maps.EqualFunc(r.BySeverity, o.BySeverity, slices.Equal)
}

// remindEvery is after how long people are reminded of an open incident for the first time,
// and unless [Policy.remindSteps] says otherwise how often; 0: never.
func (p *Policy) remindEvery(of *Problem) time.Duration {
	if r := p.Rules.Remind; r != nil {
		if every, said := r.ByKind[of.Kind]; said {
			return every
		}
	}
	switch of.Kind {
	case probe.KindBudgetThreshold:
		return 0 // what is spent stays spent for weeks
	case probe.KindBudgetSlow:
		if p.RemindEvery > 0 {
			return max(p.RemindEvery, slowly)
		}
	}
	if steps, said := p.remindSteps(of); said && len(steps) > 0 {
		return steps[0]
	} else if said {
		return 0
	}
	return p.RemindEvery
}

// FirstReminder is when people are reminded first of an incident that has opened; zero: never.
func (p *Policy) FirstReminder(of *Problem) time.Time {
	if every := p.remindEvery(of); every > 0 {
		return of.OpenedAt.Add(every)
	}
	return time.Time{}
}

// remindSteps are after how long of being open people are reminded of an incident, as its
// severity says; false if nothing is said of that, or of its kind instead.
func (p *Policy) remindSteps(of *Problem) (steps []time.Duration, said bool) {
	r := p.Rules.Remind
	if r == nil || of.Kind == probe.KindBudgetThreshold || of.Kind == probe.KindBudgetSlow {
		return nil, false
	}
	if _, kind := r.ByKind[of.Kind]; kind {
		return nil, false
	}
	steps, said = r.BySeverity[of.Severity]
	return steps, said
}

// remindAgain is when people are reminded next of an incident after an instant; zero: never.
// due is when they were last.
func (p *Policy) remindAgain(of *Problem, due, now time.Time) time.Time {
	if steps, said := p.remindSteps(of); said {
		return nextStep(steps, of.OpenedAt, now)
	}
	every := p.remindEvery(of)
	if every <= 0 {
		return time.Time{}
	}
	return due.Add((now.Sub(due)/every + 1) * every)
}

// nextStep is the first of the instants after now that lie so long after an opening, the last
// step again and again.
func nextStep(steps []time.Duration, opened, now time.Time) time.Time {
	for _, step := range steps {
		if at := opened.Add(step); at.After(now) {
			return at
		}
	}
	if len(steps) == 0 {
		return time.Time{}
	}
	last := steps[len(steps)-1]
	return opened.Add((now.Sub(opened)/last + 1) * last)
}
