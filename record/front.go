package record

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// front is what is known where people are told something, and say something: whom, of what,
// and how.
type front struct {
	location string
	memory   *store.Memory
	probes   map[probe.ID]*store.Probe
	shared   *sharedBy
	desk     *notify.Desk // who decides what is told
	tact     *notify.Tact // and who decides how
}

// newFront goes on from what was stored.
func newFront(o *Options, shared *sharedBy) front {
	f := front{location: o.Location, memory: o.Memory, probes: shared.probes, shared: shared}
	memory := o.Memory
	state := func(id probe.ID) *incident.State { return memory.States[id] }
	f.desk = notify.NewDesk(atDesk(o.Probes, f.shared), state)
	f.desk.Restore(o.Memory.States, o.Held, o.Commands)
	f.desk.Remember(o.Heard)
	f.tact = notify.NewTact(o.Location, o.Manners, state)
	f.tact.Restore(o.Paces, o.Kept)
	return f
}

// subject is what people are told of a probe, or of what several share.
func (f *front) subject(about probe.ID) (notify.Subject, bool) {
	if p := f.probes[about]; p != nil {
		return p.Subject, true
	}
	if c := f.shared.circles.Find(about); c != nil {
		return f.shared.subject(c, nil), true
	}
	return notify.Subject{}, false
}

// budgets are how the objectives of a probe or of a group stand.
func (f *front) budgets(about probe.ID, at time.Time) []notify.BudgetFact {
	p := f.probes[about]
	if p != nil {
		return notify.Budgets(f.memory.State(about), p.Policy.Budgets, at)
	}
	if circle, state := f.shared.circles.Find(about), f.memory.States[about]; circle != nil && state != nil {
		return notify.Budgets(state, circle.Budgets(), at)
	}
	return nil
}
