package store

import (
	"math"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// window is a stretch of time: (after, until].
type window struct{ after, until time.Time }

// forever is later than anything.
var forever = instant(maxInstant)

// noTally stands for a day of which there is no sum.
var noTally = dayTally{unknown: math.MaxUint32}

// Ledger is the time of one probe: its grids of slots, and those slots that were not
// good. Whole days may be known by their sums alone.
type Ledger struct {
	since    time.Time // before this nothing is kept
	grids    []slo.Stretch
	account  *incident.Account // the grid and the stretch that go on
	windows  []window          // that entries are known of, sorted
	entries  []incident.Entry
	firstDay int64
	days     tallyDays   // from firstDay on
	place    int         // in them
	rests    []slo.Spell // of maintenance, in their order: what lies in them is excluded
}

// Promised is the ledger as the promises of a probe count: where the policy says so, from its
// first good slot on.
func (l *Ledger) Promised(p *incident.Policy) *Ledger {
	if !p.StartOnSuccess || l.account.Start == 0 {
		return l
	}
	from := *l
	from.since = slo.Latest(l.since, instant(l.account.Start))
	return &from
}

// Tally sums up the slots in (after, until]: all that the grids had, less those in the
// ledger, were good. It is exact to the slot. When until is now, slots that should
// have been accounted for by now are unknown. So are those of a time that the ledger was
// not read for, and nothing is known of a time that is not kept any more. Slots in
// maintenance are excluded, whatever they were.
func (l *Ledger) Tally(after, until time.Time) slo.Tally {
	after = l.kept(after)
	late := overdue(l.account, until)
	t := l.raw(after, until, late)
	for _, rest := range l.rests {
		in := l.raw(slo.Latest(after, rest.From.Add(-time.Millisecond)), slo.Earliest(until, rest.Until.Add(-time.Millisecond)), late)
		t.Good, t.Bad, t.Unknown = t.Good-in.Good, t.Bad-in.Bad, t.Unknown-in.Unknown
		t.Excluded += in.Good + in.Bad + in.Unknown
		t.Planned += in.Good + in.Bad + in.Excluded + in.Unknown
	}
	return t
}

// raw is Tally without maintenance.
func (l *Ledger) raw(after, until time.Time, late slo.Stretch) slo.Tally {
	t := l.count(after, until)
	t.Unknown += late.Within(after, until)
	return t
}

// Begin is the first slot that is kept; zero if there is none.
func (l *Ledger) Begin() time.Time {
	first := l.account.Grid.First
	for _, grid := range l.grids {
		first = slo.Earliest(first, grid.First)
	}
	if l.account.Grid.Step == 0 {
		return time.Time{}
	}
	return slo.Latest(first, l.since)
}

// kept is an instant, or where the time begins that is kept: the slot at that midnight is,
// and so is the sum of its day.
func (l *Ledger) kept(after time.Time) time.Time {
	return slo.Latest(after, l.since.Add(-time.Millisecond))
}

// count is Tally, without slots that are overdue: days that have a sum, and what lies
// before, between and behind them slot by slot.
func (l *Ledger) count(after, until time.Time) (t slo.Tally) {
	at := after
	first, last := wholeDays(l.firstDay, len(l.days), after, until)
	for i := first; i < last; i++ {
		sum := l.days.at(i, l.place)
		if sum == noTally {
			continue
		}
		from, to := dayWindow(l.firstDay + int64(i))
		if at != from {
			t = t.Plus(l.slots(at, from))
		}
		t, at = t.Plus(sum.tally()), to
	}
	return t.Plus(l.slots(at, until))
}

// wholeDays are the places, from first up to last, of days that lie in (after, until] as a
// whole, of so many days.
func wholeDays(firstDay int64, n int, after, until time.Time) (first, last int) {
	from := after.UnixMilli()
	if instant(from).Before(after) {
		from++
	}
	first = int(min(max(-floorDiv(-from-1, day.Milliseconds())-firstDay, 0), int64(n)))
	last = int(min(max(floorDiv(until.UnixMilli()+1, day.Milliseconds())-firstDay, 0), int64(n)))
	return first, max(first, last)
}

// slots counts the slots in (after, until], window by window.
func (l *Ledger) slots(after, until time.Time) (t slo.Tally) {
	at := after
	for _, w := range l.windows {
		if !w.until.After(at) || !w.after.Before(until) {
			continue
		}
		t.Unknown += l.grid(at, w.after)
		at = slo.Latest(at, w.after)
		to := slo.Earliest(w.until, until)
		t = t.Plus(l.window(at, to))
		at = to
	}
	t.Unknown += l.grid(at, until)
	return t
}

// window counts slots of a time whose entries are known.
func (l *Ledger) window(after, until time.Time) slo.Tally {
	t := slo.Tally{Good: l.grid(after, until)}
	for i := range l.entries {
		book(&t, &l.entries[i], after, until)
	}
	book(&t, &l.account.Run, after, until)
	return t
}

// book takes the slots of an entry away from what was good.
func book(t *slo.Tally, e *incident.Entry, after, until time.Time) {
	w := e.Slots.Within(after, until)
	t.Good -= w
	switch e.Outcome {
	case probe.Bad:
		t.Bad += w
	case probe.Excluded:
		t.Excluded += w
	case probe.Good:
		t.Good += w
	default:
		t.Unknown += w
	}
}

// grid is the weight of all slots in (after, until].
func (l *Ledger) grid(after, until time.Time) (w time.Duration) {
	if !after.Before(until) {
		return 0
	}
	for _, grid := range l.grids {
		w += grid.Within(after, until)
	}
	return w + l.account.Grid.Within(after, until)
}

// Stretches returns the slots in (after, until] that were not good, oldest first and cut
// to the window, and to the time that is kept. It knows what the ledger was read for.
func (l *Ledger) Stretches(after, until time.Time) []incident.Entry {
	after = l.kept(after)
	var all []incident.Entry
	add := func(e incident.Entry) {
		if s := e.Slots.Cut(after, until); s.Step > 0 {
			all = append(all, incident.Entry{Slots: s, Outcome: e.Outcome, Reason: e.Reason})
		}
	}
	for _, e := range l.entries {
		add(e)
	}
	add(l.account.Run)
	slices.SortStableFunc(all, func(a, b incident.Entry) int { return a.Slots.First.Compare(b.Slots.First) })
	return all
}

// overdue is the slots after the latest accounted one that should have been accounted
// for by now.
func overdue(a *incident.Account, now time.Time) slo.Stretch {
	late := a.Overdue(now)
	if late == 0 {
		return slo.Stretch{}
	}
	return slo.Stretch{First: a.Grid.Last.Add(a.Grid.Step), Last: a.Grid.Last.Add(late), Step: a.Grid.Step}
}
