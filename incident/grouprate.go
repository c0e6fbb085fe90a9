package incident

import (
	"slices"
	"time"

	"sonde/probe"
)

// What it takes at least, however few results a rule is content with: one failing probe is
// told in its own name.
const (
	rateLeastBad    = 3
	rateLeastProbes = 2
	ratePieces      = 10
)

// GroupRate is what a group remembers for its rate: results in pieces of the time that is
// looked back over.
type GroupRate struct {
	Over  time.Duration // as it was counted
	Piece int64         // the latest, since 1970
	All   [ratePieces]uint32
	Bad   [ratePieces]uint32
	Since time.Time // when the share was last too large; zero: never
}

// advance forgets pieces that are too old.
func (g *GroupRate) advance(now time.Time) {
	piece := now.UnixMilli() / max(1, g.Over.Milliseconds()/ratePieces)
	for range min(ratePieces, piece-g.Piece) {
		g.Piece++
		g.All[g.at()], g.Bad[g.at()] = 0, 0
	}
	g.Piece = max(g.Piece, piece)
}

// at is the place of the latest piece. Instants before 1970 have one, too.
func (g *GroupRate) at() int64 { return (g.Piece%ratePieces + ratePieces) % ratePieces }

// sums are how many of how many results match.
func (g *GroupRate) sums() (bad, all int) {
	for i := range g.All {
		bad, all = bad+int(g.Bad[i]), all+int(g.All[i])
	}
	return bad, all
}

// rateRule tells when too large a share of the results of a group is of a class.
var rateRule = circleRule{
	speaks: func(w *watch) bool {
		return w.in.Kind == Ran && w.in.Run == probe.Scheduled && w.in.Verdict.Outcome != probe.Unknown && !w.in.Maintenance
	},
	step: (*watch).rate,
}

// rate counts a result, all members' together.
func (w *watch) rate(counts bool) {
	rule := w.m.p.Rules.GroupRate
	if w.s.Rate == nil || w.s.Rate.Over != rule.Over {
		w.s.Rate = &GroupRate{Over: rule.Over}
	}
	g, now, problem := w.s.Rate, w.m.in.At, w.m.s.Open(probe.KindGroupRate)
	g.advance(now)
	begin := now.Add(-rule.Over)
	w.s.Hits = slices.DeleteFunc(w.s.Hits, func(h Hit) bool { return h.Last.Before(begin) })
	matches := counts && rule.Matches(w.in.Verdict)
	if counts {
		g.All[g.at()]++
	}
	if matches {
		g.Bad[g.at()]++
		w.s.add(w.id, now, now)
	}
	bad, all := g.sums()
	exceeds := bad >= rateLeastBad && len(w.s.Hits) >= rateLeastProbes && rule.Exceeds(bad, all)
	if exceeds {
		g.Since = now
	}
	switch {
	case problem == nil && exceeds && matches:
		w.open(probe.KindGroupRate, max(probe.Warning, w.in.Verdict.Severity()))
	case problem != nil && now.Sub(g.Since) >= rule.Over:
		w.resolve(problem)
	case problem != nil && matches:
		problem.count(w.in)
	}
}

// rated is the share of a group's results that match its rule.
func (w *watch) rated() Reading {
	bad, all := w.s.Rate.sums()
	rule := w.m.p.Rules.GroupRate
	return Reading{Now: float64(bad) / float64(max(1, all)), Usual: float64(rule.Above) / 1e6, Samples: all, Over: rule.Over, Level: len(w.circle.Members)}
}
