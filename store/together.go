package store

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Pledge is what is promised of the group of a probe. It is kept with each of its members.
type Pledge struct {
	Combine    slo.Combine
	Objectives []slo.Objective
	Alerts     incident.BudgetRules `json:",omitzero"`
}

// promise is what people hear of; nil if that is nothing.
func (s *Pledge) promise() *incident.Promise {
	if s.IsZero() {
		return nil
	}
	return &incident.Promise{Combine: s.Combine, Objectives: s.Objectives, Alerts: s.Alerts}
}

// IsZero reports whether nothing is promised.
func (s Pledge) IsZero() bool { return s.Combine == 0 && len(s.Objectives) == 0 }

func (s *Pledge) equal(t *Pledge) bool {
	return s.Combine == t.Combine && slices.Equal(s.Objectives, t.Objectives) &&
		s.Alerts.Fast == t.Alerts.Fast && s.Alerts.Slow == t.Alerts.Slow && slices.Equal(s.Alerts.Levels, t.Alerts.Levels)
}

// Group is several probes about which something is promised.
type Group struct {
	Name string
	Pledge
	Members   []*Probe // in the order of their ids
	Ledger    Together
	Latencies []*Together // by objective; nil for one that is not of that kind
}

// Timeline is the time of one probe by what it means for a promise: a [*Ledger], or a
// [*Latency].
type Timeline interface {
	Tally(after, until time.Time) slo.Tally
	Begin() time.Time

	// pieces adds what the slots in (after, until] mean, slot by slot: all of that must have
	// been read. What lies in maintenance is so, or as if there were none.
	pieces(all []slo.Piece, after, until time.Time, planned bool) []slo.Piece
	restful() []slo.Spell // of maintenance
}

// Together is the time of several probes as one.
type Together struct {
	Combine slo.Combine
	Members []Timeline

	step     time.Duration // the longest between slots, where there are sums of days
	firstDay int64
	days     []dayTally // by the worst, without maintenance; from firstDay on
}

// Tally sums up the time in (after, until]. The sum of all members is divided by their
// number, so that it is as long as the window.
func (t *Together) Tally(after, until time.Time) (sum slo.Tally) {
	if t.Combine == slo.Worst {
		return t.worst(after, until)
	}
	for _, l := range t.Members {
		sum = sum.Plus(l.Tally(after, until))
	}
	return sum.Share(len(t.Members))
}

// worst is what the slots in (after, until] were at worst. Each stands for the step behind it,
// and so reaches into the next day: where the sum of that is taken, what of it lies there is left
// to the sum.
func (t *Together) worst(after, until time.Time) (sum slo.Tally) {
	at := time.Time{} // up to where the time is counted
	for i, of := range t.days {
		from, to := dayBounds(t.firstDay + int64(i))
		if of == noTally || after.After(from.Add(-t.step)) || !to.Add(-time.Millisecond).After(after) || to.Add(-time.Millisecond).After(until) {
			continue
		}
		if at.Before(from) {
			sum = sum.Plus(t.exactly(after, until, at, from, true))
		}
		sum = sum.Plus(of.tally()).Plus(t.planned(after, until, from, to))
		at = to
	}
	return sum.Plus(t.exactly(after, until, at, forever, true))
}

// exactly is what the slots in (after, until] were at worst in the time [from, to).
func (t *Together) exactly(after, until, from, to time.Time, planned bool) slo.Tally {
	if !from.IsZero() {
		after = slo.Latest(after, from.Add(-t.step-time.Millisecond))
	}
	if to != forever {
		until = slo.Earliest(until, to.Add(-time.Millisecond))
	}
	var pieces []slo.Piece
	for _, l := range t.Members {
		pieces = l.pieces(pieces, after, until, planned)
	}
	for i := range pieces {
		if !from.IsZero() {
			pieces[i].From = slo.Latest(pieces[i].From, from)
		}
		if to != forever {
			pieces[i].To = slo.Earliest(pieces[i].To, to)
		}
	}
	return slo.WorstOf(pieces)
}

// planned is what maintenance changes of the time [from, to), for which there is a sum.
func (t *Together) planned(after, until, from, to time.Time) (change slo.Tally) {
	var touched []window
	for _, l := range t.Members {
		for _, rest := range l.restful() {
			w := window{slo.Latest(from, rest.From), slo.Earliest(to, rest.Until.Add(t.step))}
			if w.after.Before(w.until) {
				touched = append(touched, w)
			}
		}
	}
	for _, w := range merged(touched) {
		is, was := t.exactly(after, until, w.after, w.until, true), t.exactly(after, until, w.after, w.until, false)
		change = change.Plus(is).Plus(slo.Tally{Good: -was.Good, Bad: -was.Bad, Excluded: -was.Excluded, Unknown: -was.Unknown, Planned: -was.Planned})
	}
	return change
}

// Begin is the first slot of any member that is kept; zero if there is none.
func (t *Together) Begin() (first time.Time) {
	for _, l := range t.Members {
		if begin := l.Begin(); first.IsZero() || !begin.IsZero() && begin.Before(first) {
			first = begin
		}
	}
	return first
}

func (l *Ledger) restful() []slo.Spell { return l.rests }

func (l *Ledger) pieces(all []slo.Piece, after, until time.Time, planned bool) []slo.Piece {
	late := overdue(l.account, until)
	at := l.kept(after)
	for _, rest := range l.rests {
		from, to := slo.Latest(at, rest.From.Add(-time.Millisecond)), slo.Earliest(until, rest.Until.Add(-time.Millisecond))
		if !planned || !from.Before(to) {
			continue
		}
		all = l.raws(all, at, from, late)
		for _, grid := range append(slices.Clone(l.grids), l.account.Grid, late) {
			if s := grid.Cut(from, to); s.Step > 0 {
				all = append(all, slo.PieceOf(s, slo.MeansPlanned))
			}
		}
		at = to
	}
	return l.raws(all, at, until, late)
}

// raws is pieces without maintenance.
func (l *Ledger) raws(all []slo.Piece, after, until time.Time, late slo.Stretch) []slo.Piece {
	add := func(s slo.Stretch, m slo.Meaning) {
		if s = s.Cut(after, until); s.Step > 0 {
			all = append(all, slo.PieceOf(s, m))
		}
	}
	for _, grid := range l.grids {
		add(grid, slo.MeansGood)
	}
	add(l.account.Grid, slo.MeansGood)
	add(late, slo.MeansUnknown)
	for i := range l.entries {
		add(l.entries[i].Slots, meaning(l.entries[i].Outcome))
	}
	add(l.account.Run.Slots, meaning(l.account.Run.Outcome))
	return all
}

func (l *Latency) restful() []slo.Spell { return l.ledger.rests }

// pieces has what failed excluded, as long as it did not only take long, and slow answers bad.
func (l *Latency) pieces(all []slo.Piece, after, until time.Time, planned bool) []slo.Piece {
	after = l.ledger.kept(after)
	for i := range l.spells {
		s := &l.spells[i]
		from, to := slo.Latest(after, s.after), slo.Earliest(until, s.until)
		if !from.Before(to) {
			continue
		}
		n := len(all)
		all = l.ledger.pieces(all, from, to, planned)
		for j := n; j < len(all); j++ {
			if all[j].Meaning == slo.MeansBad {
				all[j].Meaning = slo.MeansExcluded
			}
		}
		for _, w := range l.ledger.outside(window{from, to}, planned) {
			for j := range s.slow {
				if cut := s.slow[j].Slots.Cut(w.after, w.until); cut.Step > 0 {
					all = append(all, slo.PieceOf(cut, slo.MeansBad))
				}
			}
		}
	}
	return all
}

// outside is what of a window lies outside maintenance.
func (l *Ledger) outside(w window, planned bool) []window {
	if !planned || len(l.rests) == 0 {
		return []window{w}
	}
	rests := make([]window, len(l.rests))
	for i, rest := range l.rests {
		rests[i] = window{rest.From.Add(-time.Millisecond), rest.Until.Add(-time.Millisecond)}
	}
	return w.without(merged(rests))
}

func meaning(o probe.Outcome) slo.Meaning {
	switch o {
	case probe.Good:
		return slo.MeansGood
	case probe.Bad:
		return slo.MeansBad
	case probe.Excluded:
		return slo.MeansExcluded
	}
	return slo.MeansUnknown
}

// groups are the groups of which anything is promised, in the order of their first
// members.
func (r *Reader) groups(watched []Watched, paces *paces, worst *worstDays) []Group {
	var all []Group
	numbers := map[string]int{}
	for i := range watched {
		w := &watched[i]
		if w.Pledge.IsZero() {
			continue
		}
		n, known := numbers[w.Subject.Group]
		if !known {
			n = len(all)
			numbers[w.Subject.Group] = n
			all = append(all, newGroup(w))
		}
		g := &all[n]
		g.Members = append(g.Members, w.Probe)
		ledger := w.Ledger.Promised(w.Policy)
		g.Ledger.Members = append(g.Ledger.Members, ledger)
		place, _ := r.places.of(w.ID)
		for j, o := range g.Objectives {
			if o.Kind == slo.Latency && paces != nil {
				g.Latencies[j].Members = append(g.Latencies[j].Members, paces.latency(place, ledger, o.Threshold))
			}
		}
	}
	for i := range all {
		g := &all[i]
		worst.give(r, g.Members, 0, &g.Ledger)
		for j, o := range g.Objectives {
			if g.Latencies[j] != nil {
				worst.give(r, g.Members, o.Threshold, g.Latencies[j])
			}
		}
	}
	return all
}

func newGroup(w *Watched) Group {
	g := Group{Name: w.Subject.Group, Pledge: w.Pledge, Ledger: Together{Combine: w.Pledge.Combine}, Latencies: make([]*Together, len(w.Pledge.Objectives))}
	for i, o := range g.Objectives {
		if o.Kind == slo.Latency {
			g.Latencies[i] = &Together{Combine: g.Combine}
		}
	}
	return g
}
