package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// decision is what a command comes to.
type decision struct {
	said     incident.Command   // what who asked is answered
	commands []incident.Command // to be stored; none: what was asked for is so already
	messages []notify.Message   // to be told with them
}

// decide checks a command against those in force and what there is. past is the incident that it is about,
// if that may be over.
func (f *front) decide(c incident.Command, past *store.IncidentRecord, inForce []incident.Command) (decision, error) {
	if c.Kind == incident.Acknowledge && c.Storm != 0 {
		return f.decideStorm(c)
	}
	if known, done := f.obeyedBefore(&c, past); done {
		return decision{said: known}, nil
	}
	if err := Complete(&c, inForce, f.named(), f.desk.Whose); err != nil {
		return decision{said: c}, err
	}
	if _, p, found := f.problem(c.Incident, nil); found && c.Kind == incident.Acknowledge {
		c.Opening = p.Openings
	}
	return decision{c, []incident.Command{c}, f.answer(&c, past)}, nil
}

// decideStorm acknowledges what is open of a storm, or takes that back: each incident for itself, so that
// a relapse of one has to be acknowledged anew.
func (f *front) decideStorm(c incident.Command) (decision, error) {
	members, err := f.tact.InStorm(notify.StormID(c.Storm))
	if err != nil {
		return decision{said: c}, err
	}
	if len(members) == 0 {
		return decision{said: c}, fmt.Errorf("%w: all of %s has recovered", incident.ErrNoStorm, notify.StormID(c.Storm))
	}
	key, all := c.Key, c
	all.Until = c.At
	var d decision
	var known incident.Command
	for _, id := range members {
		ack, acked := f.desk.Acknowledged(id)
		_, p, found := f.problem(id, nil)
		if acked {
			known = ack
		}
		if !found || acked != c.Undo {
			continue
		}
		one := all
		one.Key, one.Incident, one.Opening, one.Members = key+":"+id.String(), id, p.Openings, nil
		d.commands, all.Members = append(d.commands, one), append(all.Members, id)
	}
	if len(d.commands) == 0 {
		if c.Undo {
			known = incident.Command{Kind: c.Kind, Undo: true}
		}
		known.Storm = c.Storm
		return decision{said: known}, nil
	}
	d.said = all
	d.messages = f.answerMany(&all, all.Members, "")
	return d, nil
}

// obeyedBefore reports whether what a command asks for is so already, and returns the
// command by which it is.
func (f *front) obeyedBefore(c *incident.Command, past *store.IncidentRecord) (incident.Command, bool) {
	switch c.Kind {
	case incident.Acknowledge:
		known, acked := f.desk.Acknowledged(c.Incident)
		if _, open := f.desk.Whose(c.Incident); c.Undo {
			return incident.Command{Kind: c.Kind, Incident: c.Incident, By: c.By, User: c.User, Undo: true}, open && !acked
		}
		return known, acked
	case incident.FalseAlarm:
		if !c.Undo && !past.FalseAlarmAt.IsZero() {
			known := *c
			known.At, known.By = past.FalseAlarmAt, past.FalseAlarmBy
			return known, true
		}
		return *c, c.Undo && past.FalseAlarmAt.IsZero()
	}
	return *c, false
}

// answer is what those are told of a command who follow the incidents that it is about: a line in
// each conversation.
func (f *front) answer(c *incident.Command, past *store.IncidentRecord) []notify.Message {
	scope := c
	if c.Kind == incident.End {
		silence, inForce := f.desk.Silence(c.Of, c.At)
		if !inForce {
			return nil
		}
		scope = &silence
	}
	switch {
	case scope.Incident != 0:
		d := notify.DeedOf(c)
		return f.answerOne(&d, scope.Incident, past, f.acked(c, scope.Incident))
	case scope.Kind == incident.Silence:
		return f.answerMany(c, f.desk.Concerned(&scope.Scope), written(&scope.Scope))
	}
	return nil
}

// answerOne is what those are told who follow an incident.
func (f *front) answerOne(d *notify.Deed, id incident.ID, past *store.IncidentRecord, acked notify.Acked) []notify.Message {
	if !f.desk.Heard(id) {
		return nil
	}
	about, p, found := f.problem(id, past)
	subject, known := f.subject(about)
	if !found || !known {
		return nil
	}
	subject.Heard = f.desk.Following(id)
	deed := f.desk.Beside(*d, about, p.Kind)
	messages := notify.PlanAnswer(&deed, p, subject, f.location, f.budgets(about, deed.Answer.At))
	for i := range messages {
		messages[i].Body.Acked = acked
	}
	return f.tact.Pass(about, subject, messages)
}

// answerMany is what those are told who follow several incidents.
func (f *front) answerMany(c *incident.Command, ids []incident.ID, of string) []notify.Message {
	d := notify.DeedOf(c)
	d.Answer.Of, d.Answer.Count = of, len(c.Members)
	var lines []notify.Message
	for _, id := range ids {
		lines = append(lines, f.answerOne(&d, id, nil, f.acked(c, id))...)
	}
	return f.tact.Gather(&d, lines)
}

// written is a scope as people wrote it.
func written(s *incident.Scope) string {
	kinds := make([]string, len(s.Kinds))
	for i, kind := range s.Kinds {
		kinds[i] = kind.String()
	}
	names, only := strings.Join(s.Names, ", "), strings.Join(kinds, ", ")
	switch {
	case names == "":
		return only
	case only != "":
		return names + " (" + only + ")"
	}
	return names
}

// problem finds an incident that is not closed, or makes it from what is stored of one
// that is.
func (f *front) problem(id incident.ID, past *store.IncidentRecord) (probe.ID, incident.Problem, bool) {
	about, open := f.desk.Whose(id)
	if !open && past != nil {
		about = past.Probe
	}
	if s := f.memory.States[about]; s != nil {
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
func (f *front) acked(c *incident.Command, id incident.ID) notify.Acked {
	switch {
	case c.Kind != incident.Acknowledge:
		return f.desk.AckedBy(id)
	case c.Undo:
		return notify.Acked{}
	}
	return notify.Acked{At: c.At, By: c.By, User: c.User, Note: c.Note}
}

// named tells the name and the group of every probe.
func (f *front) named() func(func(id probe.ID, name, group string)) {
	return func(each func(id probe.ID, name, group string)) {
		for id, p := range f.probes {
			each(id, p.Name(), p.Subject.Group)
		}
	}
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
