package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Entry is one line of the ledger: consecutive slots that were not good, all for
// the same reason.
type Entry struct {
	Slots   slo.Stretch
	Outcome probe.Outcome
	Reason  probe.Reason
}

// Account keeps the time of one probe: which slots it had, and the stretch that
// is not good right now. Slots that stand in no entry were good.
type Account struct {
	Grid slo.Stretch // every slot since the interval was last changed; Last is the latest one that is accounted for
	Run  Entry       // the stretch that is going on; its Step is 0 if the latest slot was good

	// Start is the first slot that was good, of a probe whose first one was not, and until there is
	// one the end of its first day: milliseconds since 1970, 0 if the very first slot was good. Where
	// the policy says so, promises count from there on.
	Start int64
}

// add accounts for slots, and appends to the effects what is complete now. Slots
// that are accounted for already are left out. Slots that were passed over in
// silence, as while sonde did not run, are unknown.
func (a *Account) add(slots slo.Stretch, outcome probe.Outcome, reason probe.Reason, fx *Effects) {
	if slots = a.fresh(slots); slots.Step == 0 {
		return
	}
	if a.Grid.Step == 0 {
		a.Grid = slots
	}
	a.miss(slots.First, fx)
	if slots.Step != a.Grid.Step || slots.First.Sub(a.Grid.First)%slots.Step != 0 {
		a.restart(slots, fx)
	}
	a.Grid.Last = slots.Last
	if outcome == probe.Good {
		a.settle(fx)
		return
	}
	a.enter(Entry{slots, outcome, reason}, fx)
}

// begin notes when a probe began to work, before its slots are added.
func (a *Account) begin(slots slo.Stretch, outcome probe.Outcome) {
	at := slots.First.UnixMilli()
	switch {
	case slots.Step == 0:
	case a.Grid.Step == 0 && outcome != probe.Good:
		a.Start = at + longestStart.Milliseconds()
	case outcome == probe.Good && at < a.Start:
		a.Start = at
	}
}

// longestStart is how long a new probe may fail until its promises count all the same.
const longestStart = 24 * time.Hour

// fresh cuts off the slots that are accounted for already, and what lies beyond
// the last whole step.
func (a *Account) fresh(s slo.Stretch) slo.Stretch {
	if s.Step <= 0 || s.Last.Before(s.First) {
		return slo.Stretch{}
	}
	s.Last = s.First.Add(s.Last.Sub(s.First) / s.Step * s.Step)
	if a.Grid.Step == 0 || s.First.After(a.Grid.Last) {
		return s
	}
	if !s.Last.After(a.Grid.Last) {
		return slo.Stretch{}
	}
	n := a.Grid.Last.Sub(s.First)/s.Step + 1
	s.First = s.First.Add(n * s.Step)
	return s
}

// miss accounts for the slots that were passed over in silence: those of the grid
// whose whole step lies before the next one.
func (a *Account) miss(next time.Time, fx *Effects) {
	step := a.Grid.Step
	n := next.Sub(a.Grid.Last)/step - 1
	if n <= 0 {
		return
	}
	missed := slo.Stretch{First: a.Grid.Last.Add(step), Last: a.Grid.Last.Add(n * step), Step: step}
	a.Grid.Last = missed.Last
	a.enter(Entry{missed, probe.Unknown, probe.Canceled}, fx)
}

// restart begins a new grid, because the interval or the phase has changed. The
// old one is kept.
func (a *Account) restart(slots slo.Stretch, fx *Effects) {
	a.settle(fx)
	fx.Grids = append(fx.Grids, a.Grid)
	a.Grid = slots
}

// enter adds slots that were not good.
func (a *Account) enter(e Entry, fx *Effects) {
	same := a.Run.Slots.Step == e.Slots.Step && a.Run.Outcome == e.Outcome && a.Run.Reason == e.Reason
	if same && a.Run.Slots.Follows(e.Slots.First) {
		a.Run.Slots.Last = e.Slots.Last
		return
	}
	a.settle(fx)
	a.Run = e
}

// settle completes the stretch that is going on.
func (a *Account) settle(fx *Effects) {
	if a.Run.Slots.Step > 0 {
		fx.Ledger = append(fx.Ledger, a.Run)
		a.Run = Entry{}
	}
}

// Overdue is the weight of the slots after the latest accounted one that lie so
// far back that somebody should have accounted for them: all but those of the last
// two intervals, whose runs may be under way.
func (a *Account) Overdue(now time.Time) time.Duration {
	if a.Grid.Step == 0 {
		return 0
	}
	return max(0, now.Sub(a.Grid.Last)/a.Grid.Step-2) * a.Grid.Step
}
