package record

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// Teller says what people would hear, without anybody hearing it: it has the desk of a
// recorder, and plans messages as that does.
type Teller struct {
	desk   *notify.Desk
	probes map[probe.ID]*store.Probe
	shared *sharedBy
	states map[probe.ID]*incident.State
}

// NewTeller makes a teller for probes, whose states are changed by whoever steps them.
// commands are the silences of all the time that is told of.
func NewTeller(probes []store.Probe, states map[probe.ID]*incident.State, commands []incident.Command) *Teller {
	t := &Teller{shared: newSharedBy(probes), states: states}
	t.probes = t.shared.probes
	t.desk = notify.NewDesk(atDesk(probes, t.shared), func(id probe.ID) *incident.State { return states[id] })
	t.desk.Restore(states, nil, commands)
	return t
}

// Hear hears of a change of an incident of a probe, or of what several share, and says which
// destinations get a message about it that the channel sees; and what keeps the incident back,
// if anything does.
func (t *Teller) Hear(about probe.ID, change incident.Transition, told func(id incident.ID, at time.Time, destinations []string)) (why string) {
	if said, ok := t.desk.Take(about, change); ok {
		t.say(about, said, told)
	}
	h, kept := t.desk.KeptBack(change.Problem.ID)
	switch {
	case !kept:
		return ""
	case h.By == "", about >= 0 && h.Why == notify.WhyDown, h.Why == notify.WhyAuth: // which are about the probe itself
		return h.Why.String()
	}
	return h.Why.String() + " " + h.By
}

// Expire says what was to be kept back until an instant that has passed.
func (t *Teller) Expire(now time.Time, told func(id incident.ID, at time.Time, destinations []string)) {
	for _, r := range t.desk.Expire(now) {
		t.say(r.About, r.Transition, told)
	}
}

// Order hears of a command that comes in force. What nothing keeps back any more is given by
// Release of 0.
func (t *Teller) Order(c incident.Command) { t.desk.Order(c) }

// Release says what nothing keeps back any more, now that something has changed about a probe,
// or about all if it is 0.
func (t *Teller) Release(about probe.ID, now time.Time, told func(id incident.ID, at time.Time, destinations []string)) {
	for _, r := range t.desk.Release(about, now) {
		t.say(r.About, r.Transition, told)
	}
}

func (t *Teller) say(about probe.ID, change incident.Transition, told func(id incident.ID, at time.Time, destinations []string)) {
	var subject notify.Subject
	if p := t.probes[about]; p != nil {
		subject = p.Subject
	} else if c := t.shared.circles.Find(about); c != nil {
		subject = t.shared.subject(c, nil)
	}
	var names []string
	for _, m := range t.desk.Plan(change, subject, "", nil) {
		if !m.Body.Quiet {
			names = append(names, m.Destination)
		}
	}
	if len(names) > 0 {
		told(change.Problem.ID, change.At, names)
	}
}
