package store

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"sonde/incident"
	"sonde/probe"
)

// pair replays the log on two processors. An entry moves on nothing but its own probe, unless it
// concerns what several share: the others wait, and then all of a probe are stepped one after the
// other, while its state is at hand, each processor with some of the probes. The memory is the
// same in the end, down to the ids of incidents.
type pair struct {
	f      *follower
	least  int // entries that are worth a second processor
	blocks []*[pairBlock]waiting
	waits  int     // so many of them
	entry  Entry   // the one that is looked at
	chains []chain // of those that wait, by place
	places []int32 // that have a chain, in the order in which they came

	entries int     // since incidents were numbered
	given   []given // ids, by entries that did not wait
	shared  []int32 // places of those
}

// waiting is an entry that waits.
type waiting struct {
	brief
	number int32 // of the entry
	next   int32 // the next one of its probe, and 1; 0 for none
}

// chain is the first and the last entry of a probe, and 1; 0 for none.
type chain struct{ first, last int32 }

const (
	pairAtOnce = 1 << 15 // entries that wait, at the most
	pairMost   = 1 << 20 // entries until incidents are numbered
	pairLeast  = 256
	pairPlaces = 64 // that a processor takes at a time
	pairBlock  = 512
)

func newPair(f *follower) *pair {
	p := &pair{f: f, least: pairLeast, chains: make([]chain, len(f.known))}
	if runtime.GOMAXPROCS(0) == 1 {
		p.least = math.MaxInt
	}
	return p
}

// segment replays a segment, up to what flush leaves to do.
func (p *pair) segment(seq int64, packed []byte) error {
	if err := p.each(packed); err != nil {
		return fmt.Errorf("segment %d of the log: %w", seq, err)
	}
	p.f.m.Seq = seq
	return nil
}

func (p *pair) each(packed []byte) error {
	if len(packed) > 0 && packed[0] == 1 {
		p.flush()
		return eachEntry(packed, p.f.step)
	}
	return eachPacked(packed, func(x *packedEntry, rest []byte) bool {
		u := unpacker{buf: rest}
		b := u.brief(x)
		if u.err != nil {
			return false
		}
		p.take(x.probe, &b)
		return true
	})
}

// take has an entry wait, unless it concerns what several probes share: that is stepped in its
// place. What is shared is changed by nothing else, so that who waits goes on to concern nobody.
func (p *pair) take(id probe.ID, b *brief) {
	f := p.f
	place, known := f.places.of(id)
	switch s := b.shape; {
	case (known || id == 0) && p.concerns(id, b):
		p.now(place)
	case known:
		f.stateAt(place)
		f.m.Classes.note(s.kind, s.run, s.verdict, b.at)
		p.wait(place, b)
	}
	p.entries++
	if p.waits == pairAtOnce || p.entries == pairMost {
		p.flush()
	}
}

// concerns reports whether an entry concerns what several probes share. If so, it is the one that
// is looked at.
func (p *pair) concerns(id probe.ID, b *brief) bool {
	f := p.f
	if f.shared.Apart(id, b.shape.verdict.Outcome, f.m.States) {
		return false
	}
	p.entry.Probe = id
	b.input(&p.entry.Input)
	return f.shared.Concern(id, &p.entry.Input, f.m.States)
}

// wait appends an entry to those of its probe.
func (p *pair) wait(place int, b *brief) {
	c := &p.chains[place]
	if p.waits == pairBlock*len(p.blocks) {
		p.blocks = append(p.blocks, new([pairBlock]waiting))
	}
	p.waits++
	n := int32(p.waits)
	*p.at(n) = waiting{brief: *b, number: int32(p.entries)}
	if c.first == 0 {
		c.first = n
		p.places = append(p.places, int32(place))
	} else {
		p.at(c.last).next = n
	}
	c.last = n
}

// at is the entry that waits at a number, from 1 on.
func (p *pair) at(n int32) *waiting { return &p.blocks[(n-1)/pairBlock][(n-1)%pairBlock] }

// now steps the entry, of the probe at a place, once those of the probe that wait are.
func (p *pair) now(place int) {
	if place >= 0 {
		h := half{given: p.given}
		h.steps(p, int32(place))
		p.given = h.given
		p.shared = append(p.shared, int32(place))
	}
	m := p.f.m
	before, first := m.IDs, provisional(p.entries)
	m.IDs.Next = first
	p.f.step(&p.entry)
	if n := m.IDs.Next - first; n > 0 {
		p.given = append(p.given, given{int32(p.entries), int32(n), int32(place)})
	}
	m.IDs = before
}

// flush steps what waits.
func (p *pair) flush() {
	halves := [2]half{{given: p.given}}
	slices.Sort(p.places)
	if p.waits < p.least {
		for _, place := range p.places {
			halves[0].steps(p, place)
		}
	} else {
		p.both(&halves)
	}
	p.number(slices.Concat(halves[0].given, halves[1].given))
	p.waits, p.places, p.shared, p.given, p.entries = 0, p.places[:0], p.shared[:0], nil, 0
}

// both has two processors step what waits.
func (p *pair) both(halves *[2]half) {
	var taken atomic.Int32
	work := func(h *half) {
		for {
			from := pairPlaces * (int(taken.Add(1)) - 1)
			if from >= len(p.places) {
				return
			}
			for _, place := range p.places[from:min(from+pairPlaces, len(p.places))] {
				h.steps(p, place)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(&halves[1])
	}()
	work(&halves[0])
	<-done
}

// half is what one processor does.
type half struct {
	in    incident.Input
	ids   incident.Sequence
	given []given
}

// given are ids that an entry was given.
type given struct{ entry, n, place int32 }

// provisional is the first of the ids that an entry gives to incidents, until it is known how many
// there were before it: they are in the order of the entries, and above those of all others.
func provisional(entry int) incident.ID { return 1<<48 + incident.ID(entry)<<10 }

// steps steps the entries of the probe at a place.
func (h *half) steps(p *pair, place int32) {
	policy, state := p.f.known[place].Policy, p.f.states[place]
	for next := p.chains[place].first; next != 0; {
		x := p.at(next)
		first := provisional(int(x.number))
		h.ids.Next = first
		x.input(&h.in)
		incident.Step(policy, state, &h.in, &h.ids)
		if h.ids.Next > first {
			h.given = append(h.given, given{x.number, int32(h.ids.Next - first), place})
		}
		next = x.next
	}
	p.chains[place] = chain{}
}

// number gives incidents the ids that they would have if one entry had been stepped after the
// other.
func (p *pair) number(all []given) {
	if len(all) == 0 {
		return
	}
	slices.SortFunc(all, func(a, b given) int { return cmp.Compare(a.entry, b.entry) })
	m := p.f.m
	m.IDs.Next = max(m.IDs.Next, incident.FirstID)
	ids := map[incident.ID]incident.ID{}
	for _, g := range all {
		for i := range incident.ID(g.n) {
			ids[provisional(int(g.entry))+i] = m.IDs.Next
			m.IDs.Next++
		}
		if g.place >= 0 {
			p.shared = append(p.shared, g.place)
		}
	}
	slices.Sort(p.shared)
	for _, place := range slices.Compact(p.shared) {
		p.f.states[place].Renumber(ids)
	}
	for id, s := range m.States {
		if id < 0 { // of what several share
			s.Renumber(ids)
		}
	}
}
