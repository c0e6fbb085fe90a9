package notify

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Deed is something that somebody did about incidents.
type Deed struct {
	Key    string // the same deed has the same
	Change incident.Change
	Answer Answer
	Storm  StormID // all of which was acknowledged; 0: it was about no storm

	Ends incident.CommandID // the silence that it ends; 0: it ends none
}

// DeedOf is what a command is told as.
func DeedOf(c *incident.Command) Deed {
	d := Deed{Key: c.Key, Change: answered(c), Answer: Answer{By: c.By, User: c.User, Note: c.Note, At: c.At}, Storm: StormID(c.Storm)}
	switch c.Kind {
	case incident.Silence:
		d.Answer.Until = c.Until
	case incident.End:
		d.Ends = c.Of
	}
	return d
}

// Beside is the deed as those hear of it who follow one incident: where it ends a silence and another
// one covers the incident as well, that goes on.
func (d *Desk) Beside(deed Deed, about probe.ID, kind probe.Kind) Deed {
	if deed.Ends == 0 {
		return deed
	}
	if other := d.silence(about, kind, deed.Answer.At, deed.Ends); other != nil {
		deed.Answer.Other, deed.Answer.Until = true, other.Until
	}
	return deed
}

// answered says which change of an incident a command is told as.
func answered(c *incident.Command) incident.Change {
	switch {
	case c.Kind == incident.Acknowledge && c.Undo:
		return incident.Unacknowledged
	case c.Kind == incident.Acknowledge:
		return incident.Acknowledged
	case c.Kind == incident.FalseAlarm && c.Undo:
		return incident.TrueAlarmed
	case c.Kind == incident.FalseAlarm:
		return incident.FalseAlarmed
	case c.Kind == incident.End:
		return incident.Unsilenced
	default:
		return incident.Silenced
	}
}

// PlanAnswer says what is told about a deed that is about an incident: a line for those
// who follow it, wherever it was told. The same deed gives the same keys.
func PlanAnswer(d *Deed, p incident.Problem, s Subject, location string, budgets []BudgetFact) []Message {
	t := incident.Transition{Change: d.Change, At: d.Answer.At, Problem: p, Quiet: true}
	messages := Plan(t, s, location, budgets)
	for i := range messages {
		m := &messages[i]
		m.Key = p.ID.String() + ":" + m.Destination + ":" + t.Change.String() + ":" + d.Key
		m.Body.Answer = d.Answer
	}
	return messages
}

// Concerned are the open incidents that lie in a scope and of which people have heard, in the
// order in which they opened.
func (d *Desk) Concerned(s *incident.Scope) (all []incident.ID) {
	for _, id := range slices.Sorted(maps.Keys(d.open)) {
		about := d.open[id]
		p := d.problem(&Held{Incident: id, About: about})
		if p != nil && s.Concerns(about, p.Kind) && d.Heard(id) {
			all = append(all, id)
		}
	}
	return all
}

// Silence is a silence that is in force at an instant; false if none of that id is.
func (d *Desk) Silence(id incident.CommandID, at time.Time) (incident.Command, bool) {
	for i := range d.silences {
		if c := &d.silences[i]; c.ID == id && (c.UntilRecovered || at.Before(c.Until)) {
			return *c, true
		}
	}
	return incident.Command{}, false
}
