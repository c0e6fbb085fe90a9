package incident

import (
	"cmp"
	"slices"
	"time"

	"sonde/probe"
)

// Shared is what is remembered of those who share something, while any of them is in
// trouble.
type Shared struct {
	Hits []Hit     // members in trouble, in the order of their ids
	At   time.Time // the latest instant that was looked at
	Rate *GroupRate
	Pool *Pool // of a promise
}

// Hit is a member in trouble.
type Hit struct {
	Probe probe.ID
	Since time.Time // the first result of its trouble
	Last  time.Time // the latest one
	Prior time.Time // the one before that; zero if there was none
}

// mostNamed bounds how many members in trouble people are told the names of.
const mostNamed = 10

// Failing are those in trouble, in the order of their ids.
func (s *Shared) Failing() (ids []probe.ID) {
	for i := range s.Hits {
		ids = append(ids, s.Hits[i].Probe)
	}
	if s.Pool != nil {
		for _, x := range s.Pool.Ill {
			if x.Bad != 0 {
				ids = append(ids, x.Probe)
			}
		}
	}
	return ids
}

// named are the first of those in trouble.
func (s *Shared) named() []probe.ID {
	ids := s.Failing()
	return ids[:min(len(ids), mostNamed)]
}

// find is the place of a probe among those in trouble, and whether it is.
func (s *Shared) find(id probe.ID) (int, bool) {
	return slices.BinarySearchFunc(s.Hits, id, func(h Hit, id probe.ID) int { return cmp.Compare(h.Probe, id) })
}

// add notes a result of a probe that is in trouble since an instant.
func (s *Shared) add(id probe.ID, since, at time.Time) {
	i, is := s.find(id)
	if !is {
		s.Hits = slices.Insert(s.Hits, i, Hit{Probe: id, Since: since, Last: at})
		return
	}
	h := &s.Hits[i]
	h.Prior, h.Last = h.Last, at
}

// drop forgets that a probe was in trouble, and reports whether it was.
func (s *Shared) drop(id probe.ID) bool {
	i, is := s.find(id)
	if is {
		s.Hits = slices.Delete(s.Hits, i, i+1)
	}
	return is
}

// first is since when any that is in trouble is; zero if none is.
func (s *Shared) first() (first time.Time) {
	for i := range s.Hits {
		if h := &s.Hits[i]; first.IsZero() || h.Since.Before(first) {
			first = h.Since
		}
	}
	return first
}

// last is when any was last in trouble; zero if none is.
func (s *Shared) last() (last time.Time) {
	for i := range s.Hits {
		if h := &s.Hits[i]; h.Last.After(last) {
			last = h.Last
		}
	}
	return last
}

// count is of how many an instant does not lie before another.
func (s *Shared) count(at time.Time, of func(*Hit) time.Time) (n int) {
	for i := range s.Hits {
		if !of(&s.Hits[i]).Before(at) {
			n++
		}
	}
	return n
}

// clone returns a copy that shares nothing with s.
func (s *Shared) clone() *Shared {
	if s == nil {
		return nil
	}
	c := *s
	c.Hits, c.Pool = slices.Clone(s.Hits), s.Pool.clone()
	if s.Rate != nil {
		rate := *s.Rate
		c.Rate = &rate
	}
	return &c
}
