package slo

import (
	"fmt"
	"slices"
	"time"
)

// Combine says how the time of several probes becomes that of their group.
type Combine uint8

// The ways.
const (
	Sum   Combine = iota // the time of all: of four members, one that is bad for an hour is a quarter of an hour
	Worst                // the group is as its worst member is: bad while any member is bad
)

var combineNames = [...]string{"sum", "worst"}

// String is the word of the configuration.
func (c Combine) String() string { return combineNames[c] }

// MarshalText writes the way as in [Combine.String].
func (c Combine) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Combine) UnmarshalText(text []byte) error {
	i := slices.Index(combineNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no way to combine probes; use sum or worst", text)
	}
	*c = Combine(i)
	return nil
}

// Share divides a tally by so many members: the sum of theirs becomes time again.
func (t Tally) Share(members int) Tally {
	n := time.Duration(max(1, members))
	return Tally{Good: t.Good / n, Bad: t.Bad / n, Excluded: t.Excluded / n, Unknown: t.Unknown / n, Planned: t.Planned / n}
}

// Meaning is what time means for a promise. A greater one goes before: what is bad is bad
// whatever else is not known.
type Meaning uint8

// The meanings.
const (
	MeansGood Meaning = iota
	MeansPlanned
	MeansExcluded
	MeansUnknown
	MeansBad
	meanings = iota
)

// Piece is a piece of time, [From, To), and what it means to one of several.
type Piece struct {
	From, To time.Time
	Meaning  Meaning
}

// PieceOf is the time that the slots of a stretch stand for: each the step behind it.
func PieceOf(s Stretch, m Meaning) Piece { return Piece{s.First, s.Last.Add(s.Step), m} }

// WorstOf adds up time by the greatest meaning that it has to anybody. Time that no piece
// covers is none.
func WorstOf(pieces []Piece) (t Tally) {
	type edge struct {
		at      time.Time
		meaning Meaning
		change  int
	}
	edges := make([]edge, 0, 2*len(pieces))
	for _, p := range pieces {
		if p.From.Before(p.To) {
			edges = append(edges, edge{p.From, p.Meaning, 1}, edge{p.To, p.Meaning, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
	var covers [meanings]int
	sums := [meanings]*time.Duration{MeansGood: &t.Good, MeansPlanned: &t.Planned, MeansExcluded: &t.Excluded, MeansUnknown: &t.Unknown, MeansBad: &t.Bad}
	for i, e := range edges {
		if i > 0 {
			for m := meanings - 1; m >= 0; m-- {
				if covers[m] > 0 {
					*sums[m] += e.at.Sub(edges[i-1].at)
					break
				}
			}
		}
		covers[e.meaning] += e.change
	}
	t.Excluded += t.Planned
	return t
}
