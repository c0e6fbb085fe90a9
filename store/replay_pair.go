package store

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"

	"sonde/incident"
)

// pair replays the log on two processors: most entries move nothing on but their own probe, so
// that every second probe can be stepped beside the others. The memory is the same in the end,
// down to the ids of incidents.
type pair struct {
	f       *follower
	least   int      // entries that are worth a second processor
	entries []pended // that nobody but their own probe is concerned by
}

// pended is an entry that waits, and the place of its probe.
type pended struct {
	place int
	entry Entry
}

const (
	pairAtOnce = 2048 // entries that wait, at the most
	pairLeast  = 256
)

func newPair(f *follower) *pair {
	p := &pair{f: f, least: pairLeast}
	if runtime.GOMAXPROCS(0) == 1 {
		p.least = math.MaxInt
	}
	return p
}

// segment replays a segment, up to what flush leaves to do.
func (p *pair) segment(seq int64, packed []byte) error {
	if err := eachEntry(packed, p.take); err != nil {
		return fmt.Errorf("segment %d of the log: %w", seq, err)
	}
	p.f.m.Seq = seq
	return nil
}

// take has an entry wait, unless it concerns what several probes share: that is stepped in its
// place. What is shared is changed by nothing else, so that who waits goes on to concern nobody.
func (p *pair) take(e *Entry) {
	f := p.f
	place, known := f.places.of(e.Probe)
	switch {
	case e.Probe == 0 || known && f.shared.Concern(e.Probe, &e.Input, f.m.States):
		p.flush()
		f.step(e)
		return
	case !known:
		return
	}
	f.stateAt(place)
	f.m.Classes.count(&e.Input)
	if p.entries = append(p.entries, pended{place, *e}); len(p.entries) == pairAtOnce {
		p.flush()
	}
}

// flush steps what waits.
func (p *pair) flush() {
	both := [2]half{{ids: p.f.m.IDs}, {ids: p.f.m.IDs}}
	if len(p.entries) < p.least {
		both[0].step(p, 0, 1)
		p.f.m.IDs = both[0].ids
	} else {
		done := make(chan struct{})
		go func() {
			defer close(done)
			both[1].step(p, 1, 2)
		}()
		both[0].step(p, 0, 2)
		<-done
		p.number(&both)
	}
	p.entries = p.entries[:0]
}

// half is what one processor does.
type half struct {
	ids   incident.Sequence
	given []given
}

// given are ids that an entry was given.
type given struct {
	at    int // the entry
	first incident.ID
	n     int
}

// step steps those who wait and whose place leaves a rest when it is divided.
func (h *half) step(p *pair, rest, of int) {
	for i := range p.entries {
		x := &p.entries[i]
		if x.place%of != rest {
			continue
		}
		next := max(h.ids.Next, incident.FirstID)
		incident.Step(p.f.known[x.place].Policy, p.f.states[x.place], &x.entry.Input, &h.ids)
		if h.ids.Next > next {
			h.given = append(h.given, given{i, next, int(h.ids.Next - next)})
		}
	}
}

// number gives incidents the ids that they would have if one entry had been stepped after the
// other: both halves have counted from the same one on.
func (p *pair) number(both *[2]half) {
	first := max(p.f.m.IDs.Next, incident.FirstID)
	switch {
	case len(both[1].given) == 0:
		p.f.m.IDs = both[0].ids
		return
	case len(both[0].given) == 0:
		p.f.m.IDs = both[1].ids
		return
	}
	all := slices.Concat(both[0].given, both[1].given)
	slices.SortFunc(all, func(a, b given) int { return cmp.Compare(a.at, b.at) })
	next := first
	var ids [2]map[incident.ID]incident.ID
	var places []int
	for _, g := range all {
		place := p.entries[g.at].place
		if ids[place%2] == nil {
			ids[place%2] = map[incident.ID]incident.ID{}
		}
		for i := range g.n {
			ids[place%2][g.first+incident.ID(i)] = next
			next++
		}
		places = append(places, place)
	}
	slices.Sort(places)
	for _, place := range slices.Compact(places) {
		problems := p.f.states[place].Problems
		for i := range problems {
			if id, is := ids[place%2][problems[i].ID]; is {
				problems[i].ID = id
			}
		}
	}
	p.f.m.IDs.Next = next
}
