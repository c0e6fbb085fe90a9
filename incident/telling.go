package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

const (
	holdOf       = 15 // so many times what shows a recovery, people hear of a relapse once
	flapOpenings = 3  // relapses within twice that are flapping
)

// Telling is what everybody has heard of an incident that comes and goes. They hear of its
// first recovery and of its first relapse at once. Then they hear of a recovery only when
// it has lasted, and of a relapse only when they had heard of a recovery: what comes and
// goes all night is a handful of messages, and nobody believes what is no longer so. In the same
// way they hear that what was down is only degraded when that has lasted. Who
// follows the incident (its thread) hears of all of it.
type Telling struct {
	Degraded bool                 // they heard that it is degraded, not that it is down
	Hushed   bool                 // about what nobody wants to hear of
	Unsaid   bool                 // recovered, and nobody heard of it yet
	Flapping bool                 // they heard that it comes and goes
	Again    uint32               // when they last heard of a relapse, in seconds since 1970; 0: of none
	Relapses [flapOpenings]uint32 // when the latest ones were, the latest first
}

// told notes a change, and reports whether everybody hears of it.
func (m *machine) told(change Change, at time.Time, p *Problem) bool {
	t := &p.Telling
	business := p.Cause.Reason == probe.BusinessError // no failure, but a rule of the business
	switch change {
	case Opened:
		*t = Telling{Degraded: p.Kind == probe.KindDegraded, Hushed: business}
	case Changed, Reopened:
		t.Hushed = t.Hushed && business
	}
	switch change {
	case Reopened:
		return m.relapse(at, p)
	case Risen:
		return m.rises(at, p)
	case Escalated:
		if _, said := m.p.remindSteps(p); said {
			m.remindOnGrid(at, p)
		}
	case Eased:
		t.Degraded = true
	case Resolved:
		t.Unsaid = m.settlesAt(p).After(at)
		return !t.Unsaid
	case Settled:
		t.Unsaid, t.Flapping = false, false
	}
	return true
}

// rises notes that what was degraded is down, and reports whether that is news.
func (m *machine) rises(at time.Time, p *Problem) bool {
	news := p.Telling.Degraded
	p.Telling.Degraded = false
	if m.remindOnGrid(at, p); !news && m.p.remindEvery(p) > 0 {
		m.remindSoon(at, p)
	}
	return news
}

// remindSoon has people hear how it is if it stays as it is now.
func (m *machine) remindSoon(at time.Time, p *Problem) {
	if soon := at.Add(m.holdFor()); p.RemindAt.IsZero() || soon.Before(p.RemindAt) {
		p.RemindAt = soon
	}
}

// remindOnGrid has people reminded as if nothing had happened since the opening.
func (m *machine) remindOnGrid(at time.Time, p *Problem) {
	p.RemindAt = time.Time{}
	if every := m.p.remindEvery(p); every > 0 {
		p.RemindAt = m.p.remindAgain(p, p.OpenedAt, at)
	}
}

// overrated reports whether people take for down what is degraded.
func (p *Problem) overrated() bool { return p.Kind == probe.KindDegraded && !p.Telling.Degraded }

// relapse notes that an incident has opened again, and reports whether people hear of it.
func (m *machine) relapse(at time.Time, p *Problem) bool {
	t := &p.Telling
	now := uint32(at.Unix())
	copy(t.Relapses[1:], t.Relapses[:])
	t.Relapses[0] = now
	worse := p.Kind == probe.KindDown && t.Degraded
	news := m.flaps(t) && !t.Flapping && time.Duration(now-t.Again)*time.Second >= m.holdFor()
	said := !t.Unsaid || worse || news
	t.Unsaid = false
	if said {
		t.Degraded, t.Again, t.Flapping = p.Kind == probe.KindDegraded, now, m.flaps(t)
		return true
	}
	if every := m.p.remindEvery(p); every > 0 { // if this is no relapse like the others, people hear that
		p.RemindAt = at.Add(min(m.holdFor(), every))
	}
	return false
}

// flaps reports whether an incident has relapsed three times within an hour, or within
// what stands for an hour.
func (m *machine) flaps(t *Telling) bool {
	oldest := t.Relapses[flapOpenings-1]
	return oldest != 0 && time.Duration(t.Relapses[0]-oldest)*time.Second <= 2*m.holdFor()
}

// holdFor is how long at least lies between two relapses that people hear of.
func (m *machine) holdFor() time.Duration {
	return min(holdOf*max(m.p.ResolveAfter, m.p.Interval), m.p.relapse()/2)
}

// settlesAt is when people hear of the recovery of an incident, if it lasts.
func (m *machine) settlesAt(p *Problem) time.Time {
	if p.Telling.Again == 0 {
		return p.RecoveredAt
	}
	at := time.Unix(int64(p.Telling.Again), 0).UTC().Add(m.holdFor())
	if lasts := p.RecoveredAt.Add(m.holdFor()); m.flaps(&p.Telling) {
		at = lasts
	}
	return slo.Earliest(at, p.CloseAt) // the interval may have grown meanwhile
}

// settle tells of a recovery that has lasted.
func (m *machine) settle(p *Problem, now time.Time) {
	if p.Phase != Recovered || !p.Telling.Unsaid {
		return
	}
	if at := m.settlesAt(p); !at.After(now) {
		m.tell(Settled, slo.Latest(at, p.RecoveredAt), p) // it may have to last for less than before
	}
}
