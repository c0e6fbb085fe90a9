package notify

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Desk decides which of the changes of incidents people are told: an opening is kept back
// while something else says more, or while people asked for silence, and told when that
// is over and the incident is still open. Nothing is resolved to people who never heard
// of it. It never says when something is looked at. A desk is pure: what it knows
// beyond the states follows from what it was given, and [Desk.Changes] are to be made
// durable with what they follow from. It is not safe for use by several goroutines.
type Desk struct {
	state    func(probe.ID) *incident.State // nil if there is none
	watched  map[probe.ID]Watched
	children map[probe.ID][]probe.ID

	silences []incident.Command
	acks     map[incident.ID]incident.Command
	open     map[incident.ID]probe.ID // what is open, and whose it is
	prober   map[incident.ID]bool     // of that, what is the prober's own trouble
	held     map[incident.ID]*Held
	waiting  map[probe.ID]map[incident.ID]bool // what is held, by who keeps it back
	changed  map[incident.ID]bool
	told     map[incident.ID][]string // who has heard of what, and not of its end; of those of before anybody took note, nothing
	retold   map[incident.ID]bool
	due      time.Time // when the next of what is held may be told, whatever happens; zero: never
}

// NewDesk makes a desk for probes. state gives the state of a probe, or of what probes
// share, as it is when it is asked.
func NewDesk(watched map[probe.ID]Watched, state func(probe.ID) *incident.State) *Desk {
	d := &Desk{
		state: state, watched: watched, children: map[probe.ID][]probe.ID{},
		acks: map[incident.ID]incident.Command{}, open: map[incident.ID]probe.ID{}, prober: map[incident.ID]bool{},
		held: map[incident.ID]*Held{}, waiting: map[probe.ID]map[incident.ID]bool{}, changed: map[incident.ID]bool{},
		told: map[incident.ID][]string{}, retold: map[incident.ID]bool{},
	}
	for _, id := range slices.Sorted(maps.Keys(watched)) {
		for _, parent := range watched[id].Parents {
			d.children[parent] = append(d.children[parent], id)
		}
	}
	return d
}

// Restore has the desk go on from what was stored: the states of all, what was kept back,
// and the commands in force.
func (d *Desk) Restore(states map[probe.ID]*incident.State, held []Held, commands []incident.Command) {
	for id, s := range states {
		for i := range s.Problems {
			if p := &s.Problems[i]; p.Phase == incident.Open {
				d.note(id, p)
			}
		}
	}
	for i := range held {
		d.set(held[i])
	}
	for _, c := range commands {
		switch c.Kind {
		case incident.Silence:
			d.silences = append(d.silences, c)
		case incident.Acknowledge:
			d.acks[c.Incident] = c
		}
	}
}

func (d *Desk) note(about probe.ID, p *incident.Problem) {
	d.open[p.ID] = about
	if p.Kind == probe.KindProberNetwork || p.Kind == probe.KindProber {
		d.prober[p.ID] = true
	}
}

// Take hears of a change of an incident of a probe, or of what probes share, and returns
// it as people are told of it. It is false if they are not.
func (d *Desk) Take(about probe.ID, t incident.Transition) (incident.Transition, bool) {
	h := d.held[t.Problem.ID]
	switch t.Change {
	case incident.Opened, incident.Reopened, incident.Risen:
		d.note(about, &t.Problem)
		return d.opened(about, t, h)
	case incident.Resolved, incident.Withdrawn, incident.Settled, incident.ClosedNow:
		delete(d.open, t.Problem.ID)
		delete(d.prober, t.Problem.ID)
		delete(d.acks, t.Problem.ID)
		d.silences = slices.DeleteFunc(d.silences, func(c incident.Command) bool { return c.UntilRecovered && c.Incident == t.Problem.ID })
		return t, d.ended(t, h)
	case incident.Reminded:
		if _, acked := d.acks[t.Problem.ID]; acked {
			return t, false
		}
	}
	return t, (h == nil || !h.Open) && d.silence(about, t.Problem.Kind, t.At, 0) == nil
}

// opened hears of an opening, a relapse, or that what was degraded is down.
func (d *Desk) opened(about probe.ID, t incident.Transition, h *Held) (incident.Transition, bool) {
	switch never := h != nil && !h.Heard; {
	case never:
		t.Change, t.Quiet = incident.Opened, false // whatever it is, people hear of it for the first time
	case h != nil && h.Open:
		t.Change = h.Change
	case h != nil:
		t.Quiet = false // they did not hear of the latest opening: to them it is over
	case t.Quiet:
		return t, true // to those who follow it alone: to the others it has never ended, or it comes and goes
	}
	kept, ok := d.keeps(about, &t.Problem, t.At)
	if !ok {
		d.drop(t.Problem.ID)
		return t, true
	}
	kept.Incident, kept.About, kept.Kind, kept.Open, kept.Since = t.Problem.ID, about, t.Problem.Kind, true, t.At
	kept.Change, kept.Heard = t.Change, t.Change != incident.Opened
	if h != nil && h.Open {
		kept.Since = h.Since
	}
	d.keep(kept)
	return t, false
}

// ended hears that an incident is over, and reports whether people are told: if they heard
// of its latest opening.
func (d *Desk) ended(t incident.Transition, h *Held) bool {
	if h == nil {
		return true
	}
	heard := h.Open && h.Change == incident.Risen // that it was degraded
	if heard || t.Change == incident.Withdrawn || t.Change == incident.ClosedNow {
		d.drop(t.Problem.ID)
		return heard
	}
	over := *h
	over.Open, over.Of, over.Command, over.Until = false, 0, 0, time.Time{}
	d.keep(over)
	return false
}

// set remembers what is held.
func (d *Desk) set(h Held) {
	d.unset(h.Incident)
	d.held[h.Incident] = &h
	if !h.Open {
		return
	}
	if d.waiting[h.Of] == nil {
		d.waiting[h.Of] = map[incident.ID]bool{}
	}
	d.waiting[h.Of][h.Incident] = true
	if !h.Until.IsZero() && (d.due.IsZero() || h.Until.Before(d.due)) {
		d.due = h.Until
	}
}

func (d *Desk) unset(id incident.ID) {
	if h := d.held[id]; h != nil {
		if delete(d.waiting[h.Of], id); len(d.waiting[h.Of]) == 0 {
			delete(d.waiting, h.Of)
		}
		delete(d.held, id)
	}
}

func (d *Desk) keep(h Held) {
	d.set(h)
	d.changed[h.Incident] = true
}

func (d *Desk) drop(id incident.ID) {
	if d.held[id] != nil {
		d.unset(id)
		d.changed[id] = true
	}
}

// Due reports whether something is to be looked at now whatever happens.
func (d *Desk) Due(now time.Time) bool { return !d.due.IsZero() && !d.due.After(now) }

// Release returns what nothing keeps back any more, after something has changed about a
// probe, or about all if it is 0. It is told as of now. What [Desk.Expire] returns is left to it.
func (d *Desk) Release(about probe.ID, now time.Time) (all []Released) {
	for _, id := range d.candidates(about) {
		h := d.held[id]
		if h.late(now) {
			continue
		}
		if told, ok := d.review(h, now); ok {
			all = append(all, told)
		}
	}
	return all
}

// candidates are what is to be looked at, in the order in which it was opened.
func (d *Desk) candidates(about probe.ID) (ids []incident.ID) {
	if about != 0 {
		return slices.Sorted(maps.Keys(d.waiting[about]))
	}
	for id, h := range d.held {
		if h.Open {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Expire returns what was to be kept back until an instant that has passed, each told as of
// that instant: whoever looks later than another comes to the same.
func (d *Desk) Expire(now time.Time) (all []Released) {
	for d.Due(now) {
		h := d.soonest()
		if h == nil || h.Until.After(now) {
			break
		}
		at := h.Until
		if told, ok := d.review(h, at); ok {
			all = append(all, told)
		}
		if again := d.held[h.Incident]; again != nil && again.Until.Equal(at) {
			break // it is looked at again when something changes
		}
	}
	if d.due = (time.Time{}); len(d.held) > 0 {
		if h := d.soonest(); h != nil {
			d.due = h.Until
		}
	}
	return all
}

// soonest is what is to be looked at next, whatever happens; nil if there is none.
func (d *Desk) soonest() (next *Held) {
	for _, h := range d.held {
		if !h.Open || h.Until.IsZero() {
			continue
		}
		if next == nil || h.Until.Before(next.Until) || h.Until.Equal(next.Until) && h.Incident < next.Incident {
			next = h
		}
	}
	return next
}

// review looks at what is held, and returns it if nothing keeps it back any more.
func (d *Desk) review(h *Held, now time.Time) (Released, bool) {
	p := d.problem(h)
	if p == nil {
		d.drop(h.Incident) // it is over, and nobody said so: a replay under other rules
		return Released{}, false
	}
	kept, ok := d.keeps(h.About, p, now)
	if ok && h.Why == WhySuspect && kept.Why == WhySuspect {
		if kept.Until = slo.Earliest(kept.Until, h.Until); h.late(now) {
			ok = false // whatever else may be suspected, nobody waits longer
		}
	}
	if !ok {
		kept, ok = d.lingers(h, now)
	}
	if ok {
		if kept.Why != h.Why || kept.Of != h.Of || kept.Command != h.Command || !kept.Until.Equal(h.Until) {
			changed := *h
			changed.Why, changed.Of, changed.Command, changed.Until = kept.Why, kept.Of, kept.Command, kept.Until
			changed.Freed, changed.Was, changed.WasOf = kept.Freed, kept.Was, kept.WasOf
			d.keep(changed)
		}
		return Released{}, false
	}
	told := Released{h.About, incident.Transition{Change: h.Change, At: now, Problem: p.Clone()}, *h}
	d.drop(h.Incident)
	return told, true
}

// For says to people why they did not hear of it at once.
func (d *Desk) For(h *Held) HeldFor {
	why, of := h.Why, h.Of
	if why == WhyRecovery {
		why, of = h.Was, h.WasOf
	}
	return HeldFor{Why: why, By: d.name(of), Since: h.Since}
}

// KeptBack says why people have not heard of an incident that is open; false if nothing keeps
// it back.
func (d *Desk) KeptBack(id incident.ID) (HeldFor, bool) {
	h := d.held[id]
	if h == nil || !h.Open {
		return HeldFor{}, false
	}
	return d.For(h), true
}

// problem is the open incident that is held; nil if it is open no more.
func (d *Desk) problem(h *Held) *incident.Problem {
	s := d.state(h.About)
	if s == nil {
		return nil
	}
	for i := range s.Problems {
		if p := &s.Problems[i]; p.ID == h.Incident && p.Phase == incident.Open {
			return p
		}
	}
	return nil
}

// Changes returns what has changed about what is held, since it was last asked: nil for
// what is held no more.
func (d *Desk) Changes() map[incident.ID]*Held {
	if len(d.changed) == 0 {
		return nil
	}
	changes := make(map[incident.ID]*Held, len(d.changed))
	for id := range d.changed {
		if h := d.held[id]; h != nil {
			kept := *h
			changes[id] = &kept
		} else {
			changes[id] = nil
		}
	}
	clear(d.changed)
	return changes
}

// Whose returns whose an open incident is; false if none of that id is open.
func (d *Desk) Whose(id incident.ID) (probe.ID, bool) {
	about, open := d.open[id]
	return about, open
}

// Order hears of a command. What a silence that is ended kept back is given by
// [Desk.Release] of 0.
func (d *Desk) Order(c incident.Command) {
	switch c.Kind {
	case incident.Silence:
		d.silences = append(d.silences, c)
	case incident.Acknowledge:
		delete(d.acks, c.Incident)
		if !c.Undo && d.opening(c.Incident, c.Opening) {
			d.acks[c.Incident] = c
		}
	case incident.End:
		d.silences = slices.DeleteFunc(d.silences, func(s incident.Command) bool { return s.ID == c.Of })
	}
}

// opening reports whether an incident is open for the nth time. 0 stands for any time.
func (d *Desk) opening(id incident.ID, n int) bool {
	about, open := d.open[id]
	if n == 0 || !open {
		return n == 0
	}
	p := d.problem(&Held{Incident: id, About: about})
	return p == nil || p.Openings == n
}

// Acknowledged is the command by which somebody looks after an open incident.
func (d *Desk) Acknowledged(id incident.ID) (incident.Command, bool) {
	c, acked := d.acks[id]
	return c, acked
}

// Heard reports whether people have heard of an incident at all.
func (d *Desk) Heard(id incident.ID) bool {
	h := d.held[id]
	return h == nil || h.Heard
}
