package incident

import (
	"slices"
	"time"

	"sonde/probe"
)

// rateCodes bounds how many codes a rate is of.
const rateCodes = 8

// Rate is a rule "so large a share of results is of a class": literally what many write about
// traffic. Probes are few: a share of 1% needs a hundred results to mean something.
type Rate struct {
	Class      probe.Class      // or one of the codes, if there are any
	Codes      [rateCodes]int16 // 0: no more
	Over       time.Duration
	Above      int // share in millionths
	MinSamples int // results before anything is said
}

// Matches reports whether a verdict is of the class or has one of the codes.
func (r *Rate) Matches(v probe.Verdict) bool {
	if r.Codes[0] != 0 {
		return v.Status != 0 && slices.Contains(r.Codes[:], int16(v.Status))
	}
	return v.Class == r.Class
}

// Exceeds reports whether so many of n results are too many.
func (r *Rate) Exceeds(bad, n int) bool {
	return n >= r.MinSamples && 1e6*bad > r.Above*n
}

// Rated is what a probe remembers for its rate.
type Rated struct {
	Over  time.Duration // as it was counted
	All   Recent
	Bad   [pieces]uint16
	Since int64 // when the share was last too large, in milliseconds since 1970
}

// watchRate tells when too large a share of the latest results is of a class. It resolves
// when that has not been so for as long as is looked back.
func (m *machine) watchRate() {
	s, in, rule := m.s, m.in, m.p.Rules.Rate
	if rule == nil {
		s.Rated = nil
		return
	}
	if in.Run != probe.Scheduled || in.Verdict.Outcome == probe.Unknown {
		return
	}
	if s.Rated == nil || s.Rated.Over != rule.Over {
		s.Rated = &Rated{Over: rule.Over}
	}
	r := s.Rated
	r.All.advance(pieceOf(in.At, rule.Over), func(_ int64, at int) { r.Bad[at] = 0 })
	r.All.add()
	matches := rule.Matches(in.Verdict)
	if matches {
		count16(&r.Bad[slot(r.All.Piece)])
	}
	bad, n, open := sum16(r.Bad[:]), sum16(r.All.Of[:]), s.Open(probe.KindGroupRate)
	exceeds := rule.Exceeds(bad, n)
	if exceeds {
		r.Since = in.At.UnixMilli()
	}
	switch {
	case open != nil && matches:
		open.count(in)
	case open == nil && exceeds && matches:
		reading := Reading{Now: float64(bad) / float64(n), Usual: float64(rule.Above) / 1e6, Samples: n, Over: rule.Over}
		m.measured(probe.KindGroupRate, m.since(r.Bad, r.All.Piece, rule.Over), bad, reading)
	case open != nil && in.At.Sub(time.UnixMilli(r.Since)) >= rule.Over:
		m.resolve(open)
	}
}

// since is when the oldest piece began that has any of what is counted, or now.
func (m *machine) since(counts [pieces]uint16, latest int64, over time.Duration) time.Time {
	length := over.Milliseconds() / pieces
	for piece := latest - pieces + 1; piece < latest; piece++ {
		if counts[slot(piece)] > 0 {
			return time.UnixMilli(piece * length).UTC()
		}
	}
	return m.in.At
}

// measured opens an incident of a rule that measures. What else is wrong recovers as before.
func (m *machine) measured(kind probe.Kind, since time.Time, count int, reading Reading) {
	goods := m.s.Goods
	found := Suspicion{Since: since, Results: count, Codes: []CodeCount{{int32(m.in.Verdict.Status), int32(count)}}}
	m.openAs(kind, found, false, reading)
	m.s.Goods = goods
}
