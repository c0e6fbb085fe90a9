package notify

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Quiet says when a destination is not to be disturbed, and by what. Its zero value is
// never. What is critical is always told.
type Quiet struct {
	When       slo.Schedule
	Severities []probe.Severity // that wait; what else is not critical is told without a mention
}

// on reports whether it is quiet at an instant.
func (q *Quiet) on(at time.Time) bool {
	return q.When.Recurs() && len(q.When.Spells(at, at.Add(time.Millisecond))) > 0
}

// Until is the end of the quiet hours that an instant lies in; zero if it lies in none.
func (q *Quiet) Until(at time.Time) time.Time {
	if !q.When.Recurs() {
		return time.Time{}
	}
	for _, s := range q.When.Spells(at, at.Add(time.Millisecond)) {
		return s.Until
	}
	return time.Time{}
}

// waits reports whether something that urgent waits for the end of quiet hours.
func (q *Quiet) waits(s probe.Severity, at time.Time) bool {
	return s < probe.Critical && slices.Contains(q.Severities, s) && q.on(at)
}

// inQuiet takes what is told about an incident that waits for the end of quiet hours.
func (t *Tact) inQuiet(k *Kept, member Member, m Message) []Message {
	quiet := t.manners[m.Destination].Quiet
	switch m.Change {
	case incident.Resolved, incident.Settled, incident.Withdrawn:
		over := *k
		over.Recovered = m.CreatedAt
		t.keep(over)
		return nil
	case incident.Opened, incident.Reopened, incident.Risen, incident.Escalated, incident.Changed:
	default:
		return nil
	}
	if !m.Body.Quiet && !quiet.waits(m.Body.Severity, m.CreatedAt) {
		t.drop(k)
		m.Change, m.Body.Held = k.Change, HeldFor{Why: WhyQuiet, Since: k.At}
		return t.fresh(member, m)
	}
	again := *k
	again.Recovered, again.Severity, again.Kind, again.Reason, again.Status = time.Time{}, m.Body.Severity, m.Body.Kind, m.Body.Cause.Reason, m.Body.Cause.Status
	t.keep(again)
	return nil
}

// awake tells what waited for the end of quiet hours: what is open in messages of its own,
// and what is over in one.
func (t *Tact) awake(destination string, now time.Time, still func(probe.ID, *incident.Problem) bool) (messages []Message, apart []Apart) {
	kept := t.kept[destination]
	quiet := t.manners[destination].Quiet
	if len(kept) == 0 || quiet.on(now) {
		return nil, nil
	}
	var over []*Kept
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		k := kept[id]
		switch p := t.open(k); {
		case k.Storm != 0:
		case k.Over, k.Part:
			if t.problem(k) == nil {
				t.drop(k)
			}
		case p == nil:
			over = append(over, k)
		case !still(k.About, p):
			t.drop(k)
			apart = append(apart, Apart{destination, k.About, incident.Transition{Change: k.Change, At: now, Problem: p.Clone()}, HeldFor{Why: WhyQuiet, Since: k.At}})
		}
	}
	if len(over) == 0 {
		return nil, apart
	}
	for _, k := range over {
		t.end(k)
	}
	return []Message{t.missed(destination, over, now)}, apart
}

// missed says what came and went in quiet hours.
func (t *Tact) missed(destination string, over []*Kept, now time.Time) Message {
	digest := &Digest{Period: DigestQuiet, From: now, Until: now, Opened: len(over), Past: len(over)}
	for _, k := range over {
		if digest.From = slo.Earliest(digest.From, k.Since); len(digest.Over) < MostListed {
			digest.Over = append(digest.Over, DigestIncident{
				ID: k.Incident, Probe: k.Probe, Kind: k.Kind, Severity: k.Severity, Reason: k.Reason, Status: k.Status, Since: k.Since, Until: k.Recovered,
			})
		}
	}
	return Message{
		Key: "digest:quiet:" + stamp(now) + ":" + destination, Destination: destination, CreatedAt: now,
		Body: Body{Location: t.location, Since: digest.From, At: now, Digest: digest},
	}
}
