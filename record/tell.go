package record

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// atDesk is what a desk knows of probes, and of what is promised of their groups.
func atDesk(probes []store.Probe, shared *sharedBy) map[probe.ID]notify.Watched {
	members := make(map[string][]probe.ID, len(probes)) // by name, and by group
	for i := range probes {
		p := &probes[i]
		members[p.Name()] = append(members[p.Name()], p.ID)
		if g := p.Subject.Group; g != "" {
			members[incident.GroupPrefix+g] = append(members[incident.GroupPrefix+g], p.ID)
		}
	}
	all := make(map[probe.ID]notify.Watched, len(probes))
	for i := range probes {
		p := &probes[i]
		w := notify.Watched{Subject: &p.Subject, Policy: p.Policy}
		for _, name := range p.Subject.DependsOn {
			w.Parents = append(w.Parents, members[name]...)
		}
		all[p.ID] = w
		promise := incident.Bond{Tie: incident.TiePromise, Key: p.Subject.Group}
		if c := shared.circles.Find(promise.ID()); c != nil {
			if _, known := all[c.ID]; !known {
				subject := shared.subject(c, nil)
				all[c.ID] = notify.Watched{Subject: &subject, Circle: c}
			}
		}
	}
	return all
}

// hear has the desk decide what of the transitions of a probe, or of what several share, is
// told, and notes that. Reminders that nobody gets are none.
func (l *loop) hear(about probe.ID, subject notify.Subject, effects *incident.Effects, attempts []probe.Attempt) {
	effects.Transitions = slices.DeleteFunc(effects.Transitions, func(t incident.Transition) bool {
		l.o.Logger.Info("incident "+t.Change.String(), "probe", subject.Name, "incident", t.Problem.ID.String(),
			"kind", t.Problem.Kind.String(), "reason", t.Problem.Cause.Reason.String(), "status", t.Problem.Cause.Status, "at", t.At)
		acked := l.desk.AckedBy(t.Problem.ID) // until it is over
		said, ok := l.desk.Take(about, t)
		if ok {
			l.tell(saying{about, subject, said, attempts, notify.HeldFor{}, acked})
		}
		if _, open := l.desk.Whose(t.Problem.ID); !open {
			l.endRecovered()
		}
		return !ok && t.Change == incident.Reminded
	})
}

// release tells what nothing keeps back any more, now that something has changed about a
// probe, or about all if it is 0.
func (l *loop) release(about probe.ID, now time.Time) { l.released(l.desk.Release(about, now)) }

// releaseDue tells what was to be kept back until an instant that has passed.
func (l *loop) releaseDue(now time.Time) {
	if l.desk.Due(now) {
		l.released(l.desk.Expire(now))
	}
}

func (l *loop) released(all []notify.Released) {
	for _, r := range all {
		if subject, known := l.subject(r.About); known {
			l.tell(saying{r.About, subject, r.Transition, nil, l.desk.For(&r.Held), l.desk.AckedBy(r.Transition.Problem.ID)})
		}
	}
	changes := l.desk.Changes()
	if len(changes) == 0 {
		return
	}
	l.open.Held = merged(l.open.Held, changes)
	l.schedule(urgentWait)
}

// merged are changes with later ones.
func merged[V any](changes, later map[incident.ID]V) map[incident.ID]V {
	if changes == nil {
		return later
	}
	maps.Copy(changes, later)
	return changes
}

// saying is a transition that people are told of, with what else they are told.
type saying struct {
	about    probe.ID
	subject  notify.Subject
	t        incident.Transition
	attempts []probe.Attempt // that led to it
	held     notify.HeldFor
	acked    notify.Acked
}

// tell notes a transition for people.
func (l *loop) tell(say saying) {
	l.post(l.tact.Pass(say.about, say.subject, l.compose(say)))
}

// compose makes the messages about a transition.
func (l *loop) compose(say saying) []notify.Message {
	about, t := say.about, say.t
	var secured time.Time
	if l.probes[about] != nil {
		secured = l.memory.State(about).Certificate.Ends.Time()
	}
	messages := l.desk.Plan(t, say.subject, l.o.Location, l.budgets(about, t.At))
	if told := l.desk.Told(); told != nil {
		l.open.Told = merged(l.open.Told, told)
	}
	var dependents notify.Dependents
	if t.Problem.Kind == probe.KindDown {
		dependents = l.desk.Dependents(about)
	}
	needs := l.desk.Needs(about, t.At)
	for i := range messages {
		b := &messages[i].Body
		b.Dependents, b.Held, b.Acked, b.Needs, b.Secured = dependents, say.held, say.acked, needs, secured
	}
	if !l.told[about] && time.Now().Before(l.o.DoubtUntil) {
		for i := range messages {
			messages[i].Repeat = true
		}
	}
	l.told[about] = true
	notify.Witness(messages, say.attempts)
	return messages
}

// post has messages committed, with what is remembered of them.
func (l *loop) post(messages []notify.Message) {
	l.remember()
	if len(messages) == 0 {
		return
	}
	l.open.Messages = append(l.open.Messages, messages...)
	if l.stuck {
		l.strand(messages)
	}
	l.schedule(urgentWait)
}

// remember notes what has changed about how people are told.
func (l *loop) remember() {
	changes := l.tact.Changes()
	if changes.None() {
		return
	}
	l.open.Tact.Add(changes)
	l.schedule(urgentWait)
}

// lookAround tells what storms and quiet hours have come to, now that time has passed.
func (l *loop) lookAround(now time.Time) {
	still := func(about probe.ID, p *incident.Problem) bool { return l.desk.Keeps(about, p, now) }
	messages, apart := l.tact.Tick(now, still)
	l.post(messages)
	for i := range apart {
		a := &apart[i]
		if subject, known := l.subject(a.About); known {
			subject.Routes = notify.Routes{Default: []string{a.Destination}}
			say := saying{about: a.About, subject: subject, t: a.Transition, held: a.Held, acked: l.desk.AckedBy(a.Problem.ID)}
			l.post(l.tact.Tell(a, subject, l.compose(say)))
		}
	}
}
