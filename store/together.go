package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Pledge is what is promised of the group of a probe. It is kept with each of its members.
type Pledge struct {
	Combine    slo.Combine
	Objectives []slo.Objective
}

// IsZero reports whether nothing is promised.
func (s Pledge) IsZero() bool { return s.Combine == 0 && len(s.Objectives) == 0 }

func (s *Pledge) equal(t *Pledge) bool {
	return s.Combine == t.Combine && slices.Equal(s.Objectives, t.Objectives)
}

// Group is several probes about which something is promised.
type Group struct {
	Name string
	Pledge
	Members []*Probe // in the order of their ids
	Ledger  Together
}

// Together is the time of several probes as one.
type Together struct {
	Combine slo.Combine
	Members []*Ledger
}

// Tally sums up the time in (after, until]. The sum of all members is divided by their
// number, so that it is as long as the window.
func (t *Together) Tally(after, until time.Time) (sum slo.Tally) {
	if t.Combine == slo.Worst {
		var pieces []slo.Piece
		for _, l := range t.Members {
			pieces = l.pieces(pieces, after, until)
		}
		return slo.WorstOf(pieces)
	}
	for _, l := range t.Members {
		sum = sum.Plus(l.Tally(after, until))
	}
	return sum.Share(len(t.Members))
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

// pieces adds what the slots in (after, until] mean, slot by slot: the ledger must have
// been read for all of that. What lies in maintenance is excluded.
func (l *Ledger) pieces(all []slo.Piece, after, until time.Time) []slo.Piece {
	late := overdue(l.account, until)
	at := l.kept(after)
	for _, rest := range l.rests {
		from, to := slo.Latest(at, rest.From.Add(-time.Millisecond)), slo.Earliest(until, rest.Until.Add(-time.Millisecond))
		if !from.Before(to) {
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
// members. Where a group is as its worst member is, the ledgers of the members are read
// slot by slot: sums of days do not say when.
func (r *Reader) groups(ctx context.Context, tx *sql.Tx, watched []Watched, now time.Time) ([]Group, error) {
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
			all = append(all, Group{Name: w.Subject.Group, Pledge: w.Pledge, Ledger: Together{Combine: w.Pledge.Combine}})
		}
		ledger := &w.Ledger
		if w.Pledge.Combine == slo.Worst {
			exact, err := ledger.exact(ctx, tx, w.ID, reach(w.Pledge.Objectives, now))
			if err != nil {
				return nil, err
			}
			ledger = exact
		}
		all[n].Members = append(all[n].Members, w.Probe)
		all[n].Ledger.Members = append(all[n].Ledger.Members, ledger)
	}
	return all, nil
}

// reach is where the longest window of some objectives begins, and three days at least.
func reach(objectives []slo.Objective, now time.Time) time.Time {
	first := now.Add(-3 * day)
	for _, o := range objectives {
		first = slo.Earliest(first, o.Window.Span(now).After)
	}
	return first
}

// exact is the ledger of a probe as it is read slot by slot, from an instant on.
func (l *Ledger) exact(ctx context.Context, q querier, id probe.ID, after time.Time) (*Ledger, error) {
	alone := []Probe{{ID: id}}
	one := newLedgers(alone, placesOf(alone))
	if err := one.load(ctx, q, window{after, forever}, id); err != nil {
		return nil, err
	}
	exact := *l
	exact.windows, exact.entries, exact.days = one.windows, spread(1, one.read)[0], nil
	return &exact, nil
}
