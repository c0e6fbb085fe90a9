package incident

import (
	"maps"
	"time"

	"sonde/probe"
)

// slowly is how often people are reminded, at the most, of a budget that is spent slowly: nobody
// is woken for what takes days to mend. The configuration may say otherwise.
const slowly = 24 * time.Hour

// Reminders say of kinds of incident how often people are reminded of them.
type Reminders struct {
	ByKind map[probe.Kind]time.Duration // 0: never
}

// Equal reports whether people are reminded alike. Nil says nothing of any kind.
func (r *Reminders) Equal(o *Reminders) bool {
	if r == nil || o == nil {
		return r == o
	}
	return maps.Equal(r.ByKind, o.ByKind)
}

// remindEvery is how often people are reminded of an open incident of a kind; 0: never.
func (p *Policy) remindEvery(kind probe.Kind) time.Duration {
	if r := p.Rules.Remind; r != nil {
		if every, said := r.ByKind[kind]; said {
			return every
		}
	}
	switch kind {
	case probe.KindBudgetThreshold:
		return 0 // what is spent stays spent for weeks
	case probe.KindBudgetSlow:
		if p.RemindEvery > 0 {
			return max(p.RemindEvery, slowly)
		}
	}
	return p.RemindEvery
}
