package slo

import (
	"slices"
	"time"
)

// Spell is a stretch of time, [From, Until).
type Spell struct{ From, Until time.Time }

// IsZero reports whether there is no such time.
func (s Spell) IsZero() bool { return !s.From.Before(s.Until) }

// Covers reports whether an instant lies in the spell.
func (s Spell) Covers(t time.Time) bool { return !t.Before(s.From) && t.Before(s.Until) }

// Within is the part of the spell that lies in [from, until); zero if none does.
func (s Spell) Within(from, until time.Time) Spell {
	cut := Spell{Latest(s.From, from), Earliest(s.Until, until)}
	if cut.IsZero() {
		return Spell{}
	}
	return cut
}

// MergeSpells orders spells, and joins those that touch. Empty ones are left out.
func MergeSpells(spells []Spell) []Spell {
	spells = slices.DeleteFunc(slices.Clone(spells), Spell.IsZero)
	slices.SortFunc(spells, func(a, b Spell) int { return a.From.Compare(b.From) })
	var all []Spell
	for _, s := range spells {
		if n := len(all); n > 0 && !s.From.After(all[n-1].Until) {
			all[n-1].Until = Latest(all[n-1].Until, s.Until)
			continue
		}
		all = append(all, s)
	}
	return all
}
