package notify

import (
	"cmp"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Standing is how a probe stands, in the words of its state.
type Standing string

// The standings.
const (
	StandingUp          Standing = "up"
	StandingDegraded    Standing = "degraded"
	StandingDown        Standing = "down"
	StandingUnknown     Standing = "unknown"
	StandingMaintenance Standing = "maintenance"
)

// Need is how one stands that a probe depends on.
type Need struct {
	Name     string
	Standing Standing
	Since    time.Time     `json:",omitzero"`
	Cause    probe.Verdict `json:",omitzero"` // of what is not up
}

const (
	maxNeeds  = 6
	staleSlot = 3 // intervals without a result, after which nobody knows
)

// Needs says how those stand that a probe depends on itself, those in trouble first.
func (d *Desk) Needs(about probe.ID, now time.Time) []Need {
	var all []Need
	for _, id := range d.watched[about].Parents {
		all = append(all, d.need(id, now))
	}
	urgency := map[Standing]int{StandingDown: -4, StandingDegraded: -3, StandingUnknown: -2, StandingMaintenance: -1}
	slices.SortStableFunc(all, func(a, b Need) int { return cmp.Compare(urgency[a.Standing], urgency[b.Standing]) })
	return all[:min(len(all), maxNeeds)]
}

func (d *Desk) need(id probe.ID, now time.Time) Need {
	s := d.state(id)
	n := Need{Name: d.name(id), Standing: StandingUnknown}
	if s == nil || s.Last.At.IsZero() {
		return n
	}
	if p := s.Open(probe.KindDown); p != nil {
		n.Standing, n.Since, n.Cause = StandingDown, p.Since, p.Cause
		return n
	}
	n.Since, n.Cause = s.Since.Time(), s.Last.Verdict
	last, stale := s.Last.Verdict.Outcome, staleSlot*d.policy(id).Interval
	switch {
	case s.Maintained:
		n.Standing = StandingMaintenance
	case last == probe.Unknown || stale > 0 && now.Sub(s.Last.At) > stale:
		n.Standing, n.Since = StandingUnknown, s.Last.At
	case troubled(s) != nil:
		p := troubled(s)
		n.Standing, n.Since, n.Cause = StandingDegraded, p.Since, p.Cause
	case last != probe.Good:
		n.Standing = StandingDegraded
	default:
		n.Standing = StandingUp
	}
	if n.Cause.Outcome == probe.Good && n.Standing != StandingDegraded {
		n.Cause = probe.Verdict{}
	}
	return n
}

// troubled is the first open incident of a state.
func troubled(s *incident.State) *incident.Problem {
	for i := range s.Problems {
		if s.Problems[i].Phase == incident.Open {
			return &s.Problems[i]
		}
	}
	return nil
}

// Acked says who looks after an incident.
type Acked struct {
	At   time.Time
	By   string `json:",omitempty"`
	User string `json:",omitempty"` // their id where they said it; empty if it was elsewhere
	Note string `json:",omitempty"`
}

// IsZero reports whether nobody does.
func (a Acked) IsZero() bool { return a.At.IsZero() }

// AckedBy says who looks after an open incident; zero if nobody does.
func (d *Desk) AckedBy(id incident.ID) Acked {
	c, acked := d.acks[id]
	if !acked {
		return Acked{}
	}
	return Acked{At: c.At, By: c.By, User: c.User, Note: c.Note}
}
