package record

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// Begin makes a configuration durable and returns the states to go on from, with the
// probes' ids. Incidents of probes that are configured no more are withdrawn, and those
// who heard of them are told. A probe whose request has changed has yet to show that it
// works. What is planned is the maintenance that the configuration names.
func Begin(ctx context.Context, s *store.Store, wanted []store.Probe, now time.Time, planned ...incident.Command) (*store.Memory, []store.Probe, error) {
	location, err := s.Location(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read location: %w", err)
	}
	known, memory, err := s.Load(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("load states: %w", err)
	}
	revision := &store.Revision{At: now, Probes: wanted, Memory: memory, Maintenance: planned}
	held, _, err := s.Held(ctx)
	if err != nil {
		return nil, nil, err
	}
	told, err := s.Told(ctx)
	if err != nil {
		return nil, nil, err
	}
	paces, keeps, err := s.Tact(ctx)
	if err != nil {
		return nil, nil, err
	}
	tact := notify.NewTact(location, nil, func(id probe.ID) *incident.State { return memory.States[id] })
	p := &parting{revision, location, notify.NewDesk(nil, nil), tact}
	p.desk.Restore(nil, held, nil)
	p.desk.Remember(told)
	p.tact.Restore(paces, keeps)
	kept := byName(known, wanted)
	for i := range known {
		old := &known[i]
		state := memory.State(old.ID)
		effects := store.Supersede(state, old, kept[old.Name()], latest(revision.At, state))
		p.withdrawn(old.ID, old.Subject, effects)
	}
	p.unshared(known, kept)
	p.Tact = p.tact.Changes()
	if err := s.Revise(ctx, revision); err != nil {
		return nil, nil, fmt.Errorf("store configuration: %w", err)
	}
	return memory, revision.Probes, nil
}

// unshared withdraws what is not shared any more.
func (p *parting) unshared(known []store.Probe, kept map[string]*store.Probe) {
	ids := make(map[string]probe.ID, len(known))
	for i := range known {
		if k := kept[known[i].Name()]; k != nil {
			ids[k.Name()] = known[i].ID
		}
	}
	wanted := slices.Clone(p.Probes)
	for i := range wanted {
		id, ok := ids[wanted[i].Name()]
		if !ok {
			id = math.MaxInt32 + probe.ID(i) // a new one, which is in no trouble yet
		}
		wanted[i].ID = id
	}
	before := newSharedBy(known)
	for _, f := range incident.Reconfigure(before.circles, store.Circles(wanted), p.Memory.States, latestOf(p.At, p.Memory)) {
		p.withdrawn(f.Circle.ID, before.subject(f.Circle, nil), f.Effects)
	}
}

// latestOf is now, but not before anything that a state has seen.
func latestOf(now time.Time, m *store.Memory) time.Time {
	if last := LastSlot(m); last.After(now) {
		return last
	}
	return now.UTC().Truncate(time.Millisecond)
}

// byName finds wanted probes by the names under which they are known: a former one only
// of a probe that is not known by its own, as [store.Store.Revise] has it.
func byName(known, wanted []store.Probe) map[string]*store.Probe {
	names := make(map[string]bool, len(known))
	for i := range known {
		names[known[i].Name()] = true
	}
	m := make(map[string]*store.Probe, len(wanted))
	for i := range wanted {
		m[wanted[i].Name()] = &wanted[i]
	}
	for i := range wanted {
		if p := &wanted[i]; p.Was != "" && !names[p.Name()] {
			m[p.Was] = p
		}
	}
	return m
}

// parting notes what becomes of incidents that a change of the configuration ends.
type parting struct {
	*store.Revision
	location string
	desk     *notify.Desk // who knows what people have heard of
	tact     *notify.Tact // and as a part of what
}

// withdrawn notes what became of a probe's incidents, or of those of what several share.
func (p *parting) withdrawn(about probe.ID, subject notify.Subject, effects incident.Effects) {
	if len(effects.Transitions) == 0 {
		return
	}
	p.Effects = append(p.Effects, store.Effect{Probe: about, Effects: effects})
	for _, t := range effects.Transitions {
		if said, ok := p.desk.Take(about, t); ok {
			p.Messages = append(p.Messages, p.tact.Pass(about, subject, p.desk.Plan(said, subject, p.location, nil))...)
		}
	}
}

// latest is now, but not before anything that the state has seen.
func latest(now time.Time, s *incident.State) time.Time {
	if s.Last.At.After(now) {
		return s.Last.At
	}
	return now.UTC().Truncate(time.Millisecond)
}

// LastSlot is the latest slot that any of the states accounts for. Time never goes back
// before it, whatever the clock says.
func LastSlot(m *store.Memory) time.Time {
	var last time.Time
	for _, s := range m.States {
		for _, t := range [...]time.Time{s.Account.Grid.Last, s.Last.At} {
			if t.After(last) {
				last = t
			}
		}
	}
	return last
}

// Held returns what keeps a probe from being asked when it is begun with: what its target
// has asked for. Our own caution about refusals is not kept over a start, for whoever
// starts us may have renewed the credential; one more refusal brings it back.
func Held(m *store.Memory, id probe.ID) incident.Hold {
	if s := m.States[id]; s != nil && !s.Hold.Ours() {
		return s.Hold
	}
	return incident.Hold{}
}

// Slots returns the latest slot a probe's state accounts for, and when its latest
// result came; zero if there are none.
func Slots(m *store.Memory, id probe.ID) (slot, result time.Time) {
	s := m.States[id]
	if s == nil {
		return time.Time{}, time.Time{}
	}
	return s.Account.Grid.Last, s.Last.At
}
