package record

import (
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// obeyedBefore reports whether what a command asks for is so already, and returns the
// command by which it is.
func (l *loop) obeyedBefore(o *order) (incident.Command, bool) {
	c := o.Command
	switch c.Kind {
	case incident.Acknowledge:
		known, acked := l.desk.Acknowledged(c.Incident)
		if _, open := l.desk.Whose(c.Incident); c.Undo {
			return c, open && !acked
		}
		return known, acked
	case incident.FalseAlarm:
		if !c.Undo && !o.past.FalseAlarmAt.IsZero() {
			c.At, c.By = o.past.FalseAlarmAt, o.past.FalseAlarmBy
			return c, true
		}
		return c, c.Undo && o.past.FalseAlarmAt.IsZero()
	}
	return c, false
}

// tellAnswer tells those who follow an incident what somebody did about it.
func (l *loop) tellAnswer(c *incident.Command, past *store.IncidentRecord) {
	if c.Incident == 0 || !l.desk.Heard(c.Incident) {
		return
	}
	about, p, found := l.problem(c.Incident, past)
	subject, known := l.subject(about)
	if !found || !known {
		return
	}
	subject.Heard = l.desk.Following(c.Incident)
	messages := notify.PlanAnswer(c, p, subject, l.o.Location, l.budgets(about, c.At))
	for i := range messages {
		messages[i].Body.Acked = l.acked(c)
	}
	l.post(l.tact.Pass(about, subject, messages))
}

// problem finds an incident that is not closed, or makes it from what is stored of one
// that is.
func (l *loop) problem(id incident.ID, past *store.IncidentRecord) (probe.ID, incident.Problem, bool) {
	about, open := l.desk.Whose(id)
	if !open && past != nil {
		about = past.Probe
	}
	if s := l.memory.States[about]; s != nil {
		for i := range s.Problems {
			if s.Problems[i].ID == id {
				return about, s.Problems[i].Clone(), true
			}
		}
	}
	if past == nil || past.Held != nil && !past.Held.Heard {
		return about, incident.Problem{}, false
	}
	return about, past.Problem(), true
}

// acked is who looks after an incident once a command is in force.
func (l *loop) acked(c *incident.Command) notify.Acked {
	switch {
	case c.Kind != incident.Acknowledge:
		return l.desk.AckedBy(c.Incident)
	case c.Undo:
		return notify.Acked{}
	}
	return notify.Acked{At: c.At, By: c.By, User: c.User, Note: c.Note}
}

// endRecovered ends the silences whose incidents have recovered.
func (l *loop) endRecovered() {
	at := time.Now().UTC().Truncate(time.Millisecond)
	for i := range l.commands {
		c := &l.commands[i]
		if _, open := l.desk.Whose(c.Incident); !c.UntilRecovered || open || !c.Until.IsZero() || l.ending[c.ID] {
			continue
		}
		l.ending[c.ID] = true
		l.open.Commands = append(l.open.Commands, incident.Command{
			Key: "recovered:" + strconv.FormatInt(int64(c.ID), 10), Kind: incident.End, At: at, Until: at, Of: c.ID,
		})
		l.schedule(urgentWait)
	}
}
