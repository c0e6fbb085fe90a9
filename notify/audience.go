package notify

import (
	"maps"
	"slices"

	"sonde/incident"
	"sonde/probe"
)

// Plan says what is told to whom about a transition that people hear of, as [Plan] does for
// those who have heard of the incident before, and remembers who hears of it now: whoever
// has heard of an opening hears of its end, once, and nobody else does, whatever the routes
// and silences were in between.
func (d *Desk) Plan(t incident.Transition, s Subject, location string, budgets []BudgetFact) []Message {
	id := t.Problem.ID
	if t.Change == incident.Opened && d.told[id] == nil {
		d.told[id], d.retold[id] = []string{}, true
	}
	s.Heard = d.told[id]
	messages := Plan(t, s, location, budgets)
	if s.Heard == nil {
		return messages // of before anybody took note
	}
	now := slices.Clone(s.Heard)
	for i := range messages {
		now = append(now, messages[i].Destination)
	}
	if now = once(now); over(t.Change) && !t.Quiet {
		now = nil
	}
	if len(now) != len(s.Heard) {
		d.told[id] = append([]string{}, now...)
		d.retold[id] = true
	}
	if t.Problem.Phase == incident.Closed {
		d.forget(id)
	}
	return messages
}

// Remember has the desk go on from who had heard of which incident.
func (d *Desk) Remember(told map[incident.ID][]string) { maps.Copy(d.told, told) }

// Told returns what has changed about who has heard of which incident, since it was last
// asked.
func (d *Desk) Told() map[incident.ID][]string {
	if len(d.retold) == 0 {
		return nil
	}
	changes := make(map[incident.ID][]string, len(d.retold))
	for id := range d.retold {
		changes[id] = d.told[id]
	}
	clear(d.retold)
	return changes
}

// Following are those who have heard of an incident and not of its end; nil if nobody has,
// or nobody knows.
func (d *Desk) Following(id incident.ID) []string {
	if len(d.told[id]) == 0 {
		return nil
	}
	return d.told[id]
}

// forget drops what nobody needs any more of an incident that is closed.
func (d *Desk) forget(id incident.ID) {
	delete(d.told, id)
	delete(d.retold, id)
}

// audience are the destinations that hear of a transition. What is only for those who follow
// the incident, and its end, is for those who have heard of it.
func (s *Subject) audience(t incident.Transition) []string {
	routed := s.Routes.For(t.Problem.Kind)
	switch {
	case s.Heard == nil && t.Change == incident.Risen:
		return once(slices.Concat(routed, s.Routes.For(probe.KindDegraded)))
	case s.Heard == nil:
		return routed
	case t.Quiet || t.Change == incident.Staged || over(t.Change):
		return s.Heard
	}
	return once(slices.Concat(routed, s.Heard))
}

// changeFor is what a destination is told of: who hears of an incident for the first time
// hears that it is open, whatever has changed about it.
func (s *Subject) changeFor(destination string, c incident.Change) incident.Change {
	if s.Heard == nil || c == incident.Risen || c == incident.Reopened || slices.Contains(s.Heard, destination) {
		return c
	}
	return incident.Opened
}
